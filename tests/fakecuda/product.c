/* Both operands are copied into panels of floats; tiles of 16 x 4 results stay in registers over all of k. */
#include "product.h"

#include "numbers.h"

#include <stdlib.h>

enum { TILE_ROWS = 16, TILE_COLS = 4 };

float fake_half_values[65536];

__attribute__((constructor)) static void fill_half_values(void)
{
    for (int h = 0; h < 65536; h++)
        fake_half_values[h] = lk_f16_to_f32((uint16_t)h);
}

typedef float Vector __attribute__((vector_size(32)));

/** One tile: a is [k][16], b is [k][4]. */
static inline __attribute__((always_inline)) void tile(int64_t k, const float *a, const float *b, float *out)
{
    Vector sum[TILE_COLS][2] = {{{0}}};
    for (int64_t p = 0; p < k; p++) {
        Vector low, high;
        __builtin_memcpy(&low, a + p * TILE_ROWS, sizeof low);
        __builtin_memcpy(&high, a + p * TILE_ROWS + 8, sizeof high);
#pragma GCC unroll 4
        for (int j = 0; j < TILE_COLS; j++) {
            sum[j][0] += low * b[p * TILE_COLS + j];
            sum[j][1] += high * b[p * TILE_COLS + j];
        }
    }
    __builtin_memcpy(out, sum, sizeof sum);
}

static void tile_plain(int64_t k, const float *a, const float *b, float *out)
{
    tile(k, a, b, out);
}

#ifdef __x86_64__
__attribute__((target("avx2,fma"))) static void tile_avx2(int64_t k, const float *a, const float *b, float *out)
{
    tile(k, a, b, out);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define tile_avx2 tile_plain

static bool has_avx2(void)
{
    return false;
}
#endif

/** A panel: lines first..first+width-1 of k elements each, as [k][width], zero behind `lines`. */
static void pack(FakeOperand x, int64_t line_stride, int64_t step, int64_t first, int64_t lines, int width, int64_t k,
                 float *panel)
{
    size_t size = fake_type_bytes(x.type);
    for (int i = 0; i < width; i++) {
        const char *line = (const char *)x.data + (size_t)((first + i) * line_stride) * size;
        for (int64_t p = 0; p < k; p++) {
            float value = first + i < lines ? fake_load(x.type, line, p * step) : 0;
            panel[p * width + i] = x.round ? x.round(value) : value;
        }
    }
}

void fake_product(int64_t m, int64_t n, int64_t k, FakeOperand a, FakeOperand b, float *out)
{
    int64_t col_panels = (n + TILE_COLS - 1) / TILE_COLS;
    float *rows = malloc((size_t)(k * TILE_ROWS) * sizeof *rows);
    float *cols = malloc((size_t)(k * TILE_COLS * col_panels) * sizeof *cols), result[TILE_COLS][TILE_ROWS];
    if (!rows || !cols)
        abort();
    for (int64_t j = 0; j < col_panels; j++)
        pack(b, b.cols, b.rows, j * TILE_COLS, n, TILE_COLS, k, cols + j * TILE_COLS * k);
    for (int64_t i = 0; i < m; i += TILE_ROWS) {
        pack(a, a.rows, a.cols, i, m, TILE_ROWS, k, rows);
        for (int64_t j = 0; j < n; j += TILE_COLS) {
            (has_avx2() ? tile_avx2 : tile_plain)(k, rows, cols + j * k, result[0]);
            for (int64_t y = 0; y < TILE_COLS && j + y < n; y++)
                for (int64_t x = 0; x < TILE_ROWS && i + x < m; x++)
                    out[(j + y) * m + i + x] = result[y][x];
        }
    }
    free(rows);
    free(cols);
}
