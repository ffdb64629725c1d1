/* Looks of pictures: near after what people do to a picture, far for others; groups against comparing all pairs. */
#include "dataset/lookalike.h"
#include "dataset/picture.h"
#include "tests/dataset/scenes.h"
#include "tests/tap.h"

#include <string.h>

enum { SCENES = 60, CHANGES = 8 };

static const char *const change_names[CHANGES] = {"smaller",
                                                  "larger",
                                                  "JPEG of quality 30",
                                                  "brighter",
                                                  "more contrast",
                                                  "cut by 3 % all round",
                                                  "cut by 4 % on one side",
                                                  "blurred"};

static LkPixels *changed(const LkPixels *scene_pixels, int change)
{
    switch (change) {
    case 0:
        return lk_small_copy(scene_pixels, 120, 90);
    case 1:
        return lk_small_copy(scene_pixels, 500, 375);
    case 2: {
        g_autoptr(GByteArray) jpeg = scene_jpeg(scene_pixels, "30");
        return lk_picture_decode(jpeg->data, jpeg->len, NULL, NULL);
    }
    case 3:
        return scene_light(scene_pixels, 1, 20);
    case 4:
        return scene_light(scene_pixels, 1.15, -15);
    case 5:
        return scene_cut(scene_pixels, 0.03, 0.03, 0.03, 0.03);
    case 6:
        return scene_cut(scene_pixels, 0.04, 0, 0, 0);
    default:
        return scene_blurred(scene_pixels, 2);
    }
}

static bool alike(const LkLook *a, const LkLook *b)
{
    return lk_look_distance(a, b) <= LK_LOOKALIKE_DISTANCE && lk_look_colour_distance(a, b) <= LK_LOOKALIKE_COLOURS;
}

static void test_looks(void)
{
    LkLook looks[SCENES];
    int found[CHANGES] = {0}, farthest[CHANGES] = {0}, valid = 0;
    for (int s = 0; s < SCENES; s++) {
        g_autoptr(LkPixels) original = scene((uint32_t)s, 320, 240);
        valid += lk_look_of(original, &looks[s]);
        for (int c = 0; c < CHANGES; c++) {
            g_autoptr(LkPixels) other = changed(original, c);
            LkLook look;
            valid += lk_look_of(other, &look);
            found[c] += alike(&looks[s], &look);
            farthest[c] = MAX(farthest[c], lk_look_distance(&looks[s], &look));
        }
    }
    tap_ok(valid == SCENES * (CHANGES + 1), "all have a look");
    for (int c = 0; c < CHANGES; c++) /* cuts may move an edge across a frequency's sign */
        tap_ok(found[c] >= (c == 5 || c == 6 ? SCENES * 8 / 10 : SCENES),
               "%s: %d of %d are found, at most %d bits apart", change_names[c], found[c], SCENES, farthest[c]);
    int wrong = 0, nearest = 64;
    for (int a = 0; a < SCENES; a++)
        for (int b = 0; b < a; b++) {
            wrong += alike(&looks[a], &looks[b]);
            nearest = MIN(nearest, lk_look_distance(&looks[a], &looks[b]));
        }
    tap_ok(wrong == 0, "no two different pictures of %d are alike; the nearest are %d bits apart", SCENES, nearest);
}

static void test_limits(void)
{
    LkLook look, other;
    g_autoptr(LkPixels) grey = lk_pixels_new(100, 50, NULL);
    memset(grey->data, 77, 100 * 50 * 3);
    tap_ok(!lk_look_of(grey, &look), "one colour looks like nothing");
    g_autoptr(LkPixels) one = lk_pixels_new(1, 1, NULL);
    memset(one->data, 0, 3);
    tap_ok(!lk_look_of(one, &look), "nor does one pixel");
    g_autoptr(LkPixels) wide = scene(1, 900, 4);
    tap_ok(lk_look_of(wide, &look), "a strip has a look");

    /* the same drawing on another background */
    g_autoptr(LkPixels) red = scene(5, 128, 128), blue = scene(5, 128, 128);
    for (int i = 0; i < 128 * 128; i++) {
        blue->data[3 * i] = red->data[3 * i + 2];
        blue->data[3 * i + 2] = red->data[3 * i];
    }
    lk_look_of(red, &look);
    lk_look_of(blue, &other);
    tap_ok(!alike(&look, &other) && lk_look_colour_distance(&look, &other) > 2 * LK_LOOKALIKE_COLOURS,
           "other colours are another picture: %d bits, colours %.0f", lk_look_distance(&look, &other),
           lk_look_colour_distance(&look, &other));
    g_autoptr(LkPixels) mirrored = scene(5, 128, 128);
    lk_pixels_flip(mirrored);
    lk_look_of(mirrored, &other);
    tap_ok(!alike(&look, &other), "so is a mirrored one: %d bits", lk_look_distance(&look, &other));
}

