#include "dataset/augment.h"

#include "base/hash.h"
#include "base/philox.h"

#include <math.h>
#include <string.h>

/* What numbers are drawn for: append, never renumber. */
enum { DRAW_X, DRAW_Y, DRAW_COLOUR, DRAW_KIND, DRAW_AMOUNT };

#define COLOUR_SHARE 0.33 /* of variations */
#define HUE_MOST     8.0  /* half degrees */
#define GAMMA_MOST   0.05

guint lk_augment_count(const LkDatasetPicture *picture)
{
    const LkSubset *subset = picture->subset;
    bool any = (subset->color_aug || subset->random_crop) && !lk_dataset_is_held_out(picture);
    return any ? (guint)MAX(subset->augment_variations, 1) : 1;
}

LkAugment lk_augment_of(const LkDatasetPicture *picture, guint variation)
{
    LkAugment augment = {.fit = picture->fit, .gamma = 1};
    if (lk_dataset_is_held_out(picture))
        return augment;
    g_autofree char *name = g_path_get_basename(picture->path);
    LkRandom stream = {
        .seed = lk_hash64(name, strlen(name), 0), .purpose = LK_RANDOM_AUGMENT, .step = (uint32_t)variation};
    const LkBucketFit *fit = &picture->fit;
    if (picture->subset->random_crop) {
        augment.fit.crop_x =
            (int)lk_random_below(stream, DRAW_X, (uint32_t)(fit->resized.width - fit->bucket.width) + 1);
        augment.fit.crop_y =
            (int)lk_random_below(stream, DRAW_Y, (uint32_t)(fit->resized.height - fit->bucket.height) + 1);
    }
    if (picture->subset->color_aug && lk_random_uniform(stream, DRAW_COLOUR) <= COLOUR_SHARE) {
        double amount = 2 * lk_random_uniform(stream, DRAW_AMOUNT) - 1;
        if (lk_random_uniform(stream, DRAW_KIND) > 0.5)
            augment.hue = HUE_MOST * amount;
        else
            augment.gamma = 1 + GAMMA_MOST * amount;
    }
    return augment;
}

char *lk_augment_words(const LkAugment *augment)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    bool hue = augment->hue != 0;
    if (!hue && augment->gamma == 1)
        return NULL;
    g_ascii_formatd(number, sizeof number, "%.9g", hue ? augment->hue : augment->gamma);
    return g_strconcat(hue ? " hue " : " gamma ", number, NULL);
}

/* OpenCV's conversions of 8 bits: hues of 0 to 179. */

static int divided(int value, double by, int over)
{
    const int bits = 12;
    return (value * (int)lrint((double)(over << bits) / by) + (1 << (bits - 1))) >> bits;
}

static void to_hsv(const uint8_t *rgb, int *hsv)
{
    const int r = rgb[0], g = rgb[1], b = rgb[2], most = MAX(r, MAX(g, b)), range = most - MIN(r, MIN(g, b));
    const int sixth = most == r ? g - b : most == g ? b - r + 2 * range : r - g + 4 * range;
    int hue = range ? divided(sixth, 6.0 * range, 180) : 0;
    hsv[0] = hue < 0 ? hue + 180 : hue;
    hsv[1] = most ? divided(range, most, 255) : 0;
    hsv[2] = most;
}

static void to_rgb(const int *hsv, uint8_t *rgb)
{
    /* Which of value, value without colour, and the falling and rising between is red, green and blue. */
    static const int parts[6][3] = {{0, 3, 1}, {2, 0, 1}, {1, 0, 3}, {1, 2, 0}, {3, 1, 0}, {0, 1, 2}};
    const float hue = (float)hsv[0] * (6.0f / 180), s = (float)hsv[1] / 255, v = (float)hsv[2] / 255;
    const int sector = (int)floorf(hue);
    const float within = hue - (float)sector;
    const float values[4] = {v, v * (1 - s), v * (1 - s * within), v * (1 - s * (1 - within))};
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)lrintf(CLAMP(values[parts[sector % 6][c]] * 255, 0.0f, 255.0f));
}

void lk_augment_colours(const LkAugment *augment, LkPixels *pixels)
{
    const size_t count = (size_t)pixels->width * (size_t)pixels->height;
    uint8_t curve[256];
    if (augment->gamma != 1) {
        for (int i = 0; i < 256; i++)
            curve[i] = (uint8_t)CLAMP(pow(i, augment->gamma), 0.0, 255.0);
        for (size_t i = 0; i < 3 * count; i++)
            pixels->data[i] = curve[pixels->data[i]];
    }
    for (size_t i = 0; i < count && augment->hue != 0; i++) {
        int hsv[3];
        to_hsv(pixels->data + 3 * i, hsv);
        hsv[0] = (int)fmod(hsv[0] + (augment->hue < 0 ? 180 + augment->hue : augment->hue), 180);
        to_rgb(hsv, pixels->data + 3 * i);
    }
}
