/* Modules of every kind: their parts, what LyCORIS splits, files in every layout, merging by brute force, refusals. */
#include "adapter/lora_file.h"
#include "base/philox.h"
#include "format/gerror.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What LyCORIS 4.1.3 gives (functional/general.py: factorization). */
static void test_splits(void)
{
    static const int64_t rows[][4] = {
        {127, -1, 1, 127},  {127, 4, 1, 127},     {128, -1, 8, 16}, {128, 2, 2, 64}, {128, 4, 4, 32},
        {250, -1, 10, 25},  {250, 2, 2, 125},     {250, 4, 2, 125}, {250, 8, 5, 50}, {250, 16, 10, 25},
        {360, 16, 15, 24},  {512, -1, 16, 32},    {512, 4, 4, 128}, {512, 8, 8, 64}, {1024, 16, 16, 64},
        {1024, -1, 32, 32}, {1280, 2000, 32, 40}, {1, -1, 1, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t small, large;
        lk_lokr_split(rows[i][0], rows[i][1], &small, &large);
        tap_ok(small == rows[i][2] && large == rows[i][3], "%d with factor %d is %d · %d", (int)rows[i][0],
               (int)rows[i][1], (int)small, (int)large);
    }
}

#define LINEAR "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
#define POINT  "lora_unet_down_blocks_0_attentions_0_proj_in"
#define CONV   "lora_unet_up_blocks_1_upsamplers_0_conv"

static const struct {
    const char *what, *module;
    LkAdapterShape shape;
    int factor;
    bool both, full;
} kinds[] = {
    {"LoRA with DoRA",
     LINEAR,
     {.algo = LK_ALGO_LORA, .dora = true, .in = 6, .out = 10, .kernel = 1, .dim = 3, .alpha = 2}},
    {"LoCon with DoRA",
     CONV,
     {.algo = LK_ALGO_LORA, .dora = true, .in = 6, .out = 10, .kernel = 3, .convolution = true, .dim = 3, .alpha = 2}},
    {"LoHa", LINEAR, {.algo = LK_ALGO_LOHA, .in = 6, .out = 10, .kernel = 1, .dim = 3, .alpha = 2}},
    {"LoHa of a convolution",
     CONV,
     {.algo = LK_ALGO_LOHA, .dora = true, .in = 6, .out = 10, .kernel = 3, .convolution = true, .dim = 2, .alpha = 1}},
    {"LoHa of a 1×1 convolution",
     POINT,
     {.algo = LK_ALGO_LOHA, .in = 6, .out = 10, .kernel = 1, .convolution = true, .dim = 2, .alpha = 1}},
    {"LoKr, whole", LINEAR, {.algo = LK_ALGO_LOKR, .in = 6, .out = 10, .kernel = 1, .dim = 3, .alpha = 3}, -1},
    {"LoKr", LINEAR, {.algo = LK_ALGO_LOKR, .in = 24, .out = 32, .kernel = 1, .dim = 2, .alpha = 3}, 4},
    {"LoKr of products",
     LINEAR,
     {.algo = LK_ALGO_LOKR, .dora = true, .in = 24, .out = 36, .kernel = 1, .dim = 1, .alpha = 3},
     -1,
     true},
    {"LoKr of a convolution",
     CONV,
     {.algo = LK_ALGO_LOKR, .dora = true, .in = 12, .out = 18, .kernel = 3, .convolution = true, .dim = 2, .alpha = 3},
     2},
    {"LoKr of a convolution, whole",
     CONV,
     {.algo = LK_ALGO_LOKR, .in = 12, .out = 18, .kernel = 3, .convolution = true, .dim = 5, .alpha = 5},
     2,
     false,
     true},
};

/** Random values of a kind, the magnitude positive. Returns what must be freed. */
static float *make(size_t i, LkLoraWeights *w)
{
    bool original;
    LkPart parts[LK_MAX_PARTS];
    *w = (LkLoraWeights){.shape = kinds[i].shape};
    if (w->shape.algo == LK_ALGO_LOKR)
        lk_adapter_shape_lokr(&w->shape, kinds[i].factor, kinds[i].both, kinds[i].full);
    lk_lora_site_parse(kinds[i].module, 2, &w->site, &original);
    int n = lk_adapter_parts(&w->shape, parts);
    size_t total = 0;
    for (int p = 0; p < n; p++)
        total += (size_t)lk_part_elements(&parts[p]);
    float *numbers = g_new(float, total);
    lk_random_normal((LkRandom){3, LK_RANDOM_TEST, (uint32_t)i}, 0, numbers, total);
    float *at = numbers;
    for (int p = 0; p < n; p++) {
        w->values[p] = at;
        for (int64_t k = 0; k < lk_part_elements(&parts[p]) && parts[p].role == LK_PART_MAGNITUDE; k++)
            at[k] = fabsf(at[k]) + 1;
        at += lk_part_elements(&parts[p]);
    }
    return numbers;
}

static char *temp_path(void)
{
    return g_strdup_printf("%s/lk-kinds-%d.safetensors", g_get_tmp_dir(), (int)getpid());
}

static bool same_values(const LkLoraWeights *a, const LkLoraWeights *b)
{
    LkPart parts[LK_MAX_PARTS], others[LK_MAX_PARTS];
    int n = lk_adapter_parts(&a->shape, parts);
    bool same = n == lk_adapter_parts(&b->shape, others);
    for (int p = 0; same && p < n; p++)
        same = parts[p].role == others[p].role && parts[p].rows == others[p].rows &&
               lk_part_elements(&parts[p]) == lk_part_elements(&others[p]) &&
               memcmp(a->values[p], b->values[p], (size_t)lk_part_elements(&parts[p]) * sizeof(float)) == 0;
    return same && lk_adapter_scale(&a->shape) == lk_adapter_scale(&b->shape) && a->shape.in == b->shape.in &&
           a->shape.out == b->shape.out && a->shape.kernel == b->shape.kernel;
}

static void test_files(void)
{
    g_autofree char *path = temp_path();
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        LkLoraWeights w;
        g_autofree float *numbers = make(i, &w);
        static const LkLoraLayout layouts[] = {LK_LAYOUT_KOHYA, LK_LAYOUT_COMFY};
        for (size_t k = 0; k < G_N_ELEMENTS(layouts); k++) {
            g_autoptr(GError) error = NULL;
            LkLoraFormat format = {LK_LORA_SD1, layouts[k], LK_FILE_F32, false};
            bool written = lk_lora_weights_write(path, &w, 1, &format, NULL, &error);
            g_autoptr(LkLoraFile) file = written ? lk_lora_file_read(path, &error) : NULL;
            bool folded = layouts[k] == LK_LAYOUT_COMFY && w.shape.algo == LK_ALGO_LORA; /* alpha is in up */
            tap_ok(file && (folded || same_values(&w, lk_lora_file_at(file, 0))), "%s in the layout %s: %s",
                   kinds[i].what, lk_lora_layout_name(layouts[k]), error ? error->message : "the same");
        }
        g_autoptr(GError) error = NULL;
        LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_DIFFUSERS, LK_FILE_F32, false};
        bool refused = !lk_lora_weights_write(path, &w, 1, &format, NULL, &error);
        tap_ok(refused && error->code == LK_ERROR_UNSUPPORTED, "%s: %s", kinds[i].what,
               refused ? error->message : "written");
    }
    remove(path);
}

