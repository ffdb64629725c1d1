/* Names and layout of OpenCLIP's text encoders (SD 2.x, the second one of SDXL) → those of CLIP's. */
#pragma once

#include "model/builder.h"

/** Where OpenCLIP's tensors are in a single file, and what they are called here. */
typedef struct LkOpenclipPlace {
    const char *file; /* "cond_stage_model.model." */
    const char *here; /* "cond_stage_model.transformer." */
} LkOpenclipPlace;

/** The place that a tensor of a single file belongs to, or NULL. */
const LkOpenclipPlace *lk_openclip_place(const char *name);

/** The new name of a tensor of that place; an empty one where nothing here uses it. q, k and v of an attention are one
 * tensor in the file, one above the other: *parts is 3 then, and `part` (0, 1, 2) says whose name is wanted; else
 * *parts is 1. */
LkName lk_openclip_name(const LkOpenclipPlace *place, const char *name, int part, int *parts);
