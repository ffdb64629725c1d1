/* What is known of a model file, put into words. */
#pragma once

#include "adapter/lora_file.h"
#include "cli/facts.h"
#include "model/arch.h"

/** What a .safetensors file or a model's folder is: kind, networks or modules, numbers, metadata; with `list` each
 * tensor. Fails where it is none of them. Reads headers alone, which may still take a second: for a thread. */
bool lk_inspect_path(LkFacts *facts, const char *path, bool list, GError **error);

/** A base model's family and the sizes of its networks. */
void lk_inspect_arch(LkFacts *facts, const LkModelArch *arch);

/** A LoRA's modules, and what its metadata tells of its making. */
void lk_inspect_lora(LkFacts *facts, const LkLoraFile *file);

/** How many tensors of which types; with `list` each of them. */
void lk_inspect_tensors(LkFacts *facts, const LkSafetensors *file, bool list);