/** Through a training state and back. */
static void test_states(void)
{
    g_autofree char *path = temp_path();
    LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F32, false};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        LkLoraWeights w;
        g_autofree float *numbers = make(i, &w);
        g_autoptr(GError) error = NULL;
        int missing, unused;
        lk_lora_weights_write(path, &w, 1, &format, NULL, NULL);
        g_autoptr(LkLoraFile) file = lk_lora_file_read(path, NULL);
        LkLora *lora = lk_lora_new();
        lk_lora_add(lora,
                    &(LkLoraModule){.name = kinds[i].module, .layer = "x", .side = LK_GROUP_UNET, .shape = w.shape});
        g_autofree float *state = g_new0(float, (gsize)lk_lora_elements(lora));
        bool ok = lk_lora_load(lora, file, state, &missing, &unused, &error) &&
                  lk_lora_save(lora, state, path, &format, NULL, &error);
        g_autoptr(LkLoraFile) again = ok ? lk_lora_file_read(path, &error) : NULL;
        tap_ok(again && same_values(&w, lk_lora_file_at(again, 0)), "%s through a state", kinds[i].what);
        lk_lora_initialise(lora, 5, state); /* the beginning changes nothing */
        lk_lora_save(lora, state, path, &format, NULL, NULL);
        g_autoptr(LkLoraFile) begun = lk_lora_file_read(path, NULL);
        int64_t count = w.shape.in * w.shape.out * w.shape.kernel * w.shape.kernel;
        g_autofree float *weight = g_new0(float, (gsize)count);
        LkLoraWeights start = *lk_lora_file_at(begun, 0);
        start.shape.dora = false;
        lk_adapter_merge(&start.shape, start.values, 1, weight);
        bool zero = true;
        for (int64_t k = 0; k < count; k++)
            zero &= weight[k] == 0;
        tap_ok(zero, "%s begins without effect", kinds[i].what);
        lk_lora_free(lora);
    }
    remove(path);
}

