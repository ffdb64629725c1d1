/* Small copies of pictures, for measures that look at a picture as a whole. */
#pragma once

#include "dataset/pixels.h"

/** The picture scaled to width × height. NULL where memory is out. */
LkPixels *lk_small_copy(const LkPixels *pixels, int width, int height);

/** The brightness (Rec. 601 luma of the stored values, 0 .. 255) of such a copy, row by row. NULL where memory is out.
 * Free with g_free. */
float *lk_small_grey(const LkPixels *pixels, int width, int height);
