#include "model/checkpoint.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"
#include "format/torch_file.h"
#include "model/detect.h"
#include "model/diffusers_names.h"
#include "model/openclip_names.h"
#include "model/other_vae.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { MAX_FILES = 5 }; /* the four of a folder, and another VAE */

struct LkCheckpoint {
    char *path;
    LkSafetensors *files[MAX_FILES];
    int n_files;
    const LkSafetensors *single, *single_vae; /* of them: what is one file by itself, or NULL */
    GHashTable *views;                        /* name here → view; NULL: a single file has these names already */
    GPtrArray *parts;                         /* LkTensorView *: pieces of tensors that the file has as one */
    LkModelArch arch;
    LkWeightOverlay overlay;
    float *changed; /* the weight that is open, where the overlay changes it */
};

const LkModelArch *lk_checkpoint_arch(const LkCheckpoint *checkpoint)
{
    return &checkpoint->arch;
}

const char *lk_checkpoint_path(const LkCheckpoint *checkpoint)
{
    return checkpoint->path;
}

const LkInput *lk_checkpoint_input(const LkCheckpoint *checkpoint)
{
    return checkpoint->single ? lk_safetensors_input(checkpoint->single) : NULL;
}

const LkInput *lk_checkpoint_vae_input(const LkCheckpoint *checkpoint)
{
    return checkpoint->single_vae ? lk_safetensors_input(checkpoint->single_vae) : NULL;
}

const LkTensorView *lk_checkpoint_find(const LkCheckpoint *checkpoint, const char *name)
{
    return checkpoint->views ? g_hash_table_lookup(checkpoint->views, name)
                             : lk_safetensors_find(checkpoint->files[0], name);
}

GPtrArray *lk_checkpoint_names(const LkCheckpoint *checkpoint)
{
    GPtrArray *names = g_ptr_array_new();
    if (checkpoint->views) {
        GHashTableIter iter;
        gpointer key;
        g_hash_table_iter_init(&iter, checkpoint->views);
        while (g_hash_table_iter_next(&iter, &key, NULL))
            g_ptr_array_add(names, key);
    } else {
        for (size_t i = 0; i < lk_safetensors_count(checkpoint->files[0]); i++)
            g_ptr_array_add(names, (gpointer)lk_safetensors_at(checkpoint->files[0], i)->name);
    }
    return names;
}

bool lk_checkpoint_has(const LkCheckpoint *checkpoint, const char *pattern)
{
    g_autoptr(GPtrArray) names = lk_checkpoint_names(checkpoint);
    GPatternSpec *spec = g_pattern_spec_new(pattern);
    bool found = false;
    for (guint i = 0; i < names->len && !found; i++)
        found = g_pattern_spec_match_string(spec, names->pdata[i]);
    g_pattern_spec_free(spec);
    return found;
}

void lk_checkpoint_free(LkCheckpoint *checkpoint)
{
    if (!checkpoint)
        return;
    for (int i = 0; i < checkpoint->n_files; i++)
        lk_safetensors_free(checkpoint->files[i]);
    g_clear_pointer(&checkpoint->views, g_hash_table_unref);
    g_clear_pointer(&checkpoint->parts, g_ptr_array_unref);
    g_free(checkpoint->path);
    g_free(checkpoint);
}

/** The first of the usual files of one model of a pipeline; NULL where there is none. Free with g_free. */
static char *find_part(const char *folder, const char *part, const char *stem)
{
    static const char *const endings[] = {".safetensors", ".fp16.safetensors", ".non_ema.safetensors"};
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(stem, endings[i], NULL);
        g_autofree char *path = g_build_filename(folder, part, name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    return NULL;
}

/** Adds the tensors of one model of a pipeline under their names here. */
static bool open_part(LkCheckpoint *checkpoint, LkPart part, const char *path, GError **error)
{
    LkSafetensors *file = lk_safetensors_open(path, error);
    if (!file)
        return false;
    checkpoint->files[checkpoint->n_files++] = file;
    LkDiffusersShape shape = {0};
    for (size_t i = 0; i < lk_safetensors_count(file); i++)
        lk_diffusers_observe(&shape, lk_safetensors_at(file, i)->name);
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        LkName name = lk_diffusers_to_ldm(part, &shape, view->name);
        if (name.text[0])
            g_hash_table_insert(checkpoint->views, g_strdup(name.text), (gpointer)view);
    }
    return true;
}

