/* What a base model looks like: widths and depths read from its tensors, the rest known of its family or told by the
 * file's `lorikeet.arch` metadata. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LK_MAX_LEVELS = 8 };

/** Text encoder of the CLIP kind. */
typedef struct LkTextArch {
    int64_t width, heads, layers; /* layers: blocks that run */
    int64_t vocabulary, positions;
    bool quick_gelu;
    float norm_eps;
    int32_t pad_id;
    char prefix[64]; /* of its tensors: "cond_stage_model.transformer.text_model." */
} LkTextArch;

/** U-Net. Arrays have one entry a level, from full resolution down. */
typedef struct LkUnetArch {
    int levels, layers_per_block;
    int64_t in_channels, out_channels;
    int64_t channels[LK_MAX_LEVELS];
    bool attention[LK_MAX_LEVELS];
    int depth[LK_MAX_LEVELS]; /* transformer blocks of an attention layer */
    int mid_depth;
    int64_t heads[LK_MAX_LEVELS];
    int64_t context;
    bool linear_projection; /* proj_in and proj_out are Linear, not 1×1 convolutions */
    int groups;
    float norm_eps, transformer_norm_eps, layer_norm_eps;
} LkUnetArch;

/** Variational autoencoder. */
typedef struct LkVaeArch {
    int levels, layers_per_block;
    int64_t channels[LK_MAX_LEVELS];
    int64_t latent_channels;
    int groups;
    float norm_eps;
    float scale; /* latents are multiplied by it */
} LkVaeArch;

typedef struct LkModelArch {
    const char *family;    /* "sd1" */
    const char *base_name; /* ss_base_model_version: "sd_v1" */
    LkTextArch text;
    LkUnetArch unet;
    LkVaeArch vae;
} LkModelArch;
