/* What attention.c and attention_backward.c share. */
#pragma once

#include "backend/cpu/attention_kernels.h"

struct LkCpuAttention {
    LkAttentionShape shape; /* kv_rows filled in */
    const LkAttentionKernels *kernels;
    bool backward;
    int threads;
    int64_t heads;       /* batch · heads */
    bool shared;         /* forward: keys and values are packed by all threads together, else by each for itself */
    int64_t chunk;       /* forward, not shared: consecutive tiles a thread takes at once */
    int64_t wave;        /* heads at once: bounds the workspace, does not touch the results */
    size_t head_bytes;   /* of the workspace, for each head of a wave */
    size_t thread_bytes; /* of the workspace, for each thread; behind those of the heads */

    /* backward: how a head is cut up, from the shape alone */
    int64_t piece_keys, key_pieces, piece_queries, query_pieces;
};

/** What the heads of a wave may take of the workspace, unless a single one takes more. */
enum { LK_ATTENTION_WAVE_BYTES = 32 << 20 };

/** Head `head` (of batch · heads) of an array of `rows` rows of `stride` elements a batch element. */
static inline void *lk_attention_head(const LkCpuAttention *attention, const void *data, int64_t head, int64_t rows,
                                      int64_t stride)
{
    const LkAttentionShape *shape = &attention->shape;
    int64_t offset = head / shape->heads * rows * stride + head % shape->heads * shape->head_dim;
    return (char *)data + offset * (int64_t)lk_dtype_size(shape->dtype);
}

/** Decides piece_keys … and the workspace of a backward pass. */
void lk_attention_plan_backward(LkCpuAttention *attention);
