#include "backend/weight_form.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16 }; /* bytes of rows that a thread reads at once: they stay in its cache */

/** What the threads share. */
typedef struct Writing {
    const LkWeightForm *form;
    const LkWeightReader *reader;
    int64_t first;
    uint8_t *to;
    float *scales;
    LkFirstError error;
} Writing;

/** Memory of one thread. */
typedef struct Rows {
    uint8_t *raw; /* `most` rows as the file has them */
    float *row;   /* two of them: read, and in another order */
    int64_t most;
} Rows;

LkWeightForm lk_weight_form(LkDType dtype, int rank, const int64_t *shape, bool taps_first)
{
    int64_t cols = 1;
    for (int i = 1; i < rank; i++)
        cols *= shape[i];
    return (LkWeightForm){.dtype = dtype,
                          .rows = rank ? shape[0] : 1,
                          .cols = cols,
                          .area = taps_first && rank == 4 ? shape[2] * shape[3] : 1};
}

int64_t lk_weight_form_bytes(const LkWeightForm *form, int64_t rows)
{
    return rows * form->cols * (int64_t)lk_dtype_size(form->dtype);
}

/** One row as the file has it, as f32. */
static void widen(const void *from, LkDType type, int64_t n, float *out)
{
    const uint16_t *half = from;
    switch (type) {
    case LK_BF16:
        for (int64_t i = 0; i < n; i++)
            out[i] = lk_bf16_to_f32(half[i]);
        break;
    case LK_F16:
        for (int64_t i = 0; i < n; i++)
            out[i] = lk_f16_to_f32(half[i]);
        break;
    case LK_F64:
        for (int64_t i = 0; i < n; i++)
            out[i] = (float)((const double *)from)[i];
        break;
    case LK_E4M3:
        for (int64_t i = 0; i < n; i++)
            out[i] = lk_e4m3_to_f32(((const uint8_t *)from)[i]);
        break;
    default:
        memcpy(out, from, (size_t)n * sizeof *out);
        break;
    }
}

/** [I, area] as [area, I]. */
static const float *turned(const LkWeightForm *form, const float *row, float *out)
{
    int64_t channels = form->cols / form->area;
    if (form->area == 1)
        return row;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t p = 0; p < form->area; p++)
            out[p * channels + c] = row[c * form->area + p];
    return out;
}

/** The largest magnitude of a row; NaN where the row has one. */
static float largest(const float *row, int64_t n)
{
    float most = 0;
    for (int64_t i = 0; i < n; i++) {
        float size = fabsf(row[i]);
        if (!(size <= most))
            most = size;
        if (isnan(most))
            break;
    }
    return most;
}

/** Codes of a row; returns its scale. */
static float write_codes(LkDType dtype, const float *row, int64_t n, uint8_t *codes)
{
    float most = largest(row, n), scale = most / (dtype == LK_I8 ? 127.0f : LK_E4M3_MAX);
    if (!(scale > 0) || !isfinite(scale)) { /* what is multiplied by zero or NaN does not matter */
        for (int64_t i = 0; i < n; i++)
            codes[i] = 1;
        return most <= 0x1p-120f ? 0 : NAN;
    }
    if (dtype == LK_I8) {
        for (int64_t i = 0; i < n; i++)
            codes[i] = (uint8_t)(int8_t)lrintf(row[i] / scale);
    } else {
        for (int64_t i = 0; i < n; i++)
            codes[i] = lk_f32_to_e4m3(row[i] / scale);
    }
    return scale;
}

static void write_row(const LkWeightForm *form, const float *row, void *to)
{
    uint16_t *half = to;
    switch (form->dtype) {
    case LK_BF16:
        for (int64_t i = 0; i < form->cols; i++)
            half[i] = lk_f32_to_bf16(row[i]);
        break;
    case LK_F16:
        for (int64_t i = 0; i < form->cols; i++)
            half[i] = lk_f32_to_f16(row[i]);
        break;
    default:
        memcpy(to, row, (size_t)form->cols * sizeof *row);
        break;
    }
}

static bool rows_init(Rows *rows, const Writing *w, LkError *error)
{
    const size_t row_bytes = (size_t)w->form->cols * lk_dtype_size(w->reader->weight.dtype);
    rows->most = row_bytes < PIECE ? (int64_t)(PIECE / row_bytes) : 1;
    rows->raw = malloc((size_t)rows->most * row_bytes);
    rows->row = malloc((size_t)w->form->cols * 2 * sizeof *rows->row);
    return (rows->raw && rows->row) ||
           lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to convert the model's weights.");
}

/** Row number i of those to be written, from its bytes. */
static void write_one(const Writing *w, int64_t i, const uint8_t *raw, float *row)
{
    const LkWeightForm *form = w->form;
    widen(raw, w->reader->weight.dtype, form->cols, row);
    const float *in_order = turned(form, row, row + form->cols);
    uint8_t *to = w->to + lk_weight_form_bytes(form, i);
    if (lk_dtype_is_code(form->dtype))
        w->scales[i] = write_codes(form->dtype, in_order, form->cols, to);
    else
        write_row(form, in_order, to);
}

static bool write_piece(const Writing *w, const Rows *rows, int64_t first, int64_t count, LkError *error)
{
    const int64_t cols = w->form->cols;
    const size_t row_bytes = (size_t)cols * lk_dtype_size(w->reader->weight.dtype);
    if (!lk_weight_reader_get(w->reader, (w->first + first) * cols, count * cols, rows->raw, error))
        return false;
    for (int64_t i = 0; i < count; i++)
        write_one(w, first + i, rows->raw + (size_t)i * row_bytes, rows->row);
    return true;
}

static void write_rows(void *context, int64_t first, int64_t last)
{
    Writing *w = context;
    Rows rows = {0};
    LkError problem = {0};
    bool ok = rows_init(&rows, w, &problem);
    for (int64_t i = first; ok && i < last; i += rows.most)
        ok = write_piece(w, &rows, i, last - i < rows.most ? last - i : rows.most, &problem);
    if (!ok)
        lk_first_error_set(&w->error, &problem);
    free(rows.raw);
    free(rows.row);
}

bool lk_weight_form_write(const LkWeightForm *form, const LkWeightReader *reader, int64_t first, int64_t last, void *to,
                          float *scales, LkError *error)
{
    Writing w = {.form = form, .reader = reader, .first = first, .to = to, .scales = scales};
    lk_parallel_for(last - first, write_rows, &w);
    return lk_first_error_give(&w.error, error);
}
