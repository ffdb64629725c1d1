/* Samplers against diffusers and against k-diffusion's formulas in double precision (make_sampler_rows.py). */
#include "sampling/scheduler.h"

#include "sampler_rows.h"
#include "tap.h"

#include <math.h>
#include <string.h>

/** The same function as in make_sampler_rows.py. */
static float fake_unet(float x, double t)
{
    return (float)(0.8 * (double)x + 0.3 * sin((double)x) + 0.2 * cos(0.01 * t) - 0.0001 * t);
}

static void fake_noise(int step, float noise[3])
{
    noise[0] = (float)sin(1.0 + 3 * step);
    noise[1] = (float)cos(2.0 + 5 * step);
    noise[2] = (float)sin(7.0 * step + 0.5);
}

/** The largest error of a run, as a part of the largest x. */
static double run_error(const LkSampler *sampler, const LkSigmas *sigmas, int steps, bool v, const double (*rows)[3])
{
    static LkSamplingSchedule schedule;
    float x[3], base[3], kept[LK_KEPT_PASSES][3], noise[2][3], seen[3], out[3], guess[3];
    LkSamplingWork work = {.x = x, .base = base, .noise = noise[0], .last_noise = noise[1], .count = 3};
    double worst = 0, size = 0;
    if (!lk_sampling_schedule_init(&schedule, sampler, sigmas, steps))
        return INFINITY;
    for (int i = 0; i < LK_KEPT_PASSES; i++)
        work.kept[i] = kept[i];
    memset(kept, 0xff, sizeof kept); /* not a number: what was not written is not to be read */
    memset(noise, 0xff, sizeof noise);
    for (int k = 0; k < 3; k++)
        x[k] = (float)(run_start[k] * schedule.start);
    for (int i = 0; i < schedule.passes; i++) {
        const LkSamplingPass *pass = &schedule.pass[i];
        LkStepWeights weights = lk_sampling_weights(sampler, &schedule, i);
        lk_sampling_begin_pass(pass, &work);
        lk_sampling_input(pass->sigma, x, seen, 3);
        for (int k = 0; k < 3; k++)
            out[k] = fake_unet(seen[k], pass->t);
        lk_sampling_denoised(pass->sigma, v, x, out, guess, 3);
        if (weights.noise != 0)
            fake_noise(i, work.noise);
        lk_sampling_keep(sampler, pass, guess, &work);
        lk_sampling_step(&weights, &work);
        if (!pass->last)
            continue;
        /* DDIM's own variables, in which its rows are. */
        double next = schedule.sigma[pass->step + 1];
        double scale = sampler->spacing == LK_SPACING_LEADING ? 1 / sqrt(next * next + 1) : 1;
        for (int k = 0; k < 3; k++) {
            double apart = fabs((double)x[k] * scale - rows[pass->step][k]);
            worst = apart <= worst ? worst : apart;
            size = fmax(size, fabs(rows[pass->step][k]));
        }
        if (pass->step == steps - 1 && fabs(scale - schedule.end) > 1e-12)
            return INFINITY;
    }
    return worst / size;
}

/** x is a float of some 40 at the start, and of some 1 after two steps at most. */
#define LARGEST_ERROR 5e-6

static void test_runs(const LkSigmas *sigmas)
{
    static LkSigmas zero;
    lk_sigmas_init(&zero, true);
    int row = 0;
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        const LkSampler *sampler = lk_sampler_find(runs[r].sampler);
        double error =
            sampler ? run_error(sampler, r < FIRST_ZERO_RUN ? sigmas : &zero, runs[r].steps, runs[r].v, run_rows + row)
                    : INFINITY;
        tap_ok(error < LARGEST_ERROR, "%s, %d steps, %s, as by %s (error %.1e)", runs[r].sampler, runs[r].steps,
               runs[r].v ? "v" : "epsilon", runs[r].source, error);
        row += runs[r].steps;
    }
    tap_ok((size_t)row == sizeof run_rows / sizeof *run_rows, "all rows were compared");
}

