/* Walks over [n, s, c] by columns: a span is the rows of one chunk times one run of columns, worked on by one lane.
 *
 *     LK_SPANS(p, n, s, c, b) {        the spans of block b that are this lane's
 *         x + p.offset                 first element; rows are c elements apart
 *         p.rows, p.width              how many rows and columns (at most LK_WIDTH)
 *     } */
#pragma once

#include "kernels/lane.h"
#include "kernels/shape.h"

typedef struct LkSpan {
    int64_t item, items; /* which span of the block, of how many */
    int64_t sample;
    int64_t chunk; /* among all samples' chunks */
    int64_t rows;
    int64_t column, width;
    int64_t offset; /* of the first element in [n, s, c] */
} LkSpan;

LK_INLINE int64_t lk_span_runs(int64_t c)
{
    return lk_ceil_div(c, LK_WIDTH);
}

LK_INLINE int64_t lk_span_items(int64_t n, int64_t s, int64_t c, LkBlock b)
{
    int64_t per_block = lk_chunks_per_block(c), left = n * lk_chunks(s) - b.index * per_block;
    return lk_min(per_block, left) * lk_span_runs(c);
}

LK_INLINE LkSpan lk_span(int64_t s, int64_t c, LkBlock b, int64_t item, int64_t items)
{
    int64_t runs = lk_span_runs(c), chunks = lk_chunks(s), most = lk_chunk_rows(s);
    LkSpan p;
    p.item = item;
    p.items = items;
    p.chunk = b.index * lk_chunks_per_block(c) + item / runs;
    p.sample = p.chunk / chunks;
    p.column = item % runs * LK_WIDTH;
    p.width = lk_min(LK_WIDTH, c - p.column);
    int64_t row = p.chunk % chunks * most;
    p.rows = lk_min(most, s - row);
    p.offset = (p.sample * s + row) * c + p.column;
    return p;
}

#define LK_SPANS(p, n, s, c, b)                                                                                        \
    for (LkSpan p = lk_span(s, c, b, LK_LANE(b), lk_span_items(n, s, c, b)); p.item < p.items;                         \
         p = lk_span(s, c, b, p.item + LK_LANES(b), p.items))
