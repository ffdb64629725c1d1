#include "sizes.h"

const LkModelArch bench_arch = {
    .family = "sd1",
    .base_name = "sd_v1",
    .text = {.width = 768,
             .heads = 12,
             .layers = 12,
             .vocabulary = 49408,
             .positions = 77,
             .prefix = "cond_stage_model.transformer.text_model."},
    .unet = {.levels = 4,
             .layers_per_block = 2,
             .in_channels = 4,
             .out_channels = 4,
             .channels = {320, 640, 1280, 1280},
             .attention = {true, true, true, false},
             .depth = {1, 1, 1, 0},
             .mid_depth = 1,
             .heads = {8, 8, 8, 8},
             .context = 768},
    .vae = {.levels = 4, .layers_per_block = 2, .channels = {128, 256, 512, 512}, .latent_channels = 4},
};
