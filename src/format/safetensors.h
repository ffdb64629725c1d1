/* Reader of safetensors files: the file is mapped, the header is checked whole before anything is used.
 *
 * Format: 8 bytes little-endian header length N, N bytes of JSON, then tensor bytes. The rules are those of the
 * reference implementation (huggingface/safetensors), and stricter where it is lax: no duplicate names, known types. */
#pragma once

#include "format/filedtype.h"
#include "format/metadata.h"

#define LK_TENSOR_MAX_RANK 8

/** One tensor in the file. All pointers live as long as the reader. */
typedef struct LkTensorView {
    const char *name;
    LkFileDType dtype;
    int rank;
    int64_t shape[LK_TENSOR_MAX_RANK]; /* outermost first, row-major */
    const uint8_t *data;               /* not necessarily aligned; NULL only where size is 0 */
    size_t size;                       /* bytes */
} LkTensorView;

typedef struct LkSafetensors LkSafetensors;

/** Opens and checks a file. NULL and an error that names file, tensor and field otherwise. */
LkSafetensors *lk_safetensors_open(const char *path, GError **error);
/** The same on bytes in memory, which must outlive the reader; `name` is for messages. */
LkSafetensors *lk_safetensors_open_bytes(const void *data, size_t size, const char *name, GError **error);
void lk_safetensors_free(LkSafetensors *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkSafetensors, lk_safetensors_free)

/** The path it was opened with. */
const char *lk_safetensors_path(const LkSafetensors *file);

/** Tensors in the order of their bytes. */
size_t lk_safetensors_count(const LkSafetensors *file);
const LkTensorView *lk_safetensors_at(const LkSafetensors *file, size_t i);
/** The tensor of that name, or NULL. */
const LkTensorView *lk_safetensors_find(const LkSafetensors *file, const char *name);

/** One metadata text, or NULL; and all of them. */
const char *lk_safetensors_metadata(const LkSafetensors *file, const char *key);
const LkMetadata *lk_safetensors_all_metadata(const LkSafetensors *file);

/** Tells the system that this tensor's bytes may leave memory (they are read again if touched). */
void lk_safetensors_forget(const LkSafetensors *file, const LkTensorView *view);

/** Number of elements (1 for rank 0). */
int64_t lk_tensor_view_elements(const LkTensorView *view);
/** All elements as float32 into `out`. */
void lk_tensor_view_to_f32(const LkTensorView *view, float *out);
