#include "training/studio.h"

#include "base/file.h"
#include "base/hash.h"
#include "dataset/file_index.h"
#include "format/gerror.h"
#include "model/vae_tiles.h"
#include "sampling/infotext.h"
#include "training/device.h"
#include "training/prompt_loras.h"

#include <glib/gi18n.h>
#include <string.h>

/** LoRAs of other sizes each leave memory on the device; after so many sizes it is opened anew. */
enum { MAX_SIZES = 8 };
/** Where a whole picture cannot be decoded: the side of the VAE's tiles that is tried first. */
enum { FIRST_TILE = 512 };

struct LkStudio {
    char *model;
    char hash[65]; /* SHA-256 of the base model; "" before it was wanted, or where there is none */
    bool hashed;
    LkCheckpoint *checkpoint;
    LkDeviceChoice choice;
    LkDevice *device;
    LkGenerator *generator;
    LkPromptLoras *loras;
    char *key;         /* what generator and loras were made for */
    int clip_skip;     /* of that */
    int tile;          /* side of the VAE's tiles in pixels; 0: none were needed */
    int width, height; /* of the picture that the tiles were chosen for */
    int64_t arena;     /* that the device has */
    GHashTable *sizes; /* char *: names of the LoRAs' states that the device has */
};

/* Opening ---------------------------------------------------------------------------------------------------------- */

static bool open_device(LkStudio *studio, GError **error)
{
    LkError problem = {0};
    studio->arena = 0;
    studio->device = studio->choice.api->open(studio->choice.index, 0, &problem);
    return studio->device || lk_gerror_take(error, &problem);
}

static void close_generator(LkStudio *studio)
{
    g_clear_pointer(&studio->generator, lk_generator_free);
    g_clear_pointer(&studio->loras, lk_prompt_loras_free);
    g_clear_pointer(&studio->key, g_free);
}

LkStudio *lk_studio_open(const char *model, const char *device, GError **error)
{
    g_autoptr(LkStudio) studio = g_new0(LkStudio, 1);
    studio->model = g_strdup(model);
    studio->sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    studio->checkpoint = lk_checkpoint_open(model, error);
    if (!studio->checkpoint || !lk_device_choose(device, &studio->choice, error) || !open_device(studio, error))
        return NULL;
    return g_steal_pointer(&studio);
}

bool lk_studio_set_vae(LkStudio *studio, const char *path, GError **error)
{
    return lk_checkpoint_set_vae(studio->checkpoint, path, error);
}

void lk_studio_free(LkStudio *studio)
{
    if (!studio)
        return;
    close_generator(studio);
    if (studio->device)
        studio->choice.api->close(studio->device);
    lk_checkpoint_free(studio->checkpoint);
    g_hash_table_unref(studio->sizes);
    g_free(studio->model);
    g_free(studio);
}

/* Getting ready ---------------------------------------------------------------------------------------------------- */

/** What the device has free now. */
static int64_t free_bytes(const LkStudio *studio)
{
    const LkDeviceChoice *choice = &studio->choice;
    return lk_device_free_bytes(choice->api, choice->index, &choice->info, choice->share,
                                choice->api->allocated(studio->device));
}

/** What a generator needs beyond what the device holds; `before` is what it had needed already. */
static int64_t needed(const LkStudio *studio, const LkGenerator *generator, LkGeneratorMemory before)
{
    LkGeneratorMemory memory = lk_generator_memory(generator);
    return MAX(memory.arena - studio->arena, 0) + memory.weights - before.weights + memory.states - before.states;
}

/** A generator with the picture compiled, to be decoded in tiles of this side. */
static LkGenerator *make_generator(const LkStudio *studio, const LkStudioSetup *setup, const LkPromptLoras *loras,
                                   bool keep_all, int tile, const LkPictureRequest *request, GError **error)
{
    LkGeneratorOptions options = {.api = studio->choice.api,
                                  .device = studio->device,
                                  .checkpoint = studio->checkpoint,
                                  .compute = setup->compute,
                                  .clip_skip = setup->clip_skip,
                                  .v_prediction = setup->v_prediction,
                                  .zero_terminal_snr = setup->zero_terminal_snr,
                                  .vae_tile = tile,
                                  .keep_all = keep_all};
    lk_prompt_loras_use(loras, &options);
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, error);
    if (!generator || !lk_generator_prepare(generator, request, 1, error))
        return NULL;
    return g_steal_pointer(&generator);
}

/** The largest picture of about the same shape that fits beside these LoRAs; false where none does. Plans are made for
 * it, which takes a while: only for words about a picture that was refused. */