/* Looks that differ from one of a few in some bits, all of one colour. */
static LkLook *random_looks(guint count, guint centres, guint most_flips, uint32_t seed)
{
    const LkRandom stream = {seed, LK_RANDOM_TEST, 1};
    LkLook *looks = g_new0(LkLook, count);
    uint64_t at = 0;
    for (guint i = 0; i < count; i++) {
        const LkRandom centre = {seed, LK_RANDOM_TEST, 2 + lk_random_below(stream, at++, centres)};
        looks[i].hash = (uint64_t)lk_random_u32(centre, 0) << 32 | lk_random_u32(centre, 1);
        for (guint f = lk_random_below(stream, at++, most_flips + 1); f > 0; f--)
            looks[i].hash ^= G_GUINT64_CONSTANT(1) << lk_random_below(stream, at++, 64);
        looks[i].colours[0] = (uint8_t)(lk_random_below(stream, at++, 10) == 0 ? 255 : 0); /* tells a little */
        if (lk_random_below(stream, at++, 10) == 0)
            memset(looks[i].colours, 200, LK_LOOK_COLOURS / 2);
    }
    return looks;
}

/* The definition, pair by pair. */
static guint32 naive_group(const LkLook *const *looks, const guint32 *groups, guint i, int distance)
{
    guint32 best = i;
    int least = distance + 1;
    for (guint k = 0; looks[i] && k < i; k++) {
        if (!looks[k] || groups[k] != k || lk_look_colour_distance(looks[i], looks[k]) > LK_LOOKALIKE_COLOURS)
            continue;
        const int apart = lk_look_distance(looks[i], looks[k]);
        if (apart < least) {
            least = apart;
            best = k;
        }
    }
    return best;
}

static void test_groups(void)
{
    enum { COUNT = 1500 };
    for (int distance = 0; distance <= LK_LOOKALIKE_MOST; distance += 3) {
        g_autofree LkLook *looks = random_looks(COUNT, 100, 12, (uint32_t)distance + 50);
        const LkLook *list[COUNT];
        for (guint i = 0; i < COUNT; i++)
            list[i] = i % 37 ? &looks[i] : NULL;
        g_autofree guint32 *groups = lk_lookalike_groups(list, COUNT, distance);
        guint wrong = 0, members = 0;
        for (guint i = 0; i < COUNT; i++) {
            wrong += groups[i] != naive_group(list, groups, i, distance);
            members += groups[i] != i;
        }
        tap_ok(wrong == 0 && members > 0, "distance %d: %u of %d pictures join others, as by comparing all pairs",
               distance, members, COUNT);
    }
    g_autofree guint32 *none = lk_lookalike_groups(NULL, 0, 8);
    tap_ok(none != NULL, "no pictures");
}

static void test_speed(void)
{
    enum { COUNT = 100000 };
    static const struct {
        guint centres, flips;
        const char *what;
    } kinds[] = {{1000000, 0, "all different"}, {1, 0, "all the same"}, {300, 20, "many alike"}};
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autofree LkLook *looks = random_looks(COUNT, kinds[k].centres, kinds[k].flips, 9);
        g_autofree const LkLook **list = g_new(const LkLook *, COUNT);
        for (guint i = 0; i < COUNT; i++)
            list[i] = &looks[i];
        const gint64 start = g_get_monotonic_time();
        g_autofree guint32 *groups = lk_lookalike_groups(list, COUNT, LK_LOOKALIKE_DISTANCE);
        const double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
        tap_ok(seconds < 60 && groups[0] == 0, "%d pictures, %s: %.2f s", COUNT, kinds[k].what, seconds);
    }
}

int main(void)
{
    test_looks();
    test_limits();
    test_groups();
    test_speed();
    return tap_done();
}
