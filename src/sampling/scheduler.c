#include "sampling/scheduler.h"

#include "sampling/step_rules.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ sigmas */

void lk_sigmas_init(LkSigmas *sigmas, bool zero_terminal_snr)
{
    enum { LAST = LK_SIGMA_COUNT - 1 };
    sigmas->zero_terminal_snr = zero_terminal_snr;
    const double first = sqrt(0.00085), last = sqrt(0.012);
    double bar[LK_SIGMA_COUNT], product = 1;
    for (int t = 0; t < LK_SIGMA_COUNT; t++) {
        double root = first + (last - first) * t / LAST;
        product *= 1 - root * root;
        bar[t] = product;
    }
    if (zero_terminal_snr) {
        double begin = sqrt(bar[0]), end = sqrt(bar[LAST]);
        for (int t = 0; t < LK_SIGMA_COUNT; t++) {
            double root = (sqrt(bar[t]) - end) * begin / (begin - end);
            bar[t] = root * root;
        }
        bar[LAST] = 4.8973451890853435e-08;
    }
    for (int t = 0; t < LK_SIGMA_COUNT; t++) {
        sigmas->sigma[t] = sqrt((1 - bar[t]) / bar[t]);
        sigmas->log_sigma[t] = log(sigmas->sigma[t]);
    }
}

double lk_sigmas_at(const LkSigmas *sigmas, double t)
{
    t = fmin(fmax(t, 0), LK_SIGMA_COUNT - 1);
    int low = (int)t;
    if (low == t)
        return sigmas->sigma[low];
    double part = t - low;
    return exp((1 - part) * sigmas->log_sigma[low] + part * sigmas->log_sigma[low + 1]);
}

double lk_sigmas_timestep(const LkSigmas *sigmas, double sigma)
{
    double wanted = log(sigma);
    int low = 0;
    while (low < LK_SIGMA_COUNT - 2 && sigmas->log_sigma[low + 1] <= wanted)
        low++;
    double from = sigmas->log_sigma[low], to = sigmas->log_sigma[low + 1];
    return low + fmin(fmax((wanted - from) / (to - from), 0), 1);
}

/* ------------------------------------------------------------------ where the steps lie */

static void space_uniform(LkSamplingSchedule *schedule, const LkSigmas *sigmas)
{
    int n = schedule->steps;
    for (int i = 0; i < n; i++) {
        schedule->t[i] = n > 1 ? (LK_SIGMA_COUNT - 1) * (double)(n - 1 - i) / (n - 1) : LK_SIGMA_COUNT - 1;
        schedule->sigma[i] = lk_sigmas_at(sigmas, schedule->t[i]);
    }
    schedule->sigma[n] = 0;
}

static void space_karras(LkSamplingSchedule *schedule, const LkSigmas *sigmas)
{
    const double rho = 7;
    int n = schedule->steps;
    double from = pow(sigmas->sigma[LK_SIGMA_COUNT - 1], 1 / rho), to = pow(sigmas->sigma[0], 1 / rho);
    for (int i = 0; i < n; i++) {
        double part = n > 1 ? (double)i / (n - 1) : 0;
        schedule->sigma[i] = pow(from + part * (to - from), rho);
        schedule->t[i] = lk_sigmas_timestep(sigmas, schedule->sigma[i]);
    }
    schedule->sigma[n] = 0;
}

static void space_leading(LkSamplingSchedule *schedule, const LkSigmas *sigmas)
{
    int n = schedule->steps, stride = LK_SIGMA_COUNT / n;
    for (int i = 0; i < n; i++) {
        int leading = (n - 1 - i) * stride + 1;
        int trailing = (int)rint(LK_SIGMA_COUNT - (double)i * LK_SIGMA_COUNT / n) - 1;
        schedule->t[i] = sigmas->zero_terminal_snr ? trailing : MIN(leading, LK_SIGMA_COUNT - 1);
        schedule->sigma[i] = sigmas->sigma[(int)schedule->t[i]];
    }
    schedule->sigma[n] = sigmas->sigma[0]; /* set_alpha_to_one = false */
}

/** The level between two: the mean of their logarithms. */
static double between(double from, double to)
{
    return sqrt(from * to);
}

/** The level that step i aims at before noise is added. */
static double aim(const LkSampler *sampler, const LkSamplingSchedule *schedule, int i)
{
    bool ancestral = sampler->rule == LK_RULE_MIDPOINT_A || sampler->rule == LK_RULE_2S_A;
    double down, up;
    if (!ancestral)
        return schedule->sigma[i + 1];
    lk_sampling_ancestral(schedule->sigma[i], schedule->sigma[i + 1], &down, &up);
    return down;
}

