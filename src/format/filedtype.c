#include "format/filedtype.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian and read as they are");

static const struct {
    const char *name;
    size_t size;
} dtypes[LK_FILE_DTYPES] = {
    [LK_FILE_F64] = {"F64", 8},   [LK_FILE_F32] = {"F32", 4},         [LK_FILE_F16] = {"F16", 2},
    [LK_FILE_BF16] = {"BF16", 2}, [LK_FILE_I64] = {"I64", 8},         [LK_FILE_I32] = {"I32", 4},
    [LK_FILE_I16] = {"I16", 2},   [LK_FILE_I8] = {"I8", 1},           [LK_FILE_U64] = {"U64", 8},
    [LK_FILE_U32] = {"U32", 4},   [LK_FILE_U16] = {"U16", 2},         [LK_FILE_U8] = {"U8", 1},
    [LK_FILE_BOOL] = {"BOOL", 1}, [LK_FILE_F8_E4M3] = {"F8_E4M3", 1}, [LK_FILE_F8_E5M2] = {"F8_E5M2", 1},
};

size_t lk_file_dtype_size(LkFileDType dtype)
{
    return (unsigned)dtype < LK_FILE_DTYPES ? dtypes[dtype].size : 0;
}

const char *lk_file_dtype_name(LkFileDType dtype)
{
    return (unsigned)dtype < LK_FILE_DTYPES ? dtypes[dtype].name : "?";
}

