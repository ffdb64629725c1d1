/* Which family of models a checkpoint belongs to, told by names and shapes of its tensors. */
#pragma once

#include "model/checkpoint.h"

enum { LK_SIGNATURE_MAX = 5 };

/** What a shape must (or must not) be. */
typedef struct LkShapeRule {
    const char *tensor; /* NULL ends the list */
    int axis;           /* whose size counts; LK_AXIS_RANK: the number of dimensions */
    int64_t value;
    bool other; /* must be something else, as it also is where there is no such tensor */
} LkShapeRule;
enum { LK_AXIS_RANK = -1 };

/** A text encoder as a family has it. */
typedef struct LkFamilyText {
    const char *prefix; /* of its tensors */
    int32_t pad_id;
    bool quick_gelu, last_but_one, pooled;
    bool openclip_spare; /* in OpenCLIP's layout the last stored block never runs */
} LkFamilyText;

/** One row of the table. */
typedef struct LkFamily {
    const char *name;                       /* "sd1" */
    const char *title;                      /* "Stable Diffusion 1.x", N_() */
    bool supported;                         /* Lorikeet trains it; else the rest is not filled in */
    const char *must[LK_SIGNATURE_MAX];     /* tensors that must be there */
    const char *must_not[LK_SIGNATURE_MAX]; /* tensors that must not */
    LkShapeRule shapes[LK_SIGNATURE_MAX];
    const char *base_name; /* ss_base_model_version */
    const char *text_root;
    LkFamilyText texts[LK_MAX_TEXTS]; /* prefix = NULL ends the list */
    int heads;                        /* of every attention; 0: heads of `head_width` */
    int head_width;
    float vae_scale;
} LkFamily;

/** The family of a checkpoint: the one row that fits. NULL with what was recognised and what is missing. */
const LkFamily *lk_family_find(const LkCheckpoint *checkpoint, GError **error);
