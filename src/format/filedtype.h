/* Number types as files name them, and conversion to and from float32.
 *
 * Conversions round to nearest even (IEEE 754); F8_E4M3 is the "fn" form without infinities (torch.float8_e4m3fn). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum LkFileDType {
    LK_FILE_F64,
    LK_FILE_F32,
    LK_FILE_F16,
    LK_FILE_BF16,
    LK_FILE_I64,
    LK_FILE_I32,
    LK_FILE_I16,
    LK_FILE_I8,
    LK_FILE_U64,
    LK_FILE_U32,
    LK_FILE_U16,
    LK_FILE_U8,
    LK_FILE_BOOL,
    LK_FILE_F8_E4M3,
    LK_FILE_F8_E5M2,
    LK_FILE_DTYPES, /* how many there are */
} LkFileDType;

/** Bytes of one number. */
size_t lk_file_dtype_size(LkFileDType dtype);
/** The name safetensors uses, for example "BF16". */
const char *lk_file_dtype_name(LkFileDType dtype);
/** The type of that name; false where it is not known. */
bool lk_file_dtype_from_name(const char *name, LkFileDType *dtype);

/** `count` numbers of type `dtype` at `in` (any alignment) as float32. Uses all threads where that pays. */
void lk_dtype_to_f32(LkFileDType dtype, const void *in, float *out, size_t count);

/** `count` float32 numbers as `dtype`: F32, F16, BF16 or F64 (false for others). Too large becomes infinity. */
bool lk_f32_to_dtype(LkFileDType dtype, const float *in, void *out, size_t count);
