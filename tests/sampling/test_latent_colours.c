/* The linear map from latents to colours is found again from pictures that were made by one. */
#include "../tap.h"
#include "base/philox.h"
#include "sampling/latent_colours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { H = 24, W = 16, FACTOR = 8, COUNT = H * W };

static const double truth_a[5][3] = {{20, 9, -4}, {-7, 16, 3}, {4, -8, 15}, {11, 5, 7}, {120, 131, 110}};
static const double truth_b[5][3] = {{-9, 3, 14}, {12, -6, 2}, {8, 7, -10}, {3, 15, 5}, {140, 100, 125}};

static void make_latent(float *latent, uint32_t number)
{
    LkRandom random = {.seed = 3, .purpose = LK_RANDOM_TEST, .step = number};
    lk_random_normal(random, 0, latent, COUNT * LK_COLOUR_CHANNELS);
}

static double colour(const double truth[5][3], const float *pixel, int c)
{
    double value = truth[4][c];
    for (int k = 0; k < 4; k++)
        value += truth[k][c] * pixel[k];
    return fmin(fmax(value, 0), 255);
}

/** The picture that a VAE with this map would give, with a pattern in every square whose mean is 0. */
static void make_picture(const double truth[5][3], const float *latent, uint8_t *rgb)
{
    for (int y = 0; y < H * FACTOR; y++)
        for (int x = 0; x < W * FACTOR; x++)
            for (int c = 0; c < 3; c++) {
                double mean = colour(truth, latent + 4 * (y / FACTOR * W + x / FACTOR), c);
                double room = fmin(mean, 255 - mean);
                double value = mean + ((x + y) % 2 ? 1 : -1) * fmin(room, 30);
                rgb[3 * (y * W * FACTOR + x) + c] = (uint8_t)lrint(value);
            }
}

/** The largest difference between what is painted and what it should be. */
static int worst(const LkLatentColours *colours, const double truth[5][3], const float *latent)
{
    static uint8_t rgb[COUNT * 3];
    int largest = 0;
    lk_latent_colours_paint(colours, latent, H, W, rgb);
    for (int i = 0; i < COUNT; i++)
        for (int c = 0; c < 3; c++) {
            int difference = abs((int)rgb[3 * i + c] - (int)lrint(colour(truth, latent + 4 * i, c)));
            largest = difference > largest ? difference : largest;
        }
    return largest;
}

int main(void)
{
    static float latent[COUNT * 4], other[COUNT * 4];
    static uint8_t picture[COUNT * FACTOR * FACTOR * 3], small[COUNT * 3];
    LkLatentColours colours = {0};
    make_latent(latent, 1);
    make_latent(other, 2);
    lk_latent_colours_paint(&colours, latent, H, W, small);
    bool grey = true;
    for (int i = 0; i < COUNT; i++)
        grey &= small[3 * i] == small[3 * i + 1] && small[3 * i] == small[3 * i + 2];
    tap_ok(grey && !colours.known, "a map that has learnt nothing paints in grey");
    make_picture(truth_a, latent, picture);
    lk_latent_colours_learn(&colours, latent, H, W, picture, FACTOR);
    int first = worst(&colours, truth_a, other);
    tap_ok(colours.known && first <= 2, "learnt from one picture, another one has its colours (%d of 255 off)", first);
    int before = worst(&colours, truth_b, other);
    make_picture(truth_b, latent, picture);
    for (int i = 0; i < 8; i++)
        lk_latent_colours_learn(&colours, latent, H, W, picture, FACTOR);
    int after = worst(&colours, truth_b, other);
    tap_ok(before > 50 && after <= 3, "pictures of another VAE take its place (%d, then %d off)", before, after);
    memset(latent, 0, sizeof latent);
    memset(picture, 77, sizeof picture);
    LkLatentColours flat = {0};
    lk_latent_colours_learn(&flat, latent, H, W, picture, FACTOR);
    lk_latent_colours_paint(&flat, latent, H, W, small);
    tap_ok(small[0] == 77 && small[COUNT * 3 - 1] == 77, "a flat picture is learnt as such");
    latent[0] = NAN;
    lk_latent_colours_paint(&flat, latent, H, W, small);
    tap_ok(small[0] == 0 && small[3] == 77, "a number that is none is black and alone");
    return tap_done();
}
