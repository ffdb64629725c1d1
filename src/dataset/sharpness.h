/* Whether a picture is out of focus: the variance of its Laplacian at a fixed size. */
#pragma once

#include "dataset/pixels.h"

/** Below this a picture is called blurred. Of photographs that are in focus none was found below 500, of soft ones (a
 * telescope's moon, an eye's background) none below 99; the same blurred by a Gaussian of 1.2 pixels at the measured
 * size come to 5 to 130, of 2 pixels to 2 to 30, and one taken with a moving camera to 54. */
#define LK_SHARPNESS_BLURRED 60.0

/** How sharp the sharpest part of a picture is: it is scaled so that its longer side has 512 pixels (never enlarged),
 * made grey and cut into 4 × 4 fields; of each the variance of the 4-neighbour Laplacian is taken, and the second
 * largest is the answer. So a sharp subject before a blurred background is sharp. Below 0 where the picture is too
 * small to tell (a side below 32) or memory is out. */
double lk_sharpness(const LkPixels *pixels);
