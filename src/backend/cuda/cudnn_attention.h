/* What forward and backward attention share: the shapes of their tensors, the mask. */
#pragma once

#include "backend/cuda/cudnn_graph.h"

/** The shapes of an attention's tensors as cuDNN sees them: batch, heads, rows, columns. */
typedef struct LkSdpaShapes {
    LkCudnnShape q, k, k_transposed; /* also of do, dq; of v, dk, dv; of v transposed */
    LkCudnnShape o;
    LkCudnnShape stats; /* one number a row, in a tensor of stats_heads heads */
    LkCudnnShape row;   /* one number a row, of these heads alone */
    LkCudnnShape scores, scores_transposed;
    LkCudnnShape products; /* as q, of these heads alone */
} LkSdpaShapes;

LkSdpaShapes lk_sdpa_shapes(const LkSdpaGeometry *geometry);

/** The scores with those above the diagonal at minus infinity, where the geometry is causal; else the scores. */
LkCudnnTensor lk_sdpa_mask(LkCudnnGraph *graph, const LkSdpaGeometry *geometry, const LkCudnnShape *shape,
                           LkCudnnTensor scores);

/** A new virtual f32 tensor of this shape, y = x op b. */
LkCudnnTensor lk_sdpa_op(LkCudnnGraph *graph, cudnnPointwiseMode_t mode, LkCudnnTensor x, LkCudnnTensor b,
                         const LkCudnnShape *shape);

enum { LK_SDPA_NAME = 240 };

/** Fails where lk_cudnn_sdpa_supported or the library's version says no. `name` is what the attention is called in
 * errors and in the cache. */
bool lk_sdpa_check(const LkCudnn *cudnn, const LkSdpaGeometry *geometry, bool backward, char name[LK_SDPA_NAME],
                   LkError *error);
