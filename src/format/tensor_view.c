#include "format/tensor_view.h"

#include "base/parallel.h"
#include "format/gerror.h"

enum { PIECE = 1 << 16 }; /* bytes that a thread reads and converts at once: they stay in its cache */

int64_t lk_tensor_view_elements(const LkTensorView *view)
{
    return (int64_t)(view->size / lk_file_dtype_size(view->dtype));
}

bool lk_tensor_view_read(const LkTensorView *view, void *out, GError **error)
{
    LkError problem = {0};
    return lk_input_read(view->input, view->offset, out, view->size, &problem) || lk_gerror_take(error, &problem);
}

/* What the threads share. */
typedef struct Conversion {
    const LkTensorView *view;
    float *out;
    LkFirstError error;
} Conversion;

static void convert_pieces(void *context, int64_t first, int64_t last)
{
    Conversion *c = context;
    const LkTensorView *view = c->view;
    const size_t width = lk_file_dtype_size(view->dtype);
    uint8_t bytes[PIECE];
    for (int64_t piece = first; piece < last; piece++) {
        LkError problem = {0};
        const size_t at = (size_t)piece * PIECE, size = MIN(view->size - at, (size_t)PIECE);
        if (!lk_input_read(view->input, view->offset + at, bytes, size, &problem)) {
            lk_first_error_set(&c->error, &problem);
            return;
        }
        lk_dtype_to_f32(view->dtype, bytes, c->out + at / width, size / width);
    }
}

bool lk_tensor_view_to_f32(const LkTensorView *view, float *out, GError **error)
{
    if (view->dtype == LK_FILE_F32)
        return lk_tensor_view_read(view, out, error);
    Conversion conversion = {.view = view, .out = out};
    lk_parallel_for((int64_t)((view->size + PIECE - 1) / PIECE), convert_pieces, &conversion);
    LkError problem = {0};
    return lk_first_error_give(&conversion.error, &problem) || lk_gerror_take(error, &problem);
}
