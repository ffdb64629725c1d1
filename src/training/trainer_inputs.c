/* What a step sees: latents drawn from the cache, noise, timesteps and captions, all functions of (seed, batch). */
#include "training/trainer_private.h"

#include "dataset/augment.h"
#include "format/gerror.h"
#include "training/noise.h"
#include "training/size_conditioning.h"

#include <string.h>

enum { LATENT = 4 }; /* channels of a latent */

typedef struct Batch {
    LkTrainer *trainer;
    LkStepProgram *program;
    const LkBatchPlace *place;
    int64_t pixels; /* latent pixels of one sample */
} Batch;

static LkRandom stream(const Batch *b, LkRandomPurpose purpose)
{
    return (LkRandom){.seed = (uint64_t)b->trainer->job->seed, .purpose = purpose, .step = b->place->index};
}

static bool put(const Batch *b, LkRef ref, const void *data, gsize bytes, GError **error)
{
    LkError problem = {0};
    return b->trainer->api->write(b->program->prepared.program, ref, data, bytes, &problem) ||
           lk_gerror_take(error, &problem);
}

static const LkDatasetPicture *picture_of(const Batch *b, uint32_t i)
{
    return g_ptr_array_index(b->trainer->dataset->pictures, b->place->entries[i].picture);
}

/** Which of its variations a picture is shown in: any; where losses are compared, always the first. */
static guint variation_of(const Batch *b, uint32_t i)
{
    guint count = lk_augment_count(picture_of(b, i));
    return count == 1 || b->place->timestep ? 0 : (guint)lk_random_below(stream(b, LK_RANDOM_VARIATION), i, count);
}

/** Draws the latents of the batch from the moments that the VAE gave. NULL with an error. */
static float *draw_latents(const Batch *b, GError **error)
{
    gsize values = (gsize)b->pixels * LATENT;
    g_autofree float *moments = LK_TRY_NEW(float, 2 * values, error), *eps = LK_TRY_NEW(float, values, error);
    g_autofree float *latents = LK_TRY_NEW(float, values * b->place->count, error);
    if (!moments || !eps || !latents)
        return NULL;
    for (uint32_t i = 0; i < b->place->count; i++) {
        const LkEpochEntry *entry = &b->place->entries[i];
        if (!lk_latents_moments(b->trainer->latents, entry->picture, variation_of(b, i), entry->flipped, moments,
                                error))
            return NULL;
        lk_random_normal(stream(b, LK_RANDOM_LATENT), i * values, eps, values);
        LkVaeSampleArgs args = {.moments = moments,
                                .eps = eps,
                                .y = latents + i * values,
                                .positions = b->pixels,
                                .c = LATENT,
                                .scale = lk_checkpoint_arch(b->trainer->checkpoint)->vae.scale};
        lk_kernel_launch_cpu(LK_KERNEL_VAE_SAMPLE, LK_F32, &args);
    }
    return g_steal_pointer(&latents);
}

/** The latents, the noise to be predicted, and the noise in the noisy latents where that is another. */
static bool write_latents(const Batch *b, GError **error)
{
    const LkStepGraph *g = b->program->graph;
    const LkJob *job = b->trainer->job;
    LkNoiseShape shape = {b->place->count, b->program->height, b->program->width, LATENT};
    gsize all = (gsize)b->pixels * LATENT * b->place->count;
    g_autofree float *latents = draw_latents(b, error);
    g_autofree float *noise = latents ? LK_TRY_NEW(float, all, error) : NULL;
    g_autofree float *added = noise ? LK_TRY_NEW(float, all, error) : NULL;
    if (!added || !lk_noise_draw(job, b->place->index, shape, latents, noise, error) ||
        !put(b, g->latents, latents, all * sizeof *latents, error) ||
        !put(b, g->noise, noise, all * sizeof *noise, error))
        return false;
    if (g->added_noise == g->noise)
        return true;
    lk_noise_perturb(job, b->place->index, shape, noise, added);
    return put(b, g->added_noise, added, all * sizeof *added, error);
}

/** Which parts of the pictures count. */
static bool write_masks(const Batch *b, GError **error)
{
    gsize values = (gsize)b->pixels * LATENT, all = values * b->place->count;
    if (b->program->graph->mask == LK_NONE)
        return true;
    g_autofree float *masks = LK_TRY_NEW(float, all, error);
    if (!masks)
        return false;
    for (uint32_t i = 0; i < b->place->count; i++) {
        const LkEpochEntry *entry = &b->place->entries[i];
        lk_latent_masks_get(b->trainer->masks, entry->picture, variation_of(b, i), entry->flipped, LATENT,
                            masks + i * values);
    }
    return put(b, b->program->graph->mask, masks, all * sizeof *masks, error);
}

