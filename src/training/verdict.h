/* What a loss curve means, in words: the question that every beginner asks. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum LkVerdict {
    LK_VERDICT_TOO_EARLY, /* fewer than LK_VERDICT_STEPS steps, or a few more that show no course yet */
    LK_VERDICT_FALLING,
    LK_VERDICT_SETTLED, /* fell, and does not any more */
    LK_VERDICT_FLAT,    /* never fell */
    LK_VERDICT_RISING,
    LK_VERDICT_SWINGING, /* up and down more than the noise of single steps explains */
    LK_VERDICT_BY_HEART, /* the loss on held-out pictures rises: see lk_verdict_by_heart */
    LK_VERDICT_COUNT,
} LkVerdict;

enum { LK_VERDICT_STEPS = 40, LK_VERDICT_FLAT_STEPS = 3 * LK_VERDICT_STEPS };

typedef struct LkVerdictResult {
    LkVerdict verdict;
    gint64 since; /* index of the step from which on it holds; 0: from the beginning */
} LkVerdictResult;

/** Judges the losses of `count` consecutive steps, oldest first (unsmoothed; those that are not finite are passed
 * over). The last third, but at least LK_VERDICT_STEPS steps, is compared by the slope of a line through it
 * with its standard error (least squares), after what single steps scatter is taken out by means over blocks: a curve
 * rises or falls where the slope is three standard errors from zero and the line changes by 3 % at least. It swings
 * where the blocks' means scatter around the line more than three times what the steps within blocks explain, by 8 % at
 * least. A curve that does none of it has settled where the first tenth of all steps (LK_VERDICT_STEPS / 2 at least)
 * lies above the last third by three standard errors and a tenth; it is flat otherwise, once there are
 * LK_VERDICT_FLAT_STEPS. */
LkVerdictResult lk_verdict_judge(const double *losses, gsize count);

/** Whether the loss on held-out pictures, as it was measured so far (oldest first), rises again: the last two
 * measurements are above the lowest one by 2 % at least. *best (may be NULL) is the index of the lowest. */
bool lk_verdict_by_heart(const double *losses, gsize count, gsize *best);

/** "falling steadily": to stand behind the figure; N_(). */
const char *lk_verdict_title(LkVerdict verdict);
/** What it means and what to try, whole sentences; N_(). */
const char *lk_verdict_advice(LkVerdict verdict);
/** Whether something should be done about it. */
bool lk_verdict_is_bad(LkVerdict verdict);
