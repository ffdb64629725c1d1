/* Names of diffusers folders → names of the original (LDM) layout. */
#pragma once

#include "model/builder.h"

/** Which of a pipeline's models a tensor belongs to. */
typedef enum LkPart {
    LK_PART_UNET,
    LK_PART_VAE,
    LK_PART_TEXT,   /* the only text encoder */
    LK_PART_TEXT_1, /* the first of two */
    LK_PART_TEXT_2,
} LkPart;

/** What the U-Net's and VAE's names alone tell of their structure. */
typedef struct LkDiffusersShape {
    int levels;            /* of the U-Net or VAE */
    int layers_per_block;  /* of the U-Net's down blocks */
    unsigned up_attention; /* bit i: up block i has attention */
} LkDiffusersShape;

/** Notes what one tensor's name tells of the structure. */
void lk_diffusers_observe(LkDiffusersShape *shape, const char *name);

/** The LDM name of a diffusers tensor; an empty one where the layout has none. */
LkName lk_diffusers_to_ldm(LkPart part, const LkDiffusersShape *shape, const char *name);
