#include "dataset/sniff.h"

#include <string.h>
#include <strings.h>

#define LARGEST_SIDE (1 << 30)

/* The bytes of a file with a reading that never leaves them. */
typedef struct Bytes {
    const uint8_t *data;
    size_t size;
    bool head_only;
} Bytes;

static bool has(const Bytes *bytes, size_t at, size_t size)
{
    return at <= bytes->size && size <= bytes->size - at;
}

/* An unsigned number of 2, 3 or 4 bytes; 0 outside the file. */
static uint32_t big_endian(const Bytes *bytes, size_t at, int size)
{
    uint32_t value = 0;
    for (int i = 0; i < size && has(bytes, at, (size_t)size); i++)
        value = value << 8 | bytes->data[at + (size_t)i];
    return value;
}

static uint32_t little_endian(const Bytes *bytes, size_t at, int size)
{
    uint32_t value = 0;
    for (int i = size - 1; i >= 0 && has(bytes, at, (size_t)size); i--)
        value = value << 8 | bytes->data[at + (size_t)i];
    return value;
}

static int byte(const Bytes *bytes, size_t at)
{
    return has(bytes, at, 1) ? bytes->data[at] : 0;
}

static bool says(const Bytes *bytes, size_t at, const char *text)
{
    return has(bytes, at, strlen(text)) && memcmp(bytes->data + at, text, strlen(text)) == 0;
}

static int side(uint32_t value)
{
    return value <= LARGEST_SIDE ? (int)value : 0;
}

