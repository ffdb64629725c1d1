/* Zooming and panning against the laws they must keep for any input, and the crop guide against the training's own
 * fit of a picture to its bucket. */
#include "app/dataset/canvas_view.h"
#include "app/dataset/crop_guide.h"
#include "tests/tap.h"

#include <math.h>
#include <string.h>

static GRand *chance;

static double between(double low, double high)
{
    return g_rand_double_range(chance, low, high);
}

static LkCanvasView random_view(void)
{
    LkCanvasView view = lk_canvas_view_new();
    lk_canvas_view_set_area(&view, between(50, 2000), between(50, 1500), g_rand_int_range(chance, 1, 3));
    lk_canvas_view_set_picture(&view, g_rand_int_range(chance, 1, 6000), g_rand_int_range(chance, 1, 6000));
    return view;
}

/* Either there is room around the picture and it is in the middle, or it leaves no gap at an edge. */
static gboolean is_placed(double at, double size, double area)
{
    if (size <= area)
        return fabs(at - (area - size) / 2) < 0.6;
    return at < 0.01 && at + size > area - 0.01;
}

static gboolean is_well(const LkCanvasView *view)
{
    graphene_rect_t rect = lk_canvas_view_rect(view);
    double slack = 1e-3 * MAX(rect.size.width, rect.size.height); /* the rectangle has floats */
    return isfinite(view->scale) && view->scale > 0 &&
           (is_placed(rect.origin.x, rect.size.width, view->width) || slack > 0.6) &&
           (is_placed(rect.origin.y, rect.size.height, view->height) || slack > 0.6);
}

static void test_fit(void)
{
    LkCanvasView view = lk_canvas_view_new();
    lk_canvas_view_set_area(&view, 1000, 600, 1);
    lk_canvas_view_set_picture(&view, 2000, 1000);
    graphene_rect_t rect = lk_canvas_view_rect(&view);
    tap_ok(view.scale == 0.5 && rect.origin.x == 0 && rect.origin.y == 50 && rect.size.width == 1000 &&
               rect.size.height == 500,
           "2000 x 1000 fits into 1000 x 600 at a half, in the middle");
    tap_ok(lk_canvas_view_percent(&view) == 50 && !lk_canvas_view_can_pan(&view),
           "that is 50 %%, with nothing outside");
    lk_canvas_view_set_area(&view, 1000, 600, 2);
    tap_ok(lk_canvas_view_percent(&view) == 100, "on a screen with twice the pixels it is 100 %%");
    lk_canvas_view_set_picture(&view, 10, 10);
    tap_ok(lk_canvas_view_percent(&view) == 300, "a tiny picture is enlarged to 300 %% at most");
    lk_canvas_view_set_picture(&view, 0, 0);
    tap_ok(isfinite(view.scale) && !lk_canvas_view_can_pan(&view), "no picture does no harm");
    lk_canvas_view_zoom(&view, 5, 1, 1);
    lk_canvas_view_pan(&view, 3, 3);
    tap_ok(isfinite(view.scale) && isfinite(view.x), "nor does zooming without one");
}

static void test_zoom_keeps_the_point(void)
{
    guint kept = 0, tried = 0;
    for (int i = 0; i < 20000; i++) {
        LkCanvasView view = random_view();
        lk_canvas_view_zoom(&view, view.scale * between(1, 8), between(0, view.width), between(0, view.height));
        LkCanvasView before = view;
        double x = between(0, view.width), y = between(0, view.height);
        lk_canvas_view_zoom(&view, view.scale * between(1, 3), x, y);
        double at_x = before.x + (x - before.width / 2) / before.scale;
        double now_x = view.x + (x - view.width / 2) / view.scale;
        gboolean filled = view.picture_width * before.scale > view.width; /* else the middle is kept */
        if (!filled)
            continue;
        tried++;
        kept += fabs(at_x - now_x) * view.scale < 0.01;
    }
    tap_ok(tried > 3000 && kept == tried, "the point under the pointer stays there (%u of %u)", kept, tried);
}

