/* How large the VAE's tiles are: as the job says, or as large as fits.
 *
 * The tiles that pictures are encoded in change the trained numbers a little, so what was chosen is part of the state:
 * a resumed run takes the same, however much memory is free then. Sample pictures change nothing and may be decoded in
 * other tiles. */
#include "training/trainer_private.h"

#include "model/vae_tiles.h"

int lk_trainer_smaller_tile(const LkTrainer *trainer, int side)
{
    const LkJob *job = trainer->job;
    if (job->vae_tiling != LK_VAE_TILING_AUTO)
        return 0;
    return lk_tile_smaller(side, job->vae_tile_size);
}

static void set_encoding(LkTrainer *trainer, int side)
{
    trainer->encoding_tile = side;
    lk_latents_set_tile(trainer->latents, side);
}

static bool set_sampling(LkTrainer *trainer, int side, GError **error)
{
    trainer->sampling_tile = side;
    lk_samples_release(trainer->samples);
    lk_samples_set_tile(trainer->samples, side);
    return lk_samples_prepare(trainer->samples, trainer->api, trainer->device, trainer->compute, &trainer->residency,
                              error);
}

void lk_trainer_ask_tiles(LkTrainer *trainer)
{
    if (trainer->job->vae_tiling != LK_VAE_TILING_ON)
        return;
    set_encoding(trainer, trainer->job->vae_tile_size);
    trainer->sampling_tile = trainer->job->vae_tile_size;
    if (trainer->samples)
        lk_samples_set_tile(trainer->samples, trainer->sampling_tile);
}

static bool plan_encoding(LkTrainer *trainer, LkEncodingBytes *encoding, GError **error)
{
    return lk_latents_plan(trainer->latents, trainer->api, trainer->device, &encoding->arena, &encoding->weights,
                           error);
}

/** The largest tiles that leave room; where none do, the smallest. */
static bool fit_encoding(LkTrainer *trainer, LkEncodingBytes *encoding, GError **error)
{
    const int64_t room = lk_trainer_free_bytes(trainer) - lk_trainer_host_bytes(trainer);
    for (int side = lk_trainer_smaller_tile(trainer, trainer->encoding_tile);
         side > 0 && encoding->arena + encoding->weights > room; side = lk_trainer_smaller_tile(trainer, side)) {
        set_encoding(trainer, side);
        if (!plan_encoding(trainer, encoding, error))
            return false;
    }
    return true;
}

bool lk_trainer_choose_encoding_tiles(LkTrainer *trainer, LkEncodingBytes *encoding, GError **error)
{
    const bool is_free = trainer->job->vae_tiling == LK_VAE_TILING_AUTO;
    const char *kept = trainer->state ? trainer->state->tiles : NULL;
    const int side = kept ? (int)g_ascii_strtoll(kept, NULL, 10) : 0;
    if (is_free && kept && side != trainer->encoding_tile)
        set_encoding(trainer, side);
    if (!plan_encoding(trainer, encoding, error) || (is_free && !kept && !fit_encoding(trainer, encoding, error)))
        return false;
    if (trainer->state && !kept)
        trainer->state->tiles = g_strdup_printf("%d", trainer->encoding_tile);
    return true;
}

/** Whether the samples' arena is what makes the run too large. */
static bool samples_are_too_large(const LkTrainer *trainer)
{
    return lk_samples_memory(trainer->samples).arena > lk_trainer_step_arena(trainer) &&
           lk_trainer_needs(trainer) > lk_trainer_free_bytes(trainer);
}

bool lk_trainer_choose_sampling_tiles(LkTrainer *trainer, GError **error)
{
    if (!trainer->samples || trainer->has_tiles || trainer->job->vae_tiling != LK_VAE_TILING_AUTO)
        return true;
    trainer->has_tiles = true;
    for (int side = lk_trainer_smaller_tile(trainer, trainer->sampling_tile);
         side > 0 && samples_are_too_large(trainer); side = lk_trainer_smaller_tile(trainer, side))
        if (!set_sampling(trainer, side, error))
            return false;
    return true;
}