static bool open_folder(LkCheckpoint *checkpoint, GError **error)
{
    static const struct {
        LkPart part;
        const char *folder, *stem;
    } parts[] = {{LK_PART_UNET, "unet", "diffusion_pytorch_model"},
                 {LK_PART_VAE, "vae", "diffusion_pytorch_model"},
                 {LK_PART_TEXT, "text_encoder", "model"},
                 {LK_PART_TEXT_2, "text_encoder_2", "model"}};
    g_autofree char *second = find_part(checkpoint->path, "text_encoder_2", "model");
    checkpoint->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        g_autofree char *path = find_part(checkpoint->path, parts[p].folder, parts[p].stem);
        if (!path && (parts[p].part == LK_PART_TEXT_2 || (parts[p].part == LK_PART_TEXT && second)))
            continue; /* not every family has both */
        if (!path)
            return lk_set_error(error, LK_ERROR_FORMAT,
                                _("The folder '%s' is not a whole diffusers model: '%s/%s.safetensors' is missing in "
                                  "it."),
                                checkpoint->path, parts[p].folder, parts[p].stem);
        LkPart part = parts[p].part == LK_PART_TEXT && second ? LK_PART_TEXT_1 : parts[p].part;
        if (!open_part(checkpoint, part, path, error))
            return false;
    }
    return true;
}

/** One of `parts` equal pieces of a tensor's rows. */
static const LkTensorView *piece_of(LkCheckpoint *checkpoint, const LkTensorView *whole, int part, int parts)
{
    if (parts == 1 || whole->rank < 1 || whole->shape[0] % parts != 0)
        return whole;
    LkTensorView *piece = g_memdup2(whole, sizeof *whole);
    piece->shape[0] /= parts;
    piece->size /= (size_t)parts;
    piece->offset += (uint64_t)piece->size * (uint64_t)part;
    g_ptr_array_add(checkpoint->parts, piece);
    return piece;
}

/** Gives OpenCLIP's tensors of a single file the names of CLIP's. */
static void rename_openclip(LkCheckpoint *checkpoint)
{
    const LkSafetensors *file = checkpoint->files[0];
    bool any = false;
    for (size_t i = 0; i < lk_safetensors_count(file) && !any; i++)
        any = lk_openclip_place(lk_safetensors_at(file, i)->name) != NULL;
    if (!any)
        return;
    checkpoint->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    checkpoint->parts = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        const LkOpenclipPlace *place = lk_openclip_place(view->name);
        int parts = 1;
        for (int part = 0; part < parts; part++) {
            LkName name = place ? lk_openclip_name(place, view->name, part, &parts) : (LkName){0};
            const char *known = place && name.text[0] ? name.text : view->name;
            g_hash_table_insert(checkpoint->views, g_strdup(known), (gpointer)piece_of(checkpoint, view, part, parts));
        }
    }
}

static bool open_file(LkCheckpoint *checkpoint, GError **error)
{
    checkpoint->files[0] = lk_tensor_file_open(checkpoint->path, error);
    checkpoint->n_files = checkpoint->files[0] ? 1 : 0;
    checkpoint->single = checkpoint->files[0];
    if (checkpoint->n_files)
        rename_openclip(checkpoint);
    return checkpoint->n_files == 1;
}

/** What the folder of a pipeline says of its noise schedule. */
static void read_scheduler(const LkCheckpoint *checkpoint, LkModelArch *arch)
{
    enum { LARGEST = 1 << 20 };
    g_autofree char *path = g_build_filename(checkpoint->path, "scheduler", "scheduler_config.json", NULL);
    char *text;
    size_t size;
    yyjson_doc *doc = lk_file_read(path, LARGEST, &text, &size, NULL) ? yyjson_read(text, size, 0) : NULL;
    free(text);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *prediction = yyjson_get_str(yyjson_obj_get(root, "prediction_type"));
    if (prediction)
        arch->prediction = strcmp(prediction, "v_prediction") == 0 ? LK_PREDICTION_V
                           : strcmp(prediction, "epsilon") == 0    ? LK_PREDICTION_EPSILON
                                                                   : LK_PREDICTION_UNTOLD;
    arch->zero_terminal_snr = yyjson_is_true(yyjson_obj_get(root, "rescale_betas_zero_snr"));
    yyjson_doc_free(doc);
}

