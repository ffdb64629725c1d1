#include "training/schedule.h"

#include "base/philox.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ learning rate */

/** A number of steps, or a share of all of them, rounded down as sd-scripts does. */
static int64_t steps_of(double steps, int64_t total)
{
    return (int64_t)(steps < 1 ? steps * (double)total : steps);
}

/** The value of step_rules among the schedule's options; NULL where it is missing. */
static const char *rules_of(const LkJob *job)
{
    for (char **arg = job->lr_scheduler_args; arg && *arg; arg++)
        if (g_str_has_prefix(*arg, "step_rules="))
            return *arg + strlen("step_rules=");
    return NULL;
}

LkLrSchedule lk_lr_schedule_of_job(const LkJob *job, int64_t total)
{
    bool own = lk_optimizer((LkOptimizerType)job->optimizer_type)->averages || job->optimizer.relative_step;
    int64_t warmup = steps_of(job->lr_warmup_steps, total);
    return (LkLrSchedule){
        .type = own ? LK_LR_CONSTANT : (LkLrSchedulerType)job->lr_scheduler,
        .warmup = warmup,
        .total = total,
        .cycles = job->lr_scheduler_num_cycles,
        .power = job->lr_scheduler_power,
        .base_lr = job->learning_rate,
        .decay = steps_of(job->lr_decay_steps, total),
        .timescale = job->lr_scheduler_timescale ? job->lr_scheduler_timescale
                     : warmup                    ? warmup
                                                 : 10000,
        .min_ratio = job->lr_scheduler_min_lr_ratio,
        .rules = rules_of(job),
    };
}

/** A falling wave from 1 to min_ratio, of so many half waves. */
static double wave(const LkLrSchedule *s, double progress)
{
    double factor = 0.5 * (1 + cos(G_PI * s->cycles * progress));
    return MAX(0.0, factor * (1 - s->min_ratio) + s->min_ratio);
}

/** Warm-up to 1, a level, and down again. Unlike in other schedules, warm-up begins at min_ratio. */
static double stable_decay(const LkLrSchedule *s, int64_t step)
{
    int64_t falls = s->total - s->decay;
    if (step < s->warmup)
        return (double)step / (double)s->warmup * (1 - s->min_ratio) + s->min_ratio;
    if (step < falls)
        return 1;
    return step < MAX(falls, s->warmup) + s->decay ? wave(s, (double)(step - falls) / (double)MAX(1, s->decay))
                                                   : s->min_ratio;
}

/** One rule from the text; false at its end. `step` is -1 for the last factor. */
static bool next_rule(const char **text, double *factor, int64_t *step, bool *good)
{
    char *end;
    if (**text == '\0')
        return false;
    *step = -1;
    *factor = g_ascii_strtod(*text, &end);
    *good = end != *text && *factor >= 0 && isfinite(*factor);
    if (*good && *end == ':') {
        const char *number = end + 1;
        *step = g_ascii_strtoll(number, &end, 10);
        *good = end != number && *step >= 0;
    }
    *good &= *end == (*step < 0 ? '\0' : ',');
    *text = *end == ',' ? end + 1 : end;
    return *good;
}

bool lk_lr_rules_check(const char *rules)
{
    double factor;
    int64_t step = 0, before = -1;
    bool good = true;
    while (next_rule(&rules, &factor, &step, &good) && step >= 0) {
        if (step <= before)
            return false;
        before = step;
    }
    return good && step < 0;
}

static double piecewise(const LkLrSchedule *s, int64_t step)
{
    const char *rules = s->rules ? s->rules : "1";
    double factor = 1;
    int64_t end;
    bool good;
    while (next_rule(&rules, &factor, &end, &good) && end >= 0 && step >= end) {
    }
    return factor;
}

/* From base_lr down to 1e-7, as a factor of base_lr. */
static double polynomial(const LkLrSchedule *s, int64_t step)
{
    const double end = 1e-7;
    if (s->base_lr <= end) {
        return 1; /* already there; the reference refuses such a rate */
    }
    if (step > s->total || s->total <= s->warmup) {
        return end / s->base_lr;
    }
    double left = 1 - (double)(step - s->warmup) / (double)(s->total - s->warmup);
    return ((s->base_lr - end) * pow(left, s->power) + end) / s->base_lr;
}

