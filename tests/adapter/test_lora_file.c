/* LoRA files: every layout and precision reads back to the same effect; broken files are refused by name. */
#include "adapter/lora_file.h"
#include "base/philox.h"
#include "format/gerror.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MODULES = 6 };

static const struct {
    const char *name;
    int64_t in, out;
    int dim;
    float alpha;
    bool convolution;
    int kernel;
} made[MODULES] = {
    {"lora_te_text_model_encoder_layers_0_self_attn_q_proj", 6, 6, 2, 1, false, 1},
    {"lora_te_text_model_encoder_layers_11_mlp_fc1", 6, 24, 2, 1, false, 1},
    {"lora_unet_down_blocks_0_attentions_0_proj_in", 8, 8, 4, 2, true, 1},
    {"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", 8, 8, 4, 3.1f, false, 1},
    {"lora_unet_up_blocks_1_upsamplers_0_conv", 8, 8, 2, 0.5f, true, 3},
    {"lora_unet_up_blocks_1_attentions_2_proj_out", 8, 8, 4, 4, true, 1},
};

static LkAdapterShape shape_of(int i)
{
    return (LkAdapterShape){.in = made[i].in,
                            .out = made[i].out,
                            .dim = made[i].dim,
                            .alpha = made[i].alpha,
                            .kernel = made[i].kernel,
                            .convolution = made[i].convolution};
}

static void make(LkLoraWeights *weights, float **storage)
{
    for (int i = 0; i < MODULES; i++) {
        bool original;
        size_t down = (size_t)(made[i].dim * made[i].in * made[i].kernel * made[i].kernel);
        size_t up = (size_t)(made[i].out * made[i].dim);
        storage[i] = g_new(float, down + up);
        lk_random_normal((LkRandom){7, LK_RANDOM_TEST, (uint32_t)i}, 0, storage[i], down + up);
        weights[i] = (LkLoraWeights){.shape = shape_of(i), .values = {storage[i], storage[i] + down}};
        lk_lora_site_parse(made[i].name, 2, &weights[i].site, &original);
    }
}

static char *temp_path(const char *name)
{
    return g_strdup_printf("%s/lk-lora-%d-%s", g_get_tmp_dir(), (int)getpid(), name);
}

/* Largest difference of alpha / dim · up · down between two modules, over the largest entry. */
static double effect_error(const LkLoraWeights *one, const LkLoraWeights *other)
{
    const LkAdapterShape *a = &one->shape, *b = &other->shape;
    int64_t width = a->in * a->kernel * a->kernel;
    double worst = 0, largest = 0;
    for (int64_t o = 0; o < a->out; o++) {
        for (int64_t i = 0; i < width; i++) {
            double x = 0, y = 0;
            for (int r = 0; r < a->dim; r++) {
                x += (double)one->values[1][o * a->dim + r] * one->values[0][r * width + i];
                y += (double)other->values[1][o * b->dim + r] * other->values[0][r * width + i];
            }
            x *= a->alpha / a->dim;
            y *= b->alpha / b->dim;
            worst = fmax(worst, fabs(x - y));
            largest = fmax(largest, fabs(x));
        }
    }
    return worst / largest;
}

static void test_layouts(const LkLoraWeights *weights)
{
    static const struct {
        LkLoraFormat format;
        double tolerance;
    } rows[] = {
        {{LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F32, false}, 1e-12},
        {{LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F16, false}, 4e-3},
        {{LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_BF16, false}, 3e-2},
        {{LK_LORA_SD1, LK_LAYOUT_DIFFUSERS, LK_FILE_F32, false}, 1e-6},
        {{LK_LORA_SD1, LK_LAYOUT_COMFY, LK_FILE_F32, false}, 1e-6},
        {{LK_LORA_SDXL, LK_LAYOUT_KOHYA, LK_FILE_F32, false}, 1e-12},
        {{LK_LORA_SDXL, LK_LAYOUT_COMFY, LK_FILE_F32, false}, 1e-6},
    };
    g_autofree char *path = temp_path("layout.safetensors");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkMetadata) metadata = lk_metadata_new();
        lk_metadata_set(metadata, "ss_output_name", "x");
        bool written = lk_lora_weights_write(path, weights, MODULES, &rows[i].format, metadata, &error);
        g_autoptr(LkLoraFile) file = written ? lk_lora_file_read(path, &error) : NULL;
        if (!tap_ok(file != NULL && lk_lora_file_count(file) == MODULES, "layout %d, type %d is read back: %s",
                    rows[i].format.layout, rows[i].format.dtype, error != NULL ? error->message : "")) {
            continue;
        }
        double worst = 0;
        for (int j = 0; j < MODULES; j++) {
            const LkLoraWeights *found = lk_lora_file_find(file, &weights[j].site);
            bool same = found != NULL && found->shape.in == weights[j].shape.in &&
                        found->shape.convolution == weights[j].shape.convolution &&
                        found->site.last == (weights[j].site.side == LK_SIDE_UP);
            worst = same ? fmax(worst, effect_error(&weights[j], found)) : 1e9;
        }
        tap_ok(worst <= rows[i].tolerance, "with the same effect (%.1e)", worst);
        bool family = rows[i].format.layout != LK_LAYOUT_KOHYA || lk_lora_file_family(file) == rows[i].format.family;
        tap_ok(family && lk_lora_file_layout(file) == rows[i].format.layout, "and recognised");
        const LkMetadata *read = lk_lora_file_metadata(file);
        tap_ok(g_strcmp0(lk_metadata_get(read, "ss_output_name"), "x") == 0 &&
                   lk_metadata_get(read, "sshs_model_hash") != NULL,
               "with metadata and hash");
    }
    remove(path);
}

