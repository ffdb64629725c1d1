/* Bringing rows of tokens into the orders that the products read, in words of PAIR numbers. Included after
 * attention_simd.h.
 *
 * A product's operand is cut into panels of `width` columns; within a panel, step after step of the inner dimension,
 * the `width` words of one step lie together. Columns are tokens and steps features, or the other way round. */
#pragma once

/** Words of `dim` features. */
INLINE int64_t feature_words(int64_t dim)
{
    return (dim + PAIR - 1) / PAIR;
}

INLINE int64_t round_up(int64_t x, int64_t to)
{
    return (x + to - 1) / to * to;
}

/** Where column `column` of step `step` lies in panels of `width` columns and `steps` steps. */
INLINE float *panel_at(const float *panels, int64_t width, int64_t steps, int64_t column, int64_t step)
{
    return (float *)panels + (column / width * steps + step) * width + column % width;
}

/** Stores LANES words that belong to columns column .. column+LANES-1 of one step. */
INLINE void panel_put(float *panels, int64_t width, int64_t steps, int64_t column, int64_t step, Vec x)
{
    if (width >= LANES) {
        vec_store(panel_at(panels, width, steps, column, step), x);
        return;
    }
    union {
        Vec vec;
        float part[LANES / ROWS][ROWS];
    } u = {.vec = x};
    UNROLL
    for (int i = 0; i < LANES / ROWS; i++)
        memcpy(panel_at(panels, ROWS, steps, column + i * ROWS, step), u.part[i], sizeof u.part[i]);
}

/** LANES words of features from `p`, of which `count` numbers exist. */
INLINE Vec load_feature_words(LkDType dtype, const void *p, int64_t count)
{
#if ATTENTION_PAIR == 2
    uint64_t n = count <= 0 ? 0 : count > 32 ? 32 : (uint64_t)count;
    return (Vec)_mm512_maskz_loadu_epi16((__mmask32)((UINT64_C(1) << n) - 1), p);
#else
    return load_elements(dtype, p, count);
#endif
}

/** Panels with tokens as columns and features as steps, from `tokens` rows at `rows`; columns up to a multiple of LANES
 * and features of a last half word are zero. */
static void pack_tokens(LkDType dtype, const void *rows, int64_t stride, int64_t tokens, int64_t dim, int64_t width,
                        float *panels)
{
    int64_t steps = feature_words(dim), size = (int64_t)lk_dtype_size(dtype);
    for (int64_t token = 0; token < tokens; token += LANES)
        for (int64_t step = 0; step < steps; step += LANES) {
            Vec x[LANES];
            for (int64_t i = 0; i < LANES; i++) {
                int64_t row = token + i < tokens ? token + i : token;
                x[i] = load_feature_words(dtype, (const char *)rows + (row * stride + step * PAIR) * size,
                                          token + i < tokens ? dim - step * PAIR : 0);
            }
            vec_transpose(x);
            int64_t count = steps - step < LANES ? steps - step : LANES;
            for (int64_t i = 0; i < count; i++)
                panel_put(panels, width, steps, token, step + i, x[i]);
        }
}

/** Panels with features as columns and tokens (or pairs of them) as steps first/PAIR .. of `steps`; features up to a
 * multiple of LANES and tokens up to `padded` are zero. */
static void pack_features(LkDType dtype, const void *rows, int64_t stride, int64_t tokens, int64_t padded, int64_t dim,
                          int64_t width, int64_t first, int64_t steps, float *panels)
{
    int64_t size = (int64_t)lk_dtype_size(dtype);
    for (int64_t token = 0; token < padded; token += PAIR)
        for (int64_t column = 0; column < dim; column += LANES) {
            const char *p = (const char *)rows + (token < tokens ? token * stride + column : 0) * size;
            int64_t count = token < tokens ? dim - column : 0;
            Vec x = load_elements(dtype, p, count);
#if ATTENTION_PAIR == 2
            bool second = token + 1 < tokens;
            Vec y = load_elements(dtype, second ? p + stride * size : p, second ? count : 0);
            x = (Vec)((VecWord)y | (VecWord)x >> 16);
#endif
            panel_put(panels, width, steps, column, (first + token) / PAIR, x);
        }
}

/** Writes columns first .. first+count-1 (count at most LANES) of [features][width] as rows of tokens, each number
 * times its column's `factor`. `features` are readable up to a multiple of LANES. */
static void unpack_tokens(const float *features, int64_t width, int64_t dim, Vec factor, LkAttentionRows to,
                          int64_t first, int64_t count)
{
    int64_t size = (int64_t)lk_dtype_size(to.dtype);
    for (int64_t d = 0; d < dim; d += LANES) {
        Vec x[LANES];
        for (int i = 0; i < LANES; i++)
            x[i] = vec_load(features + (d + i) * width) * factor;
        vec_transpose(x);
        for (int64_t i = 0; i < count; i++)
            store_elements(to.dtype, (char *)to.data + ((first + i) * to.stride + d) * size, dim - d, x[i]);
    }
}

static void sum_rows(const float *parts, int64_t apart, int64_t count_parts, int64_t dim, LkAttentionRows to,
                     int64_t first, int64_t count)
{
    int64_t size = (int64_t)lk_dtype_size(to.dtype);
    for (int64_t row = first; row < first + count; row++)
        for (int64_t d = 0; d < dim; d += LANES) {
            Vec sum = load_elements(LK_F32, parts + row * dim + d, dim - d);
            for (int64_t i = 1; i < count_parts; i++)
                sum += load_elements(LK_F32, parts + i * apart + row * dim + d, dim - d);
            store_elements(to.dtype, (char *)to.data + (row * to.stride + d) * size, dim - d, sum);
        }
}
