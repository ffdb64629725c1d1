/* The one brick of all products: a block of ROWS × vecs accumulators. Included after attention_simd.h.
 *
 *     sum[r][j] += Σ_step a[r * a_row + step * a_step] · b[step * b_step + j-th vector]
 *
 * The words of `a` are broadcast, those of `b` are columns. With a_row = 1 and a_step = ROWS `a` is a packed panel. */
#pragma once

enum { MAX_VECS = 3 };

INLINE void block_clear(Vec sum[ROWS][MAX_VECS], int vecs)
{
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < vecs; j++)
            sum[r][j] = (Vec){0};
    }
}

INLINE void block_mac(Vec sum[ROWS][MAX_VECS], const float *a, int64_t a_row, int64_t a_step, const float *b,
                      int64_t b_step, int64_t steps, int vecs)
{
    for (int64_t step = 0; step < steps; step++, a += a_step, b += b_step) {
        Vec column[MAX_VECS];
        UNROLL
        for (int j = 0; j < vecs; j++)
            column[j] = vec_load(b + j * LANES);
        UNROLL
        for (int r = 0; r < ROWS; r++) {
            Vec x = vec_set(a[r * a_row]);
            UNROLL
            for (int j = 0; j < vecs; j++)
                sum[r][j] = vec_mac(sum[r][j], x, column[j]);
        }
    }
}

/** c[r * c_row + j-th vector] += the product, for `vecs` vectors. */
INLINE void block_update(float *c, int64_t c_row, const float *a, int64_t a_row, int64_t a_step, const float *b,
                         int64_t b_step, int64_t steps, int vecs)
{
    Vec sum[ROWS][MAX_VECS];
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < vecs; j++)
            sum[r][j] = vec_load(c + r * c_row + j * LANES);
    }
    block_mac(sum, a, a_row, a_step, b, b_step, steps, vecs);
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < vecs; j++)
            vec_store(c + r * c_row + j * LANES, sum[r][j]);
    }
}

#if ATTENTION_LANES == 16
/** Like block_update, with half a vector more. Where a vector of 16 is worked on in halves it takes half the time. */
INLINE void block_update_half(float *c, int64_t c_row, const float *a, int64_t a_row, int64_t a_step, const float *b,
                              int64_t b_step, int64_t steps, int vecs)
{
    Vec sum[ROWS][MAX_VECS];
    VecShort rest[ROWS];
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < vecs; j++)
            sum[r][j] = vec_load(c + r * c_row + j * LANES);
        memcpy(&rest[r], c + r * c_row + vecs * LANES, sizeof rest[r]);
    }
    for (int64_t step = 0; step < steps; step++, a += a_step, b += b_step) {
        Vec column[MAX_VECS];
        VecShort last;
        UNROLL
        for (int j = 0; j < vecs; j++)
            column[j] = vec_load(b + j * LANES);
        memcpy(&last, b + vecs * LANES, sizeof last);
        UNROLL
        for (int r = 0; r < ROWS; r++) {
            Vec x = vec_set(a[r * a_row]);
            UNROLL
            for (int j = 0; j < vecs; j++)
                sum[r][j] = vec_mac(sum[r][j], x, column[j]);
            rest[r] = vec_mac_short(rest[r], x, last);
        }
    }
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < vecs; j++)
            vec_store(c + r * c_row + j * LANES, sum[r][j]);
        memcpy(c + r * c_row + vecs * LANES, &rest[r], sizeof rest[r]);
    }
}
#endif
