/* Resampling against OpenCV and Pillow, cutting, turning and mirroring. */
#include "dataset/augment.h"
#include "dataset/pixels.h"
#include "format/gerror.h"
#include "tests/dataset/resample_truth.h"
#include "tests/dataset/scaled_truth.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static LkPixels *random_pixels(int width, int height, uint32_t seed)
{
    LkPixels *pixels = lk_pixels_new(width, height, NULL);
    for (int i = 0; i < width * height * 3; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels->data[i] = (uint8_t)(seed >> 24);
    }
    return pixels;
}

static LkBucketFit whole_fit(int width, int height)
{
    return (LkBucketFit){.bucket = {width, height}, .resized = {width, height}};
}

static void test_resampling(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(resample_cases); i++) {
        const int width = resample_cases[i].to_width, height = resample_cases[i].to_height;
        g_autoptr(LkPixels) source =
            random_pixels(resample_cases[i].from_width, resample_cases[i].from_height, resample_cases[i].seed);
        const LkBucketFit fit = whole_fit(width, height);
        g_autoptr(LkPixels) got = lk_pixels_fit(source, &fit, NULL);
        int worst = 0;
        for (int k = 0; k < width * height * 3; k++)
            worst = MAX(worst, abs(got->data[k] - resample_cases[i].expected[k]));
        tap_ok(worst <= 1, "%d x %d to %d x %d differs by at most %d levels", source->width, source->height, width,
               height, worst);
    }
}

/* Every way of scaling, against the same libraries. */
static void test_ways(void)
{
    int worst[LK_INTERPOLATION_COUNT] = {0}, cases[LK_INTERPOLATION_COUNT] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(scaled_cases); i++) {
        const int width = scaled_cases[i].to_width, height = scaled_cases[i].to_height;
        g_autoptr(LkPixels) source =
            random_pixels(scaled_cases[i].from_width, scaled_cases[i].from_height, scaled_cases[i].seed);
        LkBucketFit fit = whole_fit(width, height);
        const int way = lk_interpolation_find(scaled_cases[i].way);
        fit.interpolation = (LkInterpolation)way;
        g_autoptr(LkPixels) got = lk_pixels_fit(source, &fit, NULL);
        cases[way]++;
        for (int k = 0; k < width * height * 3; k++)
            worst[way] = MAX(worst[way], abs(got->data[k] - scaled_cases[i].expected[k]));
    }
    for (int way = LK_INTERPOLATION_AREA; way < LK_INTERPOLATION_COUNT; way++)
        tap_ok(cases[way] == 4 && worst[way] <= (way == LK_INTERPOLATION_NEAREST ? 0 : 1),
               "scaling by %s differs by at most %d levels", lk_interpolation_name((LkInterpolation)way), worst[way]);
}

/* Colours as OpenCV turns them. */
static void test_colours(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(colour_cases); i++) {
        const double gamma = colour_cases[i].gamma;
        g_autoptr(LkPixels) got = random_pixels(9, 7, colour_cases[i].seed);
        LkAugment augment = {.hue = colour_cases[i].hue, .gamma = gamma == 0 ? 1 : gamma};
        lk_augment_colours(&augment, got);
        int worst = 0, differ = 0;
        for (int k = 0; k < 9 * 7 * 3; k++) {
            const int apart = abs(got->data[k] - colour_cases[i].expected[k]);
            worst = MAX(worst, apart);
            differ += apart != 0;
        }
        tap_ok(worst <= 1, "hue %g, gamma %g: at most %d levels apart (%d values)", colour_cases[i].hue, gamma, worst,
               differ);
    }
}

/* Variations are those of their picture, lie inside, and differ. */
static void test_variations(void)
{
    LkSubset subset = {.color_aug = true, .random_crop = true, .augment_variations = 200};
    LkDatasetPicture picture = {.path = (char *)(uintptr_t)"/a/picture.png",
                                .subset = &subset,
                                .num_repeats = 1,
                                .fit = {.bucket = {64, 48}, .resized = {80, 48}, .crop_x = 8}};
    LkDatasetPicture moved = picture;
    moved.path = (char *)(uintptr_t)"/b/picture.png";
    int seen[17] = {0}, inside = 0, same = 0, hues = 0, gammas = 0;
    for (guint v = 0; v < lk_augment_count(&picture); v++) {
        const LkAugment a = lk_augment_of(&picture, v), b = lk_augment_of(&moved, v);
        inside += a.fit.crop_x >= 0 && a.fit.crop_x <= 16 && a.fit.crop_y == 0 && fabs(a.hue) <= 8 &&
                  fabs(a.gamma - 1) <= 0.05;
        same += a.fit.crop_x == b.fit.crop_x && a.hue == b.hue && a.gamma == b.gamma;
        hues += a.hue != 0;
        gammas += a.gamma != 1;
        seen[CLAMP(a.fit.crop_x, 0, 16)]++;
    }
    int places = 0;
    for (int x = 0; x <= 16; x++)
        places += seen[x] > 0;
    tap_ok(inside == 200 && same == 200 && places == 17, "200 variations lie inside, at all %d places", places);
    tap_ok(hues > 15 && gammas > 15 && hues + gammas < 100, "a third has other colours (%d hue, %d gamma)", hues,
           gammas);
    picture.num_repeats = 0;
    tap_ok(lk_augment_count(&picture) == 1 && lk_augment_of(&picture, 0).fit.crop_x == 8,
           "held-out pictures stay as they are");
}