/** Thresholds of the Huber losses. */
static bool write_thresholds(const Batch *b, const int *timesteps, GError **error)
{
    g_autofree float *thresholds = g_new(float, b->place->count);
    if (b->program->graph->huber_c == LK_NONE)
        return true;
    for (uint32_t i = 0; i < b->place->count; i++)
        thresholds[i] = (float)lk_huber_threshold(b->trainer->job, &b->trainer->noise, timesteps[i]);
    return put(b, b->program->graph->huber_c, thresholds, b->place->count * sizeof *thresholds, error);
}

/** The factor of a picture's loss beside its timestep's. */
static double picture_weight(const Batch *b, uint32_t i)
{
    return picture_of(b, i)->subset->is_reg ? b->trainer->job->prior_loss_weight : 1;
}

/** Timesteps, the factors they mean, and the weights of the samples' losses. */
static bool write_timesteps(const Batch *b, float *weights, int *timesteps, GError **error)
{
    const LkStepGraph *g = b->program->graph;
    uint32_t n = b->place->count;
    g_autofree float *t = g_new(float, n), *signal = g_new(float, n), *sigma = g_new(float, n);
    g_autofree float *minus_sigma = g_new(float, n);
    for (uint32_t i = 0; i < n; i++) {
        timesteps[i] = b->place->timestep ? *b->place->timestep : lk_timestep_draw(b->trainer->job, b->place->index, i);
        t[i] = (float)timesteps[i];
        signal[i] = (float)lk_noise_signal(&b->trainer->noise, timesteps[i]);
        sigma[i] = (float)lk_noise_sigma(&b->trainer->noise, timesteps[i]);
        minus_sigma[i] = -sigma[i];
        weights[i] = (float)(picture_weight(b, i) * lk_loss_weight(b->trainer->job, &b->trainer->noise, timesteps[i]));
    }
    gsize bytes = n * sizeof(float);
    return put(b, g->t, t, bytes, error) && put(b, g->signal, signal, bytes, error) &&
           put(b, g->sigma, sigma, bytes, error) &&
           (g->minus_sigma == LK_NONE || put(b, g->minus_sigma, minus_sigma, bytes, error)) &&
           put(b, g->weight, weights, bytes, error) && write_thresholds(b, timesteps, error);
}

/** The factors of the captions' states, a row of `length` each, for every number of a state. */
static bool write_weights(const Batch *b, const float *weights, gsize length, GError **error)
{
    gsize rows = length * b->place->count;
    gsize width = (gsize)lk_arch_context(lk_checkpoint_arch(b->trainer->checkpoint));
    if (b->program->graph->token_weights == LK_NONE)
        return true;
    g_autofree float *each = LK_TRY_NEW(float, rows *width, error);
    for (gsize i = 0; each && i < rows * width; i++)
        each[i] = weights[i / width];
    return each && put(b, b->program->graph->token_weights, each, rows * width * sizeof *each, error);
}

/** Token ids of the captions as they are at this step. */
static bool write_tokens(const Batch *b, GError **error)
{
    const LkModelArch *arch = lk_checkpoint_arch(b->trainer->checkpoint);
    gsize row = lk_trainer_token_count(b->trainer), all = row * b->place->count;
    gsize length = (gsize)lk_text_length(arch, b->trainer->chunks);
    g_autofree float *weights = g_new(float, length * b->place->count);
    g_autofree int32_t *ids = g_new(int32_t, all *(gsize)arch->n_texts);
    const int32_t *each[LK_MAX_TEXTS] = {ids, ids + all};
    for (uint32_t i = 0; i < b->place->count; i++) {
        LkCaptionMoment moment = {.stream = stream(b, LK_RANDOM_CAPTION),
                                  .sample = i,
                                  .epoch = b->place->epoch + 1,
                                  .step = (int)b->place->step,
                                  .max_train_steps = (int)b->trainer->steps};
        for (int text = 0; text < arch->n_texts; text++)
            lk_trainer_tokens(b->trainer, b->place->entries[i].picture, b->place->timestep ? NULL : &moment, text,
                              ids + (gsize)text * all + i * row, weights + i * length);
    }
    LkError problem = {0};
    if (!lk_trainer_write_text(b->trainer->api, b->program->prepared.program, arch, &b->program->graph->text, each,
                               b->place->count, b->trainer->chunks, &problem))
        return lk_gerror_take(error, &problem);
    return write_weights(b, weights, length, error);
}

