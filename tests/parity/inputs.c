#include "inputs.h"

#include "tensor/graph_ops.h"
#include "training/schedule.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 4, MAX_BATCH = 64 };

typedef struct Inputs {
    const Case *c;
    const LkModelArch *arch;
    const LkBackend *api;
    LkProgram *program;
    const LkStepGraph *s;
    const float *latents;
    int index;
    int64_t positions, size; /* latent pixels of a sample; numbers of a batch */
    LkError *error;
} Inputs;

static bool put(const Inputs *in, LkRef ref, const void *data, int64_t count)
{
    return ref == LK_NONE || in->api->write(in->program, ref, data, (size_t)count * 4, in->error);
}

/** A tensor [steps, batch, 4, h, w] of the case at this step, channels last. NULL where there is none. */
static float *pictures(const Inputs *in, const char *name)
{
    int64_t count;
    g_autofree float *planar = case_floats(in->c->inputs, name, &count);
    if (!planar)
        return NULL;
    float *out = g_new(float, (gsize)in->size);
    case_channels_last(planar + in->index * in->size, out, in->c->batch, CHANNELS, in->positions);
    return out;
}

/** Mean of each channel of each sample of the latents [batch, 4]. */
static float *channel_means(const Inputs *in)
{
    float *mean = g_new0(float, (gsize)(in->c->batch * CHANNELS));
    for (int64_t i = 0; i < in->size; i++)
        mean[i / (in->positions * CHANNELS) * CHANNELS + i % CHANNELS] += in->latents[i] / (float)in->positions;
    return mean;
}

/** Gaussian noise, shifted a channel at a time; and what the noisy latent gets beside it. */
static bool write_noise(const Inputs *in)
{
    int64_t count, row = in->positions * CHANNELS;
    g_autofree float *noise = pictures(in, "noise"), *more = pictures(in, "ip_noise"), *mean = channel_means(in);
    g_autofree float *offset = case_floats(in->c->inputs, "noise_offset", &count);
    double strength = case_number(in->c, "noise.noise_offset", 0);
    double adaptive = case_number(in->c, "noise.adaptive_noise_scale", 0);
    for (int64_t i = 0; i < in->size && offset; i++) {
        int64_t channel = i / row * CHANNELS + i % CHANNELS;
        double whole = adaptive != 0 ? fmax(0, strength + adaptive * fabsf(mean[channel])) : strength;
        noise[i] += (float)whole * offset[(int64_t)in->index * in->c->batch * CHANNELS + channel];
    }
    if (!put(in, in->s->noise, noise, in->size) || !more)
        return more == NULL;
    for (int64_t i = 0; i < in->size; i++)
        more[i] = noise[i] + (float)in->c->ip_noise * more[i];
    return put(in, in->s->added_noise, more, in->size);
}

/** The mask of the pictures, averaged over the pixels that a latent pixel stands for. */
static bool write_mask(const Inputs *in)
{
    int64_t count, w = in->c->width, h = in->c->height;
    g_autofree float *mask = case_floats(in->c->inputs, "mask", &count), *out = g_new0(float, (gsize)in->size);
    if (!mask)
        return in->s->mask == LK_NONE;
    for (int64_t i = 0; i < count; i++) {
        int64_t x = i % (8 * w) / 8, y = i / (8 * w) % (8 * h) / 8, n = i / (64 * w * h);
        for (int k = 0; k < CHANNELS; k++)
            out[((n * h + y) * w + x) * CHANNELS + k] += mask[i] / 64;
    }
    return put(in, in->s->mask, out, in->size);
}

/** The case's options as a job has them, for the functions that the trainer calls. */
static LkJob *job_of(const Case *c)
{
    LkJob *job = lk_job_new("/");
    job->v_parameterization = c->v_prediction;
    job->min_snr_gamma = case_number(c, "loss.min_snr_gamma", 0);
    job->debiased_estimation_loss = case_number(c, "loss.debiased", 0) != 0;
    job->scale_v_pred_loss_like_noise_pred = case_number(c, "loss.scale_v_pred_loss", 0) != 0;
    job->v_pred_like_loss = case_number(c, "loss.v_pred_like_loss", 0);
    const char *schedule = case_text(c, "loss.huber_schedule");
    lk_job_set(job, "huber_schedule", schedule && *schedule ? schedule : "snr", NULL);
    job->huber_c = case_number(c, "loss.huber_c", 0.1);
    job->huber_scale = case_number(c, "loss.huber_scale", 1);
    job->zero_terminal_snr = case_number(c, "schedule.zero_terminal_snr", 0) != 0;
    return job;
}

