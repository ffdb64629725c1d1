#include "sampling/scheduler.h"

#include <glib.h>
#include <math.h>

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

/* ------------------------------------------------------------------ the table */

/* clang-format off */
static const LkSampler samplers[] = {
    {"euler", "Euler", "Euler", "Uniform", {"k_euler", "sample_euler"}, LK_SPACING_UNIFORM, LK_RULE_EULER},
    {"euler_a", "Euler a", "Euler a", "Uniform",
     {"k_euler_a", "euler ancestral", "k_euler_ancestral", "euler_ancestral"}, LK_SPACING_UNIFORM, LK_RULE_ANCESTRAL},
    {"ddim", "DDIM", "DDIM", NULL, {"k_ddim"}, LK_SPACING_LEADING, LK_RULE_EULER},
    {"dpmpp_2m_karras", "DPM++ 2M Karras", "DPM++ 2M", "Karras",
     {"dpm++_2m_karras", "k_dpmpp_2m_ka", "k_dpmpp_2m_karras", "dpmsolver++_karras"}, LK_SPACING_KARRAS, LK_RULE_MULTISTEP},
    {"dpmsolver++", "DPM++ 2M", "DPM++ 2M", "Uniform", {"dpmpp_2m", "k_dpmpp_2m", "dpm++_2m"}, LK_SPACING_UNIFORM, LK_RULE_MULTISTEP},
};
/* clang-format on */

int lk_sampler_count(void)
{
    return (int)(sizeof samplers / sizeof *samplers);
}

const LkSampler *lk_sampler_at(int index)
{
    return index >= 0 && index < lk_sampler_count() ? &samplers[index] : NULL;
}

static bool has_name(const LkSampler *sampler, const char *name)
{
    if (g_ascii_strcasecmp(sampler->name, name) == 0 || g_ascii_strcasecmp(sampler->title, name) == 0)
        return true;
    for (int i = 0; i < 6 && sampler->aliases[i]; i++)
        if (g_ascii_strcasecmp(sampler->aliases[i], name) == 0)
            return true;
    return false;
}

const LkSampler *lk_sampler_find(const char *name)
{
    for (int i = 0; i < lk_sampler_count() && name; i++)
        if (has_name(&samplers[i], name))
            return &samplers[i];
    return NULL;
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
    schedule->start = schedule->sigma[0];
    schedule->end = 1;
    if (sampler->spacing == LK_SPACING_LEADING) {
        /* DDIM's own variables are alpha · picture + sqrt(1 - alpha²) · noise, from pure noise to timestep 0's. */
        schedule->start = sqrt(schedule->sigma[0] * schedule->sigma[0] + 1);
        schedule->end = 1 / sqrt(schedule->sigma[steps] * schedule->sigma[steps] + 1);
    }
    return true;
}

/* ------------------------------------------------------------------ steps */

void lk_sampling_input(const LkSamplingSchedule *schedule, int i, const float *x, float *input, size_t count)
{
    float factor = (float)(1 / sqrt(schedule->sigma[i] * schedule->sigma[i] + 1));
    for (size_t k = 0; k < count; k++)
        input[k] = x[k] * factor;
}

void lk_sampling_denoised(const LkSamplingSchedule *schedule, int i, bool v_prediction, const float *x,
                          const float *prediction, float *denoised, size_t count)
{
    double sigma = schedule->sigma[i], square = sigma * sigma + 1;
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

LkStepWeights lk_sampling_weights(const LkSampler *sampler, const LkSamplingSchedule *schedule, int i)
{
    double now = schedule->sigma[i], next = schedule->sigma[i + 1];
    LkStepWeights weights = {.x = next / now};
    if (sampler->rule == LK_RULE_ANCESTRAL && next > 0) {
        double up = fmin(next, sqrt(next * next * (now * now - next * next) / (now * now)));
        weights.x = sqrt(next * next - up * up) / now;
        weights.noise = up;
    }
    weights.denoised = 1 - weights.x;
    if (sampler->rule == LK_RULE_MULTISTEP && i > 0 && next > 0) {
        /* h = log(sigma / next sigma); the guess is extrapolated by half a step. */
        double last = log(schedule->sigma[i - 1] / now), step = log(now / next);
        double half = weights.denoised * step / (2 * last);
        weights.denoised += half;
        weights.previous = -half;
    }
    return weights;
}

void lk_sampling_step(LkStepWeights weights, float *x, const float *denoised, const float *previous, const float *noise,
                      size_t count)
{
    float of_x = (float)weights.x, of_denoised = (float)weights.denoised;
    for (size_t k = 0; k < count; k++)
        x[k] = of_x * x[k] + of_denoised * denoised[k];
    for (size_t k = 0; k < count && weights.previous != 0; k++)
        x[k] += (float)weights.previous * previous[k];
    for (size_t k = 0; k < count && weights.noise != 0; k++)
        x[k] += (float)weights.noise * noise[k];
}
