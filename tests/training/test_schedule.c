/* Learning rates, noise and loss weights against values of diffusers, transformers and the written-out formulas. */
#include "tap.h"
#include "training/schedule.h"

#include <math.h>
#include <string.h>

#include "schedule_rows.h"

static bool close_to(double got, double expected)
{
    return fabs(got - expected) <= 1e-12 + 1e-12 * fabs(expected);
}

static void test_learning_rates(void)
{
    const LkParameter *row = lk_parameter_find("lr_scheduler");
    g_autoptr(LkJob) job = lk_job_new(NULL);
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(lr_rows); i++) {
        lk_job_set(job, row->key, lr_rows[i].name, NULL);
        LkLrSchedule schedule = {(LkLrSchedulerType)job->lr_scheduler,
                                 lr_rows[i].warmup,
                                 lr_rows[i].total,
                                 lr_rows[i].cycles,
                                 lr_rows[i].power,
                                 1e-4};
        double got = lk_lr_factor(&schedule, lr_rows[i].step);
        if (!close_to(got, lr_rows[i].factor)) {
            wrong++;
            tap_note("%s warm-up %d of %d, step %d: %.17g, expected %.17g", lr_rows[i].name, lr_rows[i].warmup,
                     lr_rows[i].total, lr_rows[i].step, got, lr_rows[i].factor);
        }
    }
    tap_ok(wrong == 0, "%zu learning rate factors", G_N_ELEMENTS(lr_rows));
}

/** Those that a job's own keys shape. */
static void test_more_learning_rates(void)
{
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(more_lr_rows); i++) {
        g_autoptr(LkJob) job = lk_job_new(NULL);
        g_autofree char *rules = g_strdup_printf("[\"step_rules=%s\"]", more_lr_rows[i].rules);
        lk_job_set(job, "lr_scheduler", more_lr_rows[i].name, NULL);
        if (more_lr_rows[i].rules[0])
            lk_job_set(job, "lr_scheduler_args", rules, NULL);
        job->lr_warmup_steps = more_lr_rows[i].warmup;
        job->lr_scheduler_num_cycles = more_lr_rows[i].cycles;
        job->lr_decay_steps = more_lr_rows[i].decay;
        job->lr_scheduler_timescale = more_lr_rows[i].timescale;
        job->lr_scheduler_min_lr_ratio = more_lr_rows[i].ratio;
        LkLrSchedule schedule = lk_lr_schedule_of_job(job, more_lr_rows[i].total);
        double got = lk_lr_factor(&schedule, more_lr_rows[i].step);
        if (!close_to(got, more_lr_rows[i].factor)) {
            wrong++;
            tap_note("%s, row %zu, step %d: %.17g, expected %.17g", more_lr_rows[i].name, i, more_lr_rows[i].step, got,
                     more_lr_rows[i].factor);
        }
    }
    tap_ok(wrong == 0, "%zu more", G_N_ELEMENTS(more_lr_rows));
    static const char *const good[] = {"1:10,0.5", "1:10,0.1:20,0.01:30,0", "0.5"};
    static const char *const bad[] = {"",  "1:10",  "1:10,",  "1:10,0.1:10,1", "1:20,0.1:10,1",
                                      "a", "1:x,1", "-1:5,1", "1;2",           "1,2"};
    int refused = 0, taken = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        taken += lk_lr_rules_check(good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        refused += !lk_lr_rules_check(bad[i]);
    tap_ok(taken == (int)G_N_ELEMENTS(good) && refused == (int)G_N_ELEMENTS(bad), "rules are checked (%d, %d)", taken,
           refused);
}

static void test_own_steps(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    lk_job_set(job, "lr_scheduler", "cosine", NULL);
    lk_job_set(job, "optimizer_type", "AdamWScheduleFree", NULL);
    lk_job_check(job, NULL);
    LkLrSchedule schedule = lk_lr_schedule_of_job(job, 100);
    bool free = lk_lr_factor(&schedule, 90) == 1;
    lk_job_set(job, "optimizer_type", "Adafactor", NULL);
    lk_job_check(job, NULL);
    schedule = lk_lr_schedule_of_job(job, 100);
    tap_ok(free && lk_lr_factor(&schedule, 90) == 1, "optimizers that need no schedule have none");
}

