/* The autoencoder of Stable Diffusion (autoencoder_kl of CompVis/latent-diffusion). */
#pragma once

#include "model/builder.h"

/** Pictures [N,H,W,3] in -1..1 → moments [N,h,w,2·latent_channels]: means, then log variances; h = H / 2^(levels-1). */
LkRef lk_vae_encoder_build(LkBuilder *builder, const LkVaeArch *arch, LkRef pictures);

/** Latents [N,h,w,4], divided by the scale already → pictures [N,H,W,3] in about -1..1. */
LkRef lk_vae_decoder_build(LkBuilder *builder, const LkVaeArch *arch, LkRef latents);
