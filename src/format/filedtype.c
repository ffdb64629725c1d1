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

/* ------------------------------------------------------------------------------------------- loops */

/* memcpy of one element: the file's numbers may stand at any address. */
#define TO_F32(name, type, convert)                                                                                    \
    static void name(const uint8_t *restrict in, float *restrict out, size_t count)                                    \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type value;                                                                                                \
            memcpy(&value, in + i * sizeof value, sizeof value);                                                       \
            out[i] = convert(value);                                                                                   \
        }                                                                                                              \
    }

TO_F32(from_f64, double, (float))
TO_F32(from_f32, float, same)
TO_F32(from_f16, uint16_t, half_to_float)
TO_F32(from_bf16, uint16_t, brain_to_float)
TO_F32(from_i64, int64_t, (float))
TO_F32(from_i32, int32_t, (float))
TO_F32(from_i16, int16_t, (float))
TO_F32(from_i8, int8_t, (float))
TO_F32(from_u64, uint64_t, (float))
TO_F32(from_u32, uint32_t, (float))
TO_F32(from_u16, uint16_t, (float))
TO_F32(from_u8, uint8_t, (float))
TO_F32(from_bool, uint8_t, number_from_bool)
TO_F32(from_e4m3, uint8_t, e4m3_to_float)
TO_F32(from_e5m2, uint8_t, e5m2_to_float)

static void (*const to_f32[LK_FILE_DTYPES])(const uint8_t *restrict, float *restrict, size_t) = {
    [LK_FILE_F64] = from_f64,   [LK_FILE_F32] = from_f32,      [LK_FILE_F16] = from_f16,
    [LK_FILE_BF16] = from_bf16, [LK_FILE_I64] = from_i64,      [LK_FILE_I32] = from_i32,
    [LK_FILE_I16] = from_i16,   [LK_FILE_I8] = from_i8,        [LK_FILE_U64] = from_u64,
    [LK_FILE_U32] = from_u32,   [LK_FILE_U16] = from_u16,      [LK_FILE_U8] = from_u8,
    [LK_FILE_BOOL] = from_bool, [LK_FILE_F8_E4M3] = from_e4m3, [LK_FILE_F8_E5M2] = from_e5m2,
};

#define FROM_F32(name, type, convert)                                                                                  \
    static void name(const float *restrict in, uint8_t *restrict out, size_t count)                                    \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type value = convert(in[i]);                                                                               \
            memcpy(out + i * sizeof value, &value, sizeof value);                                                      \
        }                                                                                                              \
    }

FROM_F32(to_f64, double, (double))
FROM_F32(copy_f32, float, same)
FROM_F32(to_f16, uint16_t, float_to_half)
FROM_F32(to_bf16, uint16_t, float_to_brain)

static void (*const from_float[LK_FILE_DTYPES])(const float *restrict, uint8_t *restrict, size_t) = {
    [LK_FILE_F64] = to_f64,
    [LK_FILE_F32] = copy_f32,
    [LK_FILE_F16] = to_f16,
    [LK_FILE_BF16] = to_bf16,
};

/* ------------------------------------------------------------------------------------------ threads */

#define PIECE ((size_t)1 << 16) /* elements; below one piece a second thread costs more than it saves */

typedef struct Conversion {
    LkFileDType dtype;
    const void *in;
    void *out;
    size_t count;
    bool to_float;
} Conversion;

static void convert_pieces(void *context, int64_t first, int64_t last)
{
    const Conversion *c = context;
    size_t begin = (size_t)first * PIECE, end = (size_t)last * PIECE, size = lk_file_dtype_size(c->dtype);
    if (end > c->count)
        end = c->count;
    if (c->to_float)
        to_f32[c->dtype]((const uint8_t *)c->in + begin * size, (float *)c->out + begin, end - begin);
    else
        from_float[c->dtype]((const float *)c->in + begin, (uint8_t *)c->out + begin * size, end - begin);
}

static void convert(Conversion conversion)
{
    if (conversion.count)
        lk_parallel_for((int64_t)((conversion.count - 1) / PIECE + 1), convert_pieces, &conversion);
}

void lk_dtype_to_f32(LkFileDType dtype, const void *in, float *out, size_t count)
{
    if ((unsigned)dtype < LK_FILE_DTYPES)
        convert((Conversion){.dtype = dtype, .in = in, .out = out, .count = count, .to_float = true});
}

bool lk_f32_to_dtype(LkFileDType dtype, const float *in, void *out, size_t count)
{
    if ((unsigned)dtype >= LK_FILE_DTYPES || !from_float[dtype])
        return false;
    convert((Conversion){.dtype = dtype, .in = in, .out = out, .count = count});
    return true;
}
