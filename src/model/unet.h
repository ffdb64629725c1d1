/* The U-Net of Stable Diffusion (Rombach et al., arXiv:2112.10752; openaimodel.py of CompVis/latent-diffusion; for SDXL
 * Podell et al., arXiv:2307.01952). */
#pragma once

#include "model/builder.h"

/** What a U-Net reads. */
typedef struct LkUnetInputs {
    LkRef x;       /* [N,h,w,4]; h and w must be divisible by 2^(levels-1) */
    LkRef t;       /* f32 [N] timesteps */
    LkRef context; /* [N,L,C] text states */
    LkRef pooled;  /* [N,P] pooled text, and … */
    LkRef sizes;   /* … f32 [N·LK_SIZE_COUNT], where the U-Net has added conditioning; else not read */
} LkUnetInputs;

/** What the names of its tensors begin with. */
const char *lk_unet_prefix(void);

/** → prediction [N,h,w,4]. */
LkRef lk_unet_build(LkBuilder *builder, const LkUnetArch *arch, const LkUnetInputs *inputs);
