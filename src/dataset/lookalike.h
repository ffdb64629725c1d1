/* Pictures that look the same: what a picture looks like in a few bytes, and groups of those that look nearly alike.
 *
 * The hash (pHash) tells of each of the 63 lowest frequencies of a 32 × 32 grey copy whether it is above their median.
 * Other sizes, formats, qualities, brightness and slight cuts change few bits; a mirrored or turned picture is another.
 * It sees neither colours nor how strong a difference is, so pictures drawn alike on backgrounds of other colours have
 * the same; the colours of an 8 × 8 copy tell them apart. */
#pragma once

#include "dataset/pixels.h"

/** Up to this many different bits, and this difference of colours, pictures are taken for nearly the same. */
#define LK_LOOKALIKE_DISTANCE 10
#define LK_LOOKALIKE_COLOURS  12.0
/** The largest distance that lk_lookalike_groups takes. */
#define LK_LOOKALIKE_MOST 15

#define LK_LOOK_COLOURS 192 /* 8 × 8 × RGB */

typedef struct LkLook {
    uint64_t hash;
    uint8_t colours[LK_LOOK_COLOURS];
} LkLook;

/** What a picture (as shown: after the EXIF turn) looks like. False where it has too little structure to tell it from
 * others, such as one colour, or where memory is out. */
bool lk_look_of(const LkPixels *pixels, LkLook *look);

/** How many bits of the hashes differ. */
int lk_look_distance(const LkLook *a, const LkLook *b);

/** How much the colours differ: the standard deviation of the difference, so that one picture may be brighter. */
double lk_look_colour_distance(const LkLook *a, const LkLook *b);

/** Groups of pictures that look alike: element i of the result is the index of the first picture of i's group, i itself
 * where it is the first or alone. A picture joins the nearest group whose first picture, standing before it, is within
 * `distance` bits and LK_LOOKALIKE_COLOURS. So members look like their first one, and a row of gradual changes is not
 * one group. Pictures whose look is NULL are alone. 100,000 take a second or two. Free with g_free; NULL where
 * memory is out. */
guint32 *lk_lookalike_groups(const LkLook *const *looks, guint count, int distance);
