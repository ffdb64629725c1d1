/* What an instruction set offers to attention.c and attention_backward.c: the work of one tile on one thread. The
 * functions are made from attention_simd.h, attention_pack.h, attention_forward.h and attention_backward.h, which the
 * files attention_<set>.c compile once each. */
#pragma once

#include "backend/cpu/attention.h"

/** Rows of numbers to be written, `stride` elements apart. */
typedef struct LkAttentionRows {
    void *data;
    int64_t stride;
    LkDType dtype;
} LkAttentionRows;

/** One piece of the backward pass: some queries against some keys of one head. Row 0 of every pointer is the head's
 * first token. */
typedef struct LkAttentionPiece {
    const void *q, *k, *v, *o, *d_o;
    const float *lse;
    LkAttentionRows dq, dk, dv; /* rows query .. query+queries-1 and key .. key+keys-1 are set, not added to */
    int64_t query, queries, key, keys;
} LkAttentionPiece;

typedef struct LkAttentionKernels {
    const char *name;
    int64_t query_tile; /* queries of one call of `forward` */
    int64_t key_chunk;  /* `pack` takes ranges of keys that begin at a multiple of this */

    /** Bytes of one head's packed keys and values. */
    size_t (*panel_bytes)(const LkAttentionShape *shape);
    /** Packs keys first .. first+count-1 of a head, where only the last range may have a count off key_chunk. */
    void (*pack)(const LkAttentionShape *shape, const void *k, const void *v, int64_t first, int64_t count,
                 float *panels);
    size_t (*forward_bytes)(const LkAttentionShape *shape);
    /** Queries query .. query+query_tile-1 (or to the end) of one head; lse may be NULL. */
    void (*forward)(const LkAttentionShape *shape, const float *panels, const void *q, void *o, float *lse,
                    int64_t query, float *scratch);

    /** The most keys and queries of a piece: it must stay in the second-level cache. */
    int64_t (*piece_keys)(const LkAttentionShape *shape);
    size_t (*backward_bytes)(const LkAttentionShape *shape, int64_t keys);
    void (*backward)(const LkAttentionShape *shape, const LkAttentionPiece *piece, float *scratch);
    /** Sets rows first .. first+count-1 to the sums of the same rows of `parts` arrays, `apart` floats from each other,
     * of rows of dim floats. */
    void (*sum_rows)(const float *parts, int64_t apart, int64_t count_parts, int64_t dim, LkAttentionRows to,
                     int64_t first, int64_t count);
} LkAttentionKernels;

extern const LkAttentionKernels lk_attention_portable;
#if defined(__x86_64__)
extern const LkAttentionKernels lk_attention_avx2, lk_attention_avx512, lk_attention_avx512_bf16;
#endif

static inline int64_t lk_attention_ceil(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/** Bytes of `count` words of four bytes, rounded up to a cache line. */
static inline size_t lk_attention_bytes(int64_t count)
{
    return ((size_t)count * 4 + 63) / 64 * 64;
}
