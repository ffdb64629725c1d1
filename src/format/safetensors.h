/* Reader of safetensors files: the header is read and checked whole before anything is used, the tensors stay in the
 * file.
 *
 * Format: 8 bytes little-endian header length N, N bytes of JSON, then tensor bytes. The rules are those of the
 * reference implementation (huggingface/safetensors), and stricter where it is lax: no duplicate names, known types. */
#pragma once

#include "format/metadata.h"
#include "format/tensor_view.h"

typedef struct LkSafetensors LkSafetensors;

/** Opens and checks a file. NULL and an error that names file, tensor and field otherwise. */
LkSafetensors *lk_safetensors_open(const char *path, GError **error);
/** The same on an input, which becomes the reader's, or is freed where that fails. */
LkSafetensors *lk_safetensors_open_input(LkInput *input, GError **error);
void lk_safetensors_free(LkSafetensors *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkSafetensors, lk_safetensors_free)

/** The path it was opened with, and the file itself. */
const char *lk_safetensors_path(const LkSafetensors *file);
const LkInput *lk_safetensors_input(const LkSafetensors *file);

/** Tensors in the order of their bytes. */
size_t lk_safetensors_count(const LkSafetensors *file);
const LkTensorView *lk_safetensors_at(const LkSafetensors *file, size_t i);
/** The tensor of that name, or NULL. */
const LkTensorView *lk_safetensors_find(const LkSafetensors *file, const char *name);

/** One metadata text, or NULL; and all of them. */
const char *lk_safetensors_metadata(const LkSafetensors *file, const char *key);
const LkMetadata *lk_safetensors_all_metadata(const LkSafetensors *file);
