/* Element types of kernels: how bits become float and back. One source for C and CUDA C++. */
#pragma once

#include <stdint.h>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define LK_INLINE __device__ static __forceinline__
#else
#include "base/dtype.h"

#include <string.h>
#define LK_INLINE static inline __attribute__((always_inline, unused))
#endif

typedef struct LkBf16 {
    uint16_t bits;
} LkBf16;

typedef struct LkF16 {
    uint16_t bits;
} LkF16;

/* The codes of quantised weights: whole numbers, and 8-bit floats with 4 bits of exponent. */
typedef struct LkInt8 {
    int8_t bits;
} LkInt8;

typedef struct LkE4m3 {
    uint8_t bits;
} LkE4m3;

/* 16 bytes, as a GPU moves them. */
#ifdef __CUDACC__
typedef uint4 LkWord;
#else
typedef struct LkWord {
    _Alignas(16) uint32_t word[4];
} LkWord;
#endif

#ifdef __CUDACC__

LK_INLINE uint32_t lk_to_bits(float x)
{
    return __float_as_uint(x);
}

LK_INLINE float lk_from_bits(uint32_t u)
{
    return __uint_as_float(u);
}

/* As lk_e4m3_to_f32, without its test for NaN: there is no such code in a weight. */
LK_INLINE float lk_e4m3_value(uint8_t bits)
{
    return lk_from_bits((uint32_t)(bits & 0x80) << 24 | (uint32_t)(bits & 0x7f) << 20) * 0x1p120f;
}

LK_INLINE float lk_load(const float *p)
{
    return *p;
}

LK_INLINE float lk_load(const LkBf16 *p)
{
    return __uint_as_float((uint32_t)p->bits << 16);
}

LK_INLINE float lk_load(const LkF16 *p)
{
    return __half2float(__ushort_as_half(p->bits));
}

LK_INLINE float lk_load(const LkInt8 *p)
{
    return (float)p->bits;
}

LK_INLINE float lk_load(const LkE4m3 *p)
{
    return lk_e4m3_value(p->bits);
}

LK_INLINE void lk_store(float *p, float x)
{
    *p = x;
}

LK_INLINE void lk_store(LkBf16 *p, float x)
{
    p->bits = __bfloat16_as_ushort(__float2bfloat16_rn(x));
}

LK_INLINE void lk_store(LkF16 *p, float x)
{
    p->bits = __half_as_ushort(__float2half_rn(x));
}

#else

LK_INLINE uint32_t lk_to_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

LK_INLINE float lk_from_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

LK_INLINE float lk_load_int8(const LkInt8 *p)
{
    return (float)p->bits;
}

/* As lk_e4m3_to_f32, without its test for NaN: there is no such code in a weight. */
LK_INLINE float lk_load_e4m3(const LkE4m3 *p)
{
    return lk_from_bits((uint32_t)(p->bits & 0x80) << 24 | (uint32_t)(p->bits & 0x7f) << 20) * 0x1p120f;
}

LK_INLINE float lk_load_f32(const float *p)
{
    return *p;
}

LK_INLINE float lk_load_bf16(const LkBf16 *p)
{
    return lk_from_bits((uint32_t)p->bits << 16);
}

LK_INLINE float lk_load_f16(const LkF16 *p)
{
    return lk_f16_to_f32(p->bits);
}

LK_INLINE void lk_store_f32(float *p, float x)
{
    *p = x;
}

/* Round to nearest even; NaN stays a NaN. Without branches, so that loops vectorise. */
LK_INLINE void lk_store_bf16(LkBf16 *p, float x)
{
    uint32_t u = lk_to_bits(x);
    uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    p->bits = (uint16_t)(x != x ? 0x7fffu : rounded);
}

LK_INLINE void lk_store_f16(LkF16 *p, float x)
{
    p->bits = lk_f32_to_f16(x);
}

#define lk_load(p)                                                                                                     \
    _Generic(*(p),                                                                                                     \
        float: lk_load_f32,                                                                                            \
        LkBf16: lk_load_bf16,                                                                                          \
        LkF16: lk_load_f16,                                                                                            \
        LkInt8: lk_load_int8,                                                                                          \
        LkE4m3: lk_load_e4m3)(p)
#define lk_store(p, x) _Generic(*(p), float: lk_store_f32, LkBf16: lk_store_bf16, LkF16: lk_store_f16)(p, x)

#endif
