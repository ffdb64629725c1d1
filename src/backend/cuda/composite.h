/* Attention from matrix products and our own softmax, tile by tile, for what cuDNN does not have: f32, Turing, heads
 * wider than 128 in the backward pass, few keys. Deterministic; the matrix of scores never exists as a whole where it
 * is large. */
#pragma once

#include "backend/cuda/cuda_backend.h"

typedef struct LkComposite LkComposite;

/** Prepares the forward or the backward pass of this attention. NULL with the error. */
LkComposite *lk_composite_new(LkDevice *device, const LkSdpaGeometry *geometry, bool backward, LkError *error);
void lk_composite_free(LkComposite *composite);

/** Bytes of workspace that a run needs. */
int64_t lk_composite_workspace(const LkComposite *composite);

/** Puts it into the device's stream. `pointers` has LK_SDPA_POINTERS entries, as for lk_cudnn_run. */
bool lk_composite_run(const LkComposite *composite, void *const *pointers, void *workspace, LkError *error);
