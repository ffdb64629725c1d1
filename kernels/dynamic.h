/* The dynamic data type: 8 bits for numbers of seven decades (Dettmers, arXiv:1511.04561). bitsandbytes keeps it as a
 * table (create_dynamic_map); it has a formula.
 *
 * A number's index k counts the numbers of its sign from 0. Index 0 is 0. Then decade i = 0..6, from 10^(i-7) to
 * 10^(i-6), has 2^(i+1) numbers in the unsigned type and 2^i in the signed one, the middles of equal parts. Last, and
 * not among the negative ones, is 1. Codes rise with their numbers: unsigned k, signed 127 + k and 127 - k. */
#pragma once

#include "kernels/types.h"

#include <math.h>
#include <stdint.h>

/** 10^(i - 6) for i = 0..6. */
LK_INLINE float lk_decade(int i)
{
    return i == 0 ? 1e-6f : i == 1 ? 1e-5f : i == 2 ? 1e-4f : i == 3 ? 1e-3f : i == 4 ? 1e-2f : i == 5 ? 1e-1f : 1.0f;
}

/** The number with an index. */
LK_INLINE float lk_dynamic_number(int k, int is_signed)
{
    int fine = !is_signed, i = 0;
    for (int e = 1; e < 7; e++)
        i += k >= (1 << (e + fine)) - fine;
    int parts = 1 << (i + fine), j = k - (parts - fine);
    float number = lk_decade(i) * (0.1f + 0.9f * ((float)j + 0.5f) / (float)parts);
    return k == 0 ? 0.0f : k == (is_signed ? 128 : 255) ? 1.0f : number;
}

/** What a code stands for, times the block's scale. */
LK_INLINE float lk_dynamic_value(int code, int is_signed)
{
    int k = is_signed ? code - 127 : code;
    return k < 0 ? -lk_dynamic_number(-k, 1) : lk_dynamic_number(k, is_signed);
}

/** The code whose number is nearest to x, -1 .. 1 (0 .. 1 unsigned). NaN gives that of 0. */
LK_INLINE int lk_dynamic_code(float x, int is_signed)
{
    int fine = !is_signed, i = 0, last = !is_signed ? 255 : x < 0.0f ? 127 : 128;
    float size = is_signed ? fabsf(x) : x;
    if (!(size > 0.0f))
        return is_signed ? 127 : 0;
    size = size < 1.0f ? size : 1.0f;
    for (int e = 0; e < 6; e++)
        i += size > lk_decade(e);
    int parts = 1 << (i + fine), j = (int)((size / lk_decade(i) - 0.1f) / 0.9f * (float)parts);
    int guess = parts - fine + (j < 0 ? 0 : j > parts ? parts : j), best = guess < last ? guess : last;
    for (int k = best > 0 ? best - 1 : 0; k <= guess + 1 && k <= last; k++)
        if (fabsf(lk_dynamic_number(k, is_signed) - size) < fabsf(lk_dynamic_number(best, is_signed) - size))
            best = k;
    return !is_signed ? best : x < 0.0f ? 127 - best : 127 + best;
}
