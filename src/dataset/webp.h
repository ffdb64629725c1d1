/* WebP through libwebp: gdk-pixbuf's loader dithers lossy pictures and multiplies by alpha, which a training set must
 * not. */
#pragma once

#include "dataset/pixels.h"

#include <stddef.h>

/** True where the program was built with libwebp. */
bool lk_webp_available(void);

/** Decodes a still picture, or the first frame of an animation, to RGB; alpha is dropped, or with `opacity` the only
 * thing that is left, as grey. NULL with LK_ERROR_FORMAT for damaged data, LK_ERROR_UNSUPPORTED without libwebp. */
LkPixels *lk_webp_decode(const uint8_t *data, size_t size, bool animated, bool opacity, GError **error);
