/* Number conversion against arithmetic in double precision: all 16-bit and 8-bit values, and float32 values at and
 * beside every place where rounding turns. */
#include "base/parallel.h"
#include "base/philox.h"
#include "format/filedtype.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A small float type: its bits mean what IEEE 754 says. */
typedef struct Kind {
    const char *name;
    LkFileDType dtype;
    int exponent_bits, mantissa_bits;
    bool infinity; /* else the top exponent holds numbers, and all ones NaN */
} Kind;

static const Kind kinds[] = {
    {"float16", LK_FILE_F16, 5, 10, true},
    {"bfloat16", LK_FILE_BF16, 8, 7, true},
    {"float8 e4m3", LK_FILE_F8_E4M3, 4, 3, false},
    {"float8 e5m2", LK_FILE_F8_E5M2, 5, 2, true},
};

static double value_of(const Kind *kind, unsigned bits)
{
    int bias = (1 << (kind->exponent_bits - 1)) - 1, top = (1 << kind->exponent_bits) - 1;
    unsigned ones = (1u << kind->mantissa_bits) - 1, mantissa = bits & ones;
    int exponent = (int)(bits >> kind->mantissa_bits) & top;
    double sign = bits >> (kind->exponent_bits + kind->mantissa_bits) ? -1 : 1;
    if (exponent == top && kind->infinity)
        return mantissa ? (double)NAN : sign * (double)INFINITY;
    if (exponent == top && mantissa == ones)
        return (double)NAN;
    if (exponent == 0)
        return sign * ldexp(mantissa, 1 - bias - kind->mantissa_bits);
    return sign * ldexp(mantissa + ones + 1.0, exponent - bias - kind->mantissa_bits);
}

static void test_decoding(void)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const Kind *kind = &kinds[k];
        size_t size = lk_file_dtype_size(kind->dtype), count = (size_t)1 << 8 * size;
        uint8_t *bytes = malloc(count * size + 1);
        float *out = malloc(count * sizeof *out);
        /* At an odd address: files need not align. */
        for (size_t i = 0; i < count; i++)
            memcpy(bytes + 1 + i * size, &i, size);
        lk_dtype_to_f32(kind->dtype, bytes + 1, out, count);
        size_t wrong = 0;
        for (size_t i = 0; i < count; i++) {
            double truth = value_of(kind, (unsigned)i);
            wrong += isnan(truth) ? !isnan(out[i]) : (double)out[i] != truth || !signbit(out[i]) != !signbit(truth);
        }
        tap_ok(wrong == 0, "all %zu values of %s (%zu wrong)", count, kind->name, wrong);
        free(bytes);
        free(out);
    }
}

