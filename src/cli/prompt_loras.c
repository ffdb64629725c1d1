#include "cli/prompt_loras.h"

#include "cli/report.h"
#include "dataset/nearest.h"
#include "format/gerror.h"
#include "training/lora_setup.h"
#include "training/sample_prompts.h"

#include <glib/gi18n.h>
#include <string.h>

#define ENDING ".safetensors"

typedef struct Entry {
    LkLora *lora;
    float *values;
    char state[16]; /* its name on the device */
} Entry;

struct LkPromptLoras {
    char *prompt;
    GPtrArray *tags; /* LkLoraTag * */
    Entry entries[LK_MAX_LORAS];
    int count;
    GString *hashes;
};

void lk_prompt_loras_free(LkPromptLoras *loras)
{
    if (!loras)
        return;
    for (int i = 0; i < loras->count; i++) {
        lk_lora_free(loras->entries[i].lora);
        g_free(loras->entries[i].values);
    }
    g_ptr_array_unref(loras->tags);
    g_string_free(loras->hashes, TRUE);
    g_free(loras->prompt);
    g_free(loras);
}

/** Says which LoRAs there are, or at least the one that may have been meant. */
static bool not_found(const char *name, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) no_folder = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &no_folder);
    if (!dir)
        return lk_set_error(error, LK_ERROR_IO, _("The folder of LoRAs cannot be read: %s. Set it with --lora-dir."),
                            no_folder->message);
    for (const char *file; (file = g_dir_read_name(dir));)
        if (g_str_has_suffix(file, ENDING))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(ENDING)));
    const char *near = lk_nearest_name(name, (const char *const *)(gpointer)names->pdata, names->len);
    if (near)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The prompt names the LoRA \"%s\", but there is no %s" ENDING " in \"%s\"; did you mean \"%s\"?"), name,
            name, folder, near);
    return lk_set_error(error, LK_ERROR_USAGE,
                        _("The prompt names the LoRA \"%s\", but there is no %s" ENDING
                          " in \"%s\". Set the folder of LoRAs with --lora-dir."),
                        name, name, folder);
}

static void add_hash(LkPromptLoras *loras, const char *name, const LkLoraFile *file)
{
    const char *hash = lk_metadata_get(lk_lora_file_metadata(file), "sshs_model_hash");
    if (hash && g_str_is_ascii(hash))
        g_string_append_printf(loras->hashes, "%s%s: %.12s", loras->hashes->len ? ", " : "", name, hash);
}

/** Fits a file's modules to the base model. */
static bool fit(Entry *entry, const char *name, const LkLoraFile *file, const LkCheckpoint *checkpoint, GError **error)
{
    int missing, unused;
    LkLoraPlan plan = {.text = true, .unet = true, .like = file};
    entry->lora = lk_lora_for_model(checkpoint, &plan, NULL);
    if (!entry->lora)
        return lk_set_error(error, LK_ERROR_UNSUPPORTED, _("The LoRA \"%s\" has no module that fits this base model."),
                            name);
    entry->values = g_try_new0(float, (gsize)lk_lora_elements(entry->lora));
    if (!entry->values)
        return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the LoRA \"%s\"."), name);
    if (!lk_lora_load(entry->lora, file, entry->values, &missing, &unused, error)) {
        g_prefix_error(error, "%s: ", name);
        return false;
    }
    if (unused > 0)
        lk_cli_say(
            _("%d of the %d modules of the LoRA \"%s\" adapt layers that cannot be adapted yet; they are left out."),
            unused, (int)lk_lora_file_count(file), name);
    return true;
}

static bool load_one(LkPromptLoras *loras, const char *name, const char *folder, const LkCheckpoint *checkpoint,
                     GError **error)
{
    g_autofree char *base = g_strconcat(name, ENDING, NULL);
    g_autofree char *path = g_build_filename(folder, base, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return not_found(name, folder, error);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(path, error);
    if (!file)
        return false;
    if (lk_lora_file_family(file) != LK_LORA_SD1)
        return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                            _("The LoRA \"%s\" is made for %s, the base model is Stable Diffusion 1.x."), name,
                            lk_lora_file_family(file) == LK_LORA_SD2 ? "Stable Diffusion 2.x" : "Stable Diffusion XL");
    Entry *entry = &loras->entries[loras->count];
    g_snprintf(entry->state, sizeof entry->state, "lora%d", loras->count);
    loras->count++; /* from here on it is freed with the others */
    add_hash(loras, name, file);
    return fit(entry, name, file, checkpoint, error);
}

LkPromptLoras *lk_prompt_loras_load(const char *prompt, const char *folder, const LkCheckpoint *checkpoint,
                                    GError **error)
{
    g_autoptr(LkPromptLoras) loras = g_new0(LkPromptLoras, 1);
    loras->tags = lk_lora_tags_new();
    loras->hashes = g_string_new(NULL);
    loras->prompt = lk_lora_tags_take(prompt, loras->tags, error);
    if (!loras->prompt)
        return NULL;
    if (loras->tags->len > LK_MAX_LORAS) {
        lk_set_error(error, LK_ERROR_USAGE, _("The prompt names %u LoRAs, but at most %d can be used at once."),
                     loras->tags->len, LK_MAX_LORAS);
        return NULL;
    }
    for (guint i = 0; i < loras->tags->len; i++) {
        const LkLoraTag *tag = g_ptr_array_index(loras->tags, i);
        if (!load_one(loras, tag->name, folder, checkpoint, error))
            return NULL;
    }
    return g_steal_pointer(&loras);
}

const char *lk_prompt_loras_prompt(const LkPromptLoras *loras)
{
    return loras->prompt;
}

const char *lk_prompt_loras_hashes(const LkPromptLoras *loras)
{
    return loras->hashes->len ? loras->hashes->str : NULL;
}

void lk_prompt_loras_use(const LkPromptLoras *loras, LkGeneratorOptions *options)
{
    options->n_loras = loras->count;
    for (int i = 0; i < loras->count; i++) {
        const LkLoraTag *tag = g_ptr_array_index(loras->tags, (guint)i);
        const Entry *entry = &loras->entries[i];
        options->loras[i] = (LkGeneratorLora){.lora = entry->lora,
                                              .state = entry->state,
                                              .values = entry->values,
                                              .text_strength = tag->text_weight,
                                              .unet_strength = tag->unet_weight};
    }
}
