/* A tensor in a file: what it is and where its bytes are. They stay in the file until they are read. */
#pragma once

#include "base/input.h"
#include "format/filedtype.h"

#include <glib.h>

#define LK_TENSOR_MAX_RANK 8

/** One tensor in a file. All pointers live as long as its reader. */
typedef struct LkTensorView {
    const char *name;
    LkFileDType dtype;
    int rank;
    int64_t shape[LK_TENSOR_MAX_RANK]; /* outermost first, row-major */
    const LkInput *input;
    uint64_t offset; /* of its first byte in the input */
    size_t size;     /* bytes */
} LkTensorView;

/** Number of elements (1 for rank 0). */
int64_t lk_tensor_view_elements(const LkTensorView *view);

/** All bytes as they are in the file into `out`; false with an error where the file cannot be read any more. Any number
 * of threads may read at once. */
bool lk_tensor_view_read(const LkTensorView *view, void *out, GError **error);

/** All elements as float32 into `out`, on all threads. */
bool lk_tensor_view_to_f32(const LkTensorView *view, float *out, GError **error);
