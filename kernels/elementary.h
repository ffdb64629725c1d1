/* Elementary functions without branches or tables, so that loops over them vectorise and GPU and CPU agree.
 *
 * Coefficients: own minimax fits (Lawson's weighted least squares in double, then rounded). Errors found by
 * tests/kernels/elementary.c: lk_exp 1 ulp; lk_normal 4e-7 relative. */
#pragma once

#include "kernels/args.h"
#include "kernels/types.h"

#include <math.h>

/** Whether x is a number: x - x is NaN for infinity and NaN. */
LK_INLINE int lk_is_finite(float x)
{
    return x - x == 0.0f;
}

/** -1, 0 or 1; 0 for NaN. */
LK_INLINE float lk_sign(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
}

/** e^x; 0 below -104, infinity above 88.73, NaN for NaN. */
LK_INLINE float lk_exp(float x)
{
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    /* n = round(x / ln 2): adding 1.5 * 2^23 leaves the integer in the low bits. */
    float shifted = x * 1.44269504f + 12582912.0f;
    int32_t n = (int32_t)(lk_to_bits(shifted) - 0x4b400000u);
    float whole = shifted - 12582912.0f;
    /* r = x - n ln 2, with ln 2 in two parts: the first has few bits, so that its product is exact. */
    float r = x - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    float q = 0.00138146021f;
    q = q * r + 0.00836871529f;
    q = q * r + 0.0416683879f;
    q = q * r + 0.166665206f;
    q = q * r + 0.499999934f;
    float p = 1.0f + (r + r * r * q);
    /* Two factors, as 2^n itself may be outside the range of a float. */
    int32_t half = n >> 1;
    return p * lk_from_bits((uint32_t)(half + 127) << 23) * lk_from_bits((uint32_t)(n - half + 127) << 23);
}

LK_INLINE float lk_sigmoid(float x)
{
    return 1.0f / (1.0f + lk_exp(-x));
}

/** The standard normal distribution at x: density exp(-x^2 / 2) / sqrt(2 pi), and function (1 + erf(x / sqrt 2)) / 2.
 *
 * The tail is exp(-x^2 / 2) times a polynomial of u = 1 / (1 + 0.35 |x|), the form of Abramowitz and Stegun 7.1.26. */
typedef struct LkNormal {
    float density, below;
} LkNormal;

LK_INLINE LkNormal lk_normal(float x)
{
    float bell = lk_exp(-0.5f * x * x);
    float u = 1.0f / (1.0f + 0.35f * fabsf(x));
    float q = -0.0291578081f;
    q = q * u + 0.144030578f;
    q = q * u - 0.255838370f;
    q = q * u + 0.159319054f;
    q = q * u - 0.0232119668f;
    q = q * u + 0.105552361f;
    q = q * u + 0.119821318f;
    q = q * u + 0.139863512f;
    q = q * u + 0.139621307f;
    float tail = q * u * bell;
    LkNormal n = {0.398942280f * bell, x < 0.0f ? tail : 1.0f - tail};
    return n;
}

LK_INLINE float lk_silu(float x)
{
    return x * lk_sigmoid(x);
}

LK_INLINE float lk_silu_slope(float x)
{
    float s = lk_sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
}

LK_INLINE float lk_quick_gelu(float x)
{
    return x * lk_sigmoid(1.702f * x);
}

LK_INLINE float lk_quick_gelu_slope(float x)
{
    float s = lk_sigmoid(1.702f * x);
    return s * (1.0f + 1.702f * x * (1.0f - s));
}

LK_INLINE float lk_gelu_erf(float x)
{
    return x * lk_normal(x).below;
}

LK_INLINE float lk_gelu_erf_slope(float x)
{
    LkNormal n = lk_normal(x);
    return n.below + x * n.density;
}

/* (1 + tanh(u)) / 2 = sigmoid(2 u), here with 2 u = sqrt(8 / pi) (x + 0.044715 x^3). */
LK_INLINE float lk_gelu_tanh(float x)
{
    return x * lk_sigmoid(1.59576912f * x * (1.0f + 0.044715f * x * x));
}

LK_INLINE float lk_gelu_tanh_slope(float x)
{
    float s = lk_sigmoid(1.59576912f * x * (1.0f + 0.044715f * x * x));
    return s * (1.0f + 1.59576912f * x * (1.0f + 0.134145f * x * x) * (1.0f - s));
}

/** LkLoss of a difference. The kind is a constant where this is used, so that the branches vanish. */
LK_INLINE float lk_loss_value(int kind, float d, float c)
{
    if (kind == LK_LOSS_L2)
        return d * d;
    if (kind == LK_LOSS_L1)
        return d < 0.0f ? -d : d;
    /* sqrt(d^2 + c^2) - c without cancellation. */
    float root = sqrtf(d * d + c * c);
    float excess = 2.0f * d * d / (root + c);
    return kind == LK_LOSS_HUBER ? c * excess : excess;
}

LK_INLINE float lk_loss_slope(int kind, float d, float c)
{
    if (kind == LK_LOSS_L2)
        return 2.0f * d;
    if (kind == LK_LOSS_L1)
        return d > 0.0f ? 1.0f : d < 0.0f ? -1.0f : d;
    float slope = 2.0f * d / sqrtf(d * d + c * c);
    return kind == LK_LOSS_HUBER ? c * slope : slope;
}
