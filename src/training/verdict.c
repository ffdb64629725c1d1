#include "training/verdict.h"

#include <glib/gi18n.h>
#include <math.h>

enum { BLOCKS = 12 };

static const double least_change = 0.03, least_swing = 0.08, errors_for_slope = 3, excess_for_swing = 3;

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
    [LK_VERDICT_FLAT] = {N_("not falling"),
                         N_("Late in a training this is usual: what can be learned is learned. If the samples do not "
                            "show your subject yet, train for more epochs or try another learning rate."),
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
    return (LkVerdictResult){judge_blocks(&blocks), (gint64)(count - MIN(window, count))};
}
