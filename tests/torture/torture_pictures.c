#include "tests/torture/torture_pictures.h"

#include "base/philox.h"
#include "tests/dataset/pictures.h"

#ifdef LK_WITH_WEBP
#include <webp/encode.h>
#endif

enum { WIDTH = 96, HEIGHT = 64 };

/** A whole file before anything happens to it. */
typedef struct Base {
    const char *kind, *extension;
    GByteArray *bytes;
    int width, height;
    bool plain, grey;
    bool checked; /* its format has checksums: changed bytes are noticed */
    bool small;   /* so few bytes that the end is no part of the pixels */
} Base;

static void free_picture(gpointer data)
{
    TorturePicture *picture = data;
    g_free(picture->name);
    g_byte_array_unref(picture->bytes);
    g_free(picture);
}

static GByteArray *copy_of(const GByteArray *bytes, guint size)
{
    GByteArray *copy = g_byte_array_new();
    g_byte_array_append(copy, bytes->data, MIN(size, bytes->len));
    return copy;
}

static TorturePicture *add(GPtrArray *all, const Base *base, const char *defect, const char *extension,
                           GByteArray *bytes, TortureAnswer answer)
{
    TorturePicture *picture = g_new0(TorturePicture, 1);
    *picture = (TorturePicture){.name = g_strdup_printf("%03u-%s-%s.%s", all->len, base->kind, defect, extension),
                                .bytes = bytes,
                                .answer = answer,
                                .width = base->width,
                                .height = base->height,
                                .turn = 1,
                                .plain = base->plain,
                                .grey = base->grey};
    g_ptr_array_add(all, picture);
    return picture;
}

/* Kinds of PNG ----------------------------------------------------------------------------------------------------- */

/** One pixel of the quadrants in a PNG's colour type. */
static guint put_pixel(uint8_t *out, const uint8_t *rgb, int colour, int bits)
{
    uint8_t samples[4];
    guint count = 0;
    if (colour == 0 || colour == 4) {
        samples[count++] = rgb[0];
    } else {
        memcpy(samples, rgb, 3);
        count = 3;
    }
    if (colour >= 4)
        samples[count++] = 200;
    for (guint i = 0; i < count; i++) {
        if (bits == 16)
            out[2 * i] = out[2 * i + 1] = samples[i];
        else
            out[i] = samples[i];
    }
    return count * (bits == 16 ? 2 : 1);
}

/** The pixels of one pass: every dx-th of every dy-th row, from (x, y) on; a byte for the filter before each row. */
static void put_pass(GByteArray *rows, const uint8_t *rgb, int colour, int bits, const int pass[4])
{
    for (int y = pass[1]; y < HEIGHT; y += pass[3]) {
        uint8_t pixel[8];
        g_byte_array_append(rows, (const guint8 *)"\0", 1);
        for (int x = pass[0]; x < WIDTH; x += pass[2])
            g_byte_array_append(rows, pixel, put_pixel(pixel, rgb + (y * WIDTH + x) * 3, colour, bits));
    }
}

