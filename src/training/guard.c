#include "training/guard.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SCALE   65536.0
#define LARGEST_SCALE 16777216.0 /* 2^24: where all gradients are zero nothing else would end the doubling */
#define GROWTH_STEPS  2000

LkGuard lk_guard_new(bool fp16)
{
    return (LkGuard){.scale = fp16 ? FIRST_SCALE : 1};
}

static void grow(LkGuard *guard)
{
    if (++guard->good < GROWTH_STEPS)
        return;
    guard->good = 0;
    guard->scale = MIN(guard->scale * 2, LARGEST_SCALE);
}

LkRemedy lk_guard_step(LkGuard *guard, bool fp16, int64_t step, LkHealth health)
{
    if (health == LK_HEALTH_GOOD) {
        if (fp16)
            grow(guard);
        return LK_REMEDY_NONE;
    }
    if (health == LK_HEALTH_GRADIENT && fp16 && guard->scale > 1) {
        guard->scale /= 2;
        guard->good = 0;
        guard->skipped++;
        return LK_REMEDY_RESCALE;
    }
    if (guard->trouble > 0)
        return LK_REMEDY_STOP;
    guard->trouble = step;
    guard->skipped++;
    return LK_REMEDY_SLOWER;
}

char *lk_guard_write(const LkGuard *guard, bool fp16)
{
    const LkGuard none = lk_guard_new(fp16);
    if (guard->scale == none.scale && guard->good == 0 && guard->skipped == 0 && guard->trouble == 0)
        return NULL;
    return g_strdup_printf("scale=%.0f good=%" G_GINT64_FORMAT " skipped=%" G_GINT64_FORMAT
                           " trouble=%" G_GINT64_FORMAT,
                           guard->scale, guard->good, guard->skipped, guard->trouble);
}

/** A power of two that a run can come to. */
static bool is_scale(double scale, bool fp16)
{
    for (double s = 1; s <= (fp16 ? LARGEST_SCALE : 1); s *= 2)
        if (scale == s)
            return true;
    return false;
}

bool lk_guard_read(LkGuard *guard, bool fp16, const char *text)
{
    *guard = lk_guard_new(fp16);
    if (!text)
        return true;
    LkGuard read = {0};
    gint64 good, skipped, trouble;
    int length = 0;
    if (sscanf(text, "scale=%lf good=%" G_GINT64_FORMAT " skipped=%" G_GINT64_FORMAT " trouble=%" G_GINT64_FORMAT "%n",
               &read.scale, &good, &skipped, &trouble, &length) != 4 ||
        text[length] != '\0')
        return false;
    read.good = good;
    read.skipped = skipped;
    read.trouble = trouble;
    if (!is_scale(read.scale, fp16) || good < 0 || good >= GROWTH_STEPS || skipped < 0 || trouble < 0)
        return false;
    *guard = read;
    return true;
}
