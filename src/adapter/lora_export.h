/* A LoRA file written again, in another layout, precision or kind of file, with other metadata. */
#pragma once

#include "adapter/lora_file.h"

/** Reads `from` and writes `to` (atomically; a file that is there is replaced) as `format` says; its family is taken
 * from the file. Metadata is kept but for what speaks of the old tensors; the pairs of `changes` (may be NULL) are set,
 * an empty value takes its key out. */
bool lk_lora_export(const char *from, const char *to, const LkLoraFormat *format, const LkMetadata *changes,
                    GError **error);