static GByteArray *png_kind(int colour, int bits, bool interlaced)
{
    static const int passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                     {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    static const int whole[4] = {0, 0, 1, 1};
    g_autofree uint8_t *rgb = quadrants(WIDTH, HEIGHT);
    g_autoptr(GByteArray) rows = g_byte_array_new();
    for (int pass = 0; pass < (interlaced ? 7 : 1); pass++)
        put_pass(rows, rgb, colour, bits, interlaced ? passes[pass] : whole);
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
    const uint8_t head[13] = {0, 0, 0, WIDTH, 0, 0, 0, HEIGHT, (uint8_t)bits, (uint8_t)colour, 0, 0, interlaced};
    png_chunk(out, "IHDR", head, sizeof head);
    uLongf size = compressBound(rows->len);
    g_autofree uint8_t *packed = g_malloc(size);
    compress2(packed, &size, rows->data, rows->len, 0); /* not packed: a cut anywhere takes pixels away */
    png_chunk(out, "IDAT", packed, (guint)size);
    png_chunk(out, "IEND", NULL, 0);
    return out;
}

static GByteArray *png_palette(bool transparent)
{
    static const uint8_t palette[12] = {230, 20, 20, 20, 220, 20, 20, 20, 230, 128, 128, 128};
    uint8_t indices[WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            indices[y * WIDTH + x] = (uint8_t)((y >= HEIGHT / 2) * 2 + (x >= WIDTH / 2));
    GByteArray *out = png_begin(WIDTH, HEIGHT, 8, 3);
    png_chunk(out, "PLTE", palette, sizeof palette);
    if (transparent)
        png_chunk(out, "tRNS", "\x80\xff\x40", 3);
    png_finish(out, indices, HEIGHT, WIDTH);
    return out;
}

static GByteArray *png_animated(void)
{
    g_autofree uint8_t *rgb = quadrants(WIDTH, HEIGHT);
    GByteArray *out = png_begin(WIDTH, HEIGHT, 8, 2);
    png_chunk(out, "acTL", "\0\0\0\1\0\0\0\0", 8);
    png_chunk(out, "fcTL", "\0\0\0\0\0\0\0\x60\0\0\0\x40\0\0\0\0\0\0\0\0\0\1\0\1\0\0", 26);
    png_finish(out, rgb, HEIGHT, WIDTH * 3);
    return out;
}

/* Kinds of JPEG and the others ------------------------------------------------------------------------------------- */

static GByteArray *jpeg_kind(int components, bool progressive)
{
    g_autofree uint8_t *rgb = quadrants(WIDTH, HEIGHT);
    if (components == 3)
        return jpeg_from(rgb, WIDTH, HEIGHT, 3, JCS_RGB, progressive);
    uint8_t samples[WIDTH * HEIGHT * 4];
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        for (int c = 0; c < components; c++)
            samples[i * components + c] = c == 3 ? 255 : rgb[3 * i + c]; /* Adobe's inks are inverted */
    return jpeg_from(samples, WIDTH, HEIGHT, components, components == 1 ? JCS_GRAYSCALE : JCS_CMYK, progressive);
}

#ifdef LK_WITH_WEBP
static GByteArray *webp_kind(bool lossless, bool alpha)
{
    g_autofree uint8_t *rgb = quadrants(WIDTH, HEIGHT);
    uint8_t rgba[WIDTH * HEIGHT * 4], *data = NULL;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        memcpy(rgba + 4 * i, rgb + 3 * i, 3);
        rgba[4 * i + 3] = alpha ? 200 : 255;
    }
    size_t size = lossless ? WebPEncodeLosslessRGBA(rgba, WIDTH, HEIGHT, WIDTH * 4, &data)
                           : WebPEncodeRGBA(rgba, WIDTH, HEIGHT, WIDTH * 4, 95, &data);
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, data, (guint)size);
    WebPFree(data);
    return out;
}
#endif

static GArray *bases(void)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Base));
    const struct {
        const char *kind;
        int colour, bits;
        bool interlaced;
    } pngs[] = {{"png", 2, 8, false},          {"png-alpha", 6, 8, false},
                {"png-grey", 0, 8, false},     {"png-grey-alpha", 4, 8, false},
                {"png-16", 2, 16, false},      {"png-16-alpha", 6, 16, false},
                {"png-16-grey", 0, 16, false}, {"png-adam7", 2, 8, true},
                {"png-adam7-16", 6, 16, true}};
    for (gsize i = 0; i < G_N_ELEMENTS(pngs); i++) {
        Base base = {pngs[i].kind, "png", png_kind(pngs[i].colour, pngs[i].bits, pngs[i].interlaced), .checked = true,
                     .grey = pngs[i].colour % 4 == 0};
        g_array_append_val(all, base);
    }
    const Base others[] = {
        {"png-palette", "png", png_palette(false), .checked = true},
        {"png-palette-clear", "png", png_palette(true), .checked = true},
        {"png-animated", "png", png_animated(), .checked = true},
        {"jpeg", "jpg", jpeg_kind(3, false)},
        {"jpeg-progressive", "jpeg", jpeg_kind(3, true)},
        {"jpeg-grey", "jpg", jpeg_kind(1, false), .grey = true},
        {"jpeg-cmyk", "jpg", jpeg_kind(4, false)},
        {"jpeg-cmyk-progressive", "jpg", jpeg_kind(4, true)},
        {"bmp", "bmp", pixbuf_quadrants("bmp", WIDTH, HEIGHT)},
        {"gif", "gif", gif(false), 2, 2, .plain = true, .small = true},
        {"gif-animated", "gif", gif(true), 2, 2, .plain = true, .small = true},
#ifdef LK_WITH_WEBP
        {"webp", "webp", webp_kind(false, false)},
        {"webp-lossless", "webp", webp_kind(true, false)},
        {"webp-alpha", "webp", webp_kind(false, true)},
#endif
    };
    g_array_append_vals(all, others, G_N_ELEMENTS(others));
    for (guint i = 0; i < all->len; i++) {
        Base *base = &g_array_index(all, Base, i);
        base->width = base->width ? base->width : WIDTH;
        base->height = base->height ? base->height : HEIGHT;
    }
    return all;
}

