#include "sampling/latent_colours.h"

#include <math.h>
#include <string.h>

enum { TERMS = LK_COLOUR_TERMS, CHANNELS = LK_COLOUR_CHANNELS };

/** The mean colour of one square of a picture. */
static void mean_colour(const uint8_t *rgb, int row_pixels, int x, int y, int factor, double mean[3])
{
    mean[0] = mean[1] = mean[2] = 0;
    for (int i = 0; i < factor; i++)
        for (int j = 0; j < factor; j++)
            for (int c = 0; c < 3; c++)
                mean[c] += rgb[3 * ((int64_t)(y * factor + i) * row_pixels + x * factor + j) + c];
    for (int c = 0; c < 3; c++)
        mean[c] /= factor * factor;
}

static void add(LkLatentColours *colours, const float *pixel, const double target[3])
{
    double terms[TERMS] = {pixel[0], pixel[1], pixel[2], pixel[3], 1};
    for (int i = 0; i < TERMS; i++) {
        for (int k = 0; k < TERMS; k++)
            colours->products[i][k] += terms[i] * terms[k];
        for (int c = 0; c < 3; c++)
            colours->targets[i][c] += terms[i] * target[c];
    }
}

/** Solves the normal equations by Gauss's elimination with pivots. A trace of ridge keeps a flat picture solvable. */
static void solve(LkLatentColours *colours)
{
    double a[TERMS][TERMS + 3], weight = colours->products[TERMS - 1][TERMS - 1];
    for (int i = 0; i < TERMS; i++) {
        memcpy(a[i], colours->products[i], sizeof colours->products[i]);
        memcpy(a[i] + TERMS, colours->targets[i], sizeof colours->targets[i]);
        a[i][i] += i < CHANNELS ? 1e-3 * weight : 0;
    }
    for (int column = 0; column < TERMS; column++) {
        int pivot = column;
        for (int i = column + 1; i < TERMS; i++)
            pivot = fabs(a[i][column]) > fabs(a[pivot][column]) ? i : pivot;
        if (!(fabs(a[pivot][column]) > 0))
            return; /* nothing was learnt, or numbers that are none */
        for (int k = 0; k < TERMS + 3; k++) {
            double swap = a[column][k];
            a[column][k] = a[pivot][k];
            a[pivot][k] = swap;
        }
        for (int i = 0; i < TERMS; i++) {
            double factor = i == column ? 0 : a[i][column] / a[column][column];
            for (int k = column; k < TERMS + 3; k++)
                a[i][k] -= factor * a[column][k];
        }
    }
    for (int i = 0; i < TERMS; i++)
        for (int c = 0; c < 3; c++)
            colours->map[i][c] = (float)(a[i][TERMS + c] / a[i][i]);
    colours->known = true;
}

void lk_latent_colours_learn(LkLatentColours *colours, const float *latent, int h, int w, const uint8_t *rgb,
                             int factor)
{
    for (int i = 0; i < TERMS; i++) {
        for (int k = 0; k < TERMS; k++)
            colours->products[i][k] /= 2;
        for (int c = 0; c < 3; c++)
            colours->targets[i][c] /= 2;
    }
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double target[3];
            mean_colour(rgb, w * factor, x, y, factor, target);
            add(colours, latent + (int64_t)CHANNELS * (y * w + x), target);
        }
    solve(colours);
}

void lk_latent_colours_paint(const LkLatentColours *colours, const float *latent, int h, int w, uint8_t *rgb)
{
    LkLatentColours grey = {.map = {{16, 16, 16}, {16, 16, 16}, {16, 16, 16}, {16, 16, 16}, {128, 128, 128}}};
    const LkLatentColours *use = colours->known ? colours : &grey;
    for (int64_t i = 0; i < (int64_t)h * w; i++)
        for (int c = 0; c < 3; c++) {
            float value = use->map[CHANNELS][c];
            for (int k = 0; k < CHANNELS; k++)
                value += latent[CHANNELS * i + k] * use->map[k][c];
            rgb[3 * i + c] = value >= 255 ? 255 : value > 0 ? (uint8_t)lrintf(value) : 0; /* NaN gives 0 */
        }
}
