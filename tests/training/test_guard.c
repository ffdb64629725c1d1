/* The loss scale against what torch.amp.GradScaler makes of the same steps, and what is done about trouble. */
#include "../tap.h"
#include "training/guard.h"

#include <glib.h>
#include <string.h>

static void test_scale(void)
{
    static const struct {
        const char *steps; /* g: good, o: overflow, each behind how many there are */
        double scale;
        int good;
    } rows[] = {
        /* torch 2, GradScaler(device="cpu"): get_scale() and _growth_tracker */
        {"1g", 65536, 1},
        {"1o", 32768, 0},
        {"1999g", 65536, 1999},
        {"2000g", 131072, 0},
        {"1999g 1o 1999g", 32768, 1999},
        {"1999g 1o 2000g", 65536, 0},
        {"3o 5g", 8192, 5},
        {"4001g 2o 7g", 65536, 7},
        {"16o", 1, 0},
        {"2000g 1o 2000g 1o 3g", 65536, 3},
        {"10o 6000g", 512, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        LkGuard guard = lk_guard_new(true);
        g_auto(GStrv) words = g_strsplit(rows[i].steps, " ", -1);
        int64_t step = 0, overflows = 0;
        bool right = true;
        for (char **word = words; *word; word++) {
            char *what;
            for (int64_t n = g_ascii_strtoll(*word, &what, 10); n > 0; n--) {
                bool bad = *what == 'o';
                overflows += bad;
                LkRemedy remedy = lk_guard_step(&guard, true, ++step, bad ? LK_HEALTH_GRADIENT : LK_HEALTH_GOOD);
                right &= remedy == (bad ? LK_REMEDY_RESCALE : LK_REMEDY_NONE);
            }
        }
        tap_ok(right && guard.scale == rows[i].scale && guard.good == rows[i].good && guard.skipped == overflows &&
                   guard.trouble == 0,
               "%s: the scale is %.0f after %d good steps", rows[i].steps, guard.scale, (int)guard.good);
    }
}

static void test_ends(void)
{
    LkGuard guard = lk_guard_new(true);
    for (int i = 0; i < 16; i++)
        lk_guard_step(&guard, true, i + 1, LK_HEALTH_GRADIENT);
    tap_ok(lk_guard_step(&guard, true, 17, LK_HEALTH_GRADIENT) == LK_REMEDY_SLOWER && guard.scale == 1 &&
               guard.trouble == 17 && guard.skipped == 17,
           "at a scale of 1 an overflow is trouble");
    guard = lk_guard_new(true);
    for (int i = 0; i < 1000000; i++)
        lk_guard_step(&guard, true, i + 1, LK_HEALTH_GOOD);
    tap_ok(guard.scale == 16777216, "a million good steps: it grows to %.0f and no further", guard.scale);
}

static void test_trouble(void)
{
    static const struct {
        bool fp16;
        LkHealth health;
        const char *label;
    } rows[] = {
        {false, LK_HEALTH_LOSS, "a loss"},
        {false, LK_HEALTH_GRADIENT, "a gradient"},
        {true, LK_HEALTH_LOSS, "a loss in fp16"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        LkGuard guard = lk_guard_new(rows[i].fp16);
        const double scale = guard.scale;
        bool first = lk_guard_step(&guard, rows[i].fp16, 1, LK_HEALTH_GOOD) == LK_REMEDY_NONE &&
                     lk_guard_step(&guard, rows[i].fp16, 2, rows[i].health) == LK_REMEDY_SLOWER;
        tap_ok(first && guard.trouble == 2 && guard.skipped == 1 && guard.scale == scale,
               "%s that is not finite: once more, slower", rows[i].label);
        LkGuard before = guard;
        bool again = lk_guard_step(&guard, rows[i].fp16, 9, rows[i].health) == LK_REMEDY_STOP;
        tap_ok(again && memcmp(&before, &guard, sizeof guard) == 0,
               "the second time it stops, and nothing of that step is noted");
    }
}

static void test_text(void)
{
    static const char *const wrong[] = {
        "",
        "scale=3 good=0 skipped=0 trouble=0",
        "scale=0 good=0 skipped=0 trouble=0",
        "scale=-2 good=0 skipped=0 trouble=0",
        "scale=nan good=0 skipped=0 trouble=0",
        "scale=inf good=0 skipped=0 trouble=0",
        "scale=33554432 good=0 skipped=0 trouble=0",
        "scale=2 good=-1 skipped=0 trouble=0",
        "scale=2 good=2000 skipped=0 trouble=0",
        "scale=2 good=1 skipped=-1 trouble=0",
        "scale=2 good=1 skipped=0 trouble=-5",
        "scale=2 good=1 skipped=0",
        "scale=2 good=1 skipped=0 trouble=0 more",
    };
    LkGuard read, guard = {.scale = 512, .good = 77, .skipped = 1234567890123, .trouble = 99};
    g_autofree char *text = lk_guard_write(&guard, true);
    tap_ok(lk_guard_read(&read, true, text) && memcmp(&read, &guard, sizeof read) == 0, "“%s” is read as it was", text);
    tap_ok(!lk_guard_read(&read, false, text), "a run that does not scale has no such scale");
    for (int fp16 = 0; fp16 < 2; fp16++) {
        LkGuard fresh = lk_guard_new(fp16);
        g_autofree char *none = lk_guard_write(&fresh, fp16);
        tap_ok(!none && lk_guard_read(&read, fp16, NULL) && memcmp(&read, &fresh, sizeof read) == 0,
               "a new run needs no text");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        tap_ok(!lk_guard_read(&read, true, wrong[i]) && read.scale == 65536, "“%s” is refused", wrong[i]);
}

int main(void)
{
    test_scale();
    test_ends();
    test_trouble();
    test_text();
    return tap_done();
}