/* A cut out of a scaled picture equals the scaled picture's part. */
static void test_cut(void)
{
    static const int sizes[][2] = {{30, 20}, {90, 70}, {60, 50}, {20, 25}, {61, 40}};
    g_autoptr(LkPixels) source = random_pixels(60, 50, 99);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const LkBucketFit whole = whole_fit(sizes[i][0], sizes[i][1]);
        const LkBucketFit part = {{11, 13}, whole.resized, 7, 5, 0};
        g_autoptr(LkPixels) all = lk_pixels_fit(source, &whole, NULL);
        g_autoptr(LkPixels) cut = lk_pixels_fit(source, &part, NULL);
        int differ = 0;
        for (int y = 0; y < 13; y++)
            differ += memcmp(cut->data + y * 11 * 3, all->data + ((y + 5) * all->width + 7) * 3, 33) != 0;
        tap_ok(differ == 0, "a part of a picture scaled to %d x %d", sizes[i][0], sizes[i][1]);
    }
}

static void test_constant(void)
{
    g_autoptr(LkPixels) source = lk_pixels_new(97, 55, NULL);
    memset(source->data, 200, 97 * 55 * 3);
    static const int sizes[][2] = {{50, 50}, {200, 300}, {1, 1}, {97, 5}};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const LkBucketFit fit = whole_fit(sizes[i][0], sizes[i][1]);
        g_autoptr(LkPixels) got = lk_pixels_fit(source, &fit, NULL);
        int differ = 0;
        for (int k = 0; k < got->width * got->height * 3; k++)
            differ += got->data[k] != 200;
        tap_ok(differ == 0, "one colour stays that colour at %d x %d", got->width, got->height);
    }
}

/* The 3 x 2 picture 0 1 2 / 3 4 5 under each EXIF orientation, written out by hand. */
static void test_turns(void)
{
    static const struct {
        int width, height;
        uint8_t expected[6];
    } turned[9] = {
        [1] = {3, 2, {0, 1, 2, 3, 4, 5}}, [2] = {3, 2, {2, 1, 0, 5, 4, 3}}, [3] = {3, 2, {5, 4, 3, 2, 1, 0}},
        [4] = {3, 2, {3, 4, 5, 0, 1, 2}}, [5] = {2, 3, {0, 3, 1, 4, 2, 5}}, [6] = {2, 3, {3, 0, 4, 1, 5, 2}},
        [7] = {2, 3, {5, 2, 4, 1, 3, 0}}, [8] = {2, 3, {2, 5, 1, 4, 0, 3}},
    };
    for (int orientation = 1; orientation <= 8; orientation++) {
        LkPixels *source = lk_pixels_new(3, 2, NULL);
        for (int i = 0; i < 18; i++)
            source->data[i] = (uint8_t)(i / 3);
        g_autoptr(LkPixels) got = lk_pixels_turn(source, orientation, NULL);
        bool right = got->width == turned[orientation].width && got->height == turned[orientation].height;
        for (int i = 0; right && i < 18; i++)
            right = got->data[i] == turned[orientation].expected[i / 3];
        tap_ok(right, "orientation %d", orientation);
    }
    LkPixels *source = random_pixels(5, 4, 1);
    const uint8_t *data = source->data;
    source = lk_pixels_turn(source, 77, NULL);
    tap_ok(source->data == data, "an unknown orientation changes nothing");
    lk_pixels_flip(source);
    g_autoptr(LkPixels) same = random_pixels(5, 4, 1);
    same = lk_pixels_turn(g_steal_pointer(&same), 2, NULL);
    tap_ok(memcmp(same->data, source->data, 60) == 0, "mirrored in place");
    lk_pixels_free(source);
}

static void test_refusals(void)
{
    g_autoptr(LkPixels) source = random_pixels(8, 8, 1);
    const LkBucketFit outside = {{8, 8}, {8, 7}, 0, 0, 0}, negative = {{4, 4}, {8, 8}, -1, 0, 0},
                      empty = {{0, 4}, {8, 8}, 0, 0, 0};
    const LkBucketFit *const bad[] = {&outside, &negative, &empty};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkPixels) got = lk_pixels_fit(source, bad[i], &error);
        tap_ok(!got && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE), "a rectangle outside the picture is refused");
    }
    g_autoptr(GError) error = NULL;
    tap_ok(!lk_pixels_new(G_MAXINT, G_MAXINT, &error) && g_error_matches(error, LK_ERROR, LK_ERROR_MEMORY),
           "too large for memory");
}

int main(void)
{
    test_resampling();
    test_ways();
    test_colours();
    test_variations();
    test_cut();
    test_constant();
    test_turns();
    test_refusals();
    return tap_done();
}
