/* The U-Net of Stable Diffusion (Rombach et al., arXiv:2112.10752; openaimodel.py of CompVis/latent-diffusion). */
#pragma once

#include "model/builder.h"

/** x [N,h,w,4] at timesteps t f32 [N] under context [N,L,C] → prediction [N,h,w,4]. h and w must be divisible by
 * 2^(levels-1). */
LkRef lk_unet_build(LkBuilder *builder, const LkUnetArch *arch, LkRef x, LkRef t, LkRef context);
