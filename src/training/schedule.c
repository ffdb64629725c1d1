#include "training/schedule.h"

#include "base/philox.h"

#include <math.h>

/* ------------------------------------------------------------------ learning rate */

LkLrSchedule lk_lr_schedule_of_job(const LkJob *job, int64_t total)
{
    double warmup = job->lr_warmup_steps < 1 ? job->lr_warmup_steps * (double)total : job->lr_warmup_steps;
    return (LkLrSchedule){
        .type = (LkLrSchedulerType)job->lr_scheduler,
        .warmup = (int64_t)warmup,
        .total = total,
        .cycles = job->lr_scheduler_num_cycles,
        .power = job->lr_scheduler_power,
        .base_lr = job->learning_rate,
    };
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
    if (s->type == LK_LR_CONSTANT) {
        return 1;
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
    case LK_LR_CONSTANT:
    case LK_LR_CONSTANT_WITH_WARMUP:
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
