#include "roof.h"

#include "base/parallel.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { CHAINS = 16, ROUNDS = 1 << 20, TRIES = 8 };

/* Sixteen independent chains hide the latency. The asm keeps the compiler from folding them. */
__attribute__((target("avx512f"))) static void chain_f32(void *context, int64_t first, int64_t last)
{
    (void)context, (void)first, (void)last;
    __m512 a[CHAINS], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
        a[i] = _mm512_set1_ps((float)i);
    for (int round = 0; round < ROUNDS; round++)
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++)
            a[i] = _mm512_fmadd_ps(a[i], x, y);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
        __asm__ volatile("" : : "v"(a[i]));
}

__attribute__((target("avx512f,avx512bf16"))) static void chain_bf16(void *context, int64_t first, int64_t last)
{
    (void)context, (void)first, (void)last;
    __m512 a[CHAINS];
    __m512bh x = (__m512bh)_mm512_set1_epi32(0x3f803f80), y = (__m512bh)_mm512_set1_epi32(0x3a833a83);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
        a[i] = _mm512_set1_ps((float)i);
    for (int round = 0; round < ROUNDS; round++)
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++)
            a[i] = _mm512_dpbf16_ps(a[i], x, y);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
        __asm__ volatile("" : : "v"(a[i]));
}

double roof_flops(LkDType dtype)
{
    bool bf16 = dtype == LK_BF16;
    if (bf16 ? !__builtin_cpu_supports("avx512bf16") : !__builtin_cpu_supports("avx512f"))
        return 0;
    double best = 1e9, flops = (bf16 ? 64.0 : 32.0) * CHAINS * ROUNDS * lk_parallel_threads();
    for (int i = 0; i < TRIES; i++) {
        double t = now();
        lk_parallel_for(lk_parallel_threads(), bf16 ? chain_bf16 : chain_f32, NULL);
        t = now() - t;
        best = t < best ? t : best;
    }
    return flops / best;
}

typedef struct Copy {
    char *to, *from;
} Copy;

static void copy_part(void *context, int64_t first, int64_t last)
{
    Copy *copy = context;
    memcpy(copy->to + first, copy->from + first, (size_t)(last - first));
}

double roof_bytes(void)
{
    const int64_t bytes = 64 << 20;
    Copy copy = {malloc((size_t)bytes), malloc((size_t)bytes)};
    double best = 1e9;
    if (copy.to && copy.from) {
        memset(copy.from, 1, (size_t)bytes);
        for (int i = 0; i < TRIES; i++) {
            double t = now();
            lk_parallel_for(bytes, copy_part, &copy);
            t = now() - t;
            best = t < best ? t : best;
        }
    }
    free(copy.to);
    free(copy.from);
    return 2 * (double)bytes / best;
}
