/* Writing LoRA files, and the way between files and a LoRA in training. */
#include "adapter/lora_file.h"
#include "format/gerror.h"
#include "format/pt_writer.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LAYERS_PER_BLOCK = 2, ROLES = 3 };

/* Tensors being gathered: names and numbers live as long as the struct. */
typedef struct Output {
    const LkLoraFormat *format;
    GArray *specs; /* LkTensorSpec */
    GPtrArray *owned;
} Output;

static const struct {
    const char *down, *up;
} endings[] = {
    [LK_LAYOUT_KOHYA] = {".lora_down.weight", ".lora_up.weight"},
    [LK_LAYOUT_DIFFUSERS] = {".lora_A.weight", ".lora_B.weight"},
    [LK_LAYOUT_COMFY] = {".lora_A.weight", ".lora_B.weight"},
};

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

static bool add_module(Output *output, const LkLoraWeights *w, GError **error)
{
    LkLoraLayout layout = output->format->layout;
    g_autofree char *name = lk_lora_site_name(&w->site, output->format->family, layout, LAYERS_PER_BLOCK);
    int64_t down[] = {w->dim, w->in, w->kernel, w->kernel}, up[] = {w->out, w->dim, 1, 1};
    int rank = w->convolution ? 4 : 2;
    size_t down_count = (size_t)w->dim * (size_t)w->in * (size_t)(w->kernel * w->kernel);
    double scale = layout == LK_LAYOUT_KOHYA ? 1 : (double)w->alpha / w->dim;
    LkFileDType dtype = output->format->dtype;
    /* sd-scripts' own order: it only shows in .pt files */
    return (layout != LK_LAYOUT_KOHYA || add_alpha(output, name, w->alpha, error)) &&
           add_tensor(output, name, endings[layout].down, dtype, down, rank, w->down, down_count, 1, error) &&
           add_tensor(output, name, endings[layout].up, dtype, up, rank, w->up, (size_t)w->out * (size_t)w->dim, scale,
                      error);
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

static bool weights_of_module(const LkLoraModule *module, const float *state, LkLoraWeights *weights, GError **error)
{
    bool original;
    *weights = (LkLoraWeights){.in = module->in,
                               .out = module->out,
                               .dim = module->dim,
                               .alpha = module->alpha,
                               .kernel = 1,
                               .convolution = module->convolution,
                               .down = state + module->down,
                               .up = state + module->up};
    return lk_lora_site_parse(module->name, LAYERS_PER_BLOCK, &weights->site, &original) ||
           lk_set_error(error, LK_ERROR_UNSUPPORTED, _("The module %s has no place in a LoRA file."), module->name);
}

bool lk_lora_save(const LkLora *lora, const float *state, const char *path, const LkLoraFormat *format,
                  const LkMetadata *metadata, GError **error)
{
    size_t count = (size_t)lk_lora_count(lora);
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count);
    for (size_t i = 0; i < count; i++) {
        if (!weights_of_module(lk_lora_at(lora, (int)i), state, &weights[i], error)) {
            return false;
        }
    }
    return lk_lora_weights_write(path, weights, count, format, metadata, error);
}

static bool load_module(const LkLoraModule *module, const LkLoraWeights *source, float *state, GError **error)
{
    if (source->dim != module->dim) {
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The LoRA to continue has the rank %d in %s, but network_dim is %d. Set network_dim to %d, "
              "or dim_from_weights to true."),
            source->dim, module->name, module->dim, source->dim);
    }
    if (source->in != module->in || source->out != module->out || source->kernel != 1) {
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The LoRA to continue does not fit the base model: %s has %" PRId64 " inputs and %" PRId64
                              " outputs there, but %" PRId64 " and %" PRId64 " here."),
                            module->name, (gint64)source->in, (gint64)source->out, (gint64)module->in,
                            (gint64)module->out);
    }
    memcpy(state + module->down, source->down, (size_t)(module->dim * module->in) * sizeof(float));
    float scale = source->alpha / module->alpha;
    for (int64_t i = 0; i < module->out * module->dim; i++) {
        state[module->up + i] = source->up[i] * scale;
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