static bool find_fitting(const LkStudio *studio, const LkStudioSetup *setup, const LkPromptLoras *loras,
                         const LkPictureRequest *request, int *width, int *height)
{
    enum { EIGHTHS = 8, GRAIN = 64 };
    for (int eighths = EIGHTHS - 1; eighths > 0; eighths--) {
        LkPictureRequest smaller = *request;
        smaller.width = MAX(request->width * eighths / EIGHTHS / GRAIN * GRAIN, GRAIN);
        smaller.height = MAX(request->height * eighths / EIGHTHS / GRAIN * GRAIN, GRAIN);
        const LkGeneratorMemory nothing = {0};
        g_autoptr(LkGenerator) generator = make_generator(studio, setup, loras, false, LK_TILE_LEAST, &smaller, NULL);
        if (!generator || needed(studio, generator, nothing) > free_bytes(studio))
            continue;
        *width = smaller.width;
        *height = smaller.height;
        return true;
    }
    return false;
}

static bool refuse(const LkStudio *studio, const LkStudioSetup *setup, const LkPromptLoras *loras,
                   const LkPictureRequest *request, int64_t need, GError **error)
{
    int width, height;
    g_autofree char *want = g_format_size_full((guint64)need, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there = g_format_size_full((guint64)free_bytes(studio), G_FORMAT_SIZE_IEC_UNITS);
    const char *name = studio->choice.info.name;
    if (find_fitting(studio, setup, loras, request, &width, &height))
        return lk_set_error(error, LK_ERROR_MEMORY,
                            _("The picture needs %s of memory and %s has %s free. One of %d × %d fits; or close other "
                              "programs."),
                            want, name, there, width, height);
    return lk_set_error(error, LK_ERROR_MEMORY,
                        _("The picture needs %s of memory and %s has %s free, which is not enough for a smaller one "
                          "either. Close other programs."),
                        want, name, there);
}

/** Opens the device anew where LoRAs of many sizes have been on it: their memory stays as long as it is open. */
static bool renew_device(LkStudio *studio, GError **error)
{
    if (g_hash_table_size(studio->sizes) < MAX_SIZES)
        return true;
    close_generator(studio);
    g_clear_pointer(&studio->device, studio->choice.api->close);
    g_hash_table_remove_all(studio->sizes);
    return open_device(studio, error);
}

static void note_sizes(LkStudio *studio, const LkPromptLoras *loras)
{
    LkGeneratorOptions options = {0};
    lk_prompt_loras_use(loras, &options);
    for (int i = 0; i < options.n_loras; i++)
        g_hash_table_add(studio->sizes, g_strdup(options.loras[i].state));
}

/** Makes LoRAs and generator for a setup. What they share with those before is not loaded again, for these are freed
 * last. */
static bool renew(LkStudio *studio, const LkStudioSetup *setup, const char *prompt, const char *key,
                  LkPictureRequest *request, GError **error)
{
    if (!renew_device(studio, error))
        return false;
    g_autoptr(LkPromptLoras) loras = lk_prompt_loras_load(prompt, setup->lora_folders, studio->checkpoint, error);
    if (!loras)
        return false;
    request->prompt = lk_prompt_loras_prompt(loras);
    g_autoptr(LkGenerator) generator = make_generator(studio, setup, loras, setup->keep_all, 0, request, error);
    const LkGeneratorMemory nothing = {0};
    if (generator && setup->keep_all && needed(studio, generator, nothing) > free_bytes(studio) / 2) {
        g_clear_pointer(&generator, lk_generator_free);
        generator = make_generator(studio, setup, loras, false, 0, request, error);
    }
    int tile = 0;
    for (int next = lk_tile_smaller(0, FIRST_TILE);
         generator && next > 0 && needed(studio, generator, nothing) > free_bytes(studio);
         next = lk_tile_smaller(next, FIRST_TILE)) {
        g_clear_pointer(&generator, lk_generator_free);
        generator = make_generator(studio, setup, loras, false, tile = next, request, error);
    }
    if (!generator)
        return false;
    int64_t need = needed(studio, generator, nothing);
    if (need > free_bytes(studio)) {
        g_clear_pointer(&generator, lk_generator_free);
        return refuse(studio, setup, loras, request, need, error);
    }
    close_generator(studio);
    note_sizes(studio, loras);
    studio->generator = g_steal_pointer(&generator);
    studio->loras = g_steal_pointer(&loras);
    studio->key = g_strdup(key);
    studio->clip_skip = setup->clip_skip;
    studio->tile = tile;
    studio->width = request->width;
    studio->height = request->height;
    return true;
}

/** Compiles what a picture of another shape needs beside what is there. *fits is whether there is memory for it. */
static bool extend(LkStudio *studio, const LkPictureRequest *request, bool *fits, GError **error)
{
    LkGeneratorMemory before = lk_generator_memory(studio->generator);
    if (!lk_generator_prepare(studio->generator, request, 1, error))
        return false;
    *fits = needed(studio, studio->generator, before) <= free_bytes(studio);
    return true;
}

/** The setup with what the base model's file says of itself. */
static LkStudioSetup settled(const LkStudio *studio, const LkStudioSetup *setup)
{
    const LkModelArch *arch = lk_studio_arch(studio);
    LkStudioSetup all = *setup;
    all.v_prediction |= arch->prediction == LK_PREDICTION_V;
    all.zero_terminal_snr |= arch->zero_terminal_snr && all.v_prediction;
    return all;
}

bool lk_studio_prepare(LkStudio *studio, const LkStudioSetup *asked, const char *prompt, LkPictureRequest *request,
                       GError **error)
{
    const LkStudioSetup all = settled(studio, asked), *setup = &all;
    g_autofree char *loras = lk_prompt_loras_key(prompt, setup->lora_folders, error);
    if (!loras || !lk_picture_size_check(lk_studio_arch(studio), request->width, request->height, error))
        return false;
    g_autofree char *key = g_strdup_printf("%d %d %d %d %d\n%s", (int)setup->compute, MAX(setup->clip_skip, 1),
                                           setup->v_prediction, setup->zero_terminal_snr, setup->keep_all, loras);
    /* Tiles are for the size that needed them: another one is decoded as it would be if it were the first. */
    bool same_tiles = studio->tile == 0 || (studio->width == request->width && studio->height == request->height);
    if (g_strcmp0(key, studio->key) != 0 || !same_tiles)
        return renew(studio, setup, prompt, key, request, error);
    LkPromptLoras *same = studio->loras;
    lk_prompt_loras_set_prompt(same, prompt);
    request->prompt = lk_prompt_loras_prompt(same);
    bool fits = false;
    if (!extend(studio, request, &fits, error))
        return false;
    return fits || renew(studio, setup, prompt, key, request, error);
}

const GPtrArray *lk_studio_remarks(const LkStudio *studio)
{
    return lk_prompt_loras_remarks(studio->loras);
}

/* Pictures --------------------------------------------------------------------------------------------------------- */

LkGenerator *lk_studio_generator(LkStudio *studio)
{
    studio->arena = MAX(studio->arena, lk_generator_arena_bytes(studio->generator));
    return studio->generator;
}

uint8_t *lk_studio_draw(LkStudio *studio, const LkPictureRequest *request, const LkSamplingProgress *progress,
                        GError **error)
{
    return lk_generator_run(lk_studio_generator(studio), request, progress, error);
}

/** The base model's SHA-256, remembered from an earlier time where its file has not changed. */
static const char *model_hash(LkStudio *studio)
{
    uint8_t bytes[32];
    if (studio->hashed)
        return studio->hash;
    studio->hashed = true;
    g_autofree char *folder = g_build_filename(g_get_user_cache_dir(), "lorikeet", NULL);
    g_autofree char *path = g_build_filename(folder, "base-models", NULL);
    g_autoptr(LkFileIndex) index = lk_file_index_open(path);
    if (g_file_test(studio->model, G_FILE_TEST_IS_DIR) || !lk_file_index_hash(index, studio->model, bytes, NULL, NULL))
        return studio->hash;
    lk_sha256_write(bytes, studio->hash);
    if (lk_make_folders(folder, NULL))
        lk_file_index_save(index, NULL); /* else it is read again another time */
    return studio->hash;
}

/** "model" of "folder/model.safetensors". */
static char *model_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *name = g_filename_display_name(base);
    if (g_str_has_suffix(name, ".safetensors"))
        name[strlen(name) - strlen(".safetensors")] = '\0';
    return name;
}

char *lk_studio_infotext(LkStudio *studio, const char *prompt, const LkPictureRequest *request)
{
    g_autofree char *name = model_name(studio->model), *hash = g_strndup(model_hash(studio), 10);
    LkInfotextPicture info = {.request = request,
                              .prompt = prompt,
                              .model = name,
                              .model_hash = *hash ? hash : NULL,
                              .lora_hashes = lk_prompt_loras_hashes(studio->loras),
                              .clip_skip = studio->clip_skip};
    return lk_infotext_write(&info);
}

int64_t lk_studio_allocated(const LkStudio *studio)
{
    return studio->choice.api->allocated(studio->device);
}

const LkModelArch *lk_studio_arch(const LkStudio *studio)
{
    return lk_checkpoint_arch(studio->checkpoint);
}
