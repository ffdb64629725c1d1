#include "adapter/lora_file.h"

#include "format/gerror.h"
#include "format/json.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* The tensors of one module while the file is read. */
typedef struct Module {
    LkLoraSite site;
    char *name; /* as in the file */
    const LkTensorView *down, *up, *alpha;
    LkLoraWeights weights;
    float *numbers; /* down, then up */
} Module;

struct LkLoraFile {
    GPtrArray *modules;    /* Module *, sorted */
    GHashTable *by_rank;   /* uint64_t * (in the module's rank) → Module * */
    LkSafetensors *source; /* keeps views and metadata */
    LkLoraFamily family;
    LkLoraLayout layout;
};

enum { LAYERS_PER_BLOCK = 2, LARGEST_DIM = 8192 };

typedef enum Role {
    ROLE_DOWN,
    ROLE_UP,
    ROLE_ALPHA,
    ROLE_OTHER, /* a kind of adapter that is not read yet */
} Role;

static const struct {
    const char *ending;
    Role role;
    const char *kind; /* marked for translation */
} endings[] = {
    {".lora_down.weight", ROLE_DOWN, NULL},
    {".lora_up.weight", ROLE_UP, NULL},
    {".alpha", ROLE_ALPHA, NULL},
    {".lora_A.weight", ROLE_DOWN, NULL},
    {".lora_B.weight", ROLE_UP, NULL},
    {".lora_A.default.weight", ROLE_DOWN, NULL},
    {".lora_B.default.weight", ROLE_UP, NULL},
    {".lora.down.weight", ROLE_DOWN, NULL},
    {".lora.up.weight", ROLE_UP, NULL},
    {".lora_linear_layer.down.weight", ROLE_DOWN, NULL},
    {".lora_linear_layer.up.weight", ROLE_UP, NULL},
    {".lora_mid.weight", ROLE_OTHER, N_("a LoCon with Tucker decomposition")},
    {".dora_scale", ROLE_OTHER, N_("a DoRA")},
    {".lora_magnitude_vector", ROLE_OTHER, N_("a DoRA")},
    {".hada_w1_a", ROLE_OTHER, N_("a LoHa")},
    {".hada_w1_b", ROLE_OTHER, N_("a LoHa")},
    {".hada_w2_a", ROLE_OTHER, N_("a LoHa")},
    {".hada_w2_b", ROLE_OTHER, N_("a LoHa")},
    {".lokr_w1", ROLE_OTHER, N_("a LoKr")},
    {".lokr_w1_a", ROLE_OTHER, N_("a LoKr")},
    {".lokr_w2", ROLE_OTHER, N_("a LoKr")},
    {".lokr_w2_a", ROLE_OTHER, N_("a LoKr")},
    {".oft_blocks", ROLE_OTHER, N_("an OFT adapter")},
    {".oft_diag", ROLE_OTHER, N_("an OFT adapter")},
    {".a1.weight", ROLE_OTHER, N_("a GLoRA")},
    {".on_input", ROLE_OTHER, N_("an IA3 adapter")},
    {".diff", ROLE_OTHER, N_("an adapter with whole weights")},
    {".diff_b", ROLE_OTHER, N_("an adapter with whole weights")},
    {".w_norm", ROLE_OTHER, N_("an adapter with norms")},
    {".b_norm", ROLE_OTHER, N_("an adapter with norms")},
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
        module->site = *site;
        module->name = g_strdup(name);
        g_ptr_array_add(file->modules, module);
        g_hash_table_insert(file->by_rank, g_memdup2(&rank, sizeof rank), module);
    }
    return module;
}

