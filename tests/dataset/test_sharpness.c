/* Sharpness: a known value, and the verdict on scenes that are sharp, blurred, scaled and half blurred. */
#include "dataset/sharpness.h"
#include "tests/dataset/scenes.h"
#include "tests/tap.h"

#include <string.h>

/* A chessboard of single pixels of 0 and v: the Laplacian is ±4 v everywhere, its variance 16 v². */
static void test_value(void)
{
    g_autoptr(LkPixels) board = lk_pixels_new(66, 66, NULL);
    for (int i = 0; i < 66 * 66; i++)
        memset(board->data + 3 * i, (i / 66 + i % 66) % 2 ? 10 : 0, 3);
    tap_ok(fabs(lk_sharpness(board) - 1600) < 1e-3, "a chessboard of pixels: %.4f of 1600", lk_sharpness(board));
    g_autoptr(LkPixels) flat = lk_pixels_new(600, 300, NULL);
    memset(flat->data, 99, 600 * 300 * 3);
    tap_ok(lk_sharpness(flat) == 0, "one colour has no edge");
    g_autoptr(LkPixels) tiny = lk_small_copy(board, 31, 400), strip = lk_small_copy(board, 4000, 40);
    tap_ok(lk_sharpness(tiny) < 0 && lk_sharpness(strip) < 0, "too small to tell");
}

static void test_scenes(void)
{
    enum { SCENES = 12 };
    int sharp = 0, blurred = 0, falling = 0, small = 0, half = 0, enlarged = 0;
    for (uint32_t s = 0; s < SCENES; s++) {
        g_autoptr(LkPixels) picture = scene(100 + s, 512, 384);
        g_autoptr(LkPixels) soft = scene_blurred(picture, 2), softer = scene_blurred(picture, 4);
        const double a = lk_sharpness(picture), b = lk_sharpness(soft), c = lk_sharpness(softer);
        sharp += a > LK_SHARPNESS_BLURRED;
        blurred += b < LK_SHARPNESS_BLURRED;
        falling += a > b && b > c && c > 0;
        g_autoptr(LkPixels) large = scene(100 + s, 1024, 768), large_soft = scene_blurred(large, 4);
        small += lk_sharpness(large) > LK_SHARPNESS_BLURRED && lk_sharpness(large_soft) < LK_SHARPNESS_BLURRED;
        for (int y = 0; y < 384; y++) /* the subject in the middle is sharp */
            if (y >= 80 && y < 304)
                memcpy(softer->data + (y * 512 + 120) * 3, picture->data + (y * 512 + 120) * 3, 272 * 3);
        half += lk_sharpness(softer) > LK_SHARPNESS_BLURRED;
        g_autoptr(LkPixels) thumbnail = lk_small_copy(picture, 96, 72), grown = lk_small_copy(thumbnail, 768, 576);
        enlarged += lk_sharpness(grown) < LK_SHARPNESS_BLURRED;
    }
    tap_ok(sharp == SCENES, "%d of %d sharp scenes are sharp", sharp, SCENES);
    tap_ok(blurred == SCENES, "%d of %d blurred ones are blurred", blurred, SCENES);
    tap_ok(falling == SCENES, "the more blurred the less (%d)", falling);
    tap_ok(small == SCENES, "at twice the size the same (%d)", small);
    tap_ok(half >= SCENES - 1, "a sharp middle before a blurred background is sharp (%d)", half);
    tap_ok(enlarged == SCENES, "an enlarged thumbnail is blurred (%d)", enlarged);
}

int main(void)
{
    test_value();
    test_scenes();
    return tap_done();
}