double lk_lr_factor(const LkLrSchedule *s, int64_t step)
{
    if (s->type == LK_LR_CONSTANT || s->type == LK_LR_ADAFACTOR) {
        return 1;
    }
    if (s->type == LK_LR_PIECEWISE_CONSTANT) {
        return piecewise(s, step);
    }
    if (s->type == LK_LR_WARMUP_STABLE_DECAY) {
        return stable_decay(s, step);
    }
    if (step < s->warmup) {
        return (double)step / (double)s->warmup;
    }
    double after = (double)MAX(1, s->total - s->warmup);
    double progress = (double)(step - s->warmup) / after;
    switch (s->type) {
    case LK_LR_LINEAR:
        return MAX(0.0, (double)(s->total - step) / after);
    case LK_LR_COSINE:
        return MAX(0.0, 0.5 * (1 + cos(G_PI * progress)));
    case LK_LR_COSINE_WITH_RESTARTS:
        return progress >= 1 ? 0 : MAX(0.0, 0.5 * (1 + cos(G_PI * fmod(s->cycles * progress, 1))));
    case LK_LR_POLYNOMIAL:
        return polynomial(s, step);
    case LK_LR_INVERSE_SQRT:
        return 1 / sqrt((double)(step + s->timescale - s->warmup) / (double)s->timescale);
    case LK_LR_COSINE_WITH_MIN_LR:
        return wave(s, progress);
    case LK_LR_CONSTANT:
    case LK_LR_CONSTANT_WITH_WARMUP:
    case LK_LR_WARMUP_STABLE_DECAY:
    case LK_LR_PIECEWISE_CONSTANT:
    case LK_LR_ADAFACTOR:
        break;
    }
    return 1;
}

/* ------------------------------------------------------------------ length */

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

int64_t lk_job_steps_per_epoch(const LkJob *job, int64_t batches)
{
    return MAX(1, divide_up(batches, job->gradient_accumulation_steps));
}

int64_t lk_job_total_steps(const LkJob *job, int64_t batches)
{
    return job->max_train_epochs > 0 ? job->max_train_epochs * lk_job_steps_per_epoch(job, batches)
                                     : job->max_train_steps;
}

int64_t lk_job_epochs(const LkJob *job, int64_t batches)
{
    return divide_up(lk_job_total_steps(job, batches), lk_job_steps_per_epoch(job, batches));
}

/* ------------------------------------------------------------------ noise */

/* Shifts and stretches sqrt(alpha bar) so that the last becomes 0 and the first stays. */
static void rescale_to_zero(double *bars)
{
    double first = sqrt(bars[0]), last = sqrt(bars[LK_TRAIN_TIMESTEPS - 1]);
    for (int t = 0; t < LK_TRAIN_TIMESTEPS; t++) {
        double root = (sqrt(bars[t]) - last) * first / (first - last);
        bars[t] = root * root;
    }
}

void lk_noise_schedule_init(LkNoiseSchedule *schedule, bool zero_terminal_snr)
{
    const double first = sqrt(0.00085), last = sqrt(0.012);
    double product = 1;
    for (int t = 0; t < LK_TRAIN_TIMESTEPS; t++) {
        double root = first + (last - first) * t / (LK_TRAIN_TIMESTEPS - 1);
        product *= 1 - root * root;
        schedule->alphas_cumprod[t] = product;
        schedule->snr[t] = product / (1 - product);
    }
    if (zero_terminal_snr) {
        rescale_to_zero(schedule->alphas_cumprod);
    }
}

double lk_noise_signal(const LkNoiseSchedule *schedule, int t)
{
    return sqrt(schedule->alphas_cumprod[t]);
}

double lk_noise_sigma(const LkNoiseSchedule *schedule, int t)
{
    return sqrt(1 - schedule->alphas_cumprod[t]);
}

int lk_timestep_draw(const LkJob *job, uint32_t step, uint64_t index)
{
    LkRandom stream = {(uint64_t)job->seed, LK_RANDOM_TIMESTEP, step};
    uint32_t span = (uint32_t)(job->max_timestep - job->min_timestep);
    return job->min_timestep + (int)lk_random_below(stream, index, span);
}

double lk_huber_threshold(const LkJob *job, const LkNoiseSchedule *schedule, int t)
{
    switch ((LkHuberSchedule)job->huber_schedule) {
    case LK_HUBER_CONSTANT:
        return job->huber_c * job->huber_scale;
    case LK_HUBER_EXPONENTIAL:
        return exp(log(job->huber_c) / LK_TRAIN_TIMESTEPS * t) * job->huber_scale;
    case LK_HUBER_SNR:
        break;
    }
    double ratio = 1 + lk_noise_sigma(schedule, t) / lk_noise_signal(schedule, t); /* may be infinite */
    return (1 - job->huber_c) / (ratio * ratio) + job->huber_c;
}

double lk_loss_weight(const LkJob *job, const LkNoiseSchedule *schedule, int t)
{
    bool v = job->v_parameterization;
    double snr = schedule->snr[t], capped = MIN(snr, 1000.0);
    double v_scale = capped / (capped + 1);
    double weight = 1;
    if (job->min_snr_gamma > 0) {
        weight *= MIN(snr, job->min_snr_gamma) / (v ? snr + 1 : snr);
    }
    if (job->scale_v_pred_loss_like_noise_pred) {
        weight *= v_scale;
    }
    if (job->v_pred_like_loss > 0) {
        weight += weight / v_scale * job->v_pred_like_loss;
    }
    if (job->debiased_estimation_loss) {
        weight /= v ? capped + 1 : sqrt(capped);
    }
    return weight;
}