static void test_any_sequence(void)
{
    guint wrong = 0;
    for (int i = 0; i < 3000; i++) {
        LkCanvasView view = random_view();
        for (int step = 0; step < 12; step++) {
            int what = g_rand_int_range(chance, 0, 6);
            if (what < 2)
                lk_canvas_view_zoom(&view, view.scale * exp(between(-2, 2)), between(-100, 3000), between(-100, 3000));
            else if (what < 4)
                lk_canvas_view_pan(&view, between(-4000, 4000), between(-4000, 4000));
            else if (what < 5)
                lk_canvas_view_set_area(&view, between(50, 2000), between(50, 1500), 1);
            else
                lk_canvas_view_fit(&view);
            wrong += !is_well(&view);
            double percent = lk_canvas_view_percent(&view);
            wrong += percent > MAX(1600, 100 * lk_canvas_view_fit_scale(&view) * view.density) + 0.01;
        }
        if (view.fit)
            wrong += fabs(view.scale - lk_canvas_view_fit_scale(&view)) > 1e-9;
    }
    tap_ok(wrong == 0, "after any zooming and moving there is no gap at an edge and no scale beyond the most");
}

/* The list told another size than the file turned out to have: what is seen stays. */
static void test_correction(void)
{
    LkCanvasView view = lk_canvas_view_new();
    lk_canvas_view_set_area(&view, 800, 600, 1);
    lk_canvas_view_set_picture(&view, 400, 300);
    lk_canvas_view_zoom(&view, 6, 200, 100);
    graphene_rect_t before = lk_canvas_view_rect(&view);
    lk_canvas_view_correct_picture(&view, 4000, 3000);
    graphene_rect_t after = lk_canvas_view_rect(&view);
    tap_ok(graphene_rect_equal(&before, &after), "a corrected size moves nothing");
}

static void test_crop(void)
{
    LkBucketRules rules = lk_bucket_rules_default((LkSize){512, 512});
    rules.enable_bucket = true;
    g_autoptr(LkBucketSet) set = lk_bucket_set_new(&rules, 64, NULL);
    LkBucketFit fit;
    lk_bucket_set_fit(set, (LkSize){1248, 832}, &fit, NULL);
    g_autofree char *text = lk_crop_guide_text(&fit, TRUE), *brief = lk_crop_guide_text(&fit, FALSE);
    tap_ok(strcmp(text, "Bucket 640 × 384 · 10 % cut off") == 0 && strcmp(brief, "640 × 384") == 0,
           "1248 x 832 at 512: \"%s\", \"%s\"", text, brief);
    lk_bucket_set_fit(set, (LkSize){1024, 1024}, &fit, NULL);
    g_autofree char *square = lk_crop_guide_text(&fit, TRUE);
    tap_ok(strcmp(square, "Bucket 512 × 512") == 0, "a square loses nothing: \"%s\"", square);
    guint wrong = 0;
    for (int i = 0; i < 5000; i++) {
        LkSize picture = {g_rand_int_range(chance, 100, 4000), g_rand_int_range(chance, 100, 4000)};
        if (!lk_bucket_set_fit(set, picture, &fit, NULL))
            continue;
        graphene_rect_t shown = GRAPHENE_RECT_INIT(10, 20, (float)picture.width / 3, (float)picture.height / 3);
        graphene_rect_t crop = lk_crop_guide_rect(&fit, &shown);
        double area = (double)crop.size.width * crop.size.height / ((double)shown.size.width * shown.size.height);
        double left = crop.origin.x - shown.origin.x;
        double right = shown.origin.x + shown.size.width - crop.origin.x - crop.size.width;
        double pixel = shown.size.width / fit.resized.width;
        wrong += fabs(100 - 100 * area - lk_crop_guide_cut(&fit)) > 0.01;
        wrong += left < -0.01 || right < -0.01 || fabs(left - right) > pixel + 0.01; /* a centre crop */
    }
    tap_ok(wrong == 0, "for any picture the guide is inside, centred, and leaves out as much as it says");
}

int main(void)
{
    chance = g_rand_new_with_seed(7);
    test_fit();
    test_zoom_keeps_the_point();
    test_any_sequence();
    test_correction();
    test_crop();
    g_rand_free(chance);
    return tap_done();
}
