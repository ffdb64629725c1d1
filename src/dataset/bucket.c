#include "dataset/bucket.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>

/* Sides beyond this are refused, so that no product below overflows. */
#define LARGEST_SIDE    65536
#define LARGEST_PICTURE (1 << 20)
#define LARGEST_RESIZED (1 << 30)

struct LkBucketSet {
    LkBucketRules rules;
    LkSize *sizes;
    int count;
};

LkBucketRules lk_bucket_rules_default(LkSize resolution)
{
    return (LkBucketRules){
        .resolution = resolution, .min_bucket_reso = 256, .max_bucket_reso = 1024, .bucket_reso_steps = 64};
}

static bool check_resolution(const LkBucketRules *rules, int multiple, GError **error)
{
    const LkSize size = rules->resolution;
    if (size.width < multiple || size.height < multiple || size.width > LARGEST_SIDE || size.height > LARGEST_SIDE)
        return lk_set_error(error, LK_ERROR_USAGE, _("resolution is %d x %d; both sides must be between %d and %d."),
                            size.width, size.height, multiple, LARGEST_SIDE);
    if (!rules->enable_bucket && (size.width % multiple || size.height % multiple))
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("resolution is %d x %d, but this model needs sides that are multiples of %d. Change resolution, or set "
              "enable_bucket = true."),
            size.width, size.height, multiple);
    return true;
}

/* kohya's adjust_min_max_bucket_reso_by_steps, with messages instead of assertions. */
static bool check_and_adjust_range(LkBucketRules *rules, int multiple, GError **error)
{
    const int steps = rules->bucket_reso_steps;
    if (steps < multiple || steps % multiple || steps > LARGEST_SIDE)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("bucket_reso_steps is %d; this model needs a multiple of %d, such as %d."), steps,
                            multiple, multiple < 64 && 64 % multiple == 0 ? 64 : multiple);
    if (rules->min_bucket_reso < steps || rules->max_bucket_reso > LARGEST_SIDE)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("min_bucket_reso is %d and max_bucket_reso is %d; they must lie between bucket_reso_steps (%d) and %d."),
            rules->min_bucket_reso, rules->max_bucket_reso, steps, LARGEST_SIDE);
    rules->min_bucket_reso -= rules->min_bucket_reso % steps;
    if (rules->max_bucket_reso % steps)
        rules->max_bucket_reso += steps - rules->max_bucket_reso % steps;

    const int smaller = MIN(rules->resolution.width, rules->resolution.height);
    const int larger = MAX(rules->resolution.width, rules->resolution.height);
    if (smaller < rules->min_bucket_reso)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("min_bucket_reso is %d, which is more than the shorter side of resolution (%d). Lower min_bucket_reso or "
              "raise resolution."),
            rules->min_bucket_reso, smaller);
    if (larger > rules->max_bucket_reso)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("max_bucket_reso is %d, which is less than the longer side of resolution (%d). Raise max_bucket_reso or "
              "lower resolution."),
            rules->max_bucket_reso, larger);
    return true;
}

static int compare_sizes(const void *a, const void *b)
{
    const LkSize *x = a, *y = b;
    return x->width != y->width ? (x->width > y->width) - (x->width < y->width)
                                : (x->height > y->height) - (x->height < y->height);
}

/* kohya's make_bucket_resolutions: every width of the range with the largest height that keeps the area, both ways
 * round, and the square; sorted, each once. */
