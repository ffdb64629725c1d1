/* Names of adapted layers against sd-scripts, diffusers and real checkpoints. */
#include "adapter/lora_names.h"
#include "tap.h"

#include <string.h>

#include "lora_names_rows.h"

static const char *const layout_keys[] = {"kohya", "diffusers", "comfy"};

/* The native name in ComfyUI: the checkpoint's for the U-Net, its own module tree for text encoders. */
static char *comfy_name(const NameRow *row, LkLoraFamily family)
{
    if (g_str_has_prefix(row->layer, "model.diffusion_model.")) {
        return g_strdup(row->layer + strlen("model."));
    }
    bool second = g_str_has_prefix(row->diffusers, "text_encoder_2.");
    const char *clip = second ? "clip_g" : family == LK_LORA_SD2 ? "clip_h" : "clip_l";
    return g_strdup_printf("text_encoders.%s.transformer%s", clip, strchr(row->diffusers, '.'));
}

/* What is wrong with one row, or NULL. */
static const char *check_row(const NameRow *row, const LkLoraSite *site, LkLoraFamily family)
{
    int part;
    g_autofree char *kohya = lk_lora_site_name(site, family, LK_LAYOUT_KOHYA, 2);
    g_autofree char *diffusers = lk_lora_site_name(site, family, LK_LAYOUT_DIFFUSERS, 2);
    g_autofree char *comfy = lk_lora_site_name(site, family, LK_LAYOUT_COMFY, 2);
    g_autofree char *expected_comfy = comfy_name(row, family);
    g_autofree char *layer = lk_lora_site_layer(site, family, 2, &part);
    if (strcmp(kohya, row->kohya) != 0) {
        return "kohya name";
    }
    if (strcmp(diffusers, row->diffusers) != 0) {
        return "diffusers name";
    }
    if (strcmp(comfy, expected_comfy) != 0) {
        return "comfy name";
    }
    if (strcmp(layer, row->layer) != 0 || part != row->part) {
        return "layer";
    }
    if (lk_lora_site_kind(site, family != LK_LORA_SD1) != row->kind) {
        return "kind";
    }
    const char *const names[] = {kohya, diffusers, comfy};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        LkLoraSite again;
        bool original;
        if (!lk_lora_site_parse(names[i], 2, &again, &original) ||
            lk_lora_site_rank(&again) != lk_lora_site_rank(site)) {
            return layout_keys[i];
        }
    }
    return NULL;
}

static const NameRow *row_of(const NameRow *rows, size_t count, const char *kohya)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].kohya, kohya) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static void test_table(size_t table)
{
    LkLoraFamily family = name_tables[table].family;
    g_autoptr(GArray) sites = lk_lora_sites(&name_tables[table].shape, true);
    size_t wrong = 0, displaced = 0;
    uint64_t before = 0;
    bool rising = true;
    for (guint i = 0; i < sites->len; i++) {
        const LkLoraSite *site = &g_array_index(sites, LkLoraSite, i);
        g_autofree char *kohya = lk_lora_site_name(site, family, LK_LAYOUT_KOHYA, 2);
        const NameRow *row = row_of(name_tables[table].rows, name_tables[table].count, kohya);
        const char *what = row == NULL ? "not in the table" : check_row(row, site, family);
        if (what != NULL) {
            wrong++;
            tap_note("%s: %s", kohya, what);
        }
        displaced += i >= name_tables[table].count || row != &name_tables[table].rows[i];
        uint64_t rank = lk_lora_site_rank(site);
        rising &= i == 0 || rank > before;
        before = rank;
    }
    tap_ok(sites->len == name_tables[table].count && wrong == 0, "family %d: all %u layers under all names", family,
           sites->len);
    tap_ok(rising, "family %d: ranks rise and are unique", family);
    if (family == LK_LORA_SD1) {
        tap_ok(displaced == 0, "in sd-scripts' order");
    }
}

static void test_counts(void)
{
    static const struct {
        LkLoraShape shape;
        guint plain, conv;
    } rows[] = {
        {{4, 2, {true, true, true, false}, {1, 1, 1, 0}, 1, {320, 640, 1280, 1280}, 1, {12}}, 264, 350},
        {{3, 2, {false, true, true}, {0, 2, 10}, 10, {320, 640, 1280}, 2, {12, 32}},
         722 + 72 + 192,
         722 + 72 + 192 + 66},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) plain = lk_lora_sites(&rows[i].shape, false);
        g_autoptr(GArray) conv = lk_lora_sites(&rows[i].shape, true);
        tap_ok(plain->len == rows[i].plain, "LoRA adapts %u layers (%u)", rows[i].plain, plain->len);
        tap_ok(conv->len == rows[i].conv, "LoCon %u (%u)", rows[i].conv, conv->len);
    }
    LkLoraShape bad = rows[0].shape;
    bad.levels = 9;
    tap_ok(lk_lora_sites(&bad, false) == NULL, "an impossible shape is refused");
}

static void test_foreign_names(void)
{
    static const char *const bad[] = {
        "",
        "lora_unet_",
        "lora_unet_down_blocks_0_attentions_0_proj",
        "lora_unet_down_blocks_0_attentions_0_proj_in_",
        "lora_unet_down_blocks_0_attentions_2_proj_in",
        "lora_unet_down_blocks_9_attentions_0_proj_in",
        "lora_unet_down_blocks_000_attentions_0_proj_in",
        "lora_unet_input_blocks_0_0_in_layers_2",
        "lora_unet_input_blocks_99_1_proj_in",
        "lora_unet_middle_block_3_proj_in",
        "lora_unet_mid_block_attentions_1_proj_in",
        "lora_te_text_model_encoder_layers_0_mlp_fc3",
        "lora_te_text_model_encoder_layers__mlp_fc1",
        "lora_te3_encoder_block_0_layer_0_SelfAttention_k",
        "lora_unet_double_blocks_0_img_attn_proj",
        "proj_in",
        "lora_unet_up_blocks_0_downsamplers_0_conv",
        "lora_unet_down_blocks_0_upsamplers_0_conv",
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0",
        "lora_unet_down_blocks_0_attentions_0_attn1_to_q",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        LkLoraSite site;
        bool original;
        tap_ok(!lk_lora_site_parse(bad[i], 2, &site, &original), "“%s” is no name", bad[i]);
    }
    LkLoraSite site;
    bool original;
    tap_ok(lk_lora_site_parse("text_encoder.encoder.layers.3.mlp.fc1", 2, &site, &original) && site.index == 3,
           "paths of transformers 5 are read");
    LkLoraLayout layout;
    tap_ok(lk_lora_layout_from_name("comfy", &layout) && layout == LK_LAYOUT_COMFY &&
               !lk_lora_layout_from_name("Comfy", &layout),
           "names of layouts");
}

int main(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(name_tables); i++) {
        test_table(i);
    }
    test_counts();
    test_foreign_names();
    return tap_done();
}
