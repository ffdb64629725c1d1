/* Writing LoRA files, and the way between files and a LoRA in training. */
#include "adapter/lora_file.h"
#include "format/gerror.h"
#include "format/pt_writer.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LAYERS_PER_BLOCK = 2 };

/* Tensors being gathered: names and numbers live as long as the struct. */
typedef struct Output {
    const LkLoraFormat *format;
    GArray *specs; /* LkTensorSpec */
    GPtrArray *owned;
} Output;

/* The largest finite number of a type. */
static double largest(LkFileDType dtype)
{
    return dtype == LK_FILE_F16 ? 65504.0 : 3.3e38;
}

static const char *dtype_title(LkFileDType dtype)
{
    return dtype == LK_FILE_F16 ? "fp16" : dtype == LK_FILE_BF16 ? "bf16" : "fp32";
}

/* Appends a tensor of `count` numbers times `scale`. */
static bool add_tensor(Output *output, const char *module, const char *ending, LkFileDType dtype, const int64_t *shape,
                       int rank, const float *numbers, size_t count, double scale, GError **error)
{
    LkTensorSpec spec = {.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++) {
        spec.shape[i] = shape[i];
    }
    char *name = g_strconcat(module, ending, NULL);
    g_ptr_array_add(output->owned, name);
    spec.name = name;
    g_autofree float *scaled = g_try_malloc_n(count, sizeof(float));
    void *bytes = g_try_malloc_n(count, lk_file_dtype_size(dtype));
    if (scaled == NULL || bytes == NULL) {
        g_free(bytes);
        return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory to write the LoRA."));
    }
    g_ptr_array_add(output->owned, bytes);
    spec.data = bytes;
    for (size_t i = 0; i < count; i++) {
        double number = numbers[i] * scale;
        scaled[i] = (float)number;
        if (!isfinite(number)) {
            return lk_set_error(error, LK_ERROR_NUMERIC,
                                _("The tensor %s holds a number that is not finite, so the LoRA was not saved."), name);
        }
        if (fabs(number) > largest(dtype)) {
            return lk_set_error(error, LK_ERROR_NUMERIC,
                                _("The tensor %s holds %g, which is too large for %s. Save with another precision."),
                                name, number, dtype_title(dtype));
        }
    }
    lk_f32_to_dtype(dtype, scaled, bytes, count);
    g_array_append_val(output->specs, spec);
    return true;
}

/* alpha in the file's type if that holds it exactly, else in float32. */
static bool add_alpha(Output *output, const char *module, float alpha, GError **error)
{
    LkFileDType dtype = output->format->dtype;
    uint32_t bits = 0;
    float back = alpha;
    if (dtype != LK_FILE_F32 && fabs(alpha) <= largest(dtype)) {
        lk_f32_to_dtype(dtype, &alpha, &bits, 1);
        lk_dtype_to_f32(dtype, &bits, &back, 1);
    }
    bool exact = back == alpha && fabs(alpha) <= largest(dtype);
    return add_tensor(output, module, ".alpha", exact ? dtype : LK_FILE_F32, NULL, 0, &alpha, 1, 1, error);
}

/* What a part is called: PEFT's spelling outside the kohya layout. */
static const char *suffix_of(LkPartRole role, LkLoraLayout layout)
{
    if (layout == LK_LAYOUT_KOHYA || (role != LK_PART_DOWN && role != LK_PART_UP)) {
        return lk_part_suffix(role);
    }
    return role == LK_PART_DOWN ? ".lora_A.weight" : ".lora_B.weight";
}

static bool add_module(Output *output, const LkLoraWeights *w, GError **error)
{
    LkLoraLayout layout = output->format->layout;
    const LkAdapterShape *s = &w->shape;
    if (layout == LK_LAYOUT_DIFFUSERS && (s->algo != LK_ALGO_LORA || s->dora)) {
        return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                            _("The diffusers layout has no names for a %s. Save it in the kohya layout."),
                            s->dora ? "DoRA" : lk_algo_title(s->algo));
    }
    g_autofree char *name = lk_lora_site_name(&w->site, output->format->family, layout, LAYERS_PER_BLOCK);
    bool folded = layout != LK_LAYOUT_KOHYA && s->algo == LK_ALGO_LORA;
    LkPart parts[LK_MAX_PARTS];
    int n = lk_adapter_parts(s, parts);
    /* alpha first, sd-scripts' own order: it only shows in .pt files */
    bool done = folded || add_alpha(output, name, s->alpha, error);
    for (int i = 0; done && i < n; i++) {
        int64_t dims[4];
        int rank = lk_part_file_shape(s, &parts[i], dims);
        double scale = folded && parts[i].role == LK_PART_UP ? (double)s->alpha / s->dim : 1;
        done = add_tensor(output, name, suffix_of(parts[i].role, layout), output->format->dtype, dims, rank,
                          w->values[i], (size_t)lk_part_elements(&parts[i]), scale, error);
    }
    return done;
}

static bool has_texts_of(LkLoraFamily family, const LkLoraSite *site)
{
    return site->side != LK_SIDE_TEXT || site->text < (family == LK_LORA_SDXL ? 2 : 1);
}

