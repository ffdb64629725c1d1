/* PNG files with texts: written and read back; read from hand-made chunks, good and damaged. libpng judges the picture.
 */
#include "format/png.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"
#include "tests/tap.h"

#include <png.h>
#include <string.h>
#include <zlib.h>

/* ------------------------------------------------------------------------------------------- chunks by hand */

static void add_chunk(GByteArray *out, const char *type, const void *data, size_t size)
{
    guint8 length[4] = {(guint8)(size >> 24), (guint8)(size >> 16), (guint8)(size >> 8), (guint8)size};
    g_byte_array_append(out, length, 4);
    guint start = out->len;
    g_byte_array_append(out, (const guint8 *)type, 4);
    if (size)
        g_byte_array_append(out, data, (guint)size);
    uLong crc = crc32(crc32(0, NULL, 0), out->data + start, out->len - start);
    guint8 sum[4] = {(guint8)(crc >> 24), (guint8)(crc >> 16), (guint8)(crc >> 8), (guint8)crc};
    g_byte_array_append(out, sum, 4);
}

static GByteArray *begin_png(void)
{
    static const guint8 ihdr[13] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
    add_chunk(out, "IHDR", ihdr, sizeof ihdr);
    return out;
}

/* A chunk whose text part is compressed. */
static void add_compressed(GByteArray *out, const char *type, const void *head, size_t head_size, const void *text,
                           size_t size)
{
    uLongf room = compressBound(size);
    g_autofree guint8 *data = g_malloc(head_size + room);
    memcpy(data, head, head_size);
    compress(data + head_size, &room, text, size);
    add_chunk(out, type, data, head_size + room);
}

static LkMetadata *texts_of(const GByteArray *png, GError **error)
{
    /* An exact copy, so that a sanitizer sees a step beyond its end. */
    g_autofree guint8 *copy = g_memdup2(png->data, png->len);
    return lk_png_read_texts_bytes(copy, png->len, "x.png", error);
}

/* ------------------------------------------------------------------------------------------- tests */

static void test_round_trip(void)
{
    static const char *const texts[][2] = {
        {"parameters", "a cat, (b:1.2)\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"},
        {"Latin", "é ÿ \xc2\xa0"},
        {"Comment", "猫 😀\n\"\\"},
        {"Empty", ""},
    };
    uint8_t rgb[40 * 20];
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 37);
    g_autoptr(LkMetadata) m = lk_metadata_new();
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        lk_metadata_set(m, texts[i][0], texts[i][1]);
    g_autoptr(GError) error = NULL;
    tap_ok(lk_png_write(scratch("a.png"), rgb, 13, 20, 40, m, &error), "a picture is written");
    g_autoptr(LkMetadata) read = lk_png_read_texts(scratch("a.png"), &error);
    bool same = lk_metadata_count(read) == G_N_ELEMENTS(texts);
    for (size_t i = 0; i < G_N_ELEMENTS(texts) && same; i++)
        same = g_strcmp0(lk_metadata_get(read, texts[i][0]), texts[i][1]) == 0;
    tap_ok(same, "its texts read back");

    png_image image = {.version = PNG_IMAGE_VERSION};
    bool picture = png_image_begin_read_from_file(&image, scratch("a.png")) && image.width == 13 && image.height == 20;
    g_autofree uint8_t *pixels = g_malloc(13 * 20 * 3);
    image.format = PNG_FORMAT_RGB;
    picture = picture && png_image_finish_read(&image, NULL, pixels, 0, NULL);
    for (int y = 0; y < 20 && picture; y++)
        picture = memcmp(pixels + y * 39, rgb + y * 40, 39) == 0;
    tap_ok(picture, "libpng sees the same pixels");

    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_file_get_contents(scratch("a.png"), &bytes, &size, NULL);
    tap_ok(memmem(bytes, size, "tEXtparameters", 14) && memmem(bytes, size, "tEXtLatin", 9) &&
               memmem(bytes, size, "iTXtComment", 11),
           "Latin-1 goes into tEXt, the rest into iTXt");
}

