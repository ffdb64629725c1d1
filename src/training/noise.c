#include "training/noise.h"

#include "base/philox.h"
#include "format/gerror.h"

#include <math.h>

static LkRandom stream(const LkJob *job, LkRandomPurpose purpose, uint32_t step)
{
    return (LkRandom){.seed = (uint64_t)job->seed, .purpose = purpose, .step = step};
}

/* Numbers of the stream LK_RANDOM_NOISE_STRENGTH. */
enum { OFFSET_STRENGTH, PERTURB_STRENGTH, FIRST_RATIO };

static int64_t count_of(LkNoiseShape s)
{
    return s.batch * s.height * s.width * s.channels;
}

/* ------------------------------------------------------------------ offset */

/** Mean of each channel of each sample, without its sign [batch, channels]. */
static float *channel_means(LkNoiseShape s, const float *latents)
{
    int64_t pixels = s.height * s.width;
    g_autofree double *sums = g_new0(double, (gsize)(s.batch * s.channels));
    float *means = g_new(float, (gsize)(s.batch * s.channels));
    for (int64_t i = 0; i < count_of(s); i++)
        sums[i / (pixels * s.channels) * s.channels + i % s.channels] += latents[i];
    for (int64_t i = 0; i < s.batch * s.channels; i++)
        means[i] = (float)fabs(sums[i] / (double)pixels);
    return means;
}

/** Each channel of each sample is shifted as a whole. */
static void add_offset(const LkJob *job, uint32_t step, LkNoiseShape s, const float *latents, float *noise)
{
    double strength = job->noise_offset;
    if (job->noise_offset_random_strength)
        strength *= lk_random_uniform(stream(job, LK_RANDOM_NOISE_STRENGTH, step), OFFSET_STRENGTH);
    int64_t channels = s.batch * s.channels, row = s.height * s.width * s.channels;
    g_autofree float *offset = g_new(float, (gsize)channels);
    lk_random_normal(stream(job, LK_RANDOM_NOISE_OFFSET, step), 0, offset, (gsize)channels);
    g_autofree float *means = job->adaptive_noise_scale != 0 ? channel_means(s, latents) : NULL;
    for (int64_t i = 0; i < channels; i++)
        offset[i] *= (float)(means ? fmax(0, strength + job->adaptive_noise_scale * (double)means[i]) : strength);
    for (int64_t i = 0; i < count_of(s); i++)
        noise[i] += offset[i / row * s.channels + i % s.channels];
}

/* ------------------------------------------------------------------ coarser noise */

/** Where a position of the large picture lies in the small one: between two of its pixels (PyTorch's bilinear
 * interpolation without aligned corners). */
typedef struct Between {
    int64_t low, high;
    float part; /* of the higher one */
} Between;

static Between between(int64_t position, int64_t large, int64_t small)
{
    double at = ((double)position + 0.5) * (double)small / (double)large - 0.5;
    at = at < 0 ? 0 : at;
    int64_t low = MIN((int64_t)at, small - 1);
    return (Between){low, MIN(low + 1, small - 1), (float)(at - (double)low)};
}

/** noise += factor · the small noise [batch, height, width, channels], enlarged. */
static void add_enlarged(LkNoiseShape s, float *noise, const float *small, int64_t height, int64_t width, float factor)
{
    for (int64_t n = 0; n < s.batch; n++)
        for (int64_t y = 0; y < s.height; y++) {
            Between v = between(y, s.height, height);
            const float *above = small + (n * height + v.low) * width * s.channels;
            const float *below = small + (n * height + v.high) * width * s.channels;
            float *out = noise + (n * s.height + y) * s.width * s.channels;
            for (int64_t x = 0; x < s.width; x++) {
                Between h = between(x, s.width, width);
                for (int64_t c = 0; c < s.channels; c++) {
                    int64_t left = h.low * s.channels + c, right = h.high * s.channels + c;
                    float a = above[left] * (1 - h.part) + above[right] * h.part;
                    float b = below[left] * (1 - h.part) + below[right] * h.part;
                    out[x * s.channels + c] += factor * (a * (1 - v.part) + b * v.part);
                }
            }
        }
}

/** Brings the batch's noise back to a standard deviation of 1. */
static void normalise(float *noise, int64_t count)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        sum += noise[i];
    double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
        squares += ((double)noise[i] - mean) * ((double)noise[i] - mean);
    double deviation = sqrt(squares / (double)(count - 1));
    for (int64_t i = 0; i < count; i++)
        noise[i] = (float)((double)noise[i] / deviation);
}

static bool add_coarse(const LkJob *job, uint32_t step, LkNoiseShape s, float *noise, GError **error)
{
    uint64_t drawn = 0;
    double factor = 1;
    for (int i = 0; i < job->multires_noise_iterations; i++, factor *= job->multires_noise_discount) {
        double ratio =
            lk_random_uniform(stream(job, LK_RANDOM_NOISE_STRENGTH, step), (uint64_t)(FIRST_RATIO + i)) * 2 + 2;
        int64_t height = MAX(1, (int64_t)((double)s.height / pow(ratio, i)));
        int64_t width = MAX(1, (int64_t)((double)s.width / pow(ratio, i)));
        gsize count = (gsize)(s.batch * height * width * s.channels);
        g_autofree float *small = LK_TRY_NEW(float, count, error);
        if (!small)
            return false;
        lk_random_normal(stream(job, LK_RANDOM_COARSE_NOISE, step), drawn, small, count);
        drawn += count;
        add_enlarged(s, noise, small, height, width, (float)factor);
        if (height == 1 || width == 1)
            break;
    }
    normalise(noise, count_of(s));
    return true;
}

/* ------------------------------------------------------------------ all of it */

bool lk_noise_draw(const LkJob *job, uint32_t step, LkNoiseShape shape, const float *latents, float *noise,
                   GError **error)
{
    lk_random_normal(stream(job, LK_RANDOM_NOISE, step), 0, noise, (gsize)count_of(shape));
    if (job->noise_offset != 0)
        add_offset(job, step, shape, latents, noise);
    return job->multires_noise_iterations <= 0 || add_coarse(job, step, shape, noise, error);
}

void lk_noise_perturb(const LkJob *job, uint32_t step, LkNoiseShape shape, const float *noise, float *out)
{
    double strength = job->ip_noise_gamma;
    if (job->ip_noise_gamma_random_strength)
        strength *= lk_random_uniform(stream(job, LK_RANDOM_NOISE_STRENGTH, step), PERTURB_STRENGTH);
    lk_random_normal(stream(job, LK_RANDOM_IP_NOISE, step), 0, out, (gsize)count_of(shape));
    for (int64_t i = 0; i < count_of(shape); i++)
        out[i] = noise[i] + (float)strength * out[i];
}
