/* Aspect-ratio buckets: which size a picture is trained at, and how it is scaled and cut to it.
 *
 * The rules are those of kohya sd-scripts 0.10.1 (`make_bucket_resolutions` in library/model_util.py, `BucketManager`
 * and `adjust_min_max_bucket_reso_by_steps` in library/train_util.py), so that a dataset falls into the same buckets
 * here as there. A committed table made by that code is the test. */
#pragma once

#include "dataset/interpolation.h"

#include <glib.h>
#include <stdbool.h>

/** A width and a height in pixels. */
typedef struct LkSize {
    int width;
    int height;
} LkSize;

/** How buckets are made; the names are kohya's keys. */
typedef struct LkBucketRules {
    LkSize resolution; /* its area is what a bucket's area stays under */
    bool enable_bucket;
    bool bucket_no_upscale;
    int min_bucket_reso;
    int max_bucket_reso;
    int bucket_reso_steps;
} LkBucketRules;

/** kohya's defaults for a resolution: buckets off, 256 .. 1024 in steps of 64, enlarging allowed. */
LkBucketRules lk_bucket_rules_default(LkSize resolution);

/** Where a picture goes: first scaled to `resized`, then cut to the rectangle of size `bucket` at (crop_x, crop_y). */
typedef struct LkBucketFit {
    LkSize bucket;
    LkSize resized;
    int crop_x, crop_y;
    double aspect_error; /* the bucket's width/height minus the picture's */
    LkInterpolation interpolation;
} LkBucketFit;

/** A set of buckets. Immutable, so threads may share it. */
typedef struct LkBucketSet LkBucketSet;

/** Checks the rules and makes the predefined buckets. min_bucket_reso is lowered and max_bucket_reso raised to a
 * multiple of the steps, as kohya does. `multiple` is what every side of every bucket must be a multiple of (the VAE's
 * factor times the U-Net's; at least 8). NULL with LK_ERROR_USAGE when the rules contradict each other. */
LkBucketSet *lk_bucket_set_new(const LkBucketRules *rules, int multiple, GError **error);
void lk_bucket_set_free(LkBucketSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkBucketSet, lk_bucket_set_free)

/** The rules in force, with the adjusted minimum and maximum. */
const LkBucketRules *lk_bucket_set_rules(const LkBucketSet *set);

/** The predefined buckets in ascending order (width, then height): one when buckets are off, none with
 * bucket_no_upscale, where sizes come from the pictures. The array belongs to the set. */
const LkSize *lk_bucket_set_sizes(const LkBucketSet *set, int *count);

/** The bucket of a picture of this size, the size it is scaled to and the centre crop. Fails (LK_ERROR_UNSUPPORTED) for
 * pictures that cannot be trained at all: without a pixel, or with bucket_no_upscale narrower than one bucket step. */
bool lk_bucket_set_fit(const LkBucketSet *set, LkSize picture, LkBucketFit *fit, GError **error);
