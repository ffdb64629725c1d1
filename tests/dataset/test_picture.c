/* Decoding: every kind of file a dataset holds, and every kind of damage. */
#include "dataset/picture.h"
#include "format/gerror.h"
#include "tests/dataset/pictures.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <unistd.h>

#ifdef LK_WITH_WEBP
#include <webp/encode.h>
#endif

/* Largest difference of a decoded picture from RGB samples; 999 when it failed or has another size. */
static int difference(const LkPixels *pixels, const uint8_t *rgb, int width, int height)
{
    if (!pixels || pixels->width != width || pixels->height != height)
        return 999;
    int worst = 0;
    for (int i = 0; i < width * height * 3; i++)
        worst = MAX(worst, abs(pixels->data[i] - rgb[i]));
    return worst;
}

static LkPixels *decode(const GByteArray *file, LkPictureInfo *info)
{
    g_autoptr(GError) error = NULL;
    LkPixels *pixels = lk_picture_decode(file->data, file->len, info, &error);
    if (!pixels)
        tap_note("%s", error->message);
    return pixels;
}

static void test_png(void)
{
    g_autofree uint8_t *rgb = quadrants(30, 20);
    LkPictureInfo info;
    g_autoptr(GByteArray) plain = png_quadrants(30, 20);
    g_autoptr(LkPixels) pixels = decode(plain, &info);
    tap_ok(difference(pixels, rgb, 30, 20) == 0 && info.type == LK_PICTURE_PNG && info.bits == 8 && !info.alpha,
           "RGB PNG");

    g_autoptr(GByteArray) with_alpha = png_begin(30, 20, 8, 6);
    g_autofree uint8_t *rgba = g_malloc(30 * 20 * 4);
    for (int i = 0; i < 600; i++) {
        memcpy(rgba + 4 * i, rgb + 3 * i, 3);
        rgba[4 * i + 3] = (uint8_t)i;
    }
    png_finish(with_alpha, rgba, 20, 120);
    g_autoptr(LkPixels) opaque = decode(with_alpha, &info);
    tap_ok(difference(opaque, rgb, 30, 20) == 0 && info.alpha, "alpha is dropped and said, colours stay");

    g_autoptr(GByteArray) deep = png_begin(30, 20, 16, 2);
    g_autofree uint8_t *rgb16 = g_malloc(30 * 20 * 6);
    for (int i = 0; i < 1800; i++) {
        rgb16[2 * i] = rgb[i];
        rgb16[2 * i + 1] = 77;
    }
    png_finish(deep, rgb16, 20, 180);
    g_autoptr(LkPixels) shallow = decode(deep, &info);
    tap_ok(difference(shallow, rgb, 30, 20) == 0 && info.bits == 16, "16 bits become 8 by the high byte");
}

static void test_png_kinds(void)
{
    static const uint8_t ramp[8] = {0, 40, 80, 120, 160, 200, 240, 255};
    uint8_t grey_rgb[24], deep[16];
    for (int i = 0; i < 8; i++) {
        memset(grey_rgb + 3 * i, ramp[i], 3);
        deep[2 * i] = deep[2 * i + 1] = ramp[i];
    }
    LkPictureInfo info;
    g_autoptr(GByteArray) grey = png_begin(8, 1, 8, 0);
    png_finish(grey, ramp, 1, 8);
    g_autoptr(LkPixels) grey_pixels = decode(grey, &info);
    tap_ok(difference(grey_pixels, grey_rgb, 8, 1) == 0 && info.grey, "grey PNG");

    g_autoptr(GByteArray) grey16 = png_begin(8, 1, 16, 0);
    png_finish(grey16, deep, 1, 16);
    g_autoptr(LkPixels) deep_pixels = decode(grey16, &info);
    tap_ok(difference(deep_pixels, grey_rgb, 8, 1) == 0 && info.grey && info.bits == 16,
           "16-bit grey PNG, scaled and not clipped");

    static const uint8_t palette[6] = {10, 20, 30, 200, 100, 50}, indices[1] = {0x55},
                         expected[24] = {10, 20, 30, 200, 100, 50, 10, 20, 30, 200, 100, 50,
                                         10, 20, 30, 200, 100, 50, 10, 20, 30, 200, 100, 50};
    g_autoptr(GByteArray) indexed = png_begin(8, 1, 1, 3);
    png_chunk(indexed, "PLTE", palette, 6);
    png_chunk(indexed, "tRNS", "\x80", 1);
    png_finish(indexed, indices, 1, 1);
    g_autoptr(LkPixels) indexed_pixels = decode(indexed, &info);
    tap_ok(difference(indexed_pixels, expected, 8, 1) == 0 && info.alpha && !info.grey,
           "palette PNG with transparency");

    g_autofree uint8_t *rgb = quadrants(6, 4);
    g_autoptr(GByteArray) turned = png_begin(6, 4, 8, 2);
    g_autoptr(GByteArray) block = exif_block(6, true);
    png_chunk(turned, "eXIf", block->data, block->len);
    png_finish(turned, rgb, 4, 18);
    g_autoptr(LkPixels) turned_pixels = decode(turned, &info);
    tap_ok(turned_pixels && turned_pixels->width == 4 && turned_pixels->height == 6 && info.orientation == 6 &&
               turned_pixels->data[2] == 230,
           "PNG turned by EXIF: the lower left corner is at the upper left");

    g_autoptr(GByteArray) animated = png_begin(6, 4, 8, 2);
    png_chunk(animated, "acTL", "\0\0\0\1\0\0\0\0", 8);
    png_chunk(animated, "fcTL", "\0\0\0\0\0\0\0\6\0\0\0\4\0\0\0\0\0\0\0\0\0\1\0\1\0\0", 26);
    png_finish(animated, rgb, 4, 18);
    g_autoptr(LkPixels) animated_pixels = decode(animated, &info);
    tap_ok(difference(animated_pixels, rgb, 6, 4) == 0 && info.animated, "animated PNG: the first frame");
}

