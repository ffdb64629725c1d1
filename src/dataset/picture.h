/* From a picture file to pixels: decoded by gdk-pixbuf, turned as EXIF says, made 8-bit RGB.
 *
 * As kohya does through Pillow's convert("RGB"): alpha is dropped (transparent areas keep the colours stored under
 * them), grey and CMYK become RGB, of an animation the first frame is used. Unlike it, the EXIF turn is applied, 16-bit
 * grey is scaled and not clipped, and a file that ends too early is an error. */
#pragma once

#include "dataset/finding.h"
#include "dataset/pixels.h"
#include "dataset/sniff.h"

/** Larger files and pictures are refused. */
#define LK_PICTURE_MOST_BYTES  ((size_t)1 << 30)
#define LK_PICTURE_MOST_PIXELS ((int64_t)178956970)

/** Decodes `size` bytes. *info (may be NULL) says what the file is even where it fails, `truncated` set if pixels are
 * missing. Errors name the reason, not the file: LK_ERROR_FORMAT (no picture, damaged, truncated), LK_ERROR_UNSUPPORTED
 * (no decoder for this type), LK_ERROR_MEMORY (too large). Safe to call from several threads. */
LkPixels *lk_picture_decode(const uint8_t *data, size_t size, LkPictureInfo *info, GError **error);

/** A file's bytes (free with free). The errors of this and the next two name the file. */
bool lk_picture_read(const char *path, uint8_t **data, size_t *size, GError **error);

/** Reads and decodes a file. */
LkPixels *lk_picture_load(const char *path, LkPictureInfo *info, GError **error);

/** The same, but what comes is its opacity as grey: 255 where it is opaque, everywhere if it has no transparency. */
LkPixels *lk_picture_load_opacity(const char *path, GError **error);

/** The size a picture is trained from: its stored size after the EXIF turn. Usually reads only the beginning of the
 * file; types whose size only a decoder knows are decoded. *info as above, but `truncated` may be missed. */
bool lk_picture_size(const char *path, LkSize *size, LkPictureInfo *info, GError **error);

/** Such an error without the file's name in front. */
const char *lk_picture_reason(const char *path, const GError *error);

/** The kind of finding that a failed picture is. */
LkFindingKind lk_finding_of_picture_error(const LkPictureInfo *info, const GError *error);
