/* The noise of a batch with every option against PyTorch's values. */
#include "tap.h"
#include "training/noise.h"

#include <math.h>
#include <string.h>

#include "noise_rows.h"

enum { CHANNELS = 4, COUNT = NOISE_BATCH * NOISE_HEIGHT * NOISE_WIDTH * CHANNELS, SEED = 7, STEP = 3 };

static const LkNoiseShape shape = {NOISE_BATCH, NOISE_HEIGHT, NOISE_WIDTH, CHANNELS};

static double worst_of(const float *got, const float *expected)
{
    double worst = 0;
    for (int i = 0; i < NOISE_VALUES; i++)
        worst = fmax(worst, fabs((double)got[noise_at[i]] - (double)expected[i]));
    return worst;
}

static void test_rows(void)
{
    float latents[COUNT], noise[COUNT], added[COUNT];
    for (int i = 0; i < COUNT; i++)
        latents[i] = (float)(sin(0.37 * i) + 0.5 * (i % 3));
    for (size_t i = 0; i < G_N_ELEMENTS(noise_option_rows); i++) {
        g_autoptr(LkJob) job = lk_job_new(NULL);
        job->seed = SEED;
        job->noise_offset = noise_option_rows[i].offset;
        job->noise_offset_random_strength = noise_option_rows[i].random_offset;
        job->adaptive_noise_scale = noise_option_rows[i].adaptive;
        job->multires_noise_iterations = noise_option_rows[i].iterations;
        job->multires_noise_discount = noise_option_rows[i].discount;
        job->ip_noise_gamma = noise_option_rows[i].gamma;
        job->ip_noise_gamma_random_strength = noise_option_rows[i].random_gamma;
        lk_noise_draw(job, STEP, shape, latents, noise, NULL);
        lk_noise_perturb(job, STEP, shape, noise, added);
        double a = worst_of(noise, noise_option_rows[i].noise), b = worst_of(added, noise_option_rows[i].added);
        tap_ok(a < 2e-6 && b < 2e-6, "row %zu: noise %.1e and perturbed noise %.1e from PyTorch's", i, a, b);
    }
}

/** The same at the same place, another elsewhere, and plain Gaussian noise where nothing is set. */
static void test_places(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    float latents[COUNT] = {0}, a[COUNT], b[COUNT], c[COUNT];
    job->multires_noise_iterations = 8;
    job->noise_offset = 0.1;
    lk_noise_draw(job, 4, shape, latents, a, NULL);
    lk_noise_draw(job, 4, shape, latents, b, NULL);
    lk_noise_draw(job, 5, shape, latents, c, NULL);
    tap_ok(memcmp(a, b, sizeof a) == 0 && memcmp(a, c, sizeof a) != 0, "noise is a function of its place");
    double sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += a[i];
        squares += (double)a[i] * a[i];
    }
    double deviation = sqrt((squares - sum * sum / COUNT) / (COUNT - 1));
    tap_ok(fabs(deviation - 1) < 1e-6, "with coarser noise its standard deviation is 1 (%.8f)", deviation);
}

int main(void)
{
    test_rows();
    test_places();
    return tap_done();
}
