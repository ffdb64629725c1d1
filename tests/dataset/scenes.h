/* Pictures of no particular thing for tests of how pictures look: soft shapes and textures made from a seed, and what
 * people do to pictures: other sizes, JPEG, cuts, brightness, blur. */
#pragma once

#include "base/philox.h"
#include "dataset/pixels.h"
#include "dataset/small.h"
#include "tests/dataset/pictures.h"

#include <math.h>
#include <stdlib.h>

/** A picture of this size; each seed another one, the same seed at any size the same one. */
__attribute__((unused)) static LkPixels *scene(uint32_t seed, int width, int height)
{
    enum { SHAPES = 14 };
    const LkRandom stream = {seed, LK_RANDOM_TEST, 0};
    double shapes[SHAPES][7];
    for (int s = 0; s < SHAPES; s++)
        for (int k = 0; k < 7; k++)
            shapes[s][k] = lk_random_uniform(stream, (uint64_t)(7 * s + k));
    LkPixels *out = lk_pixels_new(width, height, NULL);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const double u = (x + 0.5) / width, v = (y + 0.5) / height;
            double rgb[3] = {60 + 90 * shapes[0][4] * v, 60 + 90 * shapes[0][5] * v, 60 + 90 * shapes[0][6] * u};
            for (int s = 0; s < SHAPES; s++) {
                const double dx = (u - shapes[s][0]) / (0.05 + 0.2 * shapes[s][2]);
                const double dy = (v - shapes[s][1]) / (0.05 + 0.2 * shapes[s][3]);
                const double cover = 1 / (1 + exp(90 * (dx * dx + dy * dy - 1)));
                const double texture = 25 * sin(600 * (u * shapes[s][4] + v * shapes[s][5]));
                for (int c = 0; c < 3; c++)
                    rgb[c] += cover * (235 * shapes[s][4 + c] + texture - rgb[c]);
            }
            for (int c = 0; c < 3; c++)
                out->data[(y * width + x) * 3 + c] = (uint8_t)CLAMP(rgb[c] + 0.5, 0, 255);
        }
    return out;
}

/** The rectangle that leaves out these parts of the width and height on each side. */
__attribute__((unused)) static LkPixels *scene_cut(const LkPixels *from, double left, double top, double right,
                                                   double bottom)
{
    const int x0 = (int)(from->width * left), y0 = (int)(from->height * top);
    LkPixels *out = lk_pixels_new(from->width - x0 - (int)(from->width * right),
                                  from->height - y0 - (int)(from->height * bottom), NULL);
    for (int y = 0; y < out->height; y++)
        memcpy(out->data + y * out->width * 3, from->data + ((y + y0) * from->width + x0) * 3, (size_t)out->width * 3);
    return out;
}

/** Every value times `factor` plus `offset`. */
__attribute__((unused)) static LkPixels *scene_light(const LkPixels *from, double factor, double offset)
{
    LkPixels *out = lk_small_copy(from, from->width, from->height);
    for (int i = 0; i < out->width * out->height * 3; i++)
        out->data[i] = (uint8_t)CLAMP(out->data[i] * factor + offset, 0, 255);
    return out;
}

/** The mean over a square of 2 × radius + 1, twice: nearly a Gaussian. */
__attribute__((unused)) static LkPixels *scene_blurred(const LkPixels *from, int radius)
{
    LkPixels *out = lk_small_copy(from, from->width, from->height);
    g_autoptr(LkPixels) before = lk_small_copy(from, from->width, from->height);
    for (int pass = 0; pass < 4; pass++) {
        memcpy(before->data, out->data, (size_t)(out->width * out->height * 3));
        for (int y = 0; y < out->height; y++)
            for (int x = 0; x < out->width; x++)
                for (int c = 0; c < 3; c++) {
                    int sum = 0;
                    for (int d = -radius; d <= radius; d++) {
                        const int u = pass % 2 ? x : CLAMP(x + d, 0, out->width - 1);
                        const int v = pass % 2 ? CLAMP(y + d, 0, out->height - 1) : y;
                        sum += before->data[(v * out->width + u) * 3 + c];
                    }
                    out->data[(y * out->width + x) * 3 + c] = (uint8_t)(sum / (2 * radius + 1));
                }
    }
    return out;
}

/** A JPEG file of the picture. */
__attribute__((unused)) static GByteArray *scene_jpeg(const LkPixels *from, const char *quality)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new_from_data(from->data, GDK_COLORSPACE_RGB, FALSE, 8, from->width,
                                                           from->height, from->width * 3, NULL, NULL);
    char *data = NULL;
    gsize size = 0;
    gdk_pixbuf_save_to_buffer(pixbuf, &data, &size, "jpeg", NULL, "quality", quality, NULL);
    return g_byte_array_new_take((guint8 *)data, size);
}

/** A PNG file of the picture. */
__attribute__((unused)) static GByteArray *scene_png(const LkPixels *from)
{
    GByteArray *out = png_begin((uint32_t)from->width, (uint32_t)from->height, 8, 2);
    png_finish(out, from->data, (guint)from->height, (guint)from->width * 3);
    return out;
}
