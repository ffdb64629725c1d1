#include "dataset/small.h"

#include "dataset/resample.h"

LkPixels *lk_small_copy(const LkPixels *pixels, int width, int height)
{
    g_autoptr(LkPixels) small = lk_pixels_new(width, height, NULL);
    if (!small)
        return NULL;
    const LkResample task = {pixels->data, pixels->width, pixels->height, width, height, 0, 0,
                             width,        height,        small->data};
    const bool grows = width > pixels->width || height > pixels->height;
    const bool done = grows ? lk_resample_lanczos(&task) : lk_resample_area(&task);
    return done ? g_steal_pointer(&small) : NULL;
}

float *lk_small_grey(const LkPixels *pixels, int width, int height)
{
    g_autoptr(LkPixels) small = lk_small_copy(pixels, width, height);
    const size_t count = (size_t)width * (size_t)height;
    float *grey = small ? g_try_new(float, count) : NULL;
    for (size_t i = 0; grey && i < count; i++) {
        const uint8_t *rgb = small->data + 3 * i;
        grey[i] = (float)(299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
    }
    return grey;
}