/** One element of delta by the definitions, from parts in the order of files. */
static double delta_of(const LkLoraWeights *w, int64_t o, int64_t i)
{
    const LkAdapterShape *s = &w->shape;
    const float *const *v = w->values;
    int64_t wide = s->in * s->kernel * s->kernel;
    double a = 0, b = 0;
    if (s->algo == LK_ALGO_LORA) {
        for (int r = 0; r < s->dim; r++)
            a += (double)v[1][o * s->dim + r] * (double)v[0][r * wide + i];
        return a * (double)s->alpha / s->dim;
    }
    if (s->algo == LK_ALGO_LOHA) {
        for (int r = 0; r < s->dim; r++) {
            a += (double)v[0][o * s->dim + r] * (double)v[1][r * wide + i];
            b += (double)v[2][o * s->dim + r] * (double)v[3][r * wide + i];
        }
        return a * b * (double)s->alpha / s->dim;
    }
    int64_t rows = s->out / s->left_out, columns = wide / s->left_in, p = 0;
    int64_t o1 = o / rows, i1 = i / columns, o2 = o % rows, i2 = i % columns;
    if (s->left_whole)
        a = (double)v[p++][o1 * s->left_in + i1];
    for (int r = 0; !s->left_whole && r < s->dim; r++)
        a += (double)v[0][o1 * s->dim + r] * (double)v[1][r * s->left_in + i1];
    p = s->left_whole ? 1 : 2;
    if (s->right_whole)
        b = (double)v[p][o2 * columns + i2];
    for (int r = 0; !s->right_whole && r < s->dim; r++)
        b += (double)v[p][o2 * s->dim + r] * (double)v[p + 1][r * columns + i2];
    return a * b * (s->left_whole && s->right_whole ? 1 : (double)s->alpha / s->dim);
}

static void test_merge(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        LkLoraWeights w;
        g_autofree float *numbers = make(i, &w);
        int64_t wide = w.shape.in * w.shape.kernel * w.shape.kernel, rows = w.shape.out;
        g_autofree float *base = g_new(float, (gsize)(rows * wide)), *merged = g_new(float, (gsize)(rows * wide));
        lk_random_normal((LkRandom){4, LK_RANDOM_TEST, (uint32_t)i}, 0, base, (size_t)(rows * wide));
        memcpy(merged, base, (size_t)(rows * wide) * sizeof *base);
        lk_adapter_merge(&w.shape, w.values, 0.6, merged);
        int magnitude = lk_adapter_part(&w.shape, LK_PART_MAGNITUDE);
        double worst = 0;
        for (int64_t o = 0; o < rows; o++) {
            double norm = 0;
            for (int64_t k = 0; k < wide; k++)
                norm += pow((double)base[o * wide + k] + delta_of(&w, o, k), 2);
            double factor = w.shape.dora ? (double)w.values[magnitude][o] / sqrt(norm) : 1;
            for (int64_t k = 0; k < wide; k++) {
                double start = (double)base[o * wide + k], whole = (start + delta_of(&w, o, k)) * factor;
                worst = fmax(worst, fabs((double)merged[o * wide + k] - (start + 0.6 * (whole - start))));
            }
        }
        tap_ok(worst < 1e-5, "%s merged at 0.6 (%.1e)", kinds[i].what, worst);
    }
}