/** What the file or the folder tells of how the model was trained: tensors do not tell it. Models with v-prediction of
 * SDXL have the tensors v_pred and, with a schedule that ends in pure noise, ztsnr, by which ComfyUI knows them. */
static void read_training(const LkCheckpoint *checkpoint, LkModelArch *arch)
{
    const char *prediction = lk_safetensors_metadata(checkpoint->files[0], "modelspec.prediction_type");
    if (prediction)
        arch->prediction = strcmp(prediction, "v") == 0         ? LK_PREDICTION_V
                           : strcmp(prediction, "epsilon") == 0 ? LK_PREDICTION_EPSILON
                                                                : LK_PREDICTION_UNTOLD;
    if (lk_checkpoint_find(checkpoint, "v_pred"))
        arch->prediction = LK_PREDICTION_V;
    arch->zero_terminal_snr = lk_checkpoint_find(checkpoint, "ztsnr") != NULL;
    if (g_file_test(checkpoint->path, G_FILE_TEST_IS_DIR))
        read_scheduler(checkpoint, arch);
}

LkCheckpoint *lk_checkpoint_open(const char *path, GError **error)
{
    g_autoptr(LkCheckpoint) checkpoint = g_new0(LkCheckpoint, 1);
    checkpoint->path = g_strdup(path);
    bool folder = g_file_test(path, G_FILE_TEST_IS_DIR);
    if (!(folder ? open_folder(checkpoint, error) : open_file(checkpoint, error)))
        return NULL;
    const LkFamily *family = lk_family_find(checkpoint, error);
    if (!family || !lk_detect_arch(checkpoint, family, lk_safetensors_metadata(checkpoint->files[0], "lorikeet.arch"),
                                   &checkpoint->arch, error))
        return NULL;
    read_training(checkpoint, &checkpoint->arch);
    return g_steal_pointer(&checkpoint);
}

/** The file of a VAE that `path` names: itself, or of a folder of diffusers. Free with g_free. */
static char *vae_file(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        return g_strdup(path);
    char *inside = find_part(path, "vae", "diffusion_pytorch_model");
    return inside ? inside : find_part(path, ".", "diffusion_pytorch_model");
}

/** Lets tensors be found under names that differ from the file's own. */
static void list_views(LkCheckpoint *checkpoint)
{
    if (checkpoint->views)
        return;
    const LkSafetensors *file = checkpoint->files[0];
    checkpoint->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        g_hash_table_insert(checkpoint->views, g_strdup(view->name), (gpointer)view);
    }
}

bool lk_checkpoint_set_vae(LkCheckpoint *checkpoint, const char *path, GError **error)
{
    g_return_val_if_fail(checkpoint->n_files < MAX_FILES, false);
    g_autofree char *name = vae_file(path);
    if (!name)
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("The folder '%s' has no VAE (diffusion_pytorch_model.safetensors)."), path);
    LkSafetensors *file = lk_tensor_file_open(name, error);
    g_autoptr(GHashTable) views = file ? lk_other_vae_views(checkpoint, file, name, error) : NULL;
    if (!views) {
        lk_safetensors_free(file);
        return false;
    }
    checkpoint->files[checkpoint->n_files++] = file;
    checkpoint->single_vae = strcmp(name, path) == 0 ? file : NULL;
    list_views(checkpoint);
    GHashTableIter iter;
    gpointer key, view;
    g_hash_table_iter_init(&iter, views);
    while (g_hash_table_iter_next(&iter, &key, &view))
        g_hash_table_insert(checkpoint->views, g_strdup(key), view);
    return true;
}

void lk_checkpoint_set_overlay(LkCheckpoint *checkpoint, const LkWeightOverlay *overlay)
{
    checkpoint->overlay = *overlay;
}

/** A tensor as the overlay makes it, in f32, until it is closed. */
static bool change_weight(LkCheckpoint *checkpoint, const char *name, const LkTensorView *view, LkError *error)
{
    g_autoptr(GError) problem = NULL;
    g_free(checkpoint->changed);
    checkpoint->changed = g_try_malloc_n((gsize)lk_tensor_view_elements(view), sizeof(float));
    if (!checkpoint->changed)
        return lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to merge a LoRA into the base model."));
    if (!lk_tensor_view_to_f32(view, checkpoint->changed, &problem))
        return lk_fail(error, lk_gerror_code(problem), "%s", problem->message);
    checkpoint->overlay.apply(checkpoint->overlay.context, name, checkpoint->changed);
    return true;
}

