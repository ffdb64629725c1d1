/* Vectors of ATTENTION_LANES words for the attention kernels. The including file defines
 *
 *     ATTENTION_LANES  words in a vector: 4, 8 or 16
 *     ATTENTION_ROWS   rows of a block of accumulators, even and a divisor of the lanes
 *     ATTENTION_PAIR   numbers of a product's inner dimension in one word: 1 (f32) or 2 (bf16, low half first)
 *
 * A word is carried as float whatever it holds. Everything here is static: it is compiled once per instruction set. */
#pragma once

#include "base/dtype.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if ATTENTION_LANES >= 8
#include <immintrin.h>
#endif

enum { LANES = ATTENTION_LANES, ROWS = ATTENTION_ROWS, PAIR = ATTENTION_PAIR };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

typedef float Vec __attribute__((vector_size(4 * ATTENTION_LANES)));
typedef int32_t VecInt __attribute__((vector_size(4 * ATTENTION_LANES)));
typedef uint32_t VecWord __attribute__((vector_size(4 * ATTENTION_LANES)));
typedef uint16_t VecHalf __attribute__((vector_size(2 * ATTENTION_LANES)));
typedef uint16_t VecHalfAnywhere __attribute__((vector_size(2 * ATTENTION_LANES), aligned(2), may_alias));
typedef float VecAnywhere __attribute__((vector_size(4 * ATTENTION_LANES), aligned(4), may_alias));

INLINE Vec vec_set(float x)
{
    return x - (Vec){0};
}

INLINE Vec vec_load(const float *p)
{
    return *(const VecAnywhere *)p;
}

INLINE void vec_store(float *p, Vec x)
{
    *(VecAnywhere *)p = x;
}

/** x where the mask's bits are set, else y. */
INLINE Vec vec_select(VecInt mask, Vec x, Vec y)
{
    return (Vec)((mask & (VecInt)x) | (~mask & (VecInt)y));
}

/** The larger one; y if either is a NaN. */
INLINE Vec vec_max(Vec x, Vec y)
{
#if ATTENTION_LANES == 16
    return _mm512_max_ps(x, y);
#elif ATTENTION_LANES == 8
    return _mm256_max_ps(x, y);
#else
    return vec_select(x > y, x, y);
#endif
}

INLINE Vec vec_min(Vec x, Vec y)
{
#if ATTENTION_LANES == 16
    return _mm512_min_ps(x, y);
#elif ATTENTION_LANES == 8
    return _mm256_min_ps(x, y);
#else
    return vec_select(x < y, x, y);
#endif
}

/** 2^f for |f| <= 1/2: minimax polynomials, relative error 2e-9 (7.5e-8 with the roundings; exact for f = 0) or,
 * `coarse`, 7.5e-5. */
INLINE Vec vec_exp2_fraction(Vec f, bool coarse)
{
    if (coarse) {
        Vec p = f * 0.05517166909f + 0.2426111222f;
        p = p * f + 0.6932609855f;
        return p * f + 0.9999280735f;
    }
    Vec p = f * 0.0001535336196f + 0.001339887502f;
    p = p * f + 0.009618436918f;
    p = p * f + 0.05550332367f;
    p = p * f + 0.2402264774f;
    p = p * f + 0.6931471825f;
    return p * f + 1.0f;
}

/** 2^x; a NaN stays one, 0 (or next to it) and Inf (or next to it) at the ends. */
INLINE Vec vec_exp2(Vec x, bool coarse)
{
#if ATTENTION_LANES == 16
    Vec whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_scalef_ps(vec_exp2_fraction(x - whole, coarse), whole);
#else
    const float shift = 12582912; /* 1.5 · 2^23: adding it leaves the rounded integer in the low bits */
    x = vec_min(vec_set(127), vec_max(vec_set(-126), x));
    Vec shifted = x + shift, whole = shifted - shift;
    VecInt exponent = ((VecInt)shifted - (VecInt)vec_set(shift) + 127) << 23;
    return vec_exp2_fraction(x - whole, coarse) * (Vec)exponent;
#endif
}

/** 2^x for probabilities: where products round them to bf16 (2e-3), a coarse one will do. */
INLINE Vec vec_probability(Vec x)
{
    return vec_exp2(x, PAIR == 2);
}

/** log2 of positive normal numbers, to 1e-7: 2/ln 2 · artanh((m-1)/(m+1)) of the mantissa m in [√½, √2). */
INLINE Vec vec_log2(Vec x)
{
    VecInt bits = (VecInt)x - 0x3f3504f3, exponent = bits >> 23;
    Vec m = (Vec)((bits & 0x7fffff) + 0x3f3504f3), s = (m - 1) / (m + 1), s2 = s * s;
    Vec p = s2 * (1.0f / 9) + 1.0f / 7;
    p = p * s2 + 1.0f / 5;
    p = p * s2 + 1.0f / 3;
    p = p * s2 + 1;
    return p * s * 2.885390082f + __builtin_convertvector(exponent, Vec);
}