/* Defects ---------------------------------------------------------------------------------------------------------- */

static void add_cuts(GPtrArray *all, const Base *base)
{
    static const int percent[] = {1, 10, 25, 50, 75, 95};
    for (gsize i = 0; i < G_N_ELEMENTS(percent); i++) {
        g_autofree char *defect = g_strdup_printf("cut-%d", percent[i]);
        guint kept = base->bytes->len * (guint)percent[i] / 100;
        bool sure = percent[i] <= 25 || (!base->small && base->bytes->len - kept > 24); /* a PNG's end has 12 bytes */
        add(all, base, defect, base->extension, copy_of(base->bytes, base->bytes->len * (guint)percent[i] / 100),
            sure ? TORTURE_REFUSED : TORTURE_EITHER);
    }
    add(all, base, "empty", base->extension, g_byte_array_new(), TORTURE_REFUSED);
}

static void add_changes(GPtrArray *all, const Base *base, uint64_t *drawn)
{
    LkRandom stream = {.seed = 7, .purpose = LK_RANDOM_TEST};
    GByteArray *headless = copy_of(base->bytes, base->bytes->len);
    memset(headless->data, 0, MIN(headless->len, 16));
    add(all, base, "no-head", base->extension, headless, TORTURE_REFUSED);
    GByteArray *hole = copy_of(base->bytes, base->bytes->len);
    for (guint i = hole->len / 2; i < hole->len / 2 + 40 && i < hole->len; i++)
        hole->data[i] ^= 0xA5;
    add(all, base, "hole", base->extension, hole, base->checked ? TORTURE_REFUSED : TORTURE_EITHER);
    for (int k = 0; k < 3; k++) {
        GByteArray *flipped = copy_of(base->bytes, base->bytes->len);
        for (int n = 0; n < 4; n++) {
            uint32_t at = lk_random_below(stream, (*drawn)++, flipped->len);
            flipped->data[at] ^= (uint8_t)(1u << lk_random_below(stream, (*drawn)++, 8));
        }
        add(all, base, "flipped", base->extension, flipped, TORTURE_EITHER);
    }
}

/** Where the sizes stand: byte of width and of height, bytes of each, most significant first. */
static bool size_places(const Base *base, guint places[2], int *bytes, bool *big)
{
    *big = true;
    *bytes = 4;
    if (g_str_has_prefix(base->kind, "png")) {
        places[0] = 16, places[1] = 20;
        return true;
    }
    *big = false;
    if (strcmp(base->kind, "bmp") == 0) {
        places[0] = 18, places[1] = 22;
        return true;
    }
    *bytes = 2;
    if (g_str_has_prefix(base->kind, "gif")) {
        places[0] = 24, places[1] = 26; /* of the first frame */
        return true;
    }
    *big = true;
    for (guint i = 2; g_str_has_prefix(base->kind, "jpeg") && i + 9 < base->bytes->len; i++) {
        const uint8_t *at = base->bytes->data + i;
        if (at[0] == 0xFF && (at[1] == 0xC0 || at[1] == 0xC2)) {
            places[0] = i + 7, places[1] = i + 5;
            return true;
        }
    }
    return false;
}