/** Cached states of the captions, and their pooled text. */
static bool write_states(const Batch *b, GError **error)
{
    LkTextSize size = lk_trainer_text_size(b->trainer);
    gsize count = b->place->count;
    g_autofree float *one = LK_TRY_NEW(float, size.states + size.pooled, error);
    g_autofree float *states = LK_TRY_NEW(float, count *size.states, error);
    g_autofree float *pooled = LK_TRY_NEW(float, count *size.pooled, error);
    if (!one || !states || !pooled)
        return false;
    for (gsize i = 0; i < count; i++) {
        if (!lk_trainer_text_states(b->trainer, b->place->entries[i].picture, one, error))
            return false;
        memcpy(states + i * size.states, one, size.states * sizeof *one);
        memcpy(pooled + i * size.pooled, one + size.states, size.pooled * sizeof *one);
    }
    return put(b, b->program->graph->states, states, count * size.states * sizeof *states, error) &&
           (!size.pooled || put(b, b->program->graph->pooled, pooled, count * size.pooled * sizeof *pooled, error));
}

/** What SDXL's U-Net is told of sizes. */
static bool write_sizes(const Batch *b, GError **error)
{
    if (b->program->graph->sizes == LK_NONE)
        return true;
    g_autofree float *sizes = g_new(float, (gsize)b->place->count *LK_SIZE_COUNT);
    for (uint32_t i = 0; i < b->place->count; i++) {
        const LkEpochEntry *entry = &b->place->entries[i];
        const LkDatasetPicture *picture = picture_of(b, i);
        /* As sd-scripts: a random cut is told as the one in the middle, and without buckets as the whole picture. */
        const LkDatasetBlock *block = g_ptr_array_index(b->trainer->dataset->config->blocks, picture->block);
        bool cut_is_all = picture->subset->random_crop && !block->buckets.enable_bucket;
        lk_size_conditioning(cut_is_all ? picture->fit.bucket : picture->size, picture->fit.bucket, entry->flipped,
                             sizes + i * LK_SIZE_COUNT);
    }
    return put(b, b->program->graph->sizes, sizes, b->place->count * LK_SIZE_COUNT * sizeof *sizes, error);
}

/** What this step leaves out of the adapter. */
static bool write_dropout(const Batch *b, GError **error)
{
    const LkLoraGraph *lora = &b->program->graph->lora;
    uint64_t seed = (uint64_t)b->trainer->job->seed;
    if (lora->key != LK_NONE) {
        const int32_t key[4] = {(int32_t)(uint32_t)seed, (int32_t)(uint32_t)(seed >> 32), (int32_t)b->place->index, 0};
        if (!put(b, lora->key, key, sizeof key, error))
            return false;
    }
    if (lora->masks == LK_NONE)
        return true;
    gsize count = (gsize)lk_lora_masks(lora->lora, &lora->dropout, 0, 0, NULL);
    g_autofree float *masks = LK_TRY_NEW(float, count, error);
    if (!masks)
        return false;
    lk_lora_masks(lora->lora, &lora->dropout, seed, b->place->index, masks);
    return put(b, lora->masks, masks, count * sizeof *masks, error);
}

bool lk_trainer_write_batch(LkTrainer *trainer, LkStepProgram *program, const LkBatchPlace *place, float *weights,
                            int *timesteps, GError **error)
{
    Batch b = {
        .trainer = trainer, .program = program, .place = place, .pixels = (int64_t)program->height * program->width};
    float scalars[LK_SCALAR_COUNT] = {
        [LK_SCALAR_LOSS_SCALE] = (float)trainer->guard.scale, [LK_SCALAR_SLOT] = (float)place->slot};
    return write_latents(&b, error) && write_masks(&b, error) && write_timesteps(&b, weights, timesteps, error) &&
           (trainer->cached_text ? write_states(&b, error) : write_tokens(&b, error)) && write_sizes(&b, error) &&
           write_dropout(&b, error) && put(&b, program->graph->scalars, scalars, sizeof scalars, error);
}