static void make_sizes(LkBucketSet *set)
{
    const LkBucketRules *rules = &set->rules;
    const int steps = rules->bucket_reso_steps;
    const int64_t area = (int64_t)rules->resolution.width * rules->resolution.height;
    GArray *sizes = g_array_new(FALSE, FALSE, sizeof(LkSize));

    const int square = (int)(sqrt((double)area) / steps) * steps;
    g_array_append_val(sizes, ((LkSize){square, square}));
    for (int width = rules->min_bucket_reso; width <= rules->max_bucket_reso; width += steps) {
        const int height = (int)MIN(rules->max_bucket_reso, area / width / steps * steps);
        if (height < rules->min_bucket_reso)
            continue;
        g_array_append_val(sizes, ((LkSize){width, height}));
        g_array_append_val(sizes, ((LkSize){height, width}));
    }
    g_array_sort(sizes, compare_sizes);
    guint kept = 0;
    for (guint i = 0; i < sizes->len; i++) {
        LkSize *all = (LkSize *)(void *)sizes->data;
        if (kept == 0 || compare_sizes(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    }
    set->count = (int)kept;
    set->sizes = (LkSize *)(void *)g_array_free(sizes, FALSE);
}

LkBucketSet *lk_bucket_set_new(const LkBucketRules *rules, int multiple, GError **error)
{
    LkBucketRules adjusted = *rules;
    multiple = MAX(multiple, 8);
    if (!check_resolution(rules, multiple, error))
        return NULL;
    if (rules->enable_bucket && !check_and_adjust_range(&adjusted, multiple, error))
        return NULL;

    LkBucketSet *set = g_new0(LkBucketSet, 1);
    set->rules = adjusted;
    if (!rules->enable_bucket) {
        set->sizes = g_memdup2(&rules->resolution, sizeof(LkSize));
        set->count = 1;
    } else if (!rules->bucket_no_upscale) {
        make_sizes(set);
    }
    return set;
}

void lk_bucket_set_free(LkBucketSet *set)
{
    if (!set)
        return;
    g_free(set->sizes);
    g_free(set);
}

const LkBucketRules *lk_bucket_set_rules(const LkBucketSet *set)
{
    return &set->rules;
}

const LkSize *lk_bucket_set_sizes(const LkBucketSet *set, int *count)
{
    *count = set->count;
    return set->sizes;
}

static bool cannot_train(LkSize picture, GError **error)
{
    return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                        _("A picture of %d x %d pixels cannot be scaled to a bucket; crop it to a more usual shape."),
                        picture.width, picture.height);
    return false;
}

/* The same size if there is one, else the first of those nearest in aspect ratio; then scaled to cover it. */
static bool fit_predefined(const LkBucketSet *set, LkSize picture, LkBucketFit *fit, GError **error)
{
    const double aspect = (double)picture.width / picture.height;
    double best = INFINITY;
    for (int i = 0; i < set->count; i++) {
        const LkSize size = set->sizes[i];
        const double difference = fabs((double)size.width / size.height - aspect);
        if (difference < best) {
            best = difference;
            fit->bucket = size;
        }
    }
    if (bsearch(&picture, set->sizes, (size_t)set->count, sizeof picture, compare_sizes))
        fit->bucket = picture;

    const double bucket_aspect = (double)fit->bucket.width / fit->bucket.height;
    const double scale = aspect > bucket_aspect ? (double)fit->bucket.height / picture.height
                                                : (double)fit->bucket.width / picture.width;
    if (MAX(picture.width, picture.height) * scale > LARGEST_RESIZED)
        return cannot_train(picture, error);
    fit->resized.width = (int)(picture.width * scale + 0.5);
    fit->resized.height = (int)(picture.height * scale + 0.5);
    return true;
}

static int round_to_steps(double x, int steps)
{
    const int rounded = (int)(x + 0.5);
    return rounded - rounded % steps;
}

/* A picture larger than the resolution's area is scaled down so that one side is a multiple of the steps (the side
 * that changes the aspect ratio less); a smaller one stays. False when a side would come out as zero. */
static bool shrink_to_area(const LkBucketSet *set, LkSize picture, LkSize *resized)
{
    const int steps = set->rules.bucket_reso_steps;
    const double area = (double)set->rules.resolution.width * set->rules.resolution.height;
    *resized = picture;
    if ((double)picture.width * picture.height <= area)
        return true;

    const double aspect = (double)picture.width / picture.height;
    const double ideal_width = sqrt(area * aspect);
    const double ideal_height = area / ideal_width;

    const int width = round_to_steps(ideal_width, steps);
    const int height_for_width = round_to_steps(width / aspect, steps);
    const int height = round_to_steps(ideal_height, steps);
    const int width_for_height = round_to_steps(height * aspect, steps);
    if (height_for_width == 0 || height == 0)
        return false;

    const double error_by_width = fabs((double)width / height_for_width - aspect);
    const double error_by_height = fabs((double)width_for_height / height - aspect);
    if (error_by_width < error_by_height)
        *resized = (LkSize){width, (int)(width / aspect + 0.5)};
    else
        *resized = (LkSize){(int)(height * aspect + 0.5), height};
    return true;
}

static bool fit_without_enlarging(const LkBucketSet *set, LkSize picture, LkBucketFit *fit, GError **error)
{
    const int steps = set->rules.bucket_reso_steps;
    if (shrink_to_area(set, picture, &fit->resized)) {
        fit->bucket.width = fit->resized.width - fit->resized.width % steps;
        fit->bucket.height = fit->resized.height - fit->resized.height % steps;
        if (fit->bucket.width > 0 && fit->bucket.height > 0)
            return true;
    }
    *fit = (LkBucketFit){0};
    return lk_set_error(
        error, LK_ERROR_UNSUPPORTED,
        _("A picture of %d x %d pixels is too small or too narrow for bucket_no_upscale: scaled to the "
          "resolution's area, its "
          "shorter side has less than bucket_reso_steps (%d) pixels. Crop it, use a larger one, or turn "
          "bucket_no_upscale off."),
        picture.width, picture.height, steps);
}

bool lk_bucket_set_fit(const LkBucketSet *set, LkSize picture, LkBucketFit *fit, GError **error)
{
    *fit = (LkBucketFit){0};
    if (picture.width < 1 || picture.height < 1 || MAX(picture.width, picture.height) > LARGEST_PICTURE)
        return cannot_train(picture, error);
    if (set->rules.enable_bucket && set->rules.bucket_no_upscale) {
        if (!fit_without_enlarging(set, picture, fit, error))
            return false;
    } else if (!fit_predefined(set, picture, fit, error)) {
        return false;
    }
    fit->crop_x = (fit->resized.width - fit->bucket.width) / 2;
    fit->crop_y = (fit->resized.height - fit->bucket.height) / 2;
    fit->aspect_error = (double)fit->bucket.width / fit->bucket.height - (double)picture.width / picture.height;
    return true;
}