static void test_kohya_file(const LkLoraWeights *weights)
{
    g_autofree char *path = temp_path("kohya.safetensors");
    LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F16, false};
    lk_lora_weights_write(path, weights, MODULES, &format, NULL, NULL);
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, NULL);
    tap_ok(lk_safetensors_count(file) == 3 * MODULES, "three tensors a module");
    static const struct {
        const char *name;
        LkFileDType dtype;
        int rank;
        int64_t shape[4];
    } rows[] = {
        {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", LK_FILE_F16, 4, {4, 8, 1, 1}},
        {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight", LK_FILE_F16, 4, {8, 4, 1, 1}},
        {"lora_unet_down_blocks_0_attentions_0_proj_in.alpha", LK_FILE_F16, 0, {0}},
        {"lora_unet_up_blocks_1_upsamplers_0_conv.lora_down.weight", LK_FILE_F16, 4, {2, 8, 3, 3}},
        {"lora_te_text_model_encoder_layers_11_mlp_fc1.lora_up.weight", LK_FILE_F16, 2, {24, 2}},
        {"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.alpha", LK_FILE_F32, 0, {0}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const LkTensorView *view = lk_safetensors_find(file, rows[i].name);
        tap_ok(view != NULL && view->dtype == rows[i].dtype && view->rank == rows[i].rank &&
                   memcmp(view->shape, rows[i].shape, (size_t)rows[i].rank * sizeof(int64_t)) == 0,
               "%s", rows[i].name);
    }
    remove(path);
}

static void test_refused_numbers(void)
{
    float numbers[4] = {1, NAN, 1, 1};
    bool original;
    LkLoraWeights weights = {.shape = {.in = 2, .out = 2, .dim = 1, .alpha = 1, .kernel = 1},
                             .values = {numbers, numbers + 2}};
    lk_lora_site_parse(made[0].name, 2, &weights.site, &original);
    g_autofree char *path = temp_path("nan.safetensors");
    LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F16, false};
    g_autoptr(GError) error = NULL;
    bool written = lk_lora_weights_write(path, &weights, 1, &format, NULL, &error);
    tap_ok(!written && error->code == LK_ERROR_NUMERIC && !g_file_test(path, G_FILE_TEST_EXISTS),
           "a NaN is never saved: %s", error->message);
    g_clear_error(&error);
    numbers[1] = 1e5f;
    written = lk_lora_weights_write(path, &weights, 1, &format, NULL, &error);
    tap_ok(!written && error->code == LK_ERROR_NUMERIC, "what is too large for fp16 neither: %s", error->message);
    g_clear_error(&error);
    format.dtype = LK_FILE_BF16;
    tap_ok(lk_lora_weights_write(path, &weights, 1, &format, NULL, &error), "but bf16 holds it");
    remove(path);
}

/* ------------------------------------------------------------------ broken files */

#define Q "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"

static const struct {
    const char *what;
    LkTensorSpec specs[3];
    const char *fragment;
} broken[] = {
    {"no tensor", {{NULL}}, "no tensors"},
    {"no up", {{Q ".lora_down.weight", LK_FILE_F32, 2, {2, 4}}}, "no tensor lora_up.weight"},
    {"no down", {{Q ".lora_up.weight", LK_FILE_F32, 2, {4, 2}}}, "no tensor lora_down.weight"},
    {"alpha alone", {{Q ".alpha", LK_FILE_F32, 0, {0}}}, "no tensor lora_down.weight"},
    {"ranks differ",
     {{Q ".lora_down.weight", LK_FILE_F32, 2, {2, 4}}, {Q ".lora_up.weight", LK_FILE_F32, 2, {4, 3}}},
     "must be [4, 2]"},
    {"three dimensions",
     {{Q ".lora_down.weight", LK_FILE_F32, 3, {2, 4, 1}}, {Q ".lora_up.weight", LK_FILE_F32, 2, {4, 2}}},
     "has the shape [2, 4, 1], but must be [dim, inputs]"},
    {"a convolution where none is",
     {{Q ".lora_down.weight", LK_FILE_F32, 4, {2, 4, 1, 1}}, {Q ".lora_up.weight", LK_FILE_F32, 4, {4, 2, 1, 1}}},
     "must be [dim, inputs]"},
    {"3×3 for a 1×1",
     {{"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", LK_FILE_F32, 4, {2, 4, 3, 3}},
      {"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", LK_FILE_F32, 4, {4, 2, 1, 1}}},
     "or [dim, inputs, 1, 1]"},
    {"rank 0",
     {{Q ".lora_down.weight", LK_FILE_F32, 2, {0, 4}}, {Q ".lora_up.weight", LK_FILE_F32, 2, {4, 0}}},
     "must be [dim, inputs]"},
    {"two alphas",
     {{Q ".lora_down.weight", LK_FILE_F32, 2, {2, 4}},
      {Q ".lora_up.weight", LK_FILE_F32, 2, {4, 2}},
      {Q ".alpha", LK_FILE_F32, 1, {2}}},
     "must be a single number"},
    {"a huge alpha",
     {{Q ".lora_down.weight", LK_FILE_F32, 2, {2, 4}},
      {Q ".lora_up.weight", LK_FILE_F32, 2, {4, 2}},
      {Q ".alpha", LK_FILE_F64, 0, {0}}},
     "not a usable number"},
    {"one module twice",
     {{Q ".lora_down.weight", LK_FILE_F32, 2, {2, 4}},
      {"unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight", LK_FILE_F32, 2, {2, 4}}},
     "twice"},
    {"another model",
     {{"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", LK_FILE_F32, 2, {2, 4}}},
     "another kind of model"},
    {"a base model", {{"model.diffusion_model.input_blocks.0.0.weight", LK_FILE_F32, 2, {2, 4}}}, "no part of a LoRA"},
    {"LoHa", {{Q ".hada_w1_a", LK_FILE_F32, 2, {2, 4}}}, "no tensor hada_w1_b"},
    {"LoKr", {{Q ".lokr_w1", LK_FILE_F32, 2, {2, 4}}}, "no tensor lokr_w2_a"},
    {"DoRA", {{Q ".dora_scale", LK_FILE_F32, 2, {2, 4}}}, "no tensor lora_down.weight"},
    {"Tucker", {{Q ".lora_mid.weight", LK_FILE_F32, 2, {2, 4}}}, "Tucker"},
};

static void test_broken(void)
{
    g_autofree char *path = temp_path("broken.safetensors");
    static double numbers[128];
    numbers[0] = 1e300;
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        LkTensorSpec specs[3];
        size_t count = 0;
        memcpy(specs, broken[i].specs, sizeof specs);
        while (count < 3 && specs[count].name != NULL) {
            specs[count++].data = numbers;
        }
        g_autoptr(GError) error = NULL;
        lk_safetensors_write(path, specs, count, NULL, NULL);
        g_autoptr(LkLoraFile) file = lk_lora_file_read(path, &error);
        tap_ok(file == NULL && error != NULL && strstr(error->message, broken[i].fragment) != NULL, "%s: %s",
               broken[i].what, error != NULL ? error->message : "was read");
    }
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, "PK\x03\x04 a zip file", -1, NULL);
    g_autoptr(LkLoraFile) none = lk_lora_file_read(path, &error);
    tap_ok(none == NULL, "not a safetensors file: %s", error->message);
    remove(path);
}