bool lk_file_dtype_from_name(const char *name, LkFileDType *dtype)
{
    for (int i = 0; i < LK_FILE_DTYPES; i++)
        if (strcmp(dtypes[i].name, name) == 0) {
            *dtype = (LkFileDType)i;
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------------------------- single numbers
 * Branch-free, so that loops over them vectorise; and without subnormal float32 arithmetic, which a library may have
 * switched off for the thread. */

static inline float bits_to_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t float_to_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline uint32_t choose(int condition, uint32_t yes, uint32_t no)
{
    return condition ? yes : no;
}

/* 1 sign, 5 exponent (bias 15), 10 mantissa bits. */
static inline float half_to_float(uint16_t h)
{
    uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
    uint32_t exponent = magnitude & 0x0f800000;
    uint32_t normal = magnitude + ((127 - 15) << 23);
    uint32_t special = magnitude + ((255 - 31) << 23); /* infinity and NaN */
    /* Subnormal: 2^-14 with the mantissa put in, less 2^-14, is the mantissa times 2^-24, exactly. */
    uint32_t subnormal = float_to_bits(bits_to_float((113u << 23) | magnitude) - 0x1p-14f);
    uint32_t bits = choose(exponent == 0, subnormal, choose(exponent == 0x0f800000, special, normal));
    return bits_to_float(bits | (uint32_t)(h & 0x8000) << 16);
}

static inline uint16_t float_to_half(float f)
{
    uint32_t bits = float_to_bits(f), magnitude = bits & 0x7fffffff;
    /* Normal: rebias, then add half of the last kept place less one, plus one where that place is odd. */
    uint32_t normal = (magnitude - ((127u - 15) << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    /* Below 2^-14: adding 1/2 lets the adder round to multiples of 2^-24. */
    uint32_t subnormal = float_to_bits(bits_to_float(magnitude) + 0.5f) - float_to_bits(0.5f);
    uint32_t large = choose(magnitude > 0x7f800000, 0x7e00, 0x7c00);
    uint32_t result = choose(magnitude >= 0x47800000, large, choose(magnitude < 0x38800000, subnormal, normal));
    return (uint16_t)(result | (bits >> 16 & 0x8000));
}

static inline float brain_to_float(uint16_t b)
{
    return bits_to_float((uint32_t)b << 16);
}

static inline uint16_t float_to_brain(float f)
{
    uint32_t bits = float_to_bits(f);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    uint32_t nan = (bits >> 16 & 0x8000) | 0x7fc0;
    return (uint16_t)choose((bits & 0x7fffffff) > 0x7f800000, nan, rounded);
}

/* 1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinity, all ones is NaN. */
static inline float e4m3_to_float(uint8_t b)
{
    uint32_t magnitude = (uint32_t)(b & 0x7f) << 20;
    uint32_t normal = magnitude + ((127 - 7) << 23);
    uint32_t subnormal = float_to_bits(bits_to_float((121u << 23) | magnitude) - 0x1p-6f);
    uint32_t bits = choose((b & 0x7f) == 0x7f, 0x7fc00000, choose((b & 0x78) == 0, subnormal, normal));
    return bits_to_float(bits | (uint32_t)(b & 0x80) << 24);
}

/* The upper half of a float16. */
static inline float e5m2_to_float(uint8_t b)
{
    return half_to_float((uint16_t)(b << 8));
}

static inline float same(float f)
{
    return f;
}

static inline float number_from_bool(uint8_t b)
{
    return b ? 1.0f : 0.0f;
}

/* ------------------------------------------------------------------------------------------- loops
 * Each loop exists twice: for any processor, and for one with AVX2, which is chosen at run time. Both give the same
 * bits. */

#if defined __x86_64__
#define FOR_AVX2 __attribute__((target("avx2")))
#else
#define FOR_AVX2
#endif

typedef void Loop(const uint8_t *restrict in, uint8_t *restrict out, size_t count);

/* memcpy of one element: numbers in a file may stand at any address. */
#define LOOP(name, attribute, from, to, convert)                                                                       \
    attribute static void name(const uint8_t *restrict in, uint8_t *restrict out, size_t count)                        \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            from value;                                                                                                \
            memcpy(&value, in + i * sizeof value, sizeof value);                                                       \
            to result = convert(value);                                                                                \
            memcpy(out + i * sizeof result, &result, sizeof result);                                                   \
        }                                                                                                              \
    }
#define LOOPS(name, from, to, convert)                                                                                 \
    LOOP(name##_any, , from, to, convert)                                                                              \
    LOOP(name##_avx2, FOR_AVX2, from, to, convert)

LOOPS(from_f64, double, float, (float))
LOOPS(same_f32, float, float, same)
LOOPS(from_f16, uint16_t, float, half_to_float)
LOOPS(from_bf16, uint16_t, float, brain_to_float)
LOOPS(from_i64, int64_t, float, (float))
LOOPS(from_i32, int32_t, float, (float))
LOOPS(from_i16, int16_t, float, (float))
LOOPS(from_i8, int8_t, float, (float))
LOOPS(from_u64, uint64_t, float, (float))
LOOPS(from_u32, uint32_t, float, (float))
LOOPS(from_u16, uint16_t, float, (float))
LOOPS(from_u8, uint8_t, float, (float))
LOOPS(from_bool, uint8_t, float, number_from_bool)
LOOPS(from_e4m3, uint8_t, float, e4m3_to_float)
LOOPS(from_e5m2, uint8_t, float, e5m2_to_float)
LOOPS(to_f64, float, double, (double))
LOOPS(to_f16, float, uint16_t, float_to_half)
LOOPS(to_bf16, float, uint16_t, float_to_brain)

typedef struct Variants {
    Loop *any, *avx2;
} Variants;

#define VARIANTS(name) {name##_any, name##_avx2}

static const Variants to_f32[LK_FILE_DTYPES] = {
    [LK_FILE_F64] = VARIANTS(from_f64),      [LK_FILE_F32] = VARIANTS(same_f32),
    [LK_FILE_F16] = VARIANTS(from_f16),      [LK_FILE_BF16] = VARIANTS(from_bf16),
    [LK_FILE_I64] = VARIANTS(from_i64),      [LK_FILE_I32] = VARIANTS(from_i32),
    [LK_FILE_I16] = VARIANTS(from_i16),      [LK_FILE_I8] = VARIANTS(from_i8),
    [LK_FILE_U64] = VARIANTS(from_u64),      [LK_FILE_U32] = VARIANTS(from_u32),
    [LK_FILE_U16] = VARIANTS(from_u16),      [LK_FILE_U8] = VARIANTS(from_u8),
    [LK_FILE_BOOL] = VARIANTS(from_bool),    [LK_FILE_F8_E4M3] = VARIANTS(from_e4m3),
    [LK_FILE_F8_E5M2] = VARIANTS(from_e5m2),
};

static const Variants from_f32[LK_FILE_DTYPES] = {
    [LK_FILE_F64] = VARIANTS(to_f64),
    [LK_FILE_F32] = VARIANTS(same_f32),
    [LK_FILE_F16] = VARIANTS(to_f16),
    [LK_FILE_BF16] = VARIANTS(to_bf16),
};

static Loop *choose_loop(const Variants *variants)
{
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return variants->avx2;
#endif
    return variants->any;
}

/* ------------------------------------------------------------------------------------------ threads */

#define PIECE ((size_t)1 << 16) /* elements; below one piece a second thread costs more than it saves */

typedef struct Conversion {
    Loop *loop;
    const uint8_t *in;
    uint8_t *out;
    size_t in_size, out_size; /* of one element */
    size_t count;
} Conversion;

static void convert_pieces(void *context, int64_t first, int64_t last)
{
    const Conversion *c = context;
    size_t begin = (size_t)first * PIECE, end = (size_t)last * PIECE;
    if (end > c->count)
        end = c->count;
    c->loop(c->in + begin * c->in_size, c->out + begin * c->out_size, end - begin);
}

static void convert(Conversion conversion)
{
    if (conversion.count)
        lk_parallel_for((int64_t)((conversion.count - 1) / PIECE + 1), convert_pieces, &conversion);
}

void lk_dtype_to_f32(LkFileDType dtype, const void *in, float *out, size_t count)
{
    if ((unsigned)dtype >= LK_FILE_DTYPES)
        return;
    convert((Conversion){.loop = choose_loop(&to_f32[dtype]),
                         .in = in,
                         .out = (uint8_t *)out,
                         .in_size = lk_file_dtype_size(dtype),
                         .out_size = sizeof *out,
                         .count = count});
}

bool lk_f32_to_dtype(LkFileDType dtype, const float *in, void *out, size_t count)
{
    if ((unsigned)dtype >= LK_FILE_DTYPES || !from_f32[dtype].any)
        return false;
    convert((Conversion){.loop = choose_loop(&from_f32[dtype]),
                         .in = (const uint8_t *)in,
                         .out = out,
                         .in_size = sizeof *in,
                         .out_size = lk_file_dtype_size(dtype),
                         .count = count});
    return true;
}
