/* Pictures in memory: 8-bit RGB, and their scaling and cutting to a bucket.
 *
 * The arithmetic is that of the libraries kohya's `resize_image` (library/utils.py) calls, so that the VAE sees the
 * same pixels: OpenCV's INTER_AREA where neither side grows, Pillow's Lanczos otherwise; or what fit->interpolation
 * asks for. Tests compare with their output. */
#pragma once

#include "dataset/bucket.h"

#include <stdint.h>

/** Packed rows of R, G, B. */
typedef struct LkPixels {
    uint8_t *data; /* height * width * 3 */
    int width;
    int height;
} LkPixels;

/** Memory for a picture, not cleared; NULL with LK_ERROR_MEMORY, or LK_ERROR_USAGE for a size that is not positive. */
LkPixels *lk_pixels_new(int width, int height, GError **error);
void lk_pixels_free(LkPixels *pixels);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPixels, lk_pixels_free)

/** The picture turned as an EXIF orientation (1 .. 8) says; the argument is freed. 1 and unknown values change nothing.
 */
LkPixels *lk_pixels_turn(LkPixels *pixels, int orientation, GError **error);

/** Mirrored left to right, in place. */
void lk_pixels_flip(LkPixels *pixels);

/** Scales to fit->resized and cuts fit->bucket at (crop_x, crop_y); only the cut part is computed. The fit must come
 * from lk_bucket_set_fit for a picture of this size. */
LkPixels *lk_pixels_fit(const LkPixels *picture, const LkBucketFit *fit, GError **error);
