/* Where a LoRA attaches in a Stable Diffusion model, and what each place is called: by kohya sd-scripts, by diffusers,
 * by ComfyUI and in the base model's file.
 *
 * A place is a small struct; names are made from it and read back by tables, so that every layout can be turned into
 * every other without a list of all layers. Underscores and dots are alike when reading: kohya's
 * "lora_unet_down_blocks_0_attentions_0_proj_in" is diffusers' path with dots replaced.
 *
 *   layout     U-Net of SD 1.x                          text encoder of SD 1.x
 *   kohya      lora_unet_down_blocks_0_attentions_0_…   lora_te_text_model_encoder_layers_0_…
 *   diffusers  unet.down_blocks.0.attentions.0.…        text_encoder.text_model.encoder.layers.0.…
 *   comfy      diffusion_model.input_blocks.1.1.…       text_encoders.clip_l.transformer.text_model.encoder.layers.0.…
 *
 * "comfy" is what ComfyUI calls native: the name of the weight in its own model. It loads the kohya layout of SD 1.x,
 * 2.x and XL as well; other programs do not load the comfy layout. SDXL's kohya names follow the original U-Net
 * (lora_unet_input_blocks_4_1_…), those of SD 1.x and 2.x diffusers'. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LkLoraFamily {
    LK_LORA_SD1,
    LK_LORA_SD2,
    LK_LORA_SDXL,
} LkLoraFamily;

typedef enum LkLoraLayout {
    LK_LAYOUT_KOHYA,
    LK_LAYOUT_DIFFUSERS,
    LK_LAYOUT_COMFY,
} LkLoraLayout;

typedef enum LkLoraKind {
    LK_LORA_LINEAR,
    LK_LORA_POINTWISE, /* a 1×1 convolution */
    LK_LORA_CONV,      /* a 3×3 convolution */
} LkLoraKind;

typedef enum LkLoraSide {
    LK_SIDE_DOWN,
    LK_SIDE_MIDDLE,
    LK_SIDE_UP,
    LK_SIDE_TEXT,
    LK_SIDE_FRAME, /* outside the U-Net's blocks */
} LkLoraSide;

/** One adapted layer. */
typedef struct LkLoraSite {
    uint8_t side;  /* LkLoraSide */
    uint8_t text;  /* which text encoder, from 0 */
    uint8_t level; /* block of the U-Net: 0 is at the top on the way down, at the bottom on the way up */
    uint8_t index; /* ResNet or attention layer of the block; block of the text encoder */
    uint8_t depth; /* transformer block of the attention layer */
    uint8_t leaf;  /* row of the table of layers: private */
    bool last;     /* of an upsampler: it stands behind attention (which the original names count) */
} LkLoraSite;

enum { LK_LORA_MAX_LEVELS = 8, LK_LORA_MAX_TEXTS = 2 };

/** What decides which sites a model has. */
typedef struct LkLoraShape {
    int levels;                         /* of the U-Net */
    int layers_per_block;               /* ResNets of a down block: 2 */
    bool attention[LK_LORA_MAX_LEVELS]; /* by level, from the top */
    int depth[LK_LORA_MAX_LEVELS];      /* transformer blocks of an attention layer */
    int middle_depth;
    int64_t channels[LK_LORA_MAX_LEVELS]; /* only used for the shortcuts of ResNets */
    int texts;
    int text_layers[LK_LORA_MAX_TEXTS]; /* blocks that run */
} LkLoraShape;

/** All sites, of LkLoraSite, in the order in which sd-scripts makes SD 1.x's modules: text encoder, then the U-Net's
 * way down, way up and middle. With `convolutions` also the ResNets', down- and upsamplers' layers (LoCon). NULL where
 * the shape is impossible. Free with g_array_unref. */
GArray *lk_lora_sites(const LkLoraShape *shape, bool convolutions);

/** Appends the layers outside the U-Net's blocks: conv_in, the time embedding's and conv_out, which LyCORIS adapts in
 * SD 1.x and 2.x. */
void lk_lora_add_frame_sites(GArray *sites);

/** The module's name in a layout, without the suffix of a tensor. `layers_per_block` is 2 in all known models. Free
 * with g_free. */
char *lk_lora_site_name(const LkLoraSite *site, LkLoraFamily family, LkLoraLayout layout, int layers_per_block);

/** The layer in the base model's single file (without ".weight"). OpenCLIP keeps q, k and v of an attention in one
 *  tensor: then *part is 0, 1 or 2 of three equal parts of "…attn.in_proj_weight", whose name is returned whole; else
 *  -1. Free with g_free. */
char *lk_lora_site_layer(const LkLoraSite *site, LkLoraFamily family, int layers_per_block, int *part);

/** Reads a module's name in any layout. False if it is none of them. *original tells that a U-Net name was in the
 *  original (not diffusers') form. */
bool lk_lora_site_parse(const char *name, int layers_per_block, LkLoraSite *site, bool *original);

/** What kind of layer it is; SD 2.x and XL have linear proj_in and proj_out (`linear_projection`). */
LkLoraKind lk_lora_site_kind(const LkLoraSite *site, bool linear_projection);

/** True if the site is part of plain LoRA (not only of LoCon). */
bool lk_lora_site_is_plain(const LkLoraSite *site);

/** A number that orders sites as lk_lora_sites does and is equal for equal sites. */
uint64_t lk_lora_site_rank(const LkLoraSite *site);

/** "kohya", "diffusers", "comfy". */
bool lk_lora_layout_from_name(const char *name, LkLoraLayout *layout);
const char *lk_lora_layout_name(LkLoraLayout layout);
