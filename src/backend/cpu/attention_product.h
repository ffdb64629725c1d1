/* The one brick of all products: a block of ROWS × vecs accumulators. Included after attention_simd.h.
 *
 *     sum[r][j] += Σ_step a[r * a_row + step * a_step] · b[step * b_step + j-th vector]
 *
 * The words of `a` are broadcast, those of `b` are columns. With a_row = 1 and a_step = ROWS `a` is a packed panel. */
enum { MAX_VECS = 3 };

INLINE void block_clear(Vec sum[ROWS][MAX_VECS], int vecs)
{
    UNROLL
    for (int r = 0; r < ROWS; r++)
        UNROLL
    for (int j = 0; j < vecs; j++)
        sum[r][j] = (Vec){0};
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
    for (int r = 0; r < ROWS; r++)
        UNROLL
    for (int j = 0; j < vecs; j++)
        sum[r][j] = vec_load(c + r * c_row + j * LANES);
    block_mac(sum, a, a_row, a_step, b, b_step, steps, vecs);
    UNROLL
    for (int r = 0; r < ROWS; r++)
        UNROLL
    for (int j = 0; j < vecs; j++)
        vec_store(c + r * c_row + j * LANES, sum[r][j]);
}
