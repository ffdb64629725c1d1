/* An adapter in training: which layers it adapts, and where the tensors of each module lie.
 *
 * All adapter weights lie in one contiguous f32 state ("adapter"), gradients and optimizer state in others of the same
 * layout, so that clipping and the optimizer are a few passes each and a checkpoint is one copy. Parts with the same
 * learning rate lie one after the other: they are a group. */
#pragma once

#include "adapter/adapter_shape.h"

#include <stdbool.h>
#include <stdint.h>

/** One adapted layer. */
typedef struct LkLoraModule {
    const char *name;  /* in files: "lora_unet_down_blocks_0_…"; owned by the adapter */
    const char *layer; /* of the base model: "model.diffusion_model.input_blocks.1.1.…to_q" */
    int side;          /* LK_GROUP_TEXT … LK_GROUP_UNET */
    LkAdapterShape shape;
    double rate;      /* factor of the side's learning rate */
    double plus_rate; /* LoRA+ (Hayou et al., arXiv:2402.12354): another factor for up alone */

    /* Filled in by lk_lora_add. */
    int n_parts;
    LkPart parts[LK_MAX_PARTS];
    int64_t at[LK_MAX_PARTS]; /* offset of each part in the state, in elements */
    int groups[LK_MAX_PARTS];
} LkLoraModule;

enum { LK_GROUP_TEXT, LK_GROUP_TEXT_2, LK_GROUP_UNET, LK_GROUP_COUNT };

enum { LK_LORA_MAX_GROUPS = 56 };

/** Parts that share a learning rate. */
typedef struct LkLoraGroup {
    int side;
    double rate; /* factor of the side's learning rate */
} LkLoraGroup;

typedef struct LkLora LkLora;

LkLora *lk_lora_new(void);
void lk_lora_free(LkLora *lora);

/** Adds a module like `module`, whose names are copied; a rate of 0 stands for 1. It changes the offsets of modules
 * that are there. False: out of memory, or more than LK_LORA_MAX_GROUPS groups. */
bool lk_lora_add(LkLora *lora, const LkLoraModule *module);

int lk_lora_count(const LkLora *lora);
const LkLoraModule *lk_lora_at(const LkLora *lora, int index);
int lk_lora_index(const LkLora *lora, const LkLoraModule *module);
/** The module of a layer or of a file's name, or NULL. */
const LkLoraModule *lk_lora_find_layer(const LkLora *lora, const char *layer);
const LkLoraModule *lk_lora_find_name(const LkLora *lora, const char *name);

int lk_lora_group_count(const LkLora *lora);
const LkLoraGroup *lk_lora_group(const LkLora *lora, int index);

/** Elements of the state, padding included; and of one part of a module, padding included. */
int64_t lk_lora_elements(const LkLora *lora);
int64_t lk_lora_part_span(const LkLoraModule *module, int part);

/** Fills the state's initial values as sd-scripts and LyCORIS do, so that delta is zero; a pure function of the seed
 * and the module's name. DoRA's magnitudes need the base model: they are set to 1. */
void lk_lora_initialise(const LkLora *lora, uint64_t seed, float *state);