/* EXIF (TIFF) data: tag 0x0112 of the first directory. */
static int exif_orientation(const Bytes *file, size_t at, size_t size)
{
    if (!has(file, at, size))
        return 1;
    const Bytes tiff = {file->data + at, size, false};
    const bool little = says(&tiff, 0, "II*");
    if (!little && !(says(&tiff, 0, "MM") && big_endian(&tiff, 2, 2) == 42))
        return 1;
    uint32_t (*const number)(const Bytes *, size_t, int) = little ? little_endian : big_endian;
    const size_t directory = number(&tiff, 4, 4);
    const uint32_t entries = number(&tiff, directory, 2);
    for (uint32_t i = 0; i < entries; i++) {
        const size_t entry = directory + 2 + 12 * (size_t)i;
        if (!has(&tiff, entry, 12))
            break;
        if (number(&tiff, entry, 2) == 0x0112) {
            const uint32_t value = number(&tiff, entry + 8, 2);
            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 1;
}

/* PNG 1.2: eight bytes, then chunks of length, name, data, CRC up to IEND. */
static void sniff_png(const Bytes *bytes, LkPictureInfo *info)
{
    bool ended = false;
    for (size_t at = 8; has(bytes, at, 12) && !ended;) {
        const size_t length = big_endian(bytes, at, 4), data = at + 8;
        if (says(bytes, at + 4, "IHDR") && length >= 13) {
            info->width = side(big_endian(bytes, data, 4));
            info->height = side(big_endian(bytes, data + 4, 4));
            info->bits = byte(bytes, data + 8);
            const int colour = byte(bytes, data + 9);
            info->grey = colour == 0 || colour == 4;
            info->alpha = colour == 4 || colour == 6;
            info->in_passes = byte(bytes, data + 12) != 0;
        } else if (says(bytes, at + 4, "tRNS")) {
            info->alpha = true;
        } else if (says(bytes, at + 4, "acTL")) {
            info->animated = true;
        } else if (says(bytes, at + 4, "eXIf")) {
            info->orientation = exif_orientation(bytes, data, length);
        }
        ended = says(bytes, at + 4, "IEND") && has(bytes, data, length + 4);
        at = data + length + 4;
    }
    info->truncated = !ended;
}

static bool is_start_of_frame(int marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* The next marker that is neither a stuffed byte nor a restart, behind entropy-coded data. */
static size_t skip_scan(const Bytes *bytes, size_t at)
{
    while (at + 1 < bytes->size) {
        const uint8_t *found = memchr(bytes->data + at, 0xFF, bytes->size - at - 1);
        if (!found)
            return bytes->size;
        at = (size_t)(found - bytes->data);
        const int marker = found[1];
        if (marker != 0 && marker != 0xFF && !(marker >= 0xD0 && marker <= 0xD7))
            return at;
        at += marker == 0xFF ? 1 : 2;
    }
    return bytes->size;
}

static void sniff_jpeg_segment(const Bytes *bytes, int marker, size_t at, size_t length, LkPictureInfo *info)
{
    if (is_start_of_frame(marker) && length >= 8) {
        info->bits = byte(bytes, at + 2);
        info->height = side(big_endian(bytes, at + 3, 2));
        info->width = side(big_endian(bytes, at + 5, 2));
        const int components = byte(bytes, at + 7);
        info->grey = components == 1;
        info->cmyk = components == 4;
        info->in_passes = (marker & 3) == 2;
    } else if (marker == 0xE1 && says(bytes, at + 2, "Exif") && length > 8) {
        info->orientation = exif_orientation(bytes, at + 8, length - 8);
    }
}

/* JPEG (ITU-T T.81, annex B): markers with segments, scans of coded data, the end marker. */
static void sniff_jpeg(const Bytes *bytes, LkPictureInfo *info)
{
    bool ended = false;
    size_t at = 2;
    while (has(bytes, at, 2) && !ended) {
        if (bytes->data[at] != 0xFF) {
            at++; /* stray bytes between segments, which decoders skip too */
            continue;
        }
        const int marker = bytes->data[at + 1];
        if (marker == 0xFF) {
            at++;
            continue;
        }
        at += 2;
        ended = marker == 0xD9;
        if (ended || marker == 0 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8))
            continue;
        const size_t length = big_endian(bytes, at, 2);
        if (length < 2)
            break;
        sniff_jpeg_segment(bytes, marker, at, length, info);
        at += length;
        if (marker == 0xDA) {
            if (bytes->head_only)
                break;
            at = skip_scan(bytes, at);
        }
    }
    info->truncated = !ended;
}

static void sniff_webp_chunk(const Bytes *bytes, size_t at, size_t length, LkPictureInfo *info)
{
    const size_t data = at + 8;
    if (says(bytes, at, "VP8X") && has(bytes, data, 10)) {
        info->alpha = bytes->data[data] & 0x10;
        info->animated = bytes->data[data] & 0x02;
        info->width = (int)little_endian(bytes, data + 4, 3) + 1;
        info->height = (int)little_endian(bytes, data + 7, 3) + 1;
    } else if (says(bytes, at, "VP8 ") && info->width == 0) {
        info->width = (int)little_endian(bytes, data + 6, 2) & 0x3FFF;
        info->height = (int)little_endian(bytes, data + 8, 2) & 0x3FFF;
    } else if (says(bytes, at, "VP8L") && info->width == 0) {
        const uint32_t packed = little_endian(bytes, data + 1, 4);
        info->width = (int)(packed & 0x3FFF) + 1;
        info->height = (int)(packed >> 14 & 0x3FFF) + 1;
        info->alpha = packed >> 28 & 1;
    } else if (says(bytes, at, "EXIF")) {
        const size_t skip = says(bytes, data, "Exif") ? 6 : 0;
        if (length > skip)
            info->orientation = exif_orientation(bytes, data + skip, length - skip);
    }
}

/* WebP container (RFC 9649): RIFF chunks. */
static void sniff_webp(const Bytes *bytes, LkPictureInfo *info)
{
    const size_t end = (size_t)little_endian(bytes, 4, 4) + 8;
    info->bits = 8;
    for (size_t at = 12; at < end && has(bytes, at, 8);) {
        const size_t length = little_endian(bytes, at + 4, 4);
        sniff_webp_chunk(bytes, at, length, info);
        at += 8 + length + (length & 1);
    }
    info->truncated = bytes->size < end;
}

static void sniff_bmp(const Bytes *bytes, LkPictureInfo *info)
{
    const uint32_t header = little_endian(bytes, 14, 4);
    uint32_t depth;
    if (header == 12) {
        info->width = (int)little_endian(bytes, 18, 2);
        info->height = (int)little_endian(bytes, 20, 2);
        depth = little_endian(bytes, 24, 2);
    } else {
        const int32_t height = (int32_t)little_endian(bytes, 22, 4);
        info->width = side(little_endian(bytes, 18, 4));
        info->height = height == INT32_MIN ? 0 : side((uint32_t)(height < 0 ? -height : height));
        depth = little_endian(bytes, 28, 2);
    }
    info->bits = 8;
    /* 32-bit pixels of the plain header have a fourth byte that is no alpha; uncompressed data has a known size. */
    const bool plain = header == 12 || little_endian(bytes, 30, 4) == 0;
    const uint64_t row = ((uint64_t)info->width * depth + 31) / 32 * 4;
    const uint64_t pixels = little_endian(bytes, 10, 4); /* where they begin */
    info->truncated = bytes->size < pixels || bytes->size < (uint64_t)header + 14 ||
                      (plain && depth <= 32 && bytes->size < pixels + row * (uint64_t)info->height);
}

/* Skips GIF data sub-blocks; bytes->size when they end too early. */
static size_t skip_blocks(const Bytes *bytes, size_t at)
{
    while (has(bytes, at, 1) && bytes->data[at] != 0)
        at += (size_t)bytes->data[at] + 1;
    return has(bytes, at, 1) ? at + 1 : bytes->size;
}

static size_t colour_table(uint8_t flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* GIF89a: blocks up to the trailer 0x3B. */
static void sniff_gif(const Bytes *bytes, LkPictureInfo *info)
{
    info->width = (int)little_endian(bytes, 6, 2);
    info->height = (int)little_endian(bytes, 8, 2);
    info->bits = 8;
    int frames = 0;
    bool ended = false;
    size_t at = has(bytes, 10, 1) ? 13 + colour_table(bytes->data[10]) : bytes->size;
    while (has(bytes, at, 1) && !ended) {
        const int block = bytes->data[at];
        ended = block == 0x3B;
        if (block == 0x2C && has(bytes, at, 10)) {
            info->animated = ++frames > 1;
            if (little_endian(bytes, at + 5, 2) == 0 || little_endian(bytes, at + 7, 2) == 0)
                info->width = 0; /* a frame of nothing is damage, and decoders trip over it */
            at = skip_blocks(bytes, at + 11 + colour_table(bytes->data[at + 9]));
        } else if (block == 0x21) {
            if (has(bytes, at, 4) && bytes->data[at + 1] == 0xF9)
                info->alpha = info->alpha || (frames == 0 && bytes->data[at + 3] & 1);
            at = skip_blocks(bytes, at + 2);
        } else {
            break;
        }
    }
    info->truncated = !ended;
}

static void sniff_nothing(const Bytes *bytes, LkPictureInfo *info)
{
    (void)bytes;
    (void)info;
}

static const struct {
    LkPictureType type;
    const char *name;
    size_t at; /* where the signature stands */
    const char *signature;
    void (*sniff)(const Bytes *bytes, LkPictureInfo *info);
    const char *extensions; /* each between spaces */
} types[] = {
    {LK_PICTURE_PNG, "PNG", 0, "\x89PNG\r\n\x1A\n", sniff_png, " png apng "},
    {LK_PICTURE_JPEG, "JPEG", 0, "\xFF\xD8\xFF", sniff_jpeg, " jpg jpeg jpe jfif "},
    {LK_PICTURE_WEBP, "WebP", 8, "WEBP", sniff_webp, " webp "},
    {LK_PICTURE_BMP, "BMP", 0, "BM", sniff_bmp, " bmp dib "},
    {LK_PICTURE_GIF, "GIF", 0, "GIF8", sniff_gif, " gif "},
    {LK_PICTURE_AVIF, "AVIF", 4, "ftypavi", sniff_nothing, " avif avifs "},
    {LK_PICTURE_HEIF, "HEIF", 4, "ftyphei", sniff_nothing, " heic heif "},
    {LK_PICTURE_HEIF, "HEIF", 4, "ftypmif1", sniff_nothing, " heic heif avif "},
    {LK_PICTURE_JXL, "JPEG XL", 0, "\xFF\x0A", sniff_nothing, " jxl "},
    {LK_PICTURE_JXL, "JPEG XL", 4, "JXL \r\n\x87\n", sniff_nothing, " jxl "},
    {LK_PICTURE_TIFF, "TIFF", 0, "II*", sniff_nothing, " tif tiff "},
    {LK_PICTURE_TIFF, "TIFF", 0, "MM", sniff_nothing, " tif tiff "},
};

#define TYPE_COUNT (sizeof types / sizeof *types)

LkPictureInfo lk_picture_sniff(const uint8_t *data, size_t size, bool head_only)
{
    const Bytes bytes = {data, size, head_only};
    LkPictureInfo info = {.bytes = size, .orientation = 1};
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (!says(&bytes, types[i].at, types[i].signature))
            continue;
        if (types[i].type == LK_PICTURE_WEBP && !says(&bytes, 0, "RIFF"))
            continue;
        info.type = types[i].type;
        types[i].sniff(&bytes, &info);
        break;
    }
    info.truncated = info.truncated && !head_only;
    return info;
}

const char *lk_picture_type_name(LkPictureType type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].type == type)
            return types[i].name;
    return "unknown";
}

bool lk_picture_type_fits_name(LkPictureType type, const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || type == LK_PICTURE_UNKNOWN || strlen(dot) > 8)
        return true;
    bool known = false;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        for (const char *at = types[i].extensions; (at = strchr(at, ' ')) && at[1]; at++) {
            const size_t length = strcspn(at + 1, " ");
            if (strlen(dot + 1) == length && strncasecmp(at + 1, dot + 1, length) == 0) {
                if (types[i].type == type)
                    return true;
                known = true;
            }
        }
    }
    return !known;
}
