/* What happens to a picture by chance before it is encoded: sd-scripts' random_crop and color_aug.
 *
 * sd-scripts does both anew each time a picture is shown, and encodes it then. Here a picture has a number of
 * variations, which are encoded beforehand like all others; a step takes one of them by chance. The variations of a
 * picture are a function of its file's name and their number, so that other jobs find them in the cache. */
#pragma once

#include "dataset/dataset.h"
#include "dataset/pixels.h"

/** One variation. */
typedef struct LkAugment {
    LkBucketFit fit;
    double hue;   /* what is added to all hues, in half degrees as OpenCV has them; 0: nothing */
    double gamma; /* exponent of all values; 1: they stay */
} LkAugment;

/** How many variations a picture has: 1 where nothing is left to chance, and for held-out pictures. */
guint lk_augment_count(const LkDatasetPicture *picture);

/** A variation, below lk_augment_count: colours change in one of three (AugHelper.color_aug in library/train_util.py),
 * the cut lies anywhere in the scaled picture. */
LkAugment lk_augment_of(const LkDatasetPicture *picture, guint variation);

/** What it does to colours, for the cache's key; NULL where nothing. Free with g_free. */
char *lk_augment_words(const LkAugment *augment);

/** Does it, in place. */
void lk_augment_colours(const LkAugment *augment, LkPixels *pixels);
