/* One folder of pictures with its training options: what kohya's dataset files call a subset. */
#pragma once

#include "text/caption.h"

#include <glib.h>

typedef struct LkSubset {
    char *image_dir;             /* as given, in the file system's bytes */
    int num_repeats;             /* how often an epoch shows each picture, at least 1 */
    char *class_tokens;          /* caption of pictures without one; NULL for none */
    char *caption_extension;     /* with its dot; NULL tries .txt, then .caption */
    bool is_reg;                 /* regularisation pictures */
    bool flip_aug;               /* mirrored at random */
    bool color_aug, random_crop; /* colours changed a little, the cut anywhere (augment.h) */
    int augment_variations;      /* how many of a picture, where one of these is on (ours, not kohya's) */
    int interpolation;           /* LkInterpolation: how pictures are scaled */
    bool recursive;              /* pictures in folders below too (ours, not kohya's) */
    char **files;                /* only these pictures, named from image_dir on; NULL for all (ours, not kohya's) */
    char *conditioning_data_dir; /* folder of masks named as their pictures; NULL for none */
    double validation_split;     /* share of the pictures that are held out for validation; 1: all */
    bool alpha_mask;             /* the pictures' own transparency is their mask */
    LkCaptionOptions caption;    /* its texts belong to the subset */
} LkSubset;

/** Defaults: one repeat, no options. */
LkSubset *lk_subset_new(const char *image_dir);
LkSubset *lk_subset_copy(const LkSubset *subset);
void lk_subset_free(LkSubset *subset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkSubset, lk_subset_free)

/** True when two steps may see different captions of one picture, so that the text encoder's outputs cannot be cached.
 */
bool lk_subset_captions_vary(const LkSubset *subset);

/** An empty list that owns its subsets (free with g_ptr_array_unref). */
GPtrArray *lk_subsets_new(void);
