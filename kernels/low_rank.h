/* How a block of a pass over [rows, columns] that adds a product of low rank is dealt to its lanes: its columns in
 * strips, one for each warp, and those in tiles of LK_LOW_RANK_TILE rows, for which a warp makes the product. A lane
 * has LK_LOW_OWN rows of a tile and LK_LOW_WIDTH columns of each. With one lane a block is one strip.
 *
 *     LK_LOW_STRIPS(strip, columns, b) {            the strips (by their first column) of the block, this lane's warp's
 *         LK_LOW_TILES(row, rows, columns, b) {     the block's tiles, by their first row
 *             lk_low_run(i, row, rows, strip, columns, b): the lane's i-th row of LK_LOW_OWN
 *         }
 *     }
 *
 * All lanes of a block go through as many strips and tiles, for a warp's product wants all of its lanes. */
#pragma once

#include "kernels/lane.h"
#include "kernels/shape.h"

enum { LK_LOW_PARTS = 2 }; /* of GEGLU's x: value and gate */

#if LK_MANY_LANES

enum { LK_WARP = 32, LK_LOW_OWN = 2, LK_LOW_WIDTH = LK_PACK, LK_LOW_STEP = LK_LOW_RANK_STRIP };

/** What of a tile is a lane's, as lk_warp_product deals it. */
LK_INLINE int64_t lk_low_row(int i, LkBlock b)
{
    return LK_LANE(b) % LK_WARP / 4 + 8 * i;
}

LK_INLINE int64_t lk_low_column(LkBlock b)
{
    return LK_LANE(b) % 4 * LK_PACK;
}

LK_INLINE int64_t lk_low_warp(LkBlock b)
{
    return LK_LANE(b) / LK_WARP;
}

LK_INLINE int64_t lk_low_warps(LkBlock b)
{
    return LK_LANES(b) / LK_WARP;
}

#else

/* Sums that a compiler keeps in registers. */
typedef float LkFloats __attribute__((vector_size(64), aligned(4), may_alias));

#define LK_UNROLL

/* Rows whose sums fit into the registers: 8 of 32, or 4 times two of 16. */
#ifdef __AVX512F__
enum { LK_LOW_AT_ONCE = 8 };
#else
enum { LK_LOW_AT_ONCE = 4 };
#endif
#ifdef __clang__
#define LK_LOW_UNROLL _Pragma("unroll")
#else
#define LK_LOW_UNROLL _Pragma("GCC unroll 8")
#endif

enum { LK_LOW_OWN = LK_LOW_RANK_TILE, LK_LOW_WIDTH = LK_LOW_RANK_COLUMNS, LK_LOW_STEP = LK_LOW_RANK_COLUMNS };

LK_INLINE int64_t lk_low_row(int i, LkBlock b)
{
    (void)b;
    return i;
}

LK_INLINE int64_t lk_low_column(LkBlock b)
{
    (void)b;
    return 0;
}

LK_INLINE int64_t lk_low_warp(LkBlock b)
{
    (void)b;
    return 0;
}

LK_INLINE int64_t lk_low_warps(LkBlock b)
{
    (void)b;
    return 1;
}

#endif

LK_INLINE int64_t lk_low_first_column(int64_t columns, LkBlock b)
{
    return b.index % lk_ceil_div(columns, LK_LOW_RANK_COLUMNS) * LK_LOW_RANK_COLUMNS;
}

LK_INLINE int64_t lk_low_first_row(int64_t columns, LkBlock b)
{
    return b.index / lk_ceil_div(columns, LK_LOW_RANK_COLUMNS) * LK_LOW_RANK_ROWS;
}

#define LK_LOW_STRIPS(strip, columns, b)                                                                               \
    for (int64_t strip##_first = lk_low_first_column(columns, b),                                                      \
                 strip = strip##_first + lk_low_warp(b) * LK_LOW_STEP;                                                 \
         strip < strip##_first + LK_LOW_RANK_COLUMNS; strip += lk_low_warps(b) * LK_LOW_STEP)

#define LK_LOW_TILES(row, rows, columns, b)                                                                            \
    LK_ROLLED for (int64_t row = lk_low_first_row(columns, b), row##_end = lk_min(row + LK_LOW_RANK_ROWS, rows);       \
                   row < row##_end; row += LK_LOW_RANK_TILE)

/** What a lane has of one of its rows; width 0 or less: nothing. */
typedef struct LkLowRun {
    int64_t row, column, width;
} LkLowRun;

LK_INLINE LkLowRun lk_low_run(int i, int64_t row, int64_t rows, int64_t strip, int64_t columns, LkBlock b)
{
    LkLowRun run = {row + lk_low_row(i, b), strip + lk_low_column(b), 0};
    run.width = run.row < rows ? lk_min(LK_LOW_WIDTH, columns - run.column) : 0;
    return run;
}
