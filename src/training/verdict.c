#include "training/verdict.h"

#include <glib/gi18n.h>
#include <math.h>

enum { BLOCKS = 12 };

static const double least_change = 0.03, least_swing = 0.08, least_fall = 0.1, least_rise = 0.02;
static const double errors_for_slope = 3, excess_for_swing = 3, errors_for_fall = 3;

static const struct {
    const char *title, *advice;
    bool bad;
} verdicts[LK_VERDICT_COUNT] = {
    [LK_VERDICT_TOO_EARLY] = {N_("too early to tell"),
                              N_("The loss of single steps jumps: every step sees other pictures, noise and timesteps. "
                                 "Only the smoothed curve says something, after some dozens of steps."),
                              false},
    [LK_VERDICT_FALLING] = {N_("falling steadily"),
                            N_("The LoRA is learning. Look at the samples to decide when it is enough: the loss cannot "
                               "tell when it begins to learn the pictures by heart."),
                            false},
    [LK_VERDICT_SETTLED] = {N_("levelled off"),
                            N_("The loss fell and does not fall any more, as is usual late in a training: what can be "
                               "learned is learned. If the samples do not show your subject yet, train for more epochs "
                               "or try another learning rate."),
                            false},
    [LK_VERDICT_FLAT] = {N_("not falling"),
                         N_("The LoRA has hardly learned anything yet. Train for more epochs or try another learning "
                            "rate: a higher one if the samples still look like the base model."),
                         false},
    [LK_VERDICT_RISING] = {N_("rising"),
                           N_("The learning rate is probably too high. Stop, and start again from an earlier "
                              "checkpoint or anew with a lower one: a third or a tenth of it."),
                           true},
    [LK_VERDICT_SWINGING] =
        {N_("swinging"),
         N_("The training is unstable. Try a lower learning rate, another optimizer or another "
            "learning rate scheduler, or a larger batch. With mixed precision fp16, try bf16 or no."),
         true},
    [LK_VERDICT_BY_HEART] =
        {N_("learning by heart"),
         N_("The loss on pictures that were held out rises again, though that of the training may still fall: the LoRA "
            "begins to learn the pictures by heart (over-fitting). Use the checkpoint from before it rose. Next time, "
            "train for fewer epochs, with a lower rank or with more pictures."),
         true},
};

const char *lk_verdict_title(LkVerdict verdict)
{
    return verdicts[verdict].title;
}

const char *lk_verdict_advice(LkVerdict verdict)
{
    return verdicts[verdict].advice;
}

bool lk_verdict_is_bad(LkVerdict verdict)
{
    return verdicts[verdict].bad;
}

/* Means of BLOCKS blocks of consecutive steps, and what a mean scatters by because of its steps. */
typedef struct Blocks {
    double mean[BLOCKS];
    double all;   /* mean of all */
    double noise; /* variance of a block's mean, from the scatter of steps within blocks */
} Blocks;

static Blocks make_blocks(const double *losses, gsize count)
{
    Blocks blocks = {0};
    double within = 0;
    gsize size = count / BLOCKS;
    for (int b = 0; b < BLOCKS; b++) {
        const double *own = losses + count - (gsize)(BLOCKS - b) * size;
        for (gsize i = 0; i < size; i++)
            blocks.mean[b] += own[i] / (double)size;
        for (gsize i = 0; i < size; i++)
            within += (own[i] - blocks.mean[b]) * (own[i] - blocks.mean[b]);
        blocks.all += blocks.mean[b] / BLOCKS;
    }
    double freedom = (double)BLOCKS * (double)(size - 1);
    blocks.noise = within / freedom / (double)size;
    return blocks;
}

static LkVerdict judge_blocks(const Blocks *blocks)
{
    double middle = (BLOCKS - 1) / 2.0, spread = 0, slope = 0, rest = 0;
    for (int b = 0; b < BLOCKS; b++)
        spread += (b - middle) * (b - middle);
    for (int b = 0; b < BLOCKS; b++)
        slope += (b - middle) * blocks->mean[b] / spread;
    for (int b = 0; b < BLOCKS; b++) {
        double off = blocks->mean[b] - blocks->all - slope * (b - middle);
        rest += off * off / (BLOCKS - 2);
    }
    if (rest > excess_for_swing * excess_for_swing * blocks->noise && sqrt(rest) > least_swing * blocks->all)
        return LK_VERDICT_SWINGING;
    double error = sqrt(fmax(rest, blocks->noise) / spread), change = slope * (BLOCKS - 1) / blocks->all;
    if (fabs(slope) < errors_for_slope * error || fabs(change) < least_change)
        return LK_VERDICT_FLAT;
    return slope > 0 ? LK_VERDICT_RISING : LK_VERDICT_FALLING;
}

static void mean_of(const double *losses, gsize count, double *mean, double *error)
{
    double sum = 0, squares = 0;
    for (gsize i = 0; i < count; i++)
        sum += losses[i];
    *mean = sum / (double)count;
    for (gsize i = 0; i < count; i++)
        squares += (losses[i] - *mean) * (losses[i] - *mean);
    *error = sqrt(squares / (double)(count - 1) / (double)count);
}

/* A curve without a course in its last `window` steps: has it fallen before? */
static LkVerdict judge_flat(const double *losses, gsize count, gsize window)
{
    gsize early = MIN(MAX((gsize)LK_VERDICT_STEPS / 2, count / 10), count / 2), late = MIN(window, count - early);
    double before, now, before_error, now_error;
    mean_of(losses, early, &before, &before_error);
    mean_of(losses + count - late, late, &now, &now_error);
    if (before - now > errors_for_fall * hypot(before_error, now_error) && before - now > least_fall * before)
        return LK_VERDICT_SETTLED;
    return count < LK_VERDICT_FLAT_STEPS ? LK_VERDICT_TOO_EARLY : LK_VERDICT_FLAT;
}

LkVerdictResult lk_verdict_judge(const double *losses, gsize count)
{
    g_autoptr(GArray) finite = g_array_new(FALSE, FALSE, sizeof(double));
    for (gsize i = 0; i < count; i++)
        if (isfinite(losses[i]))
            g_array_append_val(finite, losses[i]);
    if (finite->len < LK_VERDICT_STEPS)
        return (LkVerdictResult){LK_VERDICT_TOO_EARLY, 0};
    gsize window = MAX((gsize)LK_VERDICT_STEPS, finite->len / 3);
    Blocks blocks = make_blocks((const double *)finite->data + finite->len - window, window);
    LkVerdict verdict = judge_blocks(&blocks);
    if (verdict == LK_VERDICT_FLAT)
        verdict = judge_flat((const double *)finite->data, finite->len, window);
    return (LkVerdictResult){verdict, (gint64)(count - MIN(window, count))};
}

bool lk_verdict_by_heart(const double *losses, gsize count, gsize *best)
{
    gsize lowest = 0;
    for (gsize i = 1; i < count; i++)
        if (losses[i] < losses[lowest])
            lowest = i;
    if (best)
        *best = lowest;
    double limit = count ? losses[lowest] * (1 + least_rise) : 0;
    return count >= 3 && lowest + 2 < count && losses[count - 1] > limit && losses[count - 2] > limit;
}
