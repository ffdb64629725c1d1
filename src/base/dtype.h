/* Element types and their bits. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum LkDType {
    LK_F32,
    LK_BF16,
    LK_F16,
    LK_F64, /* the reference backend only */
    LK_I32,
    LK_I8,   /* -127 .. 127 */
    LK_E4M3, /* 8 bits with 4 of exponent and 3 of mantissa, no infinities: what fp8 means for weights */
    LK_DTYPE_COUNT
} LkDType;

/** Bytes of one element. */
static inline size_t lk_dtype_size(LkDType dtype)
{
    static const uint8_t sizes[LK_DTYPE_COUNT] = {4, 2, 2, 8, 4, 1, 1};
    return sizes[dtype];
}

/** "f32", "bf16", … */
static inline const char *lk_dtype_name(LkDType dtype)
{
    static const char *const names[LK_DTYPE_COUNT] = {"f32", "bf16", "f16", "f64", "i32", "i8", "e4m3"};
    return names[dtype];
}

static inline uint32_t lk_float_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float lk_bits_float(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline float lk_bf16_to_f32(uint16_t h)
{
    return lk_bits_float((uint32_t)h << 16);
}

/** Round to nearest even; NaN stays a NaN. */
static inline uint16_t lk_f32_to_bf16(float x)
{
    uint32_t u = lk_float_bits(x);
    uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    uint32_t nan = (u >> 16) | 0x40u;
    return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

/** By whole numbers: for compilers that have no _Float16 (GCC before 12). */
static inline float lk_f16_to_f32_by_bits(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, size = (uint32_t)(h & 0x7fff) << 13;
    if (size >= 0x0f800000u) /* infinity; NaN, made quiet as processors do */
        return lk_bits_float(sign | 0x7f800000u | (size & 0x7fe000u) | (size & 0x7fe000u ? 0x400000u : 0));
    /* The exponents' biases are 15 and 127; small numbers of the one are small numbers of the other. */
    return lk_bits_float(sign | lk_float_bits(lk_bits_float(size) * 0x1p112f));
}

/** Round to nearest even; what is too large becomes infinite, NaN stays a NaN. */
static inline uint16_t lk_f32_to_f16_by_bits(float f)
{
    uint32_t bits = lk_float_bits(f), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00 | (size >> 13 & 0x3ff));
    if (size >= 0x47800000u)
        return (uint16_t)(sign | 0x7c00);
    if (size < 0x38800000u) /* the last place of 0.5 is half the smallest number's: the sum is rounded there */
        return (uint16_t)(sign | (lk_float_bits(lk_bits_float(size) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | ((size + 0xfff + (size >> 13 & 1) - 0x38000000u) >> 13));
}

static inline float lk_f16_to_f32(uint16_t h)
{
#ifdef __FLT16_MANT_DIG__
    _Static_assert(sizeof(_Float16) == 2, "half precision");
    _Float16 x;
    memcpy(&x, &h, sizeof x);
    return (float)x;
#else
    return lk_f16_to_f32_by_bits(h);
#endif
}

static inline uint16_t lk_f32_to_f16(float f)
{
#ifdef __FLT16_MANT_DIG__
    _Float16 x = (_Float16)f;
    uint16_t h;
    memcpy(&h, &x, sizeof h);
    return h;
#else
    return lk_f32_to_f16_by_bits(f);
#endif
}

/** The largest number of 8 bits with 4 of exponent. */
#define LK_E4M3_MAX 448.0f

/** Micikevicius et al., arXiv:2209.05433. 0x7f and 0xff are NaN. */
static inline float lk_e4m3_to_f32(uint8_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x80) << 24;
    if ((bits & 0x7f) == 0x7f)
        return lk_bits_float(sign | 0x7fc00000u);
    /* The exponents' biases are 7 and 127; small numbers of the one are small numbers of the other. */
    return lk_bits_float(sign | (uint32_t)(bits & 0x7f) << 20) * 0x1p120f;
}

/** Round to nearest even; what is too large becomes the largest number, NaN stays a NaN. */
static inline uint8_t lk_f32_to_e4m3(float x)
{
    uint32_t u = lk_float_bits(x), sign = u >> 24 & 0x80, magnitude = u & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint8_t)(sign | 0x7f);
    float size = lk_bits_float(magnitude);
    if (size >= LK_E4M3_MAX)
        return (uint8_t)(sign | 0x7e);
    if (size < 0x1p-6f) { /* steps of 2^-9: adding 2^14 leaves whole steps in the mantissa's last bits */
        float steps = size + 0x1p14f;
        return (uint8_t)(sign | (lk_float_bits(steps) - lk_float_bits(0x1p14f)));
    }
    uint32_t rounded = magnitude + 0x7ffffu + (magnitude >> 20 & 1u);
    return (uint8_t)(sign | ((rounded >> 20) - (120u << 3)));
}
