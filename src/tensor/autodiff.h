/* Reverse-mode differentiation on the graph, with gradient checkpointing as a transformation of it. */
#pragma once

#include "tensor/graph.h"

/** What of the forward pass is computed again in the backward pass instead of being kept. */
typedef enum LkRecompute {
    LK_RECOMPUTE_NONE,
    LK_RECOMPUTE_CHEAP,  /* outputs of norms and activations, from inputs that are kept anyway */
    LK_RECOMPUTE_BLOCKS, /* whole segments: only their inputs are kept */
} LkRecompute;

/** A part of the adapter: `shape` elements of the state `shadow` (compute dtype, what matrix products read) at
 * `offset`, whose gradient is accumulated in the same place of the f32 state `gradient`. */
LkRef lk_graph_parameter(LkGraph *graph, LkRef shadow, LkRef gradient, int64_t offset, int rank, const int64_t *shape);

/** Appends the nodes that compute the gradients of all parameters, given that d_y is the gradient of y.
 * Gradients are added to what the gradient state holds. Frozen weights get none, and no node is added that no
 * parameter needs. */
bool lk_autodiff(LkGraph *graph, LkRef y, LkRef d_y, LkRecompute recompute, LkError *error);
