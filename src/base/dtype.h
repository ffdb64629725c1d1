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
    LK_DTYPE_COUNT
} LkDType;

/** Bytes of one element. */
static inline size_t lk_dtype_size(LkDType dtype)
{
    static const uint8_t sizes[LK_DTYPE_COUNT] = {4, 2, 2, 8, 4};
    return sizes[dtype];
}

/** "f32", "bf16", … */
static inline const char *lk_dtype_name(LkDType dtype)
{
    static const char *const names[LK_DTYPE_COUNT] = {"f32", "bf16", "f16", "f64", "i32"};
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

static inline float lk_f16_to_f32(uint16_t h)
{
    _Static_assert(sizeof(_Float16) == 2, "half precision");
    _Float16 x;
    memcpy(&x, &h, sizeof x);
    return (float)x;
}

static inline uint16_t lk_f32_to_f16(float f)
{
    _Float16 x = (_Float16)f;
    uint16_t h;
    memcpy(&h, &x, sizeof h);
    return h;
}
