/* 8-bit floats against torch and against their definition. */
#include "base/dtype.h"

#include "tests/tap.h"

#include <math.h>

#include "e4m3_rows.h"

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
    return tap_done();
}
