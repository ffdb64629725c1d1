/* Pictures that look the same: a 64-bit hash of the coarse structure, and groups of pictures whose hashes are near.
 *
 * The hash (pHash) tells whether each of the 63 lowest frequencies of a 32 × 32 grey copy is above their median. Other
 * sizes, formats, qualities, brightness and slight cuts change few bits; a mirrored or turned picture is another. */
#pragma once

#include "dataset/pixels.h"

/** Up to this many different bits, pictures are taken for nearly the same. */
#define LK_LOOKALIKE_DISTANCE 8
/** The largest distance that lk_lookalike_groups takes. */
#define LK_LOOKALIKE_MOST 15

/** The hash of a picture (as shown: after the EXIF turn). False where it has too little structure to tell it from
 * others, such as one colour, or where memory is out. */
bool lk_lookalike_hash(const LkPixels *pixels, uint64_t *hash);

/** How many bits differ. */
int lk_lookalike_distance(uint64_t a, uint64_t b);

/** Groups of near hashes: element i of the result is the index of the first picture of i's group, i itself where it is
 * the first or alone. A picture joins the nearest group whose first picture, standing before it, is within `distance`.
 * So members look like their first one, and a row of gradual changes is not one group. Pictures where `valid` (may be
 * NULL) is false are alone. 100,000 take less than a second or two. Free with g_free. */
guint32 *lk_lookalike_groups(const uint64_t *hashes, const bool *valid, guint count, int distance);
