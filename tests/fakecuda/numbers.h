/* Elements of the libraries' types as floats. */
#pragma once

#include "base/dtype.h"

#include <library_types.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool fake_type_known(int type)
{
    return type == CUDA_R_32F || type == CUDA_R_16F || type == CUDA_R_16BF;
}

static inline size_t fake_type_bytes(int type)
{
    return type == CUDA_R_32F ? 4 : 2;
}

/** The floats of all 65536 halves: much faster than the conversion where the processor's own may not be used. */
extern float fake_half_values[65536];

static inline float fake_load(int type, const void *data, int64_t index)
{
    return type == CUDA_R_32F   ? ((const float *)data)[index]
           : type == CUDA_R_16F ? fake_half_values[((const uint16_t *)data)[index]]
                                : lk_bf16_to_f32(((const uint16_t *)data)[index]);
}

static inline void fake_store(int type, void *data, int64_t index, float value)
{
    if (type == CUDA_R_32F)
        ((float *)data)[index] = value;
    else
        ((uint16_t *)data)[index] = type == CUDA_R_16F ? lk_f32_to_f16(value) : lk_f32_to_bf16(value);
}

/** As tensor cores take a float where TF32 is allowed: ten bits of mantissa, nearest. */
static inline float fake_tf32(float x)
{
    uint32_t u = lk_float_bits(x);
    return (u & 0x7f800000u) == 0x7f800000u ? x : lk_bits_float((u + 0x1000u) & ~0x1fffu);
}
