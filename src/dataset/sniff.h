/* What a picture file is, read from its own bytes without decoding: type, size, colour, turn, whether it ends too
 * early. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum LkPictureType {
    LK_PICTURE_UNKNOWN,
    LK_PICTURE_PNG,
    LK_PICTURE_JPEG,
    LK_PICTURE_WEBP,
    LK_PICTURE_BMP,
    LK_PICTURE_GIF,
    LK_PICTURE_AVIF,
    LK_PICTURE_JXL,
    LK_PICTURE_TIFF,
    LK_PICTURE_HEIF,
} LkPictureType;

typedef struct LkPictureInfo {
    LkPictureType type;
    size_t bytes;      /* that were given */
    int width, height; /* as stored, before any turn; 0 where only a decoder can tell (AVIF, HEIF, JPEG XL, TIFF) */
    int bits;          /* of a sample; 0 unknown */
    int orientation;   /* EXIF, 1 .. 8; 1 where there is none */
    bool grey, cmyk, alpha, animated;
    bool in_passes; /* progressive or interlaced */
    bool truncated; /* ends before its own end marker or stated size */
} LkPictureInfo;

/** Reads the structure of `size` bytes of a file. With `head_only` the bytes may be only its beginning: then
 * `truncated` is never set, and `animated` and the turn may be missed where they are stored late. Never fails: what is
 * not understood keeps its zero. */
LkPictureInfo lk_picture_sniff(const uint8_t *data, size_t size, bool head_only);

/** "PNG", "JPEG", …, "unknown". */
const char *lk_picture_type_name(LkPictureType type);

/** False if the name's extension belongs to another type (JPEG called .png). True for unknown types and extensions. */
bool lk_picture_type_fits_name(LkPictureType type, const char *name);