static void test_peft_alpha(void)
{
    g_autofree char *path = temp_path("peft.safetensors");
    static const float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const char base[] = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q";
    g_autofree char *a = g_strconcat(base, ".lora_A.weight", NULL), *b = g_strconcat(base, ".lora_B.weight", NULL);
    LkTensorSpec specs[] = {{a, LK_FILE_F32, 2, {2, 4}, numbers}, {b, LK_FILE_F32, 2, {4, 2}, numbers}};
    static const struct {
        const char *metadata;
        float alpha;
    } rows[] = {
        {NULL, 2},
        {"{\"unet.lora_alpha\": 8, \"unet.r\": 2}", 8},
        {"{\"unet.lora_alpha\": 8, \"unet.alpha_pattern\": {\"attn1.to_q\": 1.5, \"n1.to_q\": 3}}", 1.5f},
        {"{\"text_encoder.lora_alpha\": 8}", 2},
        {"not JSON", 2},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(LkMetadata) metadata = lk_metadata_new();
        if (rows[i].metadata != NULL) {
            lk_metadata_set(metadata, "lora_adapter_metadata", rows[i].metadata);
        }
        lk_safetensors_write(path, specs, 2, metadata, NULL);
        g_autoptr(LkLoraFile) file = lk_lora_file_read(path, NULL);
        tap_ok(file != NULL && lk_lora_file_at(file, 0)->shape.alpha == rows[i].alpha, "alpha %g with PEFT's %s",
               (double)rows[i].alpha, rows[i].metadata);
    }
    remove(path);
}

