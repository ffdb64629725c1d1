#include "sizes.h"

#include <string.h>

/* What is the same in several families. */
#define CLIP_L(at)                                                                                                     \
    {.width = 768,                                                                                                     \
     .heads = 12,                                                                                                      \
     .layers = 12,                                                                                                     \
     .vocabulary = 49408,                                                                                              \
     .positions = 77,                                                                                                  \
     .prefix = at "transformer.text_model."}
#define VAE {.levels = 4, .layers_per_block = 2, .channels = {128, 256, 512, 512}, .latent_channels = 4}
#define FOUR_LEVELS                                                                                                    \
    .levels = 4, .layers_per_block = 2, .in_channels = 4, .out_channels = 4, .channels = {320, 640, 1280, 1280},       \
    .attention = {true, true, true, false}, .depth = {1, 1, 1, 0}, .mid_depth = 1

static const LkModelArch arches[] = {
    {
        .family = "sd1",
        .base_name = "sd_v1",
        .text_root = "cond_stage_model.",
        .n_texts = 1,
        .texts = {CLIP_L("cond_stage_model.")},
        .unet = {FOUR_LEVELS, .heads = {8, 8, 8, 8}, .context = 768},
        .vae = VAE,
    },
    {
        .family = "sd2",
        .base_name = "sd_v2",
        .text_root = "cond_stage_model.",
        .n_texts = 1,
        .texts = {{.width = 1024,
                   .heads = 16,
                   .layers = 23,
                   .vocabulary = 49408,
                   .positions = 77,
                   .prefix = "cond_stage_model.transformer.text_model."}},
        .unet = {FOUR_LEVELS, .heads = {5, 10, 20, 20}, .context = 1024, .linear_projection = true},
        .vae = VAE,
    },
    {
        .family = "sdxl",
        .base_name = "sdxl_base_v1-0",
        .text_root = "conditioner.embedders.",
        .n_texts = 2,
        .texts = {CLIP_L("conditioner.embedders.0."),
                  {.width = 1280,
                   .heads = 20,
                   .layers = 32,
                   .vocabulary = 49408,
                   .positions = 77,
                   .projection = 1280,
                   .prefix = "conditioner.embedders.1.transformer.text_model."}},
        .unet = {.levels = 3,
                 .layers_per_block = 2,
                 .in_channels = 4,
                 .out_channels = 4,
                 .channels = {320, 640, 1280},
                 .attention = {false, true, true},
                 .depth = {0, 2, 10},
                 .mid_depth = 10,
                 .heads = {5, 10, 20},
                 .context = 2048,
                 .added = 2816,
                 .size_features = 256,
                 .linear_projection = true},
        .vae = VAE,
    },
};

const LkModelArch *bench_arch(const char *family)
{
    for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
        if (strcmp(arches[i].family, family) == 0)
            return &arches[i];
    return NULL;
}