bool lk_lora_weights_write(const char *path, const LkLoraWeights *weights, size_t count, const LkLoraFormat *format,
                           const LkMetadata *metadata, GError **error)
{
    Output output = {format, g_array_new(FALSE, FALSE, sizeof(LkTensorSpec)), g_ptr_array_new_with_free_func(g_free)};
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        done = has_texts_of(format->family, &weights[i].site)
                   ? add_module(&output, &weights[i], error)
                   : lk_set_error(error, LK_ERROR_USAGE, _("The LoRA has a text encoder that its model family lacks."));
    }
    const LkTensorSpec *specs = (const LkTensorSpec *)(void *)output.specs->data;
    if (done && format->pt) {
        done = lk_pt_write(path, specs, output.specs->len, error);
    } else if (done) {
        g_autoptr(LkMetadata) all = lk_metadata_copy(metadata);
        if (format->layout == LK_LAYOUT_DIFFUSERS) {
            lk_metadata_set(all, "format", "pt"); /* loaders of Hugging Face ask for it */
        }
        done = lk_safetensors_write_lora(path, specs, output.specs->len, all, error);
    }
    g_array_free(output.specs, TRUE);
    g_ptr_array_unref(output.owned);
    return done;
}

/* ------------------------------------------------------------------ a LoRA in training */

/* The module in the order of files; `numbers` is what must be freed with g_free. */
static bool weights_of_module(const LkLoraModule *module, const float *state, LkLoraWeights *weights, float **numbers,
                              GError **error)
{
    bool original;
    int64_t total = 0;
    *weights = (LkLoraWeights){.shape = module->shape};
    for (int p = 0; p < module->n_parts; p++) {
        total += lk_part_elements(&module->parts[p]);
    }
    *numbers = g_try_malloc_n((size_t)total, sizeof(float));
    if (*numbers == NULL) {
        return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory to write the LoRA."));
    }
    float *to = *numbers;
    for (int p = 0; p < module->n_parts; p++) {
        lk_part_to_file(&module->parts[p], state + module->at[p], to);
        weights->values[p] = to;
        to += lk_part_elements(&module->parts[p]);
    }
    return lk_lora_site_parse(module->name, LAYERS_PER_BLOCK, &weights->site, &original) ||
           lk_set_error(error, LK_ERROR_UNSUPPORTED, _("The module %s has no place in a LoRA file."), module->name);
}

bool lk_lora_save(const LkLora *lora, const float *state, const char *path, const LkLoraFormat *format,
                  const LkMetadata *metadata, GError **error)
{
    size_t count = (size_t)lk_lora_count(lora);
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count);
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < count; i++) {
        float *numbers = NULL;
        bool done = weights_of_module(lk_lora_at(lora, (int)i), state, &weights[i], &numbers, error);
        g_ptr_array_add(owned, numbers);
        if (!done) {
            return false;
        }
    }
    return lk_lora_weights_write(path, weights, count, format, metadata, error);
}

static bool check_fit(const LkLoraModule *module, const LkAdapterShape *there, GError **error)
{
    const LkAdapterShape *here = &module->shape;
    if (there->in != here->in || there->out != here->out || there->kernel != here->kernel) {
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The LoRA to continue does not fit the base model: %s has %" PRId64 " inputs and %" PRId64
                              " outputs there, but %" PRId64 " and %" PRId64 " here."),
                            module->name, (gint64)there->in, (gint64)there->out, (gint64)here->in, (gint64)here->out);
    }
    if (there->algo != here->algo || there->dora != here->dora || there->left_out != here->left_out ||
        there->left_in != here->left_in || there->left_whole != here->left_whole ||
        there->right_whole != here->right_whole) {
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The LoRA to continue is of another kind in %s (%s%s) than the one that is trained "
                              "(%s%s). Set dim_from_weights to true to take the kind from it."),
                            module->name, lk_algo_title(there->algo), there->dora ? ", DoRA" : "",
                            lk_algo_title(here->algo), here->dora ? ", DoRA" : "");
    }
    bool whole = here->algo == LK_ALGO_LOKR && here->left_whole && here->right_whole;
    if (there->dim != here->dim && !whole) {
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The LoRA to continue has the rank %d in %s, but network_dim is %d. Set network_dim to %d, "
              "or dim_from_weights to true."),
            there->dim, module->name, here->dim, there->dim);
    }
    return true;
}

/* The part that takes up the difference between two alphas: one that begins at zero. */
static bool carries_scale(const LkAdapterShape *shape, LkPartRole role)
{
    return role == LK_PART_UP || role == LK_PART_HADA_W2_A || role == LK_PART_LOKR_W2_B ||
           (role == LK_PART_LOKR_W2 && !shape->left_whole);
}

static bool load_module(const LkLoraModule *module, const LkLoraWeights *source, float *state, GError **error)
{
    if (!check_fit(module, &source->shape, error)) {
        return false;
    }
    float scale = lk_adapter_scale(&source->shape) / lk_adapter_scale(&module->shape);
    for (int p = 0; p < module->n_parts; p++) {
        float *to = state + module->at[p];
        lk_part_to_state(&module->parts[p], source->values[p], to);
        for (int64_t i = 0;
             carries_scale(&module->shape, module->parts[p].role) && i < lk_part_elements(&module->parts[p]); i++) {
            to[i] *= scale;
        }
    }
    return true;
}

bool lk_lora_load(const LkLora *lora, const LkLoraFile *file, float *state, int *missing, int *unused, GError **error)
{
    *missing = 0;
    *unused = (int)lk_lora_file_count(file);
    for (int i = 0; i < lk_lora_count(lora); i++) {
        const LkLoraModule *module = lk_lora_at(lora, i);
        LkLoraSite site;
        bool original;
        const LkLoraWeights *source = lk_lora_site_parse(module->name, LAYERS_PER_BLOCK, &site, &original)
                                          ? lk_lora_file_find(file, &site)
                                          : NULL;
        if (source != NULL && !load_module(module, source, state, error)) {
            return false;
        }
        *missing += source == NULL;
        *unused -= source != NULL;
    }
    return true;
}
