/* LoRA files: read from any layout, checked, and written in any layout and precision.
 *
 * A module is a few matrices (adapter_shape.h). The kohya layout stores alpha; in the diffusers and comfy layouts a
 * LoRA is written with the factor alpha / dim multiplied into up, because readers of those disagree on where to find an
 * alpha. LoHa, LoKr and DoRA have LyCORIS' names in every layout; the diffusers layout has none for them. */
#pragma once

#include "adapter/lora.h"
#include "adapter/lora_names.h"
#include "format/safetensors_writer.h"

/** One module; the values belong to whoever holds the struct. */
typedef struct LkLoraWeights {
    LkLoraSite site;
    LkAdapterShape shape;
    const float *values[LK_MAX_PARTS]; /* of lk_adapter_parts(shape), in the order of files */
} LkLoraWeights;

/** A LoRA that was read. */
typedef struct LkLoraFile LkLoraFile;

/** Reads a .safetensors LoRA, LoCon, LoHa, LoKr or DoRA in the kohya, diffusers (PEFT) or comfy layout. NULL with an
 *  error that names the tensor: unknown names, a part missing, sizes that do not fit, other kinds of adapters. */
LkLoraFile *lk_lora_file_read(const char *path, GError **error);
void lk_lora_file_free(LkLoraFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkLoraFile, lk_lora_file_free)

/** Modules in the order of lk_lora_site_rank. */
size_t lk_lora_file_count(const LkLoraFile *file);
const LkLoraWeights *lk_lora_file_at(const LkLoraFile *file, size_t i);
/** The module at a site, or NULL. */
const LkLoraWeights *lk_lora_file_find(const LkLoraFile *file, const LkLoraSite *site);

/** What the names and the metadata say it is for. */
LkLoraFamily lk_lora_file_family(const LkLoraFile *file);
LkLoraLayout lk_lora_file_layout(const LkLoraFile *file);
const LkMetadata *lk_lora_file_metadata(const LkLoraFile *file);

/** How to write. */
typedef struct LkLoraFormat {
    LkLoraFamily family;
    LkLoraLayout layout;
    LkFileDType dtype; /* LK_FILE_F32, LK_FILE_F16 or LK_FILE_BF16 */
    bool pt;           /* PyTorch's .pt, which has no metadata, instead of .safetensors */
} LkLoraFormat;

/** Writes modules atomically, with kohya's hashes (sshs_*) added to the metadata (may be NULL) of a .safetensors. Fails
 *  with LK_ERROR_NUMERIC where a number is not finite or too large for the type: nothing is written then. */
bool lk_lora_weights_write(const char *path, const LkLoraWeights *weights, size_t count, const LkLoraFormat *format,
                           const LkMetadata *metadata, GError **error);

/** Writes a LoRA in training: `state` as described by `lora`. */
bool lk_lora_save(const LkLora *lora, const float *state, const char *path, const LkLoraFormat *format,
                  const LkMetadata *metadata, GError **error);

/** Fills `state` from a file: what `network_weights` asks for. Modules of the file are scaled where their alpha
 * differs, so that the effect is the file's. Fails where a module has another dim or size. Modules of `lora` that the
 * file lacks keep their values and are counted in *missing; those of the file that `lora` lacks in *unused. */
bool lk_lora_load(const LkLora *lora, const LkLoraFile *file, float *state, int *missing, int *unused, GError **error);