static void test_jpeg(void)
{
    g_autofree uint8_t *rgb = quadrants(64, 48);
    LkPictureInfo info;
    for (int progressive = 0; progressive < 2; progressive++) {
        g_autoptr(GByteArray) file = jpeg_from(rgb, 64, 48, 3, JCS_RGB, progressive);
        g_autoptr(LkPixels) pixels = decode(file, &info);
        const int worst = difference(pixels, rgb, 64, 48);
        tap_ok(worst < 25 && info.type == LK_PICTURE_JPEG && info.in_passes == (bool)progressive,
               "JPEG, progressive %d, within %d", progressive, worst);
    }
    g_autofree uint8_t *grey = g_malloc(64 * 48);
    g_autofree uint8_t *grey_rgb = g_malloc(64 * 48 * 3);
    g_autofree uint8_t *cmyk = g_malloc(64 * 48 * 4);
    for (int i = 0; i < 64 * 48; i++) {
        grey[i] = rgb[3 * i];
        memset(grey_rgb + 3 * i, grey[i], 3);
        for (int c = 0; c < 3; c++) /* Adobe's files hold inverted inks: no black ink is 255 */
            cmyk[4 * i + c] = rgb[3 * i + c];
        cmyk[4 * i + 3] = 255;
    }
    g_autoptr(GByteArray) grey_file = jpeg_from(grey, 64, 48, 1, JCS_GRAYSCALE, false);
    g_autoptr(LkPixels) grey_pixels = decode(grey_file, &info);
    tap_ok(difference(grey_pixels, grey_rgb, 64, 48) < 20 && info.grey, "grey JPEG");
    g_autoptr(GByteArray) cmyk_file = jpeg_from(cmyk, 64, 48, 4, JCS_CMYK, false);
    g_autoptr(LkPixels) cmyk_pixels = decode(cmyk_file, &info);
    const int worst = difference(cmyk_pixels, rgb, 64, 48);
    tap_ok(worst < 25 && info.cmyk && !info.alpha, "CMYK JPEG, within %d", worst);
}

static void test_jpeg_turns(void)
{
    /* Which quadrant (0 red, 1 green / 2 blue, 3 grey) is at the upper left and upper right when shown. */
    static const int upper[9][2] = {{0}, {0, 1}, {1, 0}, {3, 2}, {2, 3}, {0, 2}, {2, 0}, {3, 1}, {1, 3}};
    static const uint8_t colours[4][3] = {{230, 20, 20}, {20, 220, 20}, {20, 20, 230}, {128, 128, 128}};
    g_autoptr(GByteArray) plain = pixbuf_quadrants("jpeg", 64, 48);
    for (int orientation = 1; orientation <= 8; orientation++) {
        g_autoptr(GByteArray) file = with_jpeg_exif(plain, orientation, orientation % 2);
        LkPictureInfo info;
        g_autoptr(LkPixels) pixels = decode(file, &info);
        bool right = pixels && info.orientation == orientation && pixels->width == (orientation >= 5 ? 48 : 64);
        for (int side = 0; right && side < 2; side++) {
            const uint8_t *got = pixels->data + (4 * pixels->width + (side ? pixels->width - 5 : 4)) * 3;
            for (int c = 0; c < 3; c++)
                right = right && abs(got[c] - colours[upper[orientation][side]][c]) < 25;
        }
        tap_ok(right, "JPEG with EXIF orientation %d", orientation);
    }
}