/* ------------------------------------------------------------------ broken files */

static const struct {
    const char *what;
    LkTensorSpec specs[4];
    const char *fragment;
} broken[] = {
    {"two kinds in a module",
     {{LINEAR ".lora_down.weight", LK_FILE_F32, 2, {2, 4}}, {LINEAR ".hada_w1_a", LK_FILE_F32, 2, {4, 2}}},
     "of a LoRA and of a LoHa"},
    {"a LoHa of two ranks",
     {{LINEAR ".hada_w1_a", LK_FILE_F32, 2, {4, 2}},
      {LINEAR ".hada_w1_b", LK_FILE_F32, 2, {2, 4}},
      {LINEAR ".hada_w2_a", LK_FILE_F32, 2, {4, 3}},
      {LINEAR ".hada_w2_b", LK_FILE_F32, 2, {3, 4}}},
     "as many columns as the module's rank"},
    {"a LoHa with a wrong width",
     {{LINEAR ".hada_w1_a", LK_FILE_F32, 2, {4, 2}},
      {LINEAR ".hada_w1_b", LK_FILE_F32, 2, {2, 4}},
      {LINEAR ".hada_w2_a", LK_FILE_F32, 2, {4, 2}},
      {LINEAR ".hada_w2_b", LK_FILE_F32, 2, {2, 5}}},
     "must be [2, 4]"},
    {"a LoKr without its second side", {{LINEAR ".lokr_w1", LK_FILE_F32, 2, {4, 2}}}, "no tensor lokr_w2_a"},
    {"a LoKr with an empty side",
     {{LINEAR ".lokr_w1", LK_FILE_F32, 2, {0, 2}}, {LINEAR ".lokr_w2", LK_FILE_F32, 2, {2, 2}}},
     "not empty"},
    {"a magnitude that is too short",
     {{LINEAR ".lora_down.weight", LK_FILE_F32, 2, {2, 4}},
      {LINEAR ".lora_up.weight", LK_FILE_F32, 2, {4, 2}},
      {LINEAR ".dora_scale", LK_FILE_F32, 2, {3, 1}}},
     "must be [4, 1]"},
    {"norms of inputs",
     {{LINEAR ".lora_down.weight", LK_FILE_F32, 2, {2, 4}},
      {LINEAR ".lora_up.weight", LK_FILE_F32, 2, {4, 2}},
      {LINEAR ".dora_scale", LK_FILE_F32, 2, {1, 4}}},
     "wd_on_output=False"},
    {"Tucker", {{CONV ".hada_t1", LK_FILE_F32, 4, {2, 2, 3, 3}}}, "Tucker"},
};

static void test_broken(void)
{
    g_autofree char *path = temp_path();
    static const double numbers[128];
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        LkTensorSpec specs[4];
        size_t count = 0;
        memcpy(specs, broken[i].specs, sizeof specs);
        while (count < 4 && specs[count].name != NULL)
            specs[count++].data = numbers;
        g_autoptr(GError) error = NULL;
        lk_safetensors_write(path, specs, count, NULL, NULL);
        g_autoptr(LkLoraFile) file = lk_lora_file_read(path, &error);
        tap_ok(file == NULL && strstr(error->message, broken[i].fragment) != NULL, "%s: %s", broken[i].what,
               error ? error->message : "was read");
    }
    remove(path);
}

int main(void)
{
    test_splits();
    test_files();
    test_states();
    test_merge();
    test_broken();
    return tap_done();
}