static bool open_weight(void *context, const char *name, LkSourceWeight *weight, LkError *error)
{
    static const LkDType dtypes[LK_FILE_DTYPES] = {
        [LK_FILE_F32] = LK_F32, [LK_FILE_F16] = LK_F16, [LK_FILE_BF16] = LK_BF16};
    LkCheckpoint *checkpoint = context;
    const LkTensorView *view = lk_checkpoint_find(checkpoint, name);
    if (!view)
        return lk_fail(error, LK_ERROR_FORMAT, _("The base model has no tensor '%s'."), name);
    if (view->dtype != LK_FILE_F32 && view->dtype != LK_FILE_F16 && view->dtype != LK_FILE_BF16)
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       _("The base model's tensor '%s' is stored as %s; Lorikeet reads F32, F16 and BF16."), name,
                       lk_file_dtype_name(view->dtype));
    *weight = (LkSourceWeight){.dtype = dtypes[view->dtype], .count = lk_tensor_view_elements(view), .handle = view};
    if (!checkpoint->overlay.touches || !checkpoint->overlay.touches(checkpoint->overlay.context, name)) {
        lk_input_expect(view->input, view->offset, view->size);
        return true;
    }
    weight->dtype = LK_F32;
    return change_weight(checkpoint, name, view, error);
}

static bool read_weight(void *context, const LkSourceWeight *weight, int64_t first, int64_t count, void *to,
                        LkError *error)
{
    const LkCheckpoint *checkpoint = context;
    const LkTensorView *view = weight->handle;
    const size_t width = lk_dtype_size(weight->dtype), size = (size_t)count * width, at = (size_t)first * width;
    if (!checkpoint->changed)
        return lk_input_read(view->input, view->offset + at, to, size, error);
    memcpy(to, (const uint8_t *)checkpoint->changed + at, size);
    return true;
}

static void close_weight(void *context, const LkSourceWeight *weight)
{
    LkCheckpoint *checkpoint = context;
    (void)weight;
    g_clear_pointer(&checkpoint->changed, g_free);
}

LkWeightSource lk_checkpoint_source(LkCheckpoint *checkpoint)
{
    return (LkWeightSource){.context = checkpoint, .open = open_weight, .read = read_weight, .close = close_weight};
}

/** Hashes name, shape and a sample of one tensor. */
static bool hash_tensor(LkSha256 *hash, const char *name, const LkTensorView *view, LkError *error)
{
    enum { SAMPLE = 4096 };
    uint8_t sample[2][SAMPLE];
    size_t part = MIN(view->size, SAMPLE);
    if (!lk_input_read(view->input, view->offset, sample[0], part, error) ||
        !lk_input_read(view->input, view->offset + view->size - part, sample[1], part, error))
        return false;
    lk_sha256_update(hash, name, strlen(name) + 1);
    lk_sha256_update(hash, view->shape, (size_t)view->rank * sizeof *view->shape);
    lk_sha256_update(hash, sample[0], part);
    lk_sha256_update(hash, sample[1], part);
    return true;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *lk_checkpoint_identity(const LkCheckpoint *checkpoint, const char *prefix, GError **error)
{
    g_autoptr(GPtrArray) names = lk_checkpoint_names(checkpoint);
    g_ptr_array_sort(names, compare_names);
    LkSha256 hash;
    LkError problem = {0};
    uint8_t digest[32];
    lk_sha256_init(&hash);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (g_str_has_prefix(name, prefix) &&
            !hash_tensor(&hash, name, lk_checkpoint_find(checkpoint, name), &problem)) {
            lk_gerror_take(error, &problem);
            return NULL;
        }
    }
    if (checkpoint->overlay.identity)
        lk_sha256_update(&hash, checkpoint->overlay.identity, strlen(checkpoint->overlay.identity));
    lk_sha256_final(&hash, digest);
    char *hex = g_malloc(65);
    lk_sha256_write(digest, hex);
    return hex;
}
