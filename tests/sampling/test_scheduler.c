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
    float x[3], seen[3], out[3], guess[3], before[3], noise[3];
    double worst = 0, size = 0;
    if (!lk_sampling_schedule_init(&schedule, sampler, sigmas, steps))
        return INFINITY;
    for (int k = 0; k < 3; k++)
        x[k] = (float)(run_start[k] * schedule.start);
    for (int i = 0; i < steps; i++) {
        LkStepWeights weights = lk_sampling_weights(sampler, &schedule, i);
        lk_sampling_input(&schedule, i, x, seen, 3);
        for (int k = 0; k < 3; k++)
            out[k] = fake_unet(seen[k], schedule.t[i]);
        lk_sampling_denoised(&schedule, i, v, x, out, guess, 3);
        fake_noise(i, noise);
        lk_sampling_step(weights, x, guess, i > 0 ? before : NULL, weights.noise != 0 ? noise : NULL, 3);
        memcpy(before, guess, sizeof before);
        /* DDIM's own variables, in which its rows are. */
        double next = schedule.sigma[i + 1];
        double scale = sampler->spacing == LK_SPACING_LEADING ? 1 / sqrt(next * next + 1) : 1;
        for (int k = 0; k < 3; k++) {
            worst = fmax(worst, fabs((double)x[k] * scale - rows[i][k]));
            size = fmax(size, fabs(rows[i][k]));
        }
        if (i == steps - 1 && fabs(scale - schedule.end) > 1e-12)
            return INFINITY;
    }
    return worst / size;
}

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
        tap_ok(error < 1e-6, "%s, %d steps, %s, as by %s (error %.1e)", runs[r].sampler, runs[r].steps,
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
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const LkSampler *sampler = lk_sampler_find(pairs[i][0]);
        tap_ok(sampler && strcmp(sampler->title, pairs[i][1]) == 0, "'%s' is %s", pairs[i][0], pairs[i][1]);
    }
    tap_ok(!lk_sampler_find("pndm") && !lk_sampler_find("") && !lk_sampler_find(NULL), "unknown names are unknown");
    bool own = true;
    for (int i = 0; i < lk_sampler_count(); i++) {
        const LkSampler *sampler = lk_sampler_at(i);
        own = own && lk_sampler_find(sampler->name) == sampler && lk_sampler_find(sampler->title) == sampler;
        for (int k = 0; k < 6 && sampler->aliases[k]; k++)
            own = own && lk_sampler_find(sampler->aliases[k]) == sampler;
    }
    tap_ok(own && !lk_sampler_at(-1) && !lk_sampler_at(lk_sampler_count()), "no name is given twice");
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
            for (int i = 0; i < steps; i++) {
                LkStepWeights w = lk_sampling_weights(sampler, &schedule, i);
                finite = finite && isfinite(w.x) && isfinite(w.denoised) && isfinite(w.previous) && isfinite(w.noise) &&
                         schedule.t[i] >= 0 && schedule.t[i] <= 999 && schedule.sigma[i + 1] <= schedule.sigma[i];
            }
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
