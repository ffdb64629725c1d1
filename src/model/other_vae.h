/* A VAE from a file of its own, in place of the base model's. */
#pragma once

#include "model/checkpoint.h"

/** The tensors of `file` that stand for those of the base model's VAE: LDM name (owned) → view (of the file). The file
 * may have the original names, with or without "first_stage_model.", or those of diffusers. NULL with an error where
 * one is missing or has another size. `path` is for the error. */
GHashTable *lk_other_vae_views(const LkCheckpoint *base, const LkSafetensors *file, const char *path, GError **error);
