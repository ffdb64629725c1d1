/* What a base model looks like: widths and depths read from its tensors, the rest known of its family or told by the
 * file's `lorikeet.arch` metadata. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LK_MAX_LEVELS = 8, LK_MAX_TEXTS = 2 };

/** Text encoder of the CLIP kind. */
typedef struct LkTextArch {
    int64_t width, heads, layers; /* layers: blocks that run */
    int64_t vocabulary, positions;
    int64_t projection; /* width of its pooled output; 0: it has none */
    bool quick_gelu;
    bool last_but_one; /* its states are what the last block reads, without the final norm (SDXL); clip_skip has no say
                        */
    float norm_eps;
    int32_t pad_id;
    char prefix[64]; /* of its tensors: "cond_stage_model.transformer.text_model." */
} LkTextArch;

/** SDXL's U-Net is told height and width of the original picture, top and left of the cut, height and width of the
 * target. */
enum { LK_SIZE_COUNT = 6 };

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
    int64_t added;          /* width of what is added to the time embedding: pooled text and sizes; 0: nothing */
    int64_t size_features;  /* of each of the LK_SIZE_COUNT sizes in it */
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

/** What a U-Net predicts. */
typedef enum LkPrediction {
    LK_PREDICTION_UNTOLD, /* neither metadata nor marks in the file tell */
    LK_PREDICTION_EPSILON,
    LK_PREDICTION_V,
} LkPrediction;

typedef struct LkModelArch {
    const char *family;    /* "sd1", "sd2", "sdxl" */
    const char *base_name; /* ss_base_model_version: "sd_v1" */
    const char *text_root; /* what the text encoders' tensors begin with: "cond_stage_model." */
    int n_texts;
    LkTextArch texts[LK_MAX_TEXTS];
    LkUnetArch unet;
    LkVaeArch vae;
    LkPrediction prediction;
    bool zero_terminal_snr; /* the file tells that it was trained so */
} LkModelArch;

/** Channels of the text states that the U-Net attends to: of all text encoders side by side. */
int64_t lk_arch_context(const LkModelArch *arch);

/** Width of the pooled text; 0 where the U-Net wants none. */
int64_t lk_arch_pooled(const LkModelArch *arch);
