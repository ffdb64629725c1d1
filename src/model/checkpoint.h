/* A base model on disk: its tensors under the names of the original (LDM) layout, and its architecture. Text encoders
 * have the names of CLIP in that layout ("conditioner.embedders.1.transformer.text_model.encoder.layers.0.…") whether
 * the file has CLIP's or OpenCLIP's. */
#pragma once

#include "backend/backend.h"
#include "format/safetensors.h"
#include "model/arch.h"

typedef struct LkCheckpoint LkCheckpoint;

/** Opens a single-file checkpoint (.safetensors) or a diffusers folder and recognises it. NULL with an error that says
 * what was recognised and what is missing. */
LkCheckpoint *lk_checkpoint_open(const char *path, GError **error);
void lk_checkpoint_free(LkCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkCheckpoint, lk_checkpoint_free)

/** From here on the tensors of the VAE are another file's: a .safetensors file in the original layout (with or without
 * "first_stage_model.") or in that of diffusers, a base model, or a folder of diffusers with a VAE. It must have every
 * tensor of the base model's own VAE in the same size; else the checkpoint stays as it was, with an error. */
bool lk_checkpoint_set_vae(LkCheckpoint *checkpoint, const char *path, GError **error);

const LkModelArch *lk_checkpoint_arch(const LkCheckpoint *checkpoint);
const char *lk_checkpoint_path(const LkCheckpoint *checkpoint);

/** The file that is read, whatever has its name by now; NULL for a folder. */
const LkInput *lk_checkpoint_input(const LkCheckpoint *checkpoint);
/** The same of the VAE that lk_checkpoint_set_vae opened; NULL for a folder or none. */
const LkInput *lk_checkpoint_vae_input(const LkCheckpoint *checkpoint);

/** A tensor by its LDM name ("model.diffusion_model.input_blocks.0.0.weight"), or NULL. */
const LkTensorView *lk_checkpoint_find(const LkCheckpoint *checkpoint, const char *name);

/** const char *: the names of all tensors, borrowed from the checkpoint, in no order. Free the array. */
GPtrArray *lk_checkpoint_names(const LkCheckpoint *checkpoint);

/** Whether it has a tensor whose LDM name fits a pattern ("model.diffusion_model.input_blocks.1.*"). */
bool lk_checkpoint_has(const LkCheckpoint *checkpoint, const char *pattern);

/** What changes weights as they are read. */
typedef struct LkWeightOverlay {
    void *context;
    const char *identity; /* what it is, for caches; borrowed */
    /** Whether it changes this tensor. */
    bool (*touches)(void *context, const char *name);
    /** Changes the tensor's values in place. */
    void (*apply)(void *context, const char *name, float *values);
} LkWeightOverlay;

/** From here on weights are read with these changes; the overlay's context must live as long as the checkpoint. */
void lk_checkpoint_set_overlay(LkCheckpoint *checkpoint, const LkWeightOverlay *overlay);

/** For LkBackend.bind; it borrows the checkpoint. */
LkWeightSource lk_checkpoint_source(LkCheckpoint *checkpoint);

/** A hash (hex, SHA-256) of the tensors whose names begin with `prefix`: names, shapes and bytes. What caches of
 * latents
 * ("first_stage_model.") and text states (LkModelArch.text_root) are keyed by. Sampled: the first and last 4 KiB of
 * every tensor and its size, so that a large model does not have to be read whole. NULL with an error where it cannot
 * be read any more. */
char *lk_checkpoint_identity(const LkCheckpoint *checkpoint, const char *prefix, GError **error);
