/* Every convolution and attention that training Stable Diffusion runs: walked off the graphs of SD 1.5, SD 2.1 and
 * SDXL with their true dimensions. */
#pragma once

#include "backend/cuda/cudnn_plan.h"

/** One operation; dtype is left to the test. */
typedef struct Case {
    char name[96]; /* "conv 1x64x64x4 to 320 k3 s1 p1,1 bias" */
    bool attention, backward;
    bool tf32; /* a convolution that is tried in TF32 too: of each model's first training step */
    LkConvGeometry conv;
    LkSdpaGeometry sdpa;
} Case;

typedef struct Cases {
    Case *items;
    int n, capacity;
    bool tf32; /* of what is added now */
} Cases;

/** Adds what the training steps, autoencoder and text encoders of SD 1.5, SD 2.1 or SDXL run. `tests` is the folder of
 * the tests. False where the graphs cannot be built. */
bool cases_add_sd15(Cases *cases, const char *tests);
bool cases_add_sd21(Cases *cases, const char *tests);
bool cases_add_sdxl(Cases *cases, const char *tests);
/** Adds what SDXL's U-Net runs at this size of latents by its published configuration: no graph is walked, and
 * gradients are those that an adapter of every layer needs. */
void cases_add_sdxl_list(Cases *cases, int64_t batch, int64_t height, int64_t width);
const Case *cases_find(const Cases *cases, const char *name);
void cases_clear(Cases *cases);
