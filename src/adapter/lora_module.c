#include "adapter/lora_module.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { LARGEST_DIM = 8192 };

bool lk_lora_shape_error(const char *file, const LkTensorView *view, const char *expected, GError **error)
{
    GString *shape = g_string_new(NULL);
    for (int i = 0; i < view->rank; i++) {
        g_string_append_printf(shape, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", (gint64)view->shape[i]);
    }
    lk_set_error(error, LK_ERROR_FORMAT, _("%s: the tensor %s has the shape [%s], but must be %s."), file, view->name,
                 shape->str, expected);
    g_string_free(shape, TRUE);
    return false;
}

static int64_t rows(const LkTensorView *view)
{
    return view->rank > 0 ? view->shape[0] : 0;
}

/* All dimensions but the first. */
static int64_t wide(const LkTensorView *view)
{
    return rows(view) > 0 ? lk_tensor_view_elements(view) / rows(view) : 0;
}

static bool missing(const LkModuleTensors *t, const char *suffix, GError **error)
{
    return lk_set_error(error, LK_ERROR_FORMAT, _("%s: the module %s has no tensor %s, so the file is incomplete."),
                        t->file, t->name, suffix + 1);
}

/* Which kind the tensors are of: one alone. */
static bool find_algo(const LkModuleTensors *t, LkAlgo *algo, GError **error)
{
    bool found = false;
    for (int role = 0; role < LK_PART_MAGNITUDE; role++) {
        if (t->part[role] == NULL) {
            continue;
        }
        LkAlgo other = lk_part_algo((LkPartRole)role);
        if (found && other != *algo) {
            return lk_set_error(error, LK_ERROR_FORMAT, _("%s: the module %s has tensors of a %s and of a %s."),
                                t->file, t->name, lk_algo_title(*algo), lk_algo_title(other));
        }
        *algo = other;
        found = true;
    }
    return found || missing(t, lk_part_suffix(LK_PART_DOWN), error);
}

static bool lora_shape(const LkModuleTensors *t, LkLoraKind kind, LkAdapterShape *s, GError **error)
{
    const LkTensorView *down = t->part[LK_PART_DOWN], *up = t->part[LK_PART_UP];
    if (down == NULL || up == NULL) {
        return missing(t, lk_part_suffix(down == NULL ? LK_PART_DOWN : LK_PART_UP), error);
    }
    int64_t kernel = down->rank == 4 ? down->shape[2] : 1;
    bool linear = kind != LK_LORA_CONV && down->rank == 2;
    bool conv = kind != LK_LORA_LINEAR && down->rank == 4 && down->shape[3] == kernel &&
                kernel == (kind == LK_LORA_CONV ? 3 : 1);
    if (!(linear || conv) || rows(down) < 1 || rows(down) > LARGEST_DIM || down->shape[1] < 1) {
        return lk_lora_shape_error(t->file, down,
                                   kind == LK_LORA_CONV     ? "[dim, inputs, 3, 3]"
                                   : kind == LK_LORA_LINEAR ? "[dim, inputs]"
                                                            : _("[dim, inputs] or [dim, inputs, 1, 1]"),
                                   error);
    }
    s->convolution = down->rank == 4;
    s->dim = (int)rows(down);
    s->in = down->shape[1];
    s->out = rows(up);
    return true;
}

/* A product's two tensors: what lies between them is the dim. */
static bool set_dim(const LkModuleTensors *t, LkPartRole left, LkAdapterShape *s, GError **error)
{
    for (LkPartRole role = left; role <= left + 1; role++) {
        if (t->part[role] == NULL) {
            return missing(t, lk_part_suffix(role), error);
        }
    }
    int64_t dim = wide(t->part[left]);
    if (dim < 1 || dim > LARGEST_DIM || (s->dim > 0 && dim != s->dim)) {
        return lk_lora_shape_error(t->file, t->part[left], _("a matrix with as many columns as the module's rank"),
                                   error);
    }
    s->dim = (int)dim;
    return true;
}

static bool loha_shape(const LkModuleTensors *t, LkAdapterShape *s, GError **error)
{
    if (!set_dim(t, LK_PART_HADA_W1_A, s, error) || !set_dim(t, LK_PART_HADA_W2_A, s, error)) {
        return false;
    }
    s->out = rows(t->part[LK_PART_HADA_W1_A]);
    s->in = wide(t->part[LK_PART_HADA_W1_B]) / (s->kernel * s->kernel);
    return true;
}

static bool lokr_shape(const LkModuleTensors *t, LkAdapterShape *s, GError **error)
{
    s->left_whole = t->part[LK_PART_LOKR_W1] != NULL;
    s->right_whole = t->part[LK_PART_LOKR_W2] != NULL;
    if ((!s->left_whole && !set_dim(t, LK_PART_LOKR_W1_A, s, error)) ||
        (!s->right_whole && !set_dim(t, LK_PART_LOKR_W2_A, s, error))) {
        return false;
    }
    const LkTensorView *left = t->part[s->left_whole ? LK_PART_LOKR_W1 : LK_PART_LOKR_W1_A];
    const LkTensorView *right = t->part[s->right_whole ? LK_PART_LOKR_W2 : LK_PART_LOKR_W2_A];
    s->left_out = rows(left);
    s->left_in = wide(t->part[s->left_whole ? LK_PART_LOKR_W1 : LK_PART_LOKR_W1_B]);
    int64_t columns = wide(t->part[s->right_whole ? LK_PART_LOKR_W2 : LK_PART_LOKR_W2_B]);
    s->out = s->left_out * rows(right);
    s->in = s->left_in * (columns / (s->kernel * s->kernel));
    return s->left_out > 0 && s->left_in > 0
               ? true
               : lk_lora_shape_error(t->file, left, _("a matrix that is not empty"), error);
}

/* Every tensor has the shape that the module as a whole asks for. */
static bool check_parts(const LkModuleTensors *t, const LkAdapterShape *s, GError **error)
{
    LkPart parts[LK_MAX_PARTS];
    int n = lk_adapter_parts(s, parts);
    for (int i = 0; i < n; i++) {
        const LkTensorView *view = t->part[parts[i].role];
        int64_t dims[4];
        int rank = lk_part_file_shape(s, &parts[i], dims);
        bool same = rank == view->rank, flat = parts[i].role == LK_PART_MAGNITUDE && rows(view) == parts[i].rows;
        GString *expected = g_string_new("[");
        for (int k = 0; k < rank; k++) {
            same = same && dims[k] == view->shape[k];
            g_string_append_printf(expected, "%s%" G_GINT64_FORMAT, k > 0 ? ", " : "", (gint64)dims[k]);
        }
        g_autofree char *text = g_string_free(g_string_append(expected, "]"), FALSE);
        if (!same && !(flat && lk_tensor_view_elements(view) == parts[i].rows)) {
            return lk_lora_shape_error(t->file, view, text, error);
        }
    }
    return true;
}

/* DoRA's norms over inputs instead of outputs, as LyCORIS' wd_on_output=False and old PEFT files have them. */
static bool check_magnitude(const LkModuleTensors *t, const LkAdapterShape *s, GError **error)
{
    const LkTensorView *view = t->part[LK_PART_MAGNITUDE];
    if (view != NULL && s->out != 1 && rows(view) == 1 && view->rank > 1) {
        return lk_set_error(
            error, LK_ERROR_UNSUPPORTED,
            _("%s: the module %s is a DoRA with a norm for every input (wd_on_output=False); only norms "
              "of outputs can be read."),
            t->file, t->name);
    }
    return true;
}

static bool read_alpha(const LkModuleTensors *t, LkAdapterShape *s, GError **error)
{
    double alpha = s->alpha; /* from the metadata, or 0 */
    if (t->alpha != NULL) {
        float number;
        if (lk_tensor_view_elements(t->alpha) != 1) {
            return lk_lora_shape_error(t->file, t->alpha, _("a single number"), error);
        }
        if (!lk_tensor_view_to_f32(t->alpha, &number, error)) {
            return false;
        }
        alpha = (double)number;
    }
    if (!isfinite(alpha) || fabs(alpha) > 1e6) {
        return lk_set_error(error, LK_ERROR_FORMAT, _("%s: alpha of the module %s is not a usable number."), t->file,
                            t->name);
    }
    if (s->dim == 0) { /* a LoKr of whole sides: its files have the dim as alpha */
        s->dim = alpha >= 1 && alpha <= LARGEST_DIM ? (int)alpha : 1;
    }
    s->alpha = alpha != 0 ? (float)alpha : (float)s->dim; /* sd-scripts reads 0 as "like the rank" */
    return true;
}

bool lk_lora_module_shape(const LkModuleTensors *t, LkLoraWeights *weights, GError **error)
{
    LkAdapterShape *s = &weights->shape;
    LkLoraKind kind = lk_lora_site_kind(&weights->site, false);
    float alpha = s->alpha;
    LkAlgo algo = LK_ALGO_LORA;
    if (!find_algo(t, &algo, error)) {
        return false;
    }
    *s = (LkAdapterShape){.algo = algo,
                          .dora = t->part[LK_PART_MAGNITUDE] != NULL,
                          .kernel = kind == LK_LORA_CONV ? 3 : 1,
                          .convolution = kind != LK_LORA_LINEAR,
                          .alpha = alpha};
    bool known = algo == LK_ALGO_LORA   ? lora_shape(t, kind, s, error)
                 : algo == LK_ALGO_LOHA ? loha_shape(t, s, error)
                                        : lokr_shape(t, s, error);
    /* Linear projections (SD 2.x and XL) show in the tensors that have a layer's dimensions. */
    const LkTensorView *right = t->part[LK_PART_LOKR_W2], *magnitude = t->part[LK_PART_MAGNITUDE];
    if (known && kind == LK_LORA_POINTWISE && algo != LK_ALGO_LORA) {
        s->convolution = right != NULL ? right->rank == 4 : magnitude == NULL || magnitude->rank == 4;
    }
    return known && check_magnitude(t, s, error) && read_alpha(t, s, error) && check_parts(t, s, error);
}

float *lk_lora_module_numbers(const LkModuleTensors *t, LkLoraWeights *weights, GError **error)
{
    LkPart parts[LK_MAX_PARTS];
    int n = lk_adapter_parts(&weights->shape, parts);
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        total += (size_t)lk_part_elements(&parts[i]);
    }
    float *numbers = g_try_malloc_n(total, sizeof(float));
    if (numbers == NULL) {
        lk_set_error(error, LK_ERROR_MEMORY, _("%s: there is not enough memory for the LoRA."), t->file);
        return NULL;
    }
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (!lk_tensor_view_to_f32(t->part[parts[i].role], numbers + at, error)) {
            g_free(numbers);
            return NULL;
        }
        weights->values[i] = numbers + at;
        at += (size_t)lk_part_elements(&parts[i]);
    }
    return numbers;
}