/** The level of a step's second pass; 0: it has none. */
static double second_pass(const LkSampler *sampler, const LkSamplingSchedule *schedule, int i)
{
    double now = schedule->sigma[i], to = aim(sampler, schedule, i);
    switch (sampler->rule) {
    case LK_RULE_HEUN:
        return to;
    case LK_RULE_MIDPOINT:
    case LK_RULE_MIDPOINT_A:
    case LK_RULE_SDE:
    case LK_RULE_2S_A:
        return to > 0 ? between(now, to) : 0;
    case LK_RULE_PLMS:
        return i == 0 && schedule->steps > 1 ? to : 0;
    default:
        return 0;
    }
}

static void lay_passes(LkSamplingSchedule *schedule, const LkSampler *sampler, const LkSigmas *sigmas)
{
    schedule->passes = 0;
    for (int i = 0; i < schedule->steps; i++) {
        double second = second_pass(sampler, schedule, i);
        bool at_next = second == schedule->sigma[i + 1] && i + 1 < schedule->steps;
        schedule->pass[schedule->passes++] = (LkSamplingPass){.step = i,
                                                              .first = !lk_sampling_goes_on(sampler, schedule, i),
                                                              .last = second == 0,
                                                              .sigma = schedule->sigma[i],
                                                              .t = schedule->t[i]};
        if (second > 0)
            schedule->pass[schedule->passes++] =
                (LkSamplingPass){.step = i,
                                 .last = true,
                                 .sigma = second,
                                 .t = at_next ? schedule->t[i + 1] : lk_sigmas_timestep(sigmas, second)};
    }
}

bool lk_sampling_schedule_init(LkSamplingSchedule *schedule, const LkSampler *sampler, const LkSigmas *sigmas,
                               int steps)
{
    static void (*const spacings[])(LkSamplingSchedule *, const LkSigmas *) = {
        [LK_SPACING_UNIFORM] = space_uniform,
        [LK_SPACING_KARRAS] = space_karras,
        [LK_SPACING_LEADING] = space_leading,
    };
    if (steps < 1 || steps > LK_MAX_SAMPLING_STEPS)
        return false;
    schedule->steps = steps;
    spacings[sampler->spacing](schedule, sigmas);
    lay_passes(schedule, sampler, sigmas);
    schedule->start = schedule->sigma[0];
    schedule->end = 1;
    if (sampler->spacing == LK_SPACING_LEADING) {
        /* DDIM's own variables are alpha · picture + sqrt(1 - alpha²) · noise, from pure noise to timestep 0's. */
        schedule->start = sqrt(schedule->sigma[0] * schedule->sigma[0] + 1);
        schedule->end = 1 / sqrt(schedule->sigma[steps] * schedule->sigma[steps] + 1);
    }
    return true;
}

/* ------------------------------------------------------------------ passes */

void lk_sampling_input(double sigma, const float *x, float *input, size_t count)
{
    float factor = (float)(1 / sqrt(sigma * sigma + 1));
    for (size_t k = 0; k < count; k++)
        input[k] = x[k] * factor;
}

void lk_sampling_denoised(double sigma, bool v_prediction, const float *x, const float *prediction, float *denoised,
                          size_t count)
{
    double square = sigma * sigma + 1;
    float keep = v_prediction ? (float)(1 / square) : 1;
    float take = v_prediction ? (float)(sigma / sqrt(square)) : (float)sigma;
    for (size_t k = 0; k < count; k++)
        denoised[k] = x[k] * keep - prediction[k] * take;
}

void lk_sampling_guide(const float *without, const float *with, double scale, float *out, size_t count)
{
    float factor = (float)scale;
    for (size_t k = 0; k < count; k++)
        out[k] = without[k] + factor * (with[k] - without[k]);
}

void lk_sampling_begin_pass(const LkSamplingPass *pass, LkSamplingWork *work)
{
    float *oldest = work->kept[LK_KEPT_PASSES - 1], *noise = work->last_noise;
    memmove(work->kept + 1, work->kept, (LK_KEPT_PASSES - 1) * sizeof *work->kept);
    work->kept[0] = oldest;
    work->last_noise = work->noise;
    work->noise = noise;
    if (pass->first)
        memcpy(work->base, work->x, work->count * sizeof *work->x);
}

static void add(float *x, double weight, const float *y, size_t count)
{
    float factor = (float)weight;
    for (size_t k = 0; k < count && factor != 0; k++)
        x[k] += factor * y[k];
}

void lk_sampling_step(const LkStepWeights *weights, LkSamplingWork *work)
{
    float of_x = (float)weights->x, of_now = (float)weights->kept[0];
    float *x = work->x;
    for (size_t k = 0; k < work->count; k++)
        x[k] = of_x * x[k] + of_now * work->kept[0][k];
    add(x, weights->base, work->base, work->count);
    for (int i = 1; i < LK_KEPT_PASSES; i++)
        add(x, weights->kept[i], work->kept[i], work->count);
    add(x, weights->noise, work->noise, work->count);
    add(x, weights->last_noise, work->last_noise, work->count);
}
