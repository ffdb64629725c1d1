/* Frozen weights from the file's type and order to a form of ours: another type, a convolution's taps before its
 * channels, 8-bit codes. A few rows at a time (a row is an output channel), so that no whole copy is made. */
#pragma once

#include "backend/weight_reader.h"

/** How one weight is stored. */
typedef struct LkWeightForm {
    LkDType dtype;      /* f32, bf16, f16, or codes */
    int64_t rows, cols; /* output channels; numbers of each */
    int64_t area;       /* 1, or the taps of a row that go before its channels */
} LkWeightForm;

/** The form of a weight with this shape. */
LkWeightForm lk_weight_form(LkDType dtype, int rank, const int64_t *shape, bool taps_first);

/** Bytes of `rows` rows, without scales. */
int64_t lk_weight_form_bytes(const LkWeightForm *form, int64_t rows);

/** Writes rows first .. last-1 to `to`, which begins with row `first`, on all threads. Codes: scales[0 .. last-first-1]
 * becomes what each row's codes are multiplied by: its largest number over the codes' largest. A row with a number that
 * is none becomes a row of them. False where the weight cannot be read or memory is short. */
bool lk_weight_form_write(const LkWeightForm *form, const LkWeightReader *reader, int64_t first, int64_t last, void *to,
                          float *scales, LkError *error);