/* The nearest of the type's values, ties to the even one; by search, sharing nothing with the code under test. */
static unsigned nearest(const Kind *kind, float f)
{
    unsigned sign = signbit(f) ? 0x8000 : 0, low = 0, high = ((1u << kind->exponent_bits) - 1) << kind->mantissa_bits;
    double magnitude = fabs((double)f);
    if (magnitude >= value_of(kind, high - 1)) {
        /* Infinity takes the place of the next value of the grid. */
        double last = value_of(kind, high - 1), step = last - value_of(kind, high - 2);
        return sign | (magnitude >= last + step / 2 ? high : high - 1);
    }
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (value_of(kind, middle) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double below = magnitude - value_of(kind, low), above = value_of(kind, high) - magnitude;
    return sign | (below < above || (below == above && low % 2 == 0) ? low : high);
}

static size_t edge_values(const Kind *kind, float *out)
{
    size_t count = 0;
    unsigned values = ((1u << kind->exponent_bits) - 1) << kind->mantissa_bits;
    for (unsigned v = 0; v + 1 < values; v++) {
        float value = (float)value_of(kind, v), middle = (float)((value_of(kind, v) + value_of(kind, v + 1)) / 2);
        float places[] = {value, middle, nextafterf(middle, 0), nextafterf(middle, INFINITY)};
        for (int i = 0; i < 4; i++) {
            out[count++] = places[i];
            out[count++] = -places[i];
        }
    }
    double last = value_of(kind, values - 1), step = last - value_of(kind, values - 2);
    float turn = (float)(last + step / 2);
    float ends[] = {(float)last, turn, nextafterf(turn, 0), INFINITY, -INFINITY, 3.4028235e38f, -3.4028235e38f};
    for (int i = 0; i < 7; i++)
        out[count++] = ends[i];
    return count;
}

static void test_rounding(void)
{
    for (size_t k = 0; k < 2; k++) {
        const Kind *kind = &kinds[k];
        size_t room = 600000, random = 50000;
        float *in = malloc(room * sizeof *in);
        uint16_t *out = malloc(room * sizeof *out);
        size_t count = edge_values(kind, in);
        for (size_t i = 0; i < random; i++, count++) {
            uint32_t bits = lk_random_u32((LkRandom){.seed = k, .purpose = LK_RANDOM_TEST}, i);
            memcpy(&in[count], &bits, sizeof bits);
            if (isnan(in[count]))
                in[count] = 0;
        }
        bool ok = lk_f32_to_dtype(kind->dtype, in, out, count);
        size_t wrong = 0;
        for (size_t i = 0; i < count; i++)
            wrong += out[i] != nearest(kind, in[i]);
        tap_ok(ok && wrong == 0, "%zu float32 values to %s (%zu wrong)", count, kind->name, wrong);
        free(in);
        free(out);
    }
}

static void test_specials(void)
{
    uint32_t nans[] = {0x7fc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff};
    float in[5], back[5];
    uint16_t half[5];
    memcpy(in, nans, sizeof in);
    bool nan = true, sign = true;
    LkFileDType types[] = {LK_FILE_F16, LK_FILE_BF16};
    for (int t = 0; t < 2; t++) {
        lk_f32_to_dtype(types[t], in, half, 5);
        lk_dtype_to_f32(types[t], half, back, 5);
        for (int i = 0; i < 5; i++) {
            nan &= isnan(back[i]);
            sign &= half[i] >> 15 == nans[i] >> 31;
        }
    }
    tap_ok(nan, "NaN stays NaN, also one whose kept bits are all 0");
    tap_ok(sign, "and keeps its sign");
    float one = 1;
    uint8_t byte;
    tap_ok(!lk_f32_to_dtype(LK_FILE_I8, &one, &byte, 1), "no rounding to integers");
}

static void test_integers(void)
{
    static const struct {
        LkFileDType dtype;
        int64_t in;
        float out;
    } rows[] = {
        {LK_FILE_I8, -128, -128},
        {LK_FILE_U8, 255, 255},
        {LK_FILE_I16, -32768, -32768},
        {LK_FILE_U16, 65535, 65535},
        {LK_FILE_I32, -7, -7},
        {LK_FILE_I32, INT32_MIN, -2147483648.0f},
        {LK_FILE_U32, 4294967295, 4294967296.0f},
        {LK_FILE_I64, INT64_MIN, -9223372036854775808.0f},
        {LK_FILE_U64, -1, 18446744073709551616.0f},
        {LK_FILE_I64, 16777217, 16777216},
        {LK_FILE_BOOL, 1, 1},
        {LK_FILE_BOOL, 0, 0},
        {LK_FILE_BOOL, 255, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float out;
        lk_dtype_to_f32(rows[i].dtype, &rows[i].in, &out, 1);
        tap_ok(out == rows[i].out, "%s %lld", lk_file_dtype_name(rows[i].dtype), (long long)rows[i].in);
    }
    double in[] = {1.0 / 3, 1e300, -0.0};
    float out[3];
    lk_dtype_to_f32(LK_FILE_F64, in, out, 3);
    tap_ok(out[0] == 1.0f / 3 && isinf(out[1]) && signbit(out[2]), "F64");
    double back[3];
    tap_ok(lk_f32_to_dtype(LK_FILE_F64, out, back, 3) && back[0] == (double)out[0], "to F64");
}

static void test_threads(void)
{
    size_t count = 300001;
    float *in = malloc(count * sizeof *in);
    uint16_t *one = malloc(count * 2), *four = malloc(count * 2);
    lk_random_normal((LkRandom){.seed = 3, .purpose = LK_RANDOM_TEST}, 0, in, count);
    lk_parallel_set_threads(1);
    lk_f32_to_dtype(LK_FILE_F16, in, one, count);
    lk_parallel_set_threads(4);
    lk_f32_to_dtype(LK_FILE_F16, in, four, count);
    tap_ok(memcmp(one, four, count * 2) == 0, "four threads convert the same as one");
    lk_parallel_set_threads(0);
    free(in);
    free(one);
    free(four);
}

static void test_names(void)
{
    bool all = true;
    for (int i = 0; i < LK_FILE_DTYPES; i++) {
        LkFileDType found;
        all &= lk_file_dtype_from_name(lk_file_dtype_name((LkFileDType)i), &found) && found == (LkFileDType)i &&
               lk_file_dtype_size(found) > 0;
    }
    LkFileDType none;
    tap_ok(all && !lk_file_dtype_from_name("f32", &none), "names lead to their types, others to none");
}

int main(void)
{
    test_decoding();
    test_rounding();
    test_specials();
    test_integers();
    test_threads();
    test_names();
    return tap_done();
}