/** Whether every lane of x is at most `limit` (a NaN is not). */
INLINE bool vec_all_at_most(Vec x, float limit)
{
    VecInt within = x <= limit;
    int32_t all = -1;
    for (int i = 0; i < LANES; i++)
        all &= within[i];
    return all != 0;
}

/** sum + a·b for words: f32 products, or two bf16 products each. */
INLINE Vec vec_mac(Vec sum, Vec a, Vec b)
{
#if ATTENTION_PAIR == 2
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
#else
    return sum + a * b;
#endif
}

#if ATTENTION_LANES == 16
typedef float VecShort __attribute__((vector_size(32)));

/** vec_mac for half a vector b. */
INLINE VecShort vec_mac_short(VecShort sum, Vec a, VecShort b)
{
    VecShort half = _mm512_castps512_ps256(a);
#if ATTENTION_PAIR == 2
    return _mm256_dpbf16_ps(sum, (__m256bh)half, (__m256bh)b);
#else
    return sum + half * b;
#endif
}
#endif

/** Rounds to bf16 (to nearest even; a NaN stays one). */
INLINE VecHalf vec_to_bf16(Vec x)
{
#if ATTENTION_PAIR == 2
    return (VecHalf)_mm512_cvtneps_pbh(x);
#else
    VecWord u = (VecWord)x, rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    VecWord nan = (VecWord)((u & 0x7fffffff) > 0x7f800000);
    return __builtin_convertvector((nan & ((u >> 16) | 0x40)) | (~nan & rounded), VecHalf);
#endif
}

INLINE Vec vec_from_bf16(VecHalf x)
{
    return (Vec)(__builtin_convertvector(x, VecWord) << 16);
}

/** The first `count` (0 or less: none, at most LANES) elements at p, zeros behind. */
INLINE Vec load_elements(LkDType dtype, const void *p, int64_t count)
{
    count = count < 0 ? 0 : count > LANES ? LANES : count;
#if ATTENTION_LANES == 16
    __mmask16 mask = (__mmask16)((1u << count) - 1);
    if (dtype == LK_F32)
        return _mm512_maskz_loadu_ps(mask, p);
    return vec_from_bf16((VecHalf)_mm256_maskz_loadu_epi16(mask, p));
#else
    if (count == LANES)
        return dtype == LK_F32 ? vec_load(p) : vec_from_bf16(*(const VecHalfAnywhere *)p);
    Vec x = {0};
    VecHalf half = {0};
    if (dtype == LK_F32) {
        memcpy(&x, p, (size_t)count * 4);
        return x;
    }
    memcpy(&half, p, (size_t)count * 2);
    return vec_from_bf16(half);
#endif
}

/** Stores the first `count` (1 or more) lanes of x. */
INLINE void store_elements(LkDType dtype, void *p, int64_t count, Vec x)
{
    count = count > LANES ? LANES : count;
#if ATTENTION_LANES == 16
    __mmask16 mask = (__mmask16)((1u << count) - 1);
    if (dtype == LK_F32)
        _mm512_mask_storeu_ps(p, mask, x);
    else
        _mm256_mask_storeu_epi16(p, mask, (__m256i)vec_to_bf16(x));
#else
    if (dtype == LK_F32) {
        if (count == LANES)
            vec_store(p, x);
        else
            memcpy(p, &x, (size_t)count * 4);
        return;
    }
    VecHalf half = vec_to_bf16(x);
    if (count == LANES)
        *(VecHalfAnywhere *)p = half;
    else
        memcpy(p, &half, (size_t)count * 2);
#endif
}

#if ATTENTION_LANES == 16
static const VecInt lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif ATTENTION_LANES == 8
static const VecInt lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7};
#else
static const VecInt lane_numbers = {0, 1, 2, 3};
#endif

/** Lane i is lane from[i] of x and, behind it, y. `from` must be known to the compiler. */
INLINE Vec vec_shuffle(Vec x, Vec y, VecInt from)
{
#ifdef __clang__
    Vec z;
    for (int i = 0; i < LANES; i++)
        z[i] = from[i] < LANES ? x[from[i] % LANES] : y[from[i] % LANES];
    return z;
#else
    return __builtin_shuffle(x, y, from);
#endif
}

/** Exchanges lanes and vectors: x[i][j] becomes x[j][i]. In round h, lanes whose number has bit h swap with vectors
 * whose number has it. */
INLINE void vec_transpose(Vec x[LANES])
{
    UNROLL
    for (int h = 1; h < LANES; h *= 2) {
        VecInt lower = lane_numbers + (lane_numbers & h) * (LANES / h - 1), upper = lower + h;
        UNROLL
        for (int i = 0; i < LANES; i++)
            if (!(i & h)) {
                Vec a = x[i], b = x[i + h];
                x[i] = vec_shuffle(a, b, lower);
                x[i + h] = vec_shuffle(a, b, upper);
            }
    }
}
