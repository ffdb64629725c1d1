/* Whether a picture is out of focus: the variance of its Laplacian at a fixed size. */
#pragma once

#include "dataset/pixels.h"

/** Below this a picture is called blurred. See lk_sharpness. */
#define LK_SHARPNESS_BLURRED 25.0

/** How sharp the sharpest part of a picture is: it is scaled so that its longer side has 512 pixels (never enlarged),
 * made grey and cut into 4 × 4 fields; of each the variance of the 4-neighbour Laplacian is taken, and the second
 * largest is the answer. So a sharp subject before a blurred background is sharp. Values of photographs go from below
 * 10 (blurred) over 100 (soft) to above 1000. Below 0 where the picture is too small to tell (a side below 32) or
 * memory is out. */
double lk_sharpness(const LkPixels *pixels);
