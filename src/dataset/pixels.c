#include "dataset/pixels.h"

#include "dataset/resample.h"
#include "dataset/resample_points.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

#define MOST_PIXELS (INT64_C(1) << 30)

LkPixels *lk_pixels_new(int width, int height, GError **error)
{
    if (width < 1 || height < 1) {
        lk_set_error(error, LK_ERROR_USAGE, _("A picture cannot be %d x %d pixels."), width, height);
        return NULL;
    }
    const bool too_large = (int64_t)width * height > MOST_PIXELS;
    uint8_t *data = too_large ? NULL : g_try_malloc_n((gsize)width * 3, (gsize)height);
    if (!data) {
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory for a picture of %d x %d pixels."), width, height);
        return NULL;
    }
    LkPixels *pixels = g_new(LkPixels, 1);
    *pixels = (LkPixels){data, width, height};
    return pixels;
}

void lk_pixels_free(LkPixels *pixels)
{
    if (!pixels)
        return;
    g_free(pixels->data);
    g_free(pixels);
}

/* EXIF 2.32, tag 0x0112: where the stored picture's first row and column belong. As steps of reading: orientations from
 * 5 swap rows and columns; then mirrored across, then upside down. */
static const struct {
    bool swap, mirror, upside_down;
} turns[9] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true}, [5] = {true, false, false},
    [6] = {true, true, false},  [7] = {true, true, true},  [8] = {true, false, true},
};

LkPixels *lk_pixels_turn(LkPixels *pixels, int orientation, GError **error)
{
    if (orientation < 2 || orientation > 8)
        return pixels;
    const bool swap = turns[orientation].swap;
    LkPixels *turned =
        lk_pixels_new(swap ? pixels->height : pixels->width, swap ? pixels->width : pixels->height, error);
    for (int y = 0; turned && y < turned->height; y++) {
        uint8_t *out = turned->data + (size_t)y * (size_t)turned->width * 3;
        for (int x = 0; x < turned->width; x++) {
            const int u = turns[orientation].mirror ? turned->width - 1 - x : x;
            const int v = turns[orientation].upside_down ? turned->height - 1 - y : y;
            const size_t at =
                swap ? (size_t)u * (size_t)pixels->width + (size_t)v : (size_t)v * (size_t)pixels->width + (size_t)u;
            memcpy(out + 3 * x, pixels->data + 3 * at, 3);
        }
    }
    lk_pixels_free(pixels);
    return turned;
}

void lk_pixels_flip(LkPixels *pixels)
{
    for (int y = 0; y < pixels->height; y++) {
        uint8_t *row = pixels->data + (size_t)y * (size_t)pixels->width * 3;
        for (int left = 0, right = pixels->width - 1; left < right; left++, right--)
            for (int c = 0; c < 3; c++) {
                const uint8_t swap = row[3 * left + c];
                row[3 * left + c] = row[3 * right + c];
                row[3 * right + c] = swap;
            }
    }
}

static bool fit_is_inside(const LkBucketFit *fit)
{
    return fit->bucket.width > 0 && fit->bucket.height > 0 && fit->crop_x >= 0 && fit->crop_y >= 0 &&
           fit->crop_x <= fit->resized.width - fit->bucket.width &&
           fit->crop_y <= fit->resized.height - fit->bucket.height;
}

/* No scaling: the rectangle as it is. */
static void copy_rectangle(const LkPixels *picture, const LkBucketFit *fit, LkPixels *out)
{
    const size_t row = (size_t)out->width * 3;
    for (int y = 0; y < out->height; y++)
        memcpy(out->data + (size_t)y * row,
               picture->data + ((size_t)(fit->crop_y + y) * (size_t)picture->width + (size_t)fit->crop_x) * 3, row);
}

static bool scale(const LkResample *task, LkInterpolation interpolation)
{
    bool shrinks = task->to_width <= task->from_width && task->to_height <= task->from_height;
    switch (interpolation) {
    case LK_INTERPOLATION_NEAREST:
        return lk_resample_points(task, LK_POINTS_NEAREST);
    case LK_INTERPOLATION_LINEAR:
        return lk_resample_points(task, LK_POINTS_LINEAR);
    case LK_INTERPOLATION_CUBIC:
        return lk_resample_points(task, LK_POINTS_CUBIC);
    case LK_INTERPOLATION_BOX:
        return lk_resample_box(task);
    case LK_INTERPOLATION_AREA:
        return shrinks ? lk_resample_area(task) : lk_resample_points(task, LK_POINTS_AREA);
    case LK_INTERPOLATION_LANCZOS:
        return lk_resample_lanczos(task);
    case LK_INTERPOLATION_AUTO:
    case LK_INTERPOLATION_COUNT:
        break;
    }
    return shrinks ? lk_resample_area(task) : lk_resample_lanczos(task);
}

LkPixels *lk_pixels_fit(const LkPixels *picture, const LkBucketFit *fit, GError **error)
{
    if (!fit_is_inside(fit)) {
        lk_set_error(error, LK_ERROR_USAGE, _("A bucket of %d x %d does not lie inside a picture scaled to %d x %d."),
                     fit->bucket.width, fit->bucket.height, fit->resized.width, fit->resized.height);
        return NULL;
    }
    LkPixels *out = lk_pixels_new(fit->bucket.width, fit->bucket.height, error);
    if (!out)
        return NULL;
    const LkResample task = {picture->data, picture->width, picture->height, fit->resized.width, fit->resized.height,
                             fit->crop_x,   fit->crop_y,    out->width,      out->height,        out->data};
    bool same = fit->resized.width == picture->width && fit->resized.height == picture->height;
    if (same)
        copy_rectangle(picture, fit, out);
    if (!same && !scale(&task, fit->interpolation)) {
        lk_pixels_free(out);
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory to scale a picture of %d x %d pixels."),
                     picture->width, picture->height);
        return NULL;
    }
    return out;
}