/** The picture says it has another size than it has pixels for. */
static void add_sizes(GPtrArray *all, const Base *base)
{
    static const struct {
        const char *defect;
        uint32_t value;
    } rows[] = {{"huge", 65500}, {"no-size", 0}};
    guint places[2];
    int bytes;
    bool big;
    if (!size_places(base, places, &bytes, &big))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *file = copy_of(base->bytes, base->bytes->len);
        for (int side = 0; side < 2; side++)
            for (int b = 0; b < bytes; b++)
                file->data[places[side] + (guint)b] = (uint8_t)(rows[i].value >> 8 * (big ? bytes - 1 - b : b));
        if (base->checked) { /* the header's checksum is right again */
            uint32_t sum = GUINT32_TO_BE((uint32_t)crc32(crc32(0, NULL, 0), file->data + 12, 17));
            memcpy(file->data + 29, &sum, 4);
        }
        add(all, base, rows[i].defect, base->extension, file, base->small ? TORTURE_EITHER : TORTURE_REFUSED);
    }
}

/** EXIF turns, and turns that there are not. */
static void add_turns(GPtrArray *all, const Base *base)
{
    bool jpeg = g_str_has_prefix(base->kind, "jpeg"), png = strcmp(base->kind, "png") == 0;
    for (int turn = 0; turn <= 9 && (jpeg || png); turn++) {
        GByteArray *file = NULL;
        if (jpeg) {
            file = with_jpeg_exif(base->bytes, turn, turn % 2);
        } else {
            g_autoptr(GByteArray) block = exif_block(turn, turn % 2);
            file = copy_of(base->bytes, 33);
            png_chunk(file, "eXIf", block->data, block->len);
            g_byte_array_append(file, base->bytes->data + 33, base->bytes->len - 33);
        }
        g_autofree char *defect = g_strdup_printf("turn-%d", turn);
        TorturePicture *picture = add(all, base, defect, base->extension, file, TORTURE_GOOD);
        picture->turn = turn >= 1 && turn <= 8 ? turn : 1;
        if (picture->turn >= 5) {
            picture->width = base->height;
            picture->height = base->width;
        }
    }
}

/** Files that are no pictures at all. */
static void add_strangers(GPtrArray *all)
{
    static const struct {
        const char *kind, *text;
    } rows[] = {{"text", "not a picture"},
                {"html", "<!DOCTYPE html><html><body>404</body></html>"},
                {"svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100000\" height=\"100000\"/>"},
                {"zip", "PK\3\4\24\0\0\0\10\0"},
                {"pdf", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"},
                {"elf", "\x7f"
                        "ELF\2\1\1"},
                {"xpm", "/* XPM */\nstatic char *a[] = {\"99999 99999 1 1\", \"a c None\"};"},
                {"pnm", "P6\n999999 999999\n255\n"}};
    static const char *const extensions[] = {"png", "jpg", "webp", "bmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        for (gsize e = 0; e < G_N_ELEMENTS(extensions); e++) {
            Base base = {.kind = rows[i].kind};
            GByteArray *file = g_byte_array_new();
            g_byte_array_append(file, (const guint8 *)rows[i].text, (guint)strlen(rows[i].text));
            add(all, &base, "stranger", extensions[e], file, TORTURE_REFUSED);
        }
}

GPtrArray *torture_pictures(void)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(free_picture);
    g_autoptr(GArray) whole = bases();
    uint64_t drawn = 0;
    for (guint i = 0; i < whole->len; i++) {
        const Base *base = &g_array_index(whole, Base, i);
        const char *other = g_str_has_prefix(base->kind, "png") ? "jpg" : "png";
        add(all, base, "whole", base->extension, copy_of(base->bytes, base->bytes->len), TORTURE_GOOD);
        add(all, base, "wrong-name", other, copy_of(base->bytes, base->bytes->len), TORTURE_GOOD);
        GByteArray *longer = copy_of(base->bytes, base->bytes->len);
        for (int k = 0; k < 100; k++)
            g_byte_array_append(longer, (const guint8 *)"\xff\xd8 and more \0\1\2", 14);
        add(all, base, "and-more", base->extension, longer, TORTURE_GOOD);
        add_cuts(all, base);
        add_changes(all, base, &drawn);
        add_sizes(all, base);
        add_turns(all, base);
        g_byte_array_unref(base->bytes);
    }
    add_strangers(all);
    return all;
}