static void test_job_lengths(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    lk_job_set(job, "lr_scheduler", "cosine", NULL);
    lk_job_set(job, "lr_warmup_steps", "0.29", NULL);
    LkLrSchedule schedule = lk_lr_schedule_of_job(job, 100);
    tap_ok(schedule.warmup == 28, "a share of warm-up is cut as int() does: %d", (int)schedule.warmup);
    lk_job_set(job, "lr_warmup_steps", "7", NULL);
    tap_ok(lk_lr_schedule_of_job(job, 100).warmup == 7, "a number of warm-up steps");
    tap_ok(lk_job_total_steps(job, 30) == 1600 && lk_job_epochs(job, 30) == 54, "steps, and the epochs they begin");
    lk_job_set(job, "max_train_epochs", "10", NULL);
    tap_ok(lk_job_total_steps(job, 30) == 300 && lk_job_epochs(job, 30) == 10, "epochs");
    lk_job_set(job, "gradient_accumulation_steps", "4", NULL);
    tap_ok(lk_job_steps_per_epoch(job, 30) == 8 && lk_job_total_steps(job, 30) == 80, "with accumulation, rounded up");
}

static void test_noise(void)
{
    static LkNoiseSchedule plain, zero;
    lk_noise_schedule_init(&plain, false);
    lk_noise_schedule_init(&zero, true);
    bool right = true;
    for (size_t i = 0; i < G_N_ELEMENTS(noise_rows); i++) {
        int t = noise_rows[i].t;
        right &= close_to(plain.alphas_cumprod[t], noise_rows[i].alphas_cumprod) &&
                 close_to(zero.alphas_cumprod[t], noise_rows[i].zero_terminal) && zero.snr[t] == plain.snr[t];
    }
    tap_ok(right, "alphas_cumprod, with and without zero terminal SNR");
    tap_ok(zero.alphas_cumprod[999] == 0 && lk_noise_sigma(&zero, 999) == 1 && lk_noise_signal(&zero, 999) == 0,
           "the last step is pure noise");
    double signal = lk_noise_signal(&plain, 400), sigma = lk_noise_sigma(&plain, 400);
    tap_ok(fabs(signal * signal + sigma * sigma - 1) < 1e-15, "signal and noise keep the variance");
}

static void test_weights(void)
{
    static LkNoiseSchedule schedule;
    lk_noise_schedule_init(&schedule, true);
    g_autoptr(LkJob) job = lk_job_new(NULL);
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(weight_rows); i++) {
        job->v_parameterization = weight_rows[i].v;
        job->min_snr_gamma = weight_rows[i].min_snr_gamma;
        job->scale_v_pred_loss_like_noise_pred = weight_rows[i].scale_v;
        job->v_pred_like_loss = weight_rows[i].v_like;
        job->debiased_estimation_loss = weight_rows[i].debiased;
        double got = lk_loss_weight(job, &schedule, weight_rows[i].t);
        if (fabs(got - weight_rows[i].weight) > 1e-10 * weight_rows[i].weight) {
            wrong++;
            tap_note("row %zu: %.17g, expected %.17g", i, got, weight_rows[i].weight);
        }
    }
    tap_ok(wrong == 0, "%zu loss weights", G_N_ELEMENTS(weight_rows));
}

static void test_thresholds(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(huber_rows); i++) {
        static LkNoiseSchedule schedule;
        lk_noise_schedule_init(&schedule, huber_rows[i].zero_terminal);
        lk_job_set(job, "huber_schedule", huber_rows[i].schedule, NULL);
        job->huber_c = huber_rows[i].huber_c;
        job->huber_scale = huber_rows[i].huber_scale;
        double got = lk_huber_threshold(job, &schedule, huber_rows[i].t);
        if (!close_to(got, huber_rows[i].threshold)) {
            wrong++;
            tap_note("row %zu: %.17g, expected %.17g", i, got, huber_rows[i].threshold);
        }
    }
    tap_ok(wrong == 0, "%zu thresholds of the Huber losses", G_N_ELEMENTS(huber_rows));
}

static void test_timesteps(void)
{
    enum { DRAWS = 100000, BINS = 10 };
    g_autoptr(LkJob) job = lk_job_new(NULL);
    job->min_timestep = 100;
    job->max_timestep = 900;
    int bins[BINS] = {0}, least = 1000, most = -1;
    for (int i = 0; i < DRAWS; i++) {
        int t = lk_timestep_draw(job, (uint32_t)(i / 4), (uint64_t)(i % 4));
        least = MIN(least, t);
        most = MAX(most, t);
        bins[CLAMP((t - 100) / 80, 0, BINS - 1)]++;
    }
    tap_ok(least == 100 && most == 899, "timesteps cover min .. max - 1 (%d .. %d)", least, most);
    double chi = 0, mean = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++) {
        chi += (bins[i] - mean) * (bins[i] - mean) / mean;
    }
    tap_ok(chi < 27.9, "evenly (chi square %.1f with 9 degrees of freedom)", chi); /* 1 in 1000 */
    tap_ok(lk_timestep_draw(job, 5, 3) == lk_timestep_draw(job, 5, 3), "and always the same for a place");
}

int main(void)
{
    test_learning_rates();
    test_more_learning_rates();
    test_own_steps();
    test_job_lengths();
    test_noise();
    test_weights();
    test_thresholds();
    test_timesteps();
    return tap_done();
}