static void test_kinds(void)
{
    g_autoptr(GByteArray) png = begin_png();
    add_chunk(png, "tEXt", "plain\0caf\xe9", 10);
    add_chunk(png, "tEXt", "twice\0one", 9);
    add_compressed(png, "zTXt", "packed\0\0", 8, "long long long text", 19);
    add_chunk(png, "iTXt", "inter\0\0\0de\0Schl\xc3\xbcssel\0\xe7\x8c\xab", 25);
    add_compressed(png, "iTXt", "both\0\1\0\0\0", 9, "\xe7\x8c\xab\xe7\x8c\xab", 6);
    add_chunk(png, "iTXt", "broken\0\0\0\0\0a\xff", 13);
    add_chunk(png, "IDAT", "not looked at", 13);
    add_chunk(png, "tEXt", "late\0behind the picture", 23);
    add_chunk(png, "tEXt", "twice\0two", 9);
    add_chunk(png, "IEND", NULL, 0);
    g_byte_array_append(png, (const guint8 *)"what follows is not ours", 24);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkMetadata) m = texts_of(png, &error);
    if (!tap_ok(m != NULL, "all kinds are read: %s", error ? error->message : "yes"))
        return;
    static const char *const expected[][2] = {
        {"plain", "café"},           {"packed", "long long long text"}, {"inter", "猫"}, {"both", "猫猫"},
        {"broken", "a\xEF\xBF\xBD"}, {"late", "behind the picture"},    {"twice", "two"}};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        tap_ok(g_strcmp0(lk_metadata_get(m, expected[i][0]), expected[i][1]) == 0, "%s: %s", expected[i][0],
               lk_metadata_get(m, expected[i][0]));
    bool refused = true;
    for (guint size = 0; size < png->len - 24; size++) {
        g_autofree guint8 *part = g_memdup2(png->data, size + 1);
        LkMetadata *none = lk_png_read_texts_bytes(part, size, "x.png", NULL);
        refused &= !none;
        lk_metadata_free(none);
    }
    tap_ok(refused, "cut off at any byte it is refused");
}

static void test_damage(void)
{
    static const struct {
        const char *title, *type, *data;
        size_t size;
        const char *words;
    } rows[] = {
        {"no key", "tEXt", "\0text", 5, "key is missing"},
        {"no end of the key", "tEXt", "text", 4, "key is missing"},
        {"nothing", "tEXt", "", 0, "key is missing"},
        {"an unknown compression", "zTXt", "k\0\1", 3, "compression is not known"},
        {"no compression", "zTXt", "k\0", 2, "compression is not known"},
        {"broken compression", "zTXt", "k\0\0abcdef", 9, "damaged"},
        {"empty compression", "zTXt", "k\0\0", 3, "damaged"},
        {"no fields", "iTXt", "k\0", 2, "fields before the text"},
        {"a strange flag", "iTXt", "k\0\2\0\0\0x", 7, "fields before the text"},
        {"no language", "iTXt", "k\0\0\0en", 6, "fields before the text"},
        {"no name that can be shown", "a\n1b", "", 0, "not made of letters"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) png = begin_png();
        add_chunk(png, rows[i].type, rows[i].data, rows[i].size);
        add_chunk(png, "IEND", NULL, 0);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkMetadata) m = texts_of(png, &error);
        tap_refused(m, &error, LK_ERROR_FORMAT, rows[i].words, rows[i].title);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) png = begin_png();
    add_chunk(png, "tEXt", "k\0text", 6);
    png->data[png->len - 6] ^= 1;
    add_chunk(png, "IEND", NULL, 0);
    g_autoptr(LkMetadata) flipped = texts_of(png, &error);
    tap_refused(flipped, &error, LK_ERROR_FORMAT, "checksum", "a changed bit");
    memset(png->data + 33, 0xff, 4);
    g_autoptr(LkMetadata) lying = texts_of(png, &error);
    tap_refused(lying, &error, LK_ERROR_FORMAT, "beyond the end", "a lying length");
    png->data[12] = 'X';
    g_autoptr(LkMetadata) headless = texts_of(png, &error);
    tap_refused(headless, &error, LK_ERROR_FORMAT, "IHDR", "another chunk first");
    g_autoptr(LkMetadata) jpeg = lk_png_read_texts_bytes("\xff\xd8\xff\xe0 JFIF", 9, "x.png", &error);
    tap_refused(jpeg, &error, LK_ERROR_FORMAT, "not a PNG", "another kind of file");
    g_autoptr(LkMetadata) none = lk_png_read_texts(scratch("none.png"), &error);
    tap_refused(none, &error, LK_ERROR_IO, "none.png", "a missing file");
}

