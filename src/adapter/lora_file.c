#include "adapter/lora_file.h"

#include "adapter/lora_module.h"
#include "format/gerror.h"
#include "format/json.h"
#include "format/torch_file.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* One module while the file is read. */
typedef struct Module {
    char *name; /* as in the file */
    LkModuleTensors tensors;
    LkLoraWeights weights;
    float *numbers;
} Module;

struct LkLoraFile {
    GPtrArray *modules;    /* Module *, sorted */
    GHashTable *by_rank;   /* uint64_t * (in the module's rank) → Module * */
    LkSafetensors *source; /* keeps views and metadata */
    LkLoraFamily family;
    LkLoraLayout layout;
};

enum { LAYERS_PER_BLOCK = 2 };

/* Other endings than those of lk_part_suffix. */
static const struct {
    const char *ending;
    LkPartRole role;
} other_endings[] = {
    {".lora_A.weight", LK_PART_DOWN},
    {".lora_B.weight", LK_PART_UP},
    {".lora_A.default.weight", LK_PART_DOWN},
    {".lora_B.default.weight", LK_PART_UP},
    {".lora.down.weight", LK_PART_DOWN},
    {".lora.up.weight", LK_PART_UP},
    {".lora_linear_layer.down.weight", LK_PART_DOWN},
    {".lora_linear_layer.up.weight", LK_PART_UP},
    {".lora_magnitude_vector", LK_PART_MAGNITUDE},
    {".lora_magnitude_vector.weight", LK_PART_MAGNITUDE},
};

/* Kinds of adapters that are not read; marked for translation. */
static const struct {
    const char *ending, *kind;
} unread[] = {
    {".lora_mid.weight", N_("a LoCon with Tucker decomposition")},
    {".hada_t1", N_("a LoHa with Tucker decomposition")},
    {".hada_t2", N_("a LoHa with Tucker decomposition")},
    {".lokr_t2", N_("a LoKr with Tucker decomposition")},
    {".oft_blocks", N_("an OFT adapter")},
    {".oft_diag", N_("an OFT adapter")},
    {".a1.weight", N_("a GLoRA")},
    {".on_input", N_("an IA3 adapter")},
    {".diff", N_("an adapter with whole weights")},
    {".diff_b", N_("an adapter with whole weights")},
    {".w_norm", N_("an adapter with norms")},
    {".b_norm", N_("an adapter with norms")},
};

static void module_free(gpointer data)
{
    Module *module = data;
    g_free(module->name);
    g_free(module->numbers);
    g_free(module);
}

void lk_lora_file_free(LkLoraFile *file)
{
    if (file == NULL) {
        return;
    }
    g_clear_pointer(&file->by_rank, g_hash_table_unref);
    g_clear_pointer(&file->modules, g_ptr_array_unref);
    g_clear_pointer(&file->source, lk_safetensors_free);
    g_free(file);
}

/* ------------------------------------------------------------------ names */

static Module *module_at(LkLoraFile *file, const LkLoraSite *site, const char *name)
{
    uint64_t rank = lk_lora_site_rank(site);
    Module *module = g_hash_table_lookup(file->by_rank, &rank);
    if (module == NULL) {
        module = g_new0(Module, 1);
        module->weights.site = *site;
        module->name = g_strdup(name);
        module->tensors = (LkModuleTensors){.file = lk_safetensors_path(file->source), .name = module->name};
        g_ptr_array_add(file->modules, module);
        g_hash_table_insert(file->by_rank, g_memdup2(&rank, sizeof rank), module);
    }
    return module;
}

/* What a tensor's name ends with: LK_PART_ROLES for alpha; the ending is NULL for none that is known. */
static const char *ending_of(const char *name, LkPartRole *role)
{
    for (*role = 0; *role < LK_PART_ROLES; (*role)++) {
        if (g_str_has_suffix(name, lk_part_suffix(*role))) {
            return lk_part_suffix(*role);
        }
    }
    if (g_str_has_suffix(name, ".alpha")) {
        return ".alpha";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(other_endings); i++) {
        if (g_str_has_suffix(name, other_endings[i].ending)) {
            *role = other_endings[i].role;
            return other_endings[i].ending;
        }
    }
    return NULL;
}

