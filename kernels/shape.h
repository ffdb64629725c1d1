/* How work is cut into blocks: a pure function of the shape, the same for every build and number of threads. */
#pragma once

#include <stdint.h>

#ifdef __CUDACC__
#define LK_SHAPE __host__ __device__ static inline
#else
#define LK_SHAPE static inline __attribute__((unused))
#endif

enum {
    LK_TILE = 2048,      /* elements of a block of an elementwise kernel: one pack for each of 256 GPU threads */
    LK_SUM_TILE = 4096,  /* elements of a block of a sum: few partials, and each still short */
    LK_FOLD_WIDTH = 256, /* columns of a block that folds partial row sums */
    LK_MAX_LANES = 256,  /* of a GPU's block */

    /* A pass that adds a product of low rank: a block's rows fall into tiles, its columns into a warp's strips. */
    LK_LOW_RANK_ROWS = 32,
    LK_LOW_RANK_TILE = 16,
    LK_LOW_RANK_COLUMNS = 128,
    LK_LOW_RANK_STRIP = 32,
    LK_LOW_RANK_LANES = 128
};

LK_SHAPE int64_t lk_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

LK_SHAPE int64_t lk_tiles(int64_t count)
{
    return lk_ceil_div(count, LK_TILE);
}

LK_SHAPE int64_t lk_sum_tiles(int64_t count)
{
    return lk_ceil_div(count, LK_SUM_TILE);
}

/* [n, s, c] by rows: each sample's s rows fall into chunks; a block holds several chunks, of any sample. */
LK_SHAPE int64_t lk_chunk_rows(int64_t s)
{
    int64_t rows = s / 64;
    return rows < 8 ? 8 : rows > 64 ? 64 : rows;
}

/** Chunks of one sample. */
LK_SHAPE int64_t lk_chunks(int64_t s)
{
    return lk_ceil_div(s, lk_chunk_rows(s));
}

LK_SHAPE int64_t lk_chunks_per_block(int64_t c)
{
    return c >= LK_TILE ? 1 : c > 0 ? LK_TILE / c : 1;
}

LK_SHAPE int64_t lk_chunk_blocks(int64_t n, int64_t s, int64_t c)
{
    return lk_ceil_div(n * lk_chunks(s), lk_chunks_per_block(c));
}

/** Blocks of a pass over [rows, c] that adds a product of low rank. */
LK_SHAPE int64_t lk_low_rank_blocks(int64_t rows, int64_t c)
{
    return lk_ceil_div(rows, LK_LOW_RANK_ROWS) * lk_ceil_div(c, LK_LOW_RANK_COLUMNS);
}