static void test_sigmas(const LkSigmas *sigmas)
{
    for (size_t i = 0; i < sizeof sigma_rows / sizeof *sigma_rows; i++) {
        double sigma = lk_sigmas_at(sigmas, sigma_rows[i].t), t = lk_sigmas_timestep(sigmas, sigma);
        tap_ok(fabs(sigma / sigma_rows[i].sigma - 1) < 1e-9 && fabs(t - sigma_rows[i].t) < 1e-6,
               "sigma at timestep %g, and back", sigma_rows[i].t);
    }
    tap_ok(lk_sigmas_timestep(sigmas, 1e-3) == 0 && lk_sigmas_timestep(sigmas, 1e3) == 999, "sigmas outside are held");
    static LkSigmas zero;
    lk_sigmas_init(&zero, true);
    bool rises = true;
    for (int t = 1; t < LK_SIGMA_COUNT; t++)
        rises = rises && zero.sigma[t] > zero.sigma[t - 1];
    tap_ok(rises && fabs(zero.sigma[0] / sigmas->sigma[0] - 1) < 1e-9 && fabs(zero.sigma[999] - 4518.76) < 0.1,
           "zero terminal SNR keeps the first sigma and ends finite");
}

static void test_names(void)
{
    static const char *const pairs[][2] = {
        {"ddim", "DDIM"},
        {"DDIM", "DDIM"},
        {"euler", "Euler"},
        {"k_euler", "Euler"},
        {"EULER_A", "Euler a"},
        {"k_euler_a", "Euler a"},
        {"Euler a", "Euler a"},
        {"dpmsolver++", "DPM++ 2M"},
        {"dpm++ 2m karras", "DPM++ 2M Karras"},
        {"DPM++ 2M", "DPM++ 2M"},
        {"pndm", "PLMS"},
        {"k_lms", "LMS"},
        {"heun", "Heun"},
        {"k_dpm_2", "DPM2"},
        {"dpm_2_a", "DPM2 a"},
        {"dpmsingle", "DPM++ 2S"},
        {"DPM++ SDE Karras", "DPM++ SDE Karras"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const LkSampler *sampler = lk_sampler_find(pairs[i][0]);
        tap_ok(sampler && strcmp(sampler->title, pairs[i][1]) == 0, "'%s' is %s", pairs[i][0], pairs[i][1]);
    }
    tap_ok(!lk_sampler_find("unipc") && !lk_sampler_find("") && !lk_sampler_find(NULL), "unknown names are unknown");
    bool own = true;
    for (int i = 0; i < lk_sampler_count(); i++) {
        const LkSampler *sampler = lk_sampler_at(i);
        own = own && lk_sampler_find(sampler->name) == sampler && lk_sampler_find(sampler->title) == sampler;
        for (int k = 0; k < 6 && sampler->aliases[k]; k++)
            own = own && lk_sampler_find(sampler->aliases[k]) == sampler;
    }
    tap_ok(own && !lk_sampler_at(-1) && !lk_sampler_at(lk_sampler_count()), "no name is given twice");
}

static bool is_finite_pass(const LkSampler *sampler, const LkSamplingSchedule *schedule, int index)
{
    const LkSamplingPass *pass = &schedule->pass[index];
    LkStepWeights w = lk_sampling_weights(sampler, schedule, index);
    double sum = w.x + w.base + w.noise + w.last_noise;
    for (int k = 0; k < LK_KEPT_PASSES; k++)
        sum += w.kept[k];
    return isfinite(sum) && pass->t >= 0 && pass->t <= 999 && pass->sigma > 0 &&
           schedule->sigma[pass->step + 1] <= schedule->sigma[pass->step];
}

static void test_limits(const LkSigmas *sigmas)
{
    static LkSamplingSchedule schedule;
    bool finite = true;
    for (int s = 0; s < lk_sampler_count(); s++) {
        const LkSampler *sampler = lk_sampler_at(s);
        tap_ok(!lk_sampling_schedule_init(&schedule, sampler, sigmas, 0) &&
                   !lk_sampling_schedule_init(&schedule, sampler, sigmas, 1001),
               "%s: 0 and 1001 steps are refused", sampler->title);
        for (int steps = 1; steps <= 1000; steps++) {
            finite = finite && lk_sampling_schedule_init(&schedule, sampler, sigmas, steps);
            finite = finite && schedule.passes >= steps && schedule.passes <= 2 * steps;
            for (int i = 0; i < schedule.passes; i++)
                finite = finite && is_finite_pass(sampler, &schedule, i);
        }
    }
    tap_ok(finite, "all weights are finite for 1 to 1000 steps");
}

int main(void)
{
    static LkSigmas sigmas;
    lk_sigmas_init(&sigmas, false);
    test_sigmas(&sigmas);
    test_names();
    test_runs(&sigmas);
    test_limits(&sigmas);
    return tap_done();
}
