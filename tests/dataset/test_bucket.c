/* Buckets against a table made by kohya's code, and their properties by brute force. */
#include "dataset/bucket.h"
#include "format/gerror.h"
#include "tests/dataset/kohya_buckets.h"
#include "tests/tap.h"

#include <math.h>

static void test_fits(void)
{
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(kohya_fits); i++) {
        const int *row = kohya_fits[i];
        const LkBucketRules rules = {{row[0], row[1]}, row[2], row[3], row[4], row[5], row[6]};
        g_autoptr(LkBucketSet) set = lk_bucket_set_new(&rules, 8, NULL);
        g_autoptr(GError) error = NULL;
        LkBucketFit fit = {0};
        const bool fits = set && lk_bucket_set_fit(set, (LkSize){row[7], row[8]}, &fit, &error);
        const int ours[6] = {fit.bucket.width,   fit.bucket.height, fit.resized.width,
                             fit.resized.height, fit.crop_x,        fit.crop_y};
        const bool right = row[9] == 0 ? !fits && error : fits && memcmp(ours, row + 9, sizeof ours) == 0;
        if (!right && wrong++ < 5)
            tap_note("row %zu: picture %d x %d gives bucket %d x %d, resized %d x %d, crop %d %d", i, row[7], row[8],
                     ours[0], ours[1], ours[2], ours[3], ours[4], ours[5]);
    }
    tap_ok(wrong == 0, "%zu pictures fall into kohya's buckets with its scaling and crop", G_N_ELEMENTS(kohya_fits));
}

static void test_sizes(void)
{
    const int *at = kohya_sizes, *end = kohya_sizes + G_N_ELEMENTS(kohya_sizes);
    int sets = 0;
    for (; at < end; sets++, at++) {
        const LkBucketRules rules = {{at[0], at[1]}, true, false, at[2], at[3], at[4]};
        g_autoptr(LkBucketSet) set = lk_bucket_set_new(&rules, 8, NULL);
        int count = 0;
        const LkSize *sizes = lk_bucket_set_sizes(set, &count);
        at += 5;
        bool same = true;
        int n = 0;
        for (; *at; at += 2, n++)
            same = same && n < count && sizes[n].width == at[0] && sizes[n].height == at[1];
        tap_ok(same && n == count, "the %d buckets of %d x %d", n, rules.resolution.width, rules.resolution.height);
    }
    tap_ok(sets > 5, "%d lists of buckets compared", sets);
}

static bool fit_is_sound(const LkBucketSet *set, LkSize picture, bool no_upscale)
{
    LkBucketFit fit;
    const LkBucketRules *rules = lk_bucket_set_rules(set);
    if (!lk_bucket_set_fit(set, picture, &fit, NULL))
        return no_upscale && fit.bucket.width == 0;
    bool sound = fit.resized.width >= fit.bucket.width && fit.resized.height >= fit.bucket.height;
    sound = sound && fit.crop_x >= 0 && fit.crop_x + fit.bucket.width <= fit.resized.width;
    sound = sound && fit.crop_y >= 0 && fit.crop_y + fit.bucket.height <= fit.resized.height;
    sound =
        sound && fit.bucket.width % rules->bucket_reso_steps == 0 && fit.bucket.height % rules->bucket_reso_steps == 0;
    sound = sound && fit.bucket.width * fit.bucket.height <= rules->resolution.width * rules->resolution.height;
    if (no_upscale)
        return sound && fit.resized.width <= picture.width && fit.resized.height <= picture.height;
    int count;
    const LkSize *sizes = lk_bucket_set_sizes(set, &count);
    bool exact = false, member = false;
    double best = INFINITY;
    for (int i = 0; i < count; i++) {
        exact = exact || (sizes[i].width == picture.width && sizes[i].height == picture.height);
        member = member || (sizes[i].width == fit.bucket.width && sizes[i].height == fit.bucket.height);
        best = fmin(best, fabs((double)sizes[i].width / sizes[i].height - (double)picture.width / picture.height));
    }
    if (exact)
        return sound && member && fit.bucket.width == picture.width && fit.bucket.height == picture.height;
    return sound && member && fabs(fit.aspect_error) <= best;
}

static void test_properties(void)
{
    for (int no_upscale = 0; no_upscale < 2; no_upscale++) {
        LkBucketRules rules = lk_bucket_rules_default((LkSize){512, 512});
        rules.enable_bucket = true;
        rules.bucket_no_upscale = no_upscale;
        g_autoptr(LkBucketSet) set = lk_bucket_set_new(&rules, 64, NULL);
        int unsound = 0;
        for (int width = 1; width < 1500; width += 7)
            for (int height = 1; height < 1500; height += 11)
                unsound += !fit_is_sound(set, (LkSize){width, height}, no_upscale);
        tap_ok(unsound == 0, "bucket inside the picture, in steps, within the area, nearest in aspect (no_upscale %d)",
               no_upscale);
    }
}

static void expect_usage(const char *what, LkBucketRules rules, int multiple)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkBucketSet) set = lk_bucket_set_new(&rules, multiple, &error);
    tap_ok(!set && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE) && g_str_has_suffix(error->message, "."),
           "%s is refused: %s", what, error ? error->message : "(no)");
}

static void test_refusals(void)
{
    const LkBucketRules good = {{512, 512}, true, false, 256, 1024, 64};
    LkBucketRules bad = good;
    bad.bucket_reso_steps = 0;
    expect_usage("no step", bad, 64);
    bad.bucket_reso_steps = 12;
    expect_usage("a step the VAE cannot take", bad, 8);
    bad = good;
    bad.min_bucket_reso = 640;
    expect_usage("a minimum above the resolution", bad, 64);
    bad = good;
    bad.max_bucket_reso = 448;
    expect_usage("a maximum below the resolution", bad, 64);
    bad = good;
    bad.min_bucket_reso = 0;
    expect_usage("a minimum of zero", bad, 64);
    bad = good;
    bad.resolution.width = -5;
    expect_usage("a negative resolution", bad, 64);
    bad = good;
    bad.enable_bucket = false;
    bad.resolution.height = 500;
    expect_usage("a resolution the U-Net cannot take", bad, 64);

    g_autoptr(LkBucketSet) set = lk_bucket_set_new(&good, 64, NULL);
    LkBucketFit fit;
    const LkSize odd[] = {{0, 5}, {5, -1}, {G_MAXINT, G_MAXINT}, {G_MAXINT, 1}, {1, 1 << 20}};
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autoptr(GError) error = NULL;
        const bool fits = lk_bucket_set_fit(set, odd[i], &fit, &error);
        tap_ok(fits == (error == NULL), "%d x %d is answered", odd[i].width, odd[i].height);
    }
}

int main(void)
{
    test_fits();
    test_sizes();
    test_properties();
    test_refusals();
    return tap_done();
}