static void test_others(void)
{
    g_autofree uint8_t *rgb = quadrants(31, 17);
    LkPictureInfo info;
    g_autoptr(GByteArray) bmp = pixbuf_quadrants("bmp", 31, 17);
    g_autoptr(LkPixels) bmp_pixels = decode(bmp, &info);
    tap_ok(difference(bmp_pixels, rgb, 31, 17) == 0 && info.type == LK_PICTURE_BMP, "BMP");
    static const uint8_t white[12] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    for (int animated = 0; animated < 2; animated++) {
        g_autoptr(GByteArray) file = gif(animated);
        g_autoptr(LkPixels) pixels = decode(file, &info);
        tap_ok(difference(pixels, white, 2, 2) == 0 && info.animated == (bool)animated,
               "GIF, animated %d: the first frame", animated);
    }
}

static void test_webp(void)
{
#ifdef LK_WITH_WEBP
    g_autofree uint8_t *rgb = quadrants(31, 17);
    LkPictureInfo info;
    uint8_t *data = NULL;
    g_autoptr(GByteArray) file = g_byte_array_new();
    const size_t size = WebPEncodeLosslessRGB(rgb, 31, 17, 93, &data);
    g_byte_array_append(file, data, (guint)size);
    WebPFree(data);
    g_autoptr(LkPixels) pixels = decode(file, &info);
    tap_ok(difference(pixels, rgb, 31, 17) == 0 && info.type == LK_PICTURE_WEBP && info.width == 31 &&
               info.height == 17,
           "WebP");
    g_byte_array_set_size(file, file->len / 2);
    g_autoptr(LkPixels) part = decode(file, &info);
    tap_ok(!part && info.truncated, "a WebP that ends early");
#endif
    LkPictureInfo head =
        lk_picture_sniff((const uint8_t *)"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\x3f\1\0\xef\0\0", 30, true);
    tap_ok(head.width == 320 && head.height == 240 && head.alpha && head.animated && !head.truncated,
           "the head of an animated WebP");
}

static void expect_failure(const char *what, const uint8_t *data, size_t size, const char *word, LkErrorCode code)
{
    g_autoptr(GError) error = NULL;
    LkPictureInfo info;
    g_autoptr(LkPixels) pixels = lk_picture_decode(data, size, &info, &error);
    tap_ok(!pixels && g_error_matches(error, LK_ERROR, (gint)code) && strstr(error->message, word), "%s: %s", what,
           error ? error->message : "(decoded)");
}

static void test_damage(void)
{
    g_autoptr(GByteArray) png = png_quadrants(200, 150);
    g_autofree uint8_t *noise = g_malloc(200 * 150 * 3);
    for (uint32_t i = 0, x = 1; i < 200 * 150 * 3; i++)
        noise[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    g_autoptr(GByteArray) baseline = jpeg_from(noise, 200, 150, 3, JCS_RGB, false);
    g_autoptr(GByteArray) progressive = jpeg_from(noise, 200, 150, 3, JCS_RGB, true);
    g_autoptr(GByteArray) bmp = pixbuf_quadrants("bmp", 40, 30);
    static const struct {
        const char *name;
        double part;
    } cuts[] = {{"half", 0.5}, {"nearly all", 0.9}, {"a little", 0.05}};
    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        GByteArray *const files[] = {png, baseline, progressive, bmp};
        for (size_t f = 0; f < G_N_ELEMENTS(files); f++)
            expect_failure(cuts[i].name, files[f]->data, (size_t)(files[f]->len * cuts[i].part), "ends too early",
                           LK_ERROR_FORMAT);
    }
    expect_failure("JPEG without its end marker", baseline->data, baseline->len - 2, "ends too early", LK_ERROR_FORMAT);
    g_autoptr(LkPixels) no_end = lk_picture_decode(png->data, png->len - 12, NULL, NULL);
    tap_ok(no_end != NULL, "a PNG that lacks only its end chunk is whole");

    png->data[png->len / 2] ^= 0x40;
    expect_failure("PNG with a flipped bit", png->data, png->len, "damaged", LK_ERROR_FORMAT);
    g_autoptr(GByteArray) few = png_begin(60, 60, 8, 2);
    png_finish(few, noise, 20, 180);
    expect_failure("PNG with a third of its rows", few->data, few->len, "damaged", LK_ERROR_FORMAT);
    g_autoptr(GByteArray) bomb = png_begin(60000, 60000, 8, 2);
    png_finish(bomb, noise, 20, 180);
    expect_failure("PNG of 60000 x 60000", bomb->data, bomb->len, "179 million", LK_ERROR_MEMORY);

    expect_failure("nothing", (const uint8_t *)"", 0, "empty", LK_ERROR_FORMAT);
    expect_failure("a text", (const uint8_t *)"hello, this is a text", 21, "known type", LK_ERROR_FORMAT);
    expect_failure("a web page", (const uint8_t *)"<!DOCTYPE html><svg xmlns=\"http://www.w3.org/2000/svg\"/>", 55,
                   "known type", LK_ERROR_FORMAT);
    expect_failure("a phone's HEIF",
                   (const uint8_t *)"\0\0\0\x18"
                                    "ftypheic\0\0\0\0heic",
                   20, "HEIF", LK_ERROR_UNSUPPORTED);
}

