/* Writer of safetensors files: streaming, atomic, the same bytes for the same input.
 *
 * Tensors are ordered as the reference implementation orders them (wider types first, then by name), and the header is
 * padded with spaces to 8 bytes, so that hashes taken by other programs agree. */
#pragma once

#include "format/filedtype.h"
#include "format/metadata.h"
#include "format/safetensors.h"

/** What to write. */
typedef struct LkTensorSpec {
    const char *name;
    LkFileDType dtype;
    int rank;
    int64_t shape[LK_TENSOR_MAX_RANK];
    const void *data; /* only used by lk_safetensors_write*: row-major, little-endian */
} LkTensorSpec;

/** Bytes of the tensor; false where the shape is negative, too large or of too high a rank. */
bool lk_tensor_spec_size(const LkTensorSpec *spec, size_t *size);

typedef struct LkSafetensorsWriter LkSafetensorsWriter;

/** Opens the file under a temporary name and writes the header. The specs and their names must outlive the writer.
 *  `metadata` may be NULL. */
LkSafetensorsWriter *lk_safetensors_writer_new(const char *path, const LkTensorSpec *specs, size_t count,
                                               const LkMetadata *metadata, GError **error);
/** The tensor whose bytes come next (one of `specs`), or NULL when all are complete. */
const LkTensorSpec *lk_safetensors_writer_next(const LkSafetensorsWriter *writer);
/** Appends bytes of that tensor: all at once or piece by piece, never past its end. */
bool lk_safetensors_writer_append(LkSafetensorsWriter *writer, const void *data, size_t size, GError **error);
/** Puts the file in place; fails where tensors are incomplete. Frees the writer whatever happens. */
bool lk_safetensors_writer_commit(LkSafetensorsWriter *writer, GError **error);
/** Drops the file and the writer. NULL is ignored. */
void lk_safetensors_writer_abandon(LkSafetensorsWriter *writer);

/** Writes tensors that are in memory. */
bool lk_safetensors_write(const char *path, const LkTensorSpec *tensors, size_t count, const LkMetadata *metadata,
                          GError **error);

/** The same, and adds the two hashes that kohya-ss/sd-scripts writes into a LoRA (`precalculate_safetensors_hashes`):
 *  both of the file as it would be with the ss_* metadata alone. `sshs_model_hash`: SHA-256 of the bytes behind the
 *  header; `sshs_legacy_hash`: first 8 digits of the SHA-256 of 0x10000 bytes from offset 0x100000. */
bool lk_safetensors_write_lora(const char *path, const LkTensorSpec *tensors, size_t count, const LkMetadata *metadata,
                               GError **error);
