/* The noise of a step: Gaussian, shifted by channels, with coarser noise in it, and what the noisy latent alone gets.
 * Pure functions of (seed, batch), as everything random here. The rules are those of sd-scripts
 * (get_noise_noisy_latents_and_timesteps in library/train_util.py; apply_noise_offset and pyramid_noise_like in
 * library/custom_train_functions.py). */
#pragma once

#include "training/job.h"

/** Latents of a batch, channels last: [batch, height, width, channels]. */
typedef struct LkNoiseShape {
    int64_t batch, height, width, channels;
} LkNoiseShape;

/** The noise that is to be predicted, with the job's noise_offset and multires_noise options. `latents` (of the same
 * shape) are read with adaptive_noise_scale alone. `step` is the batch's number. False where there
 * is no memory for it. */
bool lk_noise_draw(const LkJob *job, uint32_t step, LkNoiseShape shape, const float *latents, float *noise,
                   GError **error);

/** The noise of the noisy latent: `noise` and ip_noise_gamma of other noise (Ning et al., arXiv:2301.11706). */
void lk_noise_perturb(const LkJob *job, uint32_t step, LkNoiseShape shape, const float *noise, float *out);
