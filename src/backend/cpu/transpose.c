/* Convolution weights from the file's order to one that oneDNN packs quickly.
 *
 * Packing straight from [out,in,k,k] runs at 1 GB/s, because neither channel is contiguous; from [k,k,in,out] it runs
 * at 10 to 20 GB/s for both directions, and the transposition itself at memory speed. */
#include "backend/cpu/cpu.h"

#include "base/parallel.h"

enum { TILE = 32 }; /* output channels handled together: one cache line of bf16 */

typedef struct Transpose {
    const uint8_t *from;
    uint8_t *to;
    int64_t out, in, area; /* channels, and k·k */
    size_t size;           /* of an element */
} Transpose;

/** One tile of output channels of one input channel, elements of 2 bytes. */
static void tile2(const Transpose *t, int64_t o, int64_t n, int64_t i)
{
    const uint16_t *from = (const uint16_t *)(const void *)t->from + (o * t->in + i) * t->area;
    uint16_t *to = (uint16_t *)(void *)t->to + i * t->out + o;
    for (int64_t k = 0; k < t->area; k++)
        for (int64_t c = 0; c < n; c++)
            to[k * t->in * t->out + c] = from[c * t->in * t->area + k];
}

/** The same for elements of 4 bytes. */
static void tile4(const Transpose *t, int64_t o, int64_t n, int64_t i)
{
    const uint32_t *from = (const uint32_t *)(const void *)t->from + (o * t->in + i) * t->area;
    uint32_t *to = (uint32_t *)(void *)t->to + i * t->out + o;
    for (int64_t k = 0; k < t->area; k++)
        for (int64_t c = 0; c < n; c++)
            to[k * t->in * t->out + c] = from[c * t->in * t->area + k];
}

static void work(void *context, int64_t first, int64_t last)
{
    const Transpose *t = context;
    for (int64_t tile = first; tile < last; tile++) {
        int64_t o = tile * TILE, n = t->out - o < TILE ? t->out - o : TILE;
        for (int64_t i = 0; i < t->in; i++)
            t->size == 2 ? tile2(t, o, n, i) : tile4(t, o, n, i);
    }
}

void lk_cpu_transpose_kernel(const void *from, void *to, const int64_t shape[4], LkDType dtype)
{
    Transpose t = {.from = from,
                   .to = to,
                   .out = shape[0],
                   .in = shape[1],
                   .area = shape[2] * shape[3],
                   .size = lk_dtype_size(dtype)};
    lk_parallel_for((t.out + TILE - 1) / TILE, work, &t);
}