static bool write_timesteps(const Inputs *in)
{
    int64_t count, n = in->c->batch;
    g_autofree float *t = case_floats(in->c->inputs, "timesteps", &count);
    g_autofree float *weights = case_floats(in->c->inputs, "loss_weights", &count);
    g_autoptr(LkJob) job = job_of(in->c);
    LkNoiseSchedule noise;
    lk_noise_schedule_init(&noise, job->zero_terminal_snr);
    float signal[MAX_BATCH], sigma[MAX_BATCH], minus_sigma[MAX_BATCH], weight[MAX_BATCH], time[MAX_BATCH];
    float threshold[MAX_BATCH];
    for (int64_t i = 0; i < n && i < MAX_BATCH; i++) {
        time[i] = t[in->index * n + i];
        signal[i] = (float)lk_noise_signal(&noise, (int)time[i]);
        sigma[i] = (float)lk_noise_sigma(&noise, (int)time[i]);
        minus_sigma[i] = -sigma[i];
        weight[i] = weights[i] * (float)lk_loss_weight(job, &noise, (int)time[i]);
        threshold[i] = (float)lk_huber_threshold(job, &noise, (int)time[i]);
    }
    const LkStepGraph *s = in->s;
    return put(in, s->t, time, n) && put(in, s->signal, signal, n) && put(in, s->sigma, sigma, n) &&
           put(in, s->minus_sigma, minus_sigma, n) && put(in, s->weight, weight, n) &&
           put(in, s->huber_c, threshold, n);
}

/** Token ids for each text encoder, and which rows are pooled. */
static bool write_tokens(const Inputs *in)
{
    static const char *const names[LK_MAX_TEXTS] = {"input_ids", "input_ids_2"};
    int64_t count = 0, batch = in->c->batch;
    g_autofree int32_t *ids = NULL;
    for (int text = 0; text < in->arch->n_texts; text++) {
        g_autofree float *numbers = case_floats(in->c->inputs, names[text], &count);
        ids = g_renew(int32_t, ids, (gsize)count);
        for (int64_t i = 0; i < count; i++)
            ids[i] = (int32_t)numbers[i];
        if (!put(in, in->s->text.ids[text], ids, count))
            return false;
    }
    if (in->s->text.rows == LK_NONE)
        return true;
    int64_t n_rows = lk_text_rows_count(in->arch, batch, in->c->chunks);
    g_autofree float *rows = g_new(float, (gsize)n_rows);
    lk_text_rows(in->arch, ids, batch, in->c->chunks, rows);
    return put(in, in->s->text.rows, rows, n_rows);
}

static bool write_sizes(const Inputs *in)
{
    int64_t count = 0;
    g_autofree float *sizes = case_floats(in->c->inputs, "time_ids", &count);
    return put(in, in->s->sizes, sizes, count);
}

bool case_write_inputs(const Case *c, const LkModelArch *arch, const LkBackend *api, LkProgram *program,
                       const LkStepGraph *s, const float *latents, int index, LkError *error)
{
    int64_t positions = (int64_t)c->height * c->width;
    const Inputs in = {.c = c,
                       .arch = arch,
                       .api = api,
                       .program = program,
                       .s = s,
                       .latents = latents,
                       .index = index,
                       .positions = positions,
                       .size = positions * CHANNELS * c->batch,
                       .error = error};
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = c->loss_scale, [LK_SCALAR_GRADIENT_SCALE] = 1};
    return put(&in, s->latents, latents, in.size) && write_noise(&in) && write_mask(&in) && write_timesteps(&in) &&
           write_tokens(&in) && write_sizes(&in) && put(&in, s->scalars, scalars, LK_SCALAR_COUNT);
}
