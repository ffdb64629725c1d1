#include "training/prompt_loras.h"

#include "dataset/nearest.h"
#include "format/gerror.h"
#include "training/lora_setup.h"
#include "training/sample_prompts.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#define ENDING ".safetensors"

typedef struct Entry {
    LkLora *lora;
    float *values;
    char state[40]; /* its name on the device */
} Entry;

struct LkPromptLoras {
    char *prompt;
    GPtrArray *tags; /* LkLoraTag * */
    Entry entries[LK_MAX_LORAS];
    int count;
    GString *hashes;
    GPtrArray *remarks; /* char * */
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
    g_ptr_array_unref(loras->remarks);
    g_string_free(loras->hashes, TRUE);
    g_free(loras->prompt);
    g_free(loras);
}

/** Whether a name leads out of the folder of LoRAs: prompts come from pictures of others, too. */
static bool escapes(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    return g_path_is_absolute(name) || g_strv_contains((const char *const *)parts, "..");
}

/** The file of a LoRA in the first folder that has it (g_free), or NULL. */
static char *find_file(const char *name, const char *const *folders)
{
    if (escapes(name))
        return NULL;
    g_autofree char *base = g_strconcat(name, ENDING, NULL);
    for (; *folders; folders++) {
        g_autofree char *path = g_build_filename(*folders, base, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    return NULL;
}

/** Adds the names of the LoRAs in a folder. */
static void list_names(const char *folder, GPtrArray *names)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *file; dir && (file = g_dir_read_name(dir));)
        if (g_str_has_suffix(file, ENDING))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(ENDING)));
}

/** Says where a LoRA was looked for, and the one that may have been meant. */
static bool not_found(const char *name, const char *const *folders, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; folders[i]; i++)
        list_names(folders[i], names);
    g_autofree char *places = g_strjoinv("\", \"", (char **)(uintptr_t)folders);
    const char *near = lk_nearest_name(name, (const char *const *)(gpointer)names->pdata, names->len);
    if (near)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The prompt names the LoRA \"%s\", but there is no %s.safetensors in \"%s\"; did you mean \"%s\"?"), name,
            name, places, near);
    return lk_set_error(error, LK_ERROR_USAGE,
                        _("The prompt names the LoRA \"%s\", but there is no %s.safetensors in \"%s\"."), name, name,
                        places);
}

static void add_hash(LkPromptLoras *loras, const char *name, const LkLoraFile *file)
{
    const char *hash = lk_metadata_get(lk_lora_file_metadata(file), "sshs_model_hash");
    if (hash && g_str_is_ascii(hash))
        g_string_append_printf(loras->hashes, "%s%s: %.12s", loras->hashes->len ? ", " : "", name, hash);
}

/** Fits a file's modules to the base model. */
static bool fit(LkPromptLoras *loras, int index, const char *name, const LkLoraFile *file,
                const LkCheckpoint *checkpoint, GError **error)
{
    int missing, unused;
    Entry *entry = &loras->entries[index];
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
        g_ptr_array_add(loras->remarks, g_strdup_printf(_("%d of the %d modules of the LoRA \"%s\" adapt layers that "
                                                          "cannot be adapted yet; they are left out."),
                                                        unused, (int)lk_lora_file_count(file), name));
    /* By place and size: the next prompt's LoRA takes the same memory where it is as large. */
    g_snprintf(entry->state, sizeof entry->state, "lora %d %" G_GINT64_FORMAT, index, lk_lora_elements(entry->lora));
    return true;
}

static const char *family_title(LkLoraFamily family)
{
    static const char *const titles[] = {[LK_LORA_SD1] = "Stable Diffusion 1.x",
                                         [LK_LORA_SD2] = "Stable Diffusion 2.x",
                                         [LK_LORA_SDXL] = "Stable Diffusion XL"};
    return titles[family];
}

static bool load_one(LkPromptLoras *loras, const char *name, const char *const *folders, const LkCheckpoint *checkpoint,
                     GError **error)
{
    g_autofree char *path = find_file(name, folders);
    if (!path)
        return not_found(name, folders, error);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(path, error);
    if (!file)
        return false;
    LkLoraFamily made_for = lk_lora_file_family(file), base = lk_lora_family_of(lk_checkpoint_arch(checkpoint));
    if (made_for != base)
        return lk_set_error(error, LK_ERROR_UNSUPPORTED, _("The LoRA \"%s\" is made for %s, the base model is %s."),
                            name, family_title(made_for), family_title(base));
    int index = loras->count++; /* from here on it is freed with the others */
    add_hash(loras, name, file);
    return fit(loras, index, name, file, checkpoint, error);
}

LkPromptLoras *lk_prompt_loras_load(const char *prompt, const char *const *folders, const LkCheckpoint *checkpoint,
                                    GError **error)
{
    g_autoptr(LkPromptLoras) loras = g_new0(LkPromptLoras, 1);
    loras->tags = lk_lora_tags_new();
    loras->hashes = g_string_new(NULL);
    loras->remarks = g_ptr_array_new_with_free_func(g_free);
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
        if (!load_one(loras, tag->name, folders, checkpoint, error))
            return NULL;
    }
    return g_steal_pointer(&loras);
}

void lk_prompt_loras_set_prompt(LkPromptLoras *loras, const char *prompt)
{
    g_autoptr(GPtrArray) tags = lk_lora_tags_new();
    char *rest = lk_lora_tags_take(prompt, tags, NULL);
    if (!rest)
        return;
    g_free(loras->prompt);
    loras->prompt = rest;
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

const GPtrArray *lk_prompt_loras_remarks(const LkPromptLoras *loras)
{
    return loras->remarks;
}

char *lk_prompt_loras_key(const char *prompt, const char *const *folders, GError **error)
{
    g_autoptr(GPtrArray) tags = lk_lora_tags_new();
    g_autofree char *rest = lk_lora_tags_take(prompt, tags, error);
    if (!rest)
        return NULL;
    GString *key = g_string_new(NULL);
    for (guint i = 0; i < tags->len; i++) {
        const LkLoraTag *tag = g_ptr_array_index(tags, i);
        g_autofree char *path = find_file(tag->name, folders);
        GStatBuf info = {0};
        if (path)
            g_stat(path, &info);
        g_string_append_printf(key, "%s %.17g %.17g %lld %lld %lld.%09ld\n", path ? path : tag->name, tag->text_weight,
                               tag->unet_weight, (long long)info.st_ino, (long long)info.st_size,
                               (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    }
    return g_string_free_and_steal(key);
}