static bool refuse_kind(const LkTensorView *view, const char *path, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(unread); i++) {
        if (g_str_has_suffix(view->name, unread[i].ending)) {
            return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                                _("%s is %s (it has the tensor %s), which cannot be read; LoRA, LoCon, LoHa, LoKr and "
                                  "DoRA can."),
                                path, _(unread[i].kind), view->name);
        }
    }
    return lk_set_error(
        error, LK_ERROR_UNSUPPORTED,
        _("%s has the tensor %s, which is no part of a LoRA for Stable Diffusion 1.x, 2.x or XL. Is the "
          "file made for another kind of model?"),
        path, view->name);
}

static bool place_tensor(LkLoraFile *file, const LkTensorView *view, int *originals, GError **error)
{
    const char *path = lk_safetensors_path(file->source);
    LkPartRole role;
    const char *ending = ending_of(view->name, &role);
    if (ending == NULL) {
        return refuse_kind(view, path, error);
    }
    g_autofree char *name = g_strndup(view->name, strlen(view->name) - strlen(ending));
    LkLoraSite site;
    bool original;
    if (!lk_lora_site_parse(name, LAYERS_PER_BLOCK, &site, &original)) {
        return refuse_kind(view, path, error);
    }
    *originals += original && g_str_has_prefix(name, "lora_unet_");
    LkModuleTensors *tensors = &module_at(file, &site, name)->tensors;
    const LkTensorView **place = role == LK_PART_ROLES ? &tensors->alpha : &tensors->part[role];
    if (*place != NULL) {
        return lk_set_error(error, LK_ERROR_FORMAT, _("%s has the same module twice: %s and %s."), path, (*place)->name,
                            view->name);
    }
    *place = view;
    return true;
}

/* ------------------------------------------------------------------ sizes and numbers */

/* alpha of PEFT's adapter metadata for this module: `{"unet.lora_alpha": 8, "unet.alpha_pattern": {…}}`. */
static double metadata_alpha(yyjson_val *root, const Module *module, double fallback)
{
    const char *part = module->weights.site.side != LK_SIDE_TEXT ? "unet"
                       : module->weights.site.text == 0          ? "text_encoder"
                                                                 : "text_encoder_2";
    g_autofree char *alpha_key = g_strconcat(part, ".lora_alpha", NULL);
    g_autofree char *pattern_key = g_strconcat(part, ".alpha_pattern", NULL);
    yyjson_val *value = yyjson_obj_get(root, alpha_key);
    double alpha = yyjson_is_num(value) ? yyjson_get_num(value) : fallback;
    size_t i, max;
    yyjson_val *key, *number;
    yyjson_obj_foreach(yyjson_obj_get(root, pattern_key), i, max, key, number)
    {
        const char *name = yyjson_get_str(key);
        size_t length = strlen(name), whole = strlen(module->name);
        bool ends =
            g_str_has_suffix(module->name, name) && (whole == length || module->name[whole - length - 1] == '.');
        alpha = ends && yyjson_is_num(number) ? yyjson_get_num(number) : alpha;
    }
    return alpha;
}

static bool finish_module(Module *module, yyjson_val *peft, GError **error)
{
    module->weights.shape.alpha = (float)metadata_alpha(peft, module, 0);
    if (!lk_lora_module_shape(&module->tensors, &module->weights, error)) {
        return false;
    }
    module->numbers = lk_lora_module_numbers(&module->tensors, &module->weights, error);
    return module->numbers != NULL;
}

/* ------------------------------------------------------------------ the whole file */

static int compare_modules(gconstpointer a, gconstpointer b)
{
    uint64_t left = lk_lora_site_rank(&(*(Module *const *)a)->weights.site);
    uint64_t right = lk_lora_site_rank(&(*(Module *const *)b)->weights.site);
    return (left > right) - (left < right);
}

/* The original names count an upsampler behind attention otherwise than one without: what the file shows of attention
 * in its block decides. */
