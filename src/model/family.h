/* Which family of models a checkpoint belongs to, told by names and shapes of its tensors. */
#pragma once

#include "model/checkpoint.h"

typedef struct LkFamily {
    const char *name;      /* "sd1" */
    const char *title;     /* "Stable Diffusion 1.x" */
    const char *base_name; /* ss_base_model_version */
    bool supported;
    const char *must[3];     /* tensors that must be there */
    const char *must_not[3]; /* tensors that must not */
    int linear;              /* 1: the transformers' projections must be matrices; -1: must not; 0: either */
} LkFamily;

/** The family of a checkpoint; NULL with what was recognised and what is missing. */
const LkFamily *lk_family_find(const LkCheckpoint *checkpoint, GError **error);