/* Every prefix and many single-byte changes of small files are answered without a crash (run under sanitizers). */
static void test_mangled(void)
{
    g_autoptr(GByteArray) plain = pixbuf_quadrants("jpeg", 16, 16);
    GByteArray *files[] = {png_quadrants(8, 8), with_jpeg_exif(plain, 5, true), pixbuf_quadrants("bmp", 8, 8),
                           gif(true)};
    int answers = 0;
    for (size_t f = 0; f < G_N_ELEMENTS(files); f++) {
        for (guint i = 0; i < files[f]->len; i += 1 + files[f]->len / 150) {
            g_autoptr(LkPixels) part = lk_picture_decode(files[f]->data, i, NULL, NULL);
            const uint8_t kept = files[f]->data[i];
            for (int change = 0; change < 3; change++) {
                files[f]->data[i] = (uint8_t)(change == 0 ? 0xFF : change == 1 ? 0 : kept ^ 0x10);
                const LkPictureInfo info = lk_picture_sniff(files[f]->data, files[f]->len, false);
                if ((int64_t)info.width * info.height < 100000) {
                    g_autoptr(LkPixels) changed = lk_picture_decode(files[f]->data, files[f]->len, NULL, NULL);
                    answers += changed != NULL;
                }
            }
            files[f]->data[i] = kept;
        }
        g_byte_array_unref(files[f]);
    }
    tap_ok(answers > 0, "mangled files: %d still decode, no crash", answers);
}

static void test_files(void)
{
    g_autofree char *folder = scratch_new();
    g_autoptr(GByteArray) plain = pixbuf_quadrants("jpeg", 64, 48);
    g_autoptr(GByteArray) turned = with_jpeg_exif(plain, 8, false);
    scratch_write(folder, "turned.png", turned->data, turned->len);
    g_autofree char *path = scratch_path(folder, "turned.png");
    LkSize size;
    LkPictureInfo info;
    tap_ok(lk_picture_size(path, &size, &info, NULL) && size.width == 48 && size.height == 64,
           "the size after the turn");
    tap_ok(!lk_picture_type_fits_name(info.type, path) && lk_picture_type_fits_name(LK_PICTURE_JPEG, "a.JPEG") &&
               lk_picture_type_fits_name(LK_PICTURE_PNG, "a.xyz"),
           "a JPEG that is called .png is told");
    g_autoptr(LkPixels) pixels = lk_picture_load(path, NULL, NULL);
    tap_ok(pixels && pixels->width == size.width && pixels->height == size.height, "and decoded all the same");

    g_autofree char *missing = scratch_path(folder, "missing.png");
    g_autoptr(GError) gone = NULL, unread = NULL;
    const bool loaded = lk_picture_load(missing, NULL, &gone), sized = lk_picture_size(missing, &size, NULL, &unread);
    tap_ok(!loaded && !sized && g_error_matches(gone, LK_ERROR, LK_ERROR_IO) &&
               g_error_matches(unread, LK_ERROR, LK_ERROR_IO),
           "missing: %s", gone ? gone->message : "");
    g_autoptr(GError) no_picture = NULL;
    scratch_text(folder, "text.png", "no picture");
    g_autofree char *text = scratch_path(folder, "text.png");
    tap_ok(!lk_picture_size(text, &size, NULL, &no_picture) && strstr(no_picture->message, "text.png: The file"),
           "named");
    tap_ok(strncmp(lk_picture_reason(text, no_picture), "The file is not", 15) == 0, "the reason without the name");
    scratch_remove(folder);
}

int main(void)
{
    test_png();
    test_png_kinds();
    test_jpeg();
    test_jpeg_turns();
    test_others();
    test_webp();
    test_damage();
    test_mangled();
    test_files();
    return tap_done();
}