static bool place_tensor(LkLoraFile *file, const LkTensorView *view, int *originals, GError **error)
{
    const char *path = lk_safetensors_path(file->source);
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (!g_str_has_suffix(view->name, endings[i].ending)) {
            continue;
        }
        if (endings[i].role == ROLE_OTHER) {
            return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                                _("%s is %s (it has the tensor %s), which cannot be read yet; only LoRA can."), path,
                                _(endings[i].kind), view->name);
        }
        g_autofree char *name = g_strndup(view->name, strlen(view->name) - strlen(endings[i].ending));
        LkLoraSite site;
        bool original;
        if (!lk_lora_site_parse(name, LAYERS_PER_BLOCK, &site, &original)) {
            break;
        }
        *originals += original && g_str_has_prefix(name, "lora_unet_");
        Module *module = module_at(file, &site, name);
        const LkTensorView **place = endings[i].role == ROLE_DOWN ? &module->down
                                     : endings[i].role == ROLE_UP ? &module->up
                                                                  : &module->alpha;
        if (*place != NULL) {
            return lk_set_error(error, LK_ERROR_FORMAT, _("%s has the same module twice: %s and %s."), path,
                                (*place)->name, view->name);
        }
        *place = view;
        return true;
    }
    return lk_set_error(
        error, LK_ERROR_UNSUPPORTED,
        _("%s has the tensor %s, which is no part of a LoRA for Stable Diffusion 1.x, 2.x or XL. Is the "
          "file made for another kind of model?"),
        path, view->name);
}

/* ------------------------------------------------------------------ sizes and numbers */