static void test_training_state(const LkLoraWeights *weights)
{
    g_autofree char *path = temp_path("state.safetensors");
    LkLora *lora = lk_lora_new();
    for (int i = 0; i < 4; i++) {
        LkLoraModule module = {
            .name = made[i].name, .layer = made[i].name, .side = i < 2 ? LK_GROUP_TEXT : LK_GROUP_UNET};
        module.shape = shape_of(i);
        module.shape.alpha *= 2;
        lk_lora_add(lora, &module);
    }
    g_autofree float *state = g_new0(float, (gsize)lk_lora_elements(lora));
    LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F32, false};
    lk_lora_weights_write(path, weights + 1, MODULES - 1, &format, NULL, NULL);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(path, NULL);
    int missing, unused;
    g_autoptr(GError) error = NULL;
    bool first = lk_lora_load(lora, file, state, &missing, &unused, &error);
    tap_ok(first && missing == 1 && unused == 2, "a LoRA to continue is loaded (%d missing, %d unused)", missing,
           unused);
    tap_ok(lk_lora_save(lora, state, path, &format, NULL, &error), "and saved");
    g_autoptr(LkLoraFile) again = lk_lora_file_read(path, NULL);
    double worst = 0;
    for (int i = 1; i < 4; i++) {
        const LkLoraWeights *found = lk_lora_file_find(again, &weights[i].site);
        worst = fmax(worst, effect_error(&weights[i], found));
        worst = found->shape.alpha == 2 * weights[i].shape.alpha ? worst : 1;
    }
    tap_ok(worst < 1e-6, "with its own alpha and the file's effect (%.1e)", worst);
    lk_lora_free(lora);
    lora = lk_lora_new();
    LkLoraModule other = {.name = made[1].name, .layer = "x", .shape = shape_of(1)};
    other.shape.dim = 8;
    lk_lora_add(lora, &other);
    bool loaded = lk_lora_load(lora, file, state, &missing, &unused, &error);
    tap_ok(!loaded && strstr(error->message, "network_dim to 2"), "another rank is refused: %s", error->message);
    g_clear_error(&error);
    lk_lora_free(lora);
    lora = lk_lora_new();
    other.shape = shape_of(1);
    other.shape.in = 7;
    lk_lora_add(lora, &other);
    loaded = lk_lora_load(lora, file, state, &missing, &unused, &error);
    tap_ok(!loaded && strstr(error->message, "does not fit"), "another width is refused: %s", error->message);
    lk_lora_free(lora);
    remove(path);
}

int main(void)
{
    LkLoraWeights weights[MODULES];
    float *storage[MODULES];
    make(weights, storage);
    test_layouts(weights);
    test_kohya_file(weights);
    test_refused_numbers();
    test_broken();
    test_peft_alpha();
    test_training_state(weights);
    g_autofree char *path = temp_path("old.pt");
    LkLoraFormat format = {LK_LORA_SD1, LK_LAYOUT_KOHYA, LK_FILE_F16, true};
    g_autoptr(GError) error = NULL;
    tap_ok(lk_lora_weights_write(path, weights, MODULES, &format, NULL, &error) &&
               g_file_test(path, G_FILE_TEST_EXISTS),
           ".pt is written");
    remove(path);
    for (int i = 0; i < MODULES; i++) {
        g_free(storage[i]);
    }
    return tap_done();
}