static void test_bombs(void)
{
    g_autofree char *zeros = g_malloc0(40 << 20);
    g_autoptr(GByteArray) png = begin_png();
    add_compressed(png, "zTXt", "bomb\0\0", 6, zeros, 40 << 20);
    add_chunk(png, "IEND", NULL, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkMetadata) one = texts_of(png, &error);
    tap_refused(one, &error, LK_ERROR_FORMAT, "too large", "40 MB in a few bytes");
    g_byte_array_set_size(png, 33);
    for (int i = 0; i < 5; i++)
        add_compressed(png, "zTXt", "bomb\0\0", 6, zeros, 5 << 20);
    add_chunk(png, "IEND", NULL, 0);
    g_autoptr(LkMetadata) five = texts_of(png, &error);
    tap_refused(five, &error, LK_ERROR_FORMAT, "too large", "five times 5 MB");
    g_byte_array_set_size(png, 33);
    for (int i = 0; i < 1001; i++)
        add_chunk(png, "tEXt", "k\0v", 3);
    add_chunk(png, "IEND", NULL, 0);
    g_autoptr(LkMetadata) many = texts_of(png, &error);
    tap_refused(many, &error, LK_ERROR_FORMAT, "1000", "1001 texts");
}

static void test_refused_writes(void)
{
    uint8_t rgb[3] = {1, 2, 3};
    g_autoptr(GError) error = NULL;
    tap_refused(lk_png_write(scratch("r"), rgb, 0, 1, 3, NULL, &error), &error, LK_ERROR_FORMAT, "0 x 1", "no width");
    tap_refused(lk_png_write(scratch("r"), rgb, 1, -1, 3, NULL, &error), &error, LK_ERROR_FORMAT, "1 x -1",
                "no height");
    tap_refused(lk_png_write(scratch("r"), rgb, 1, 1, 2, NULL, &error), &error, LK_ERROR_FORMAT, "1 x 1",
                "a short row");
    tap_refused(lk_png_write(scratch("no/r"), rgb, 1, 1, 3, NULL, &error), &error, LK_ERROR_IO, "No such file",
                "no folder");
    static const char *const keys[] = {
        "",
        " a",
        "a ",
        "a  b",
        "é",
        "a\nb",
        "eighty characters eighty characters eighty characters eighty characters eighty c"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(LkMetadata) m = lk_metadata_new();
        lk_metadata_set(m, keys[i], "x");
        tap_refused(lk_png_write(scratch("r"), rgb, 1, 1, 3, m, &error), &error, LK_ERROR_FORMAT, "cannot name",
                    keys[i]);
    }
    g_autoptr(LkMetadata) m = lk_metadata_new();
    lk_metadata_set(m, "key", "\xff");
    tap_refused(lk_png_write(scratch("r"), rgb, 1, 1, 3, m, &error), &error, LK_ERROR_FORMAT, "UTF-8", "no UTF-8");
    tap_ok(access(scratch("r"), F_OK) != 0, "nothing is left");
}

int main(void)
{
    if (!scratch_begin())
        return 1;
    test_round_trip();
    test_kinds();
    test_damage();
    test_bombs();
    test_refused_writes();
    scratch_end();
    return tap_done();
}