/* alpha of PEFT's adapter metadata for this module: `{"unet.lora_alpha": 8, "unet.alpha_pattern": {…}}`. */
static double metadata_alpha(yyjson_val *root, const Module *module, double fallback)
{
    const char *part = module->site.side != LK_SIDE_TEXT ? "unet"
                       : module->site.text == 0          ? "text_encoder"
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

static bool shape_error(const LkLoraFile *file, const LkTensorView *view, const char *expected, GError **error)
{
    GString *shape = g_string_new(NULL);
    for (int i = 0; i < view->rank; i++) {
        g_string_append_printf(shape, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", (gint64)view->shape[i]);
    }
    lk_set_error(error, LK_ERROR_FORMAT, _("%s: the tensor %s has the shape [%s], but must be %s."),
                 lk_safetensors_path(file->source), view->name, shape->str, expected);
    g_string_free(shape, TRUE);
    return false;
}

/* Reads the sizes off both matrices and checks that they belong together. */
static bool check_shapes(const LkLoraFile *file, Module *module, GError **error)
{
    const LkTensorView *down = module->down, *up = module->up;
    LkLoraKind kind = lk_lora_site_kind(&module->site, down->rank == 2);
    int64_t kernel = down->rank == 4 ? down->shape[2] : 1;
    bool linear = kind == LK_LORA_LINEAR && down->rank == 2;
    bool conv = kind != LK_LORA_LINEAR && down->rank == 4 && down->shape[3] == kernel &&
                kernel == (kind == LK_LORA_CONV ? 3 : 1);
    if (!(linear || conv) || down->shape[0] < 1 || down->shape[0] > LARGEST_DIM || down->shape[1] < 1) {
        return shape_error(file, down,
                           kind == LK_LORA_CONV     ? "[dim, inputs, 3, 3]"
                           : kind == LK_LORA_LINEAR ? "[dim, inputs]"
                                                    : _("[dim, inputs] or [dim, inputs, 1, 1]"),
                           error);
    }
    bool ones = up->rank == 2 || (up->rank == 4 && up->shape[2] == 1 && up->shape[3] == 1);
    if (up->rank != down->rank || !ones || up->shape[1] != down->shape[0] || up->shape[0] < 1) {
        g_autofree char *expected =
            g_strdup_printf(down->rank == 2 ? "[outputs, %d]" : "[outputs, %d, 1, 1]", (int)down->shape[0]);
        return shape_error(file, up, expected, error);
    }
    module->weights = (LkLoraWeights){.site = module->site,
                                      .in = down->shape[1],
                                      .out = up->shape[0],
                                      .dim = (int)down->shape[0],
                                      .kernel = (int)kernel,
                                      .convolution = down->rank == 4};
    return true;
}

static bool read_alpha(const LkLoraFile *file, Module *module, yyjson_val *peft, GError **error)
{
    double alpha = metadata_alpha(peft, module, module->weights.dim);
    if (module->alpha != NULL) {
        float number;
        if (lk_tensor_view_elements(module->alpha) != 1) {
            return shape_error(file, module->alpha, _("a single number"), error);
        }
        lk_tensor_view_to_f32(module->alpha, &number);
        alpha = number != 0 ? number : module->weights.dim; /* sd-scripts reads 0 as "like the rank" */
    }
    if (!isfinite(alpha) || fabs(alpha) > 1e6) {
        return lk_set_error(error, LK_ERROR_FORMAT, _("%s: alpha of the module %s is not a usable number."),
                            lk_safetensors_path(file->source), module->name);
    }
    module->weights.alpha = (float)alpha;
    return true;
}

static bool finish_module(const LkLoraFile *file, Module *module, yyjson_val *peft, GError **error)
{
    if (module->down == NULL || module->up == NULL) {
        return lk_set_error(error, LK_ERROR_FORMAT, _("%s: the module %s has no %s matrix, so the file is incomplete."),
                            lk_safetensors_path(file->source), module->name, module->down == NULL ? "down" : "up");
    }
    if (!check_shapes(file, module, error) || !read_alpha(file, module, peft, error)) {
        return false;
    }
    size_t down = (size_t)lk_tensor_view_elements(module->down), up = (size_t)lk_tensor_view_elements(module->up);
    module->numbers = g_try_malloc_n(down + up, sizeof(float));
    if (module->numbers == NULL) {
        return lk_set_error(error, LK_ERROR_MEMORY, _("%s: there is not enough memory for the LoRA."),
                            lk_safetensors_path(file->source));
    }
    lk_tensor_view_to_f32(module->down, module->numbers);
    lk_tensor_view_to_f32(module->up, module->numbers + down);
    module->weights.down = module->numbers;
    module->weights.up = module->numbers + down;
    return true;
}

/* ------------------------------------------------------------------ the whole file */

static int compare_modules(gconstpointer a, gconstpointer b)
{
    uint64_t left = lk_lora_site_rank(&(*(Module *const *)a)->site);
    uint64_t right = lk_lora_site_rank(&(*(Module *const *)b)->site);
    return (left > right) - (left < right);
}

/* The original names count an upsampler behind attention otherwise than one without: what the file shows of attention
 * in its block decides. */
static void settle_upsamplers(LkLoraFile *file)
{
    unsigned attention = 0;
    for (guint i = 0; i < file->modules->len; i++) {
        const LkLoraSite *site = &((Module *)file->modules->pdata[i])->site;
        attention |= site->side == LK_SIDE_UP && lk_lora_site_is_plain(site) ? 1u << site->level : 0;
    }
    for (guint i = 0; attention != 0 && i < file->modules->len; i++) {
        Module *module = file->modules->pdata[i];
        if (module->site.side == LK_SIDE_UP) {
            module->site.last = (attention >> module->site.level & 1) != 0;
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
        second_text |= module->site.side == LK_SIDE_TEXT && (module->site.text > 0 || strstr(module->name, "lora_te1"));
        linear_projection |= lk_lora_site_kind(&module->site, false) == LK_LORA_POINTWISE && module->down->rank == 2;
    }
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
        done = finish_module(file, file->modules->pdata[i], yyjson_doc_get_root(peft), error);
    }
    yyjson_doc_free(peft);
    if (done) {
        recognise(file, originals);
        settle_upsamplers(file);
        g_ptr_array_sort(file->modules, compare_modules);
        for (guint i = 0; i < file->modules->len; i++) {
            Module *module = file->modules->pdata[i];
            module->weights.site = module->site;
        }
    }
    return done;
}

LkLoraFile *lk_lora_file_read(const char *path, GError **error)
{
    g_autoptr(LkLoraFile) file = g_new0(LkLoraFile, 1);
    file->modules = g_ptr_array_new_with_free_func(module_free);
    file->by_rank = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    file->source = lk_safetensors_open(path, error);
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
