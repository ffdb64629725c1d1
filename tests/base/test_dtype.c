/* 8-bit floats against torch and against their definition; 16-bit floats against it, and against the processor's. */
#include "base/dtype.h"

#include "tests/tap.h"

#include <math.h>

#include "e4m3_rows.h"

/** What a code of a 16-bit float with 5 bits of exponent stands for. */
static double f16_value(int code)
{
    int exponent = code >> 10 & 31, mantissa = code & 1023;
    double size = exponent == 31 ? (mantissa ? (double)NAN : INFINITY)
                  : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                 : ldexp(mantissa, -24);
    return code & 0x8000 ? -size : size;
}

static bool same_float(float a, float b)
{
    return lk_float_bits(a) == lk_float_bits(b);
}

/** By bits and by the compiler: all codes, floats halfway between two and beside, and many others. */
static void test_f16(void)
{
    int wide = 0, back = 0, halfway = 0, others = 0;
    for (int code = 0; code < 65536; code++) {
        float by_bits = lk_f16_to_f32_by_bits((uint16_t)code);
        double value = f16_value(code);
        wide += isnan(value) ? !isnan(by_bits) : !same_float(by_bits, (float)value);
        wide += !same_float(by_bits, lk_f16_to_f32((uint16_t)code));
        back += !isnan(value) && lk_f32_to_f16_by_bits(by_bits) != code;
    }
    for (int code = 0; code < 0x7c00; code++) {
        float middle = (float)(f16_value(code) + ldexp(1, (code >> 10 > 1 ? code >> 10 : 1) - 26));
        halfway += lk_f32_to_f16_by_bits(middle) != code + (code & 1);
        halfway += lk_f32_to_f16_by_bits(-nextafterf(middle, 0)) != (code | 0x8000);
        halfway += lk_f32_to_f16_by_bits(nextafterf(middle, INFINITY)) != code + 1;
    }
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 7919) {
        float x = lk_bits_float((uint32_t)bits);
        others += lk_f32_to_f16_by_bits(x) != lk_f32_to_f16(x);
    }
    tap_ok(wide == 0 && back == 0, "all 65536 codes of f16 (%d and %d are wrong)", wide, back);
    tap_ok(halfway == 0, "what lies halfway goes to the even one, what lies beside does not (%d do not)", halfway);
    tap_ok(others == 0, "half a million floats are rounded as by the compiler (%d are not)", others);
}

int main(void)
{
    int wrong = 0;
    for (int code = 0; code < 256; code++) {
        int exponent = code >> 3 & 15, mantissa = code & 7;
        double size = exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
        float value = lk_e4m3_to_f32((uint8_t)code);
        if ((code & 0x7f) == 0x7f ? !isnan(value) : value != (code & 0x80 ? -size : size))
            wrong++;
        if ((code & 0x7f) != 0x7f && lk_f32_to_e4m3(value) != code)
            wrong++;
    }
    tap_ok(wrong == 0, "all 256 codes are what they say, and their own nearest (%d are not)", wrong);
    wrong = 0;
    for (size_t i = 0; i < sizeof e4m3_rows / sizeof *e4m3_rows; i++)
        wrong += lk_f32_to_e4m3(lk_bits_float(e4m3_rows[i].bits)) != e4m3_rows[i].code;
    tap_ok(wrong == 0, "%zu floats as torch rounds them (%d are not)", sizeof e4m3_rows / sizeof *e4m3_rows, wrong);
    tap_ok(lk_f32_to_e4m3(1e30f) == 0x7e && lk_f32_to_e4m3(-INFINITY) == 0xfe && lk_f32_to_e4m3(449) == 0x7e,
           "what is too large becomes the largest");
    tap_ok((lk_f32_to_e4m3(NAN) & 0x7f) == 0x7f, "NaN stays one");
    test_f16();
    return tap_done();
}