static void settle_upsamplers(LkLoraFile *file)
{
    unsigned attention = 0;
    for (guint i = 0; i < file->modules->len; i++) {
        const LkLoraSite *site = &((Module *)file->modules->pdata[i])->weights.site;
        attention |= site->side == LK_SIDE_UP && lk_lora_site_is_plain(site) ? 1u << site->level : 0;
    }
    for (guint i = 0; attention != 0 && i < file->modules->len; i++) {
        Module *module = file->modules->pdata[i];
        if (module->weights.site.side == LK_SIDE_UP) {
            module->weights.site.last = (attention >> module->weights.site.level & 1) != 0;
        }
    }
}

static void recognise(LkLoraFile *file, int originals)
{
    const Module *first = file->modules->pdata[0];
    const char *version = lk_safetensors_metadata(file->source, "ss_base_model_version");
    bool second_text = false, linear_projection = false;
    for (guint i = 0; i < file->modules->len; i++) {
        const Module *module = file->modules->pdata[i];
        second_text |= module->weights.site.side == LK_SIDE_TEXT &&
                       (module->weights.site.text > 0 || strstr(module->name, "lora_te1"));
        linear_projection |=
            lk_lora_site_kind(&module->weights.site, false) == LK_LORA_POINTWISE && !module->weights.shape.convolution;
    }
    linear_projection |= version != NULL && g_str_has_prefix(version, "sd_v2");
    bool xl = (version != NULL && g_str_has_prefix(version, "sdxl")) || second_text || originals > 0;
    file->family = xl ? LK_LORA_SDXL : linear_projection ? LK_LORA_SD2 : LK_LORA_SD1;
    file->layout = g_str_has_prefix(first->name, "lora_") ? LK_LAYOUT_KOHYA
                   : g_str_has_prefix(first->name, "unet.") || g_str_has_prefix(first->name, "text_encoder.") ||
                           g_str_has_prefix(first->name, "text_encoder_2.")
                       ? LK_LAYOUT_DIFFUSERS
                       : LK_LAYOUT_COMFY;
}

static bool read_modules(LkLoraFile *file, GError **error)
{
    int originals = 0;
    for (size_t i = 0; i < lk_safetensors_count(file->source); i++) {
        if (!place_tensor(file, lk_safetensors_at(file->source, i), &originals, error)) {
            return false;
        }
    }
    if (file->modules->len == 0) {
        return lk_set_error(error, LK_ERROR_FORMAT, _("%s holds no tensors."), lk_safetensors_path(file->source));
    }
    const char *text = lk_safetensors_metadata(file->source, "lora_adapter_metadata");
    yyjson_doc *peft = text != NULL ? lk_json_parse(text, strlen(text), "lora_adapter_metadata", 8, NULL) : NULL;
    bool done = true;
    for (guint i = 0; done && i < file->modules->len; i++) {
        done = finish_module(file->modules->pdata[i], yyjson_doc_get_root(peft), error);
    }
    yyjson_doc_free(peft);
    if (done) {
        recognise(file, originals);
        settle_upsamplers(file);
        g_ptr_array_sort(file->modules, compare_modules);
    }
    return done;
}

LkLoraFile *lk_lora_file_read(const char *path, GError **error)
{
    g_autoptr(LkLoraFile) file = g_new0(LkLoraFile, 1);
    file->modules = g_ptr_array_new_with_free_func(module_free);
    file->by_rank = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    file->source = lk_tensor_file_open(path, error);
    if (file->source == NULL || !read_modules(file, error)) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

size_t lk_lora_file_count(const LkLoraFile *file)
{
    return file->modules->len;
}

const LkLoraWeights *lk_lora_file_at(const LkLoraFile *file, size_t i)
{
    return &((const Module *)file->modules->pdata[i])->weights;
}

const LkLoraWeights *lk_lora_file_find(const LkLoraFile *file, const LkLoraSite *site)
{
    uint64_t rank = lk_lora_site_rank(site);
    const Module *module = g_hash_table_lookup(file->by_rank, &rank);
    return module != NULL ? &module->weights : NULL;
}

LkLoraFamily lk_lora_file_family(const LkLoraFile *file)
{
    return file->family;
}

LkLoraLayout lk_lora_file_layout(const LkLoraFile *file)
{
    return file->layout;
}

const LkMetadata *lk_lora_file_metadata(const LkLoraFile *file)
{
    return lk_safetensors_all_metadata(file->source);
}
