#include "dataset/sharpness.h"

#include "dataset/small.h"

enum { LONGER_SIDE = 512, SMALLEST = 32, FIELDS = 4 };

/* The variance of the 4-neighbour Laplacian over a rectangle that keeps off the picture's border. */
static double variance(const float *grey, int width, int x0, int y0, int x1, int y1)
{
    double sum = 0, squares = 0;
    for (int y = y0; y < y1; y++) {
        const float *row = grey + (size_t)y * (size_t)width;
        for (int x = x0; x < x1; x++) {
            const double value = row[x - 1] + row[x + 1] + row[x - width] + row[x + width] - 4 * row[x];
            sum += value;
            squares += value * value;
        }
    }
    const double count = (double)(x1 - x0) * (y1 - y0), mean = sum / count;
    return squares / count - mean * mean;
}

static double of_fields(const float *grey, int width, int height)
{
    double largest = 0, second = 0;
    for (int j = 0; j < FIELDS; j++)
        for (int i = 0; i < FIELDS; i++) {
            const double value = variance(grey, width, 1 + (width - 2) * i / FIELDS, 1 + (height - 2) * j / FIELDS,
                                          1 + (width - 2) * (i + 1) / FIELDS, 1 + (height - 2) * (j + 1) / FIELDS);
            second = MAX(second, MIN(value, largest));
            largest = MAX(largest, value);
        }
    return second;
}

double lk_sharpness(const LkPixels *pixels)
{
    const int longer = MAX(pixels->width, pixels->height);
    const double factor = longer > LONGER_SIDE ? (double)LONGER_SIDE / longer : 1;
    const int width = (int)(pixels->width * factor + 0.5), height = (int)(pixels->height * factor + 0.5);
    if (width < SMALLEST || height < SMALLEST)
        return -1;
    g_autofree float *grey = lk_small_grey(pixels, width, height);
    return grey ? of_fields(grey, width, height) : -1;
}
