#include "training/trainer_control.h"

#include "format/gerror.h"
#include "training/trainer_private.h"

#include <glib/gi18n.h>
#include <inttypes.h>

int64_t lk_trainer_control_step(const LkTrainerControl *control)
{
    return control->step;
}

bool lk_trainer_save_now(LkTrainerControl *control, GError **error)
{
    return lk_trainer_fetch_state(control->trainer, control->step, error) &&
           lk_trainer_save_as_step(control->trainer, control->events, error);
}

void lk_trainer_discard(LkTrainerControl *control)
{
    control->discard = true;
}

/* Samples ---------------------------------------------------------------------------------------------------------- */

/** Whether the arena and weights that sample pictures need beyond what was planned are free on the device. */
static bool check_memory(const LkTrainer *trainer, const LkSamples *samples, int64_t *arena, GError **error)
{
    LkGeneratorMemory memory = lk_samples_memory(samples);
    *arena = MAX(memory.arena - lk_trainer_arena(trainer), 0);
    int64_t free_bytes = lk_trainer_free_bytes(trainer);
    if (*arena + memory.weights <= free_bytes)
        return true;
    return lk_set_error(error, LK_ERROR_MEMORY,
                        _("The sample pictures need %.2f GiB of memory beside the training and %s has %.2f GiB free. "
                          "Make them smaller."),
                        (double)(*arena + memory.weights) / (1 << 30), trainer->info.name,
                        (double)free_bytes / (1 << 30));
}

/** Plans samples beside the training, decoded in tiles where whole pictures do not fit and the job allows it. */
static bool prepare_samples(LkTrainer *trainer, LkSamples *samples, int64_t *growth, GError **error)
{
    GError *problem = NULL;
    bool ok = false;
    int side = trainer->sampling_tile;
    for (bool more = true; more && !ok; more = !ok && side > 0) {
        g_clear_error(&problem);
        lk_samples_release(samples);
        lk_samples_set_tile(samples, side);
        if (!lk_samples_prepare(samples, trainer->api, trainer->device, trainer->compute, &trainer->residency, error))
            return false;
        ok = check_memory(trainer, samples, growth, &problem);
        trainer->sampling_tile = side;
        side = lk_trainer_smaller_tile(trainer, side);
    }
    if (!ok)
        g_propagate_error(error, problem);
    return ok;
}

/** Gives the trainer other samples (NULL: none); the arena grows where they need a larger one. */
static bool exchange_samples(LkTrainer *trainer, LkSamples *samples, GError **error)
{
    int64_t growth = 0;
    if (samples && trainer->update && !prepare_samples(trainer, samples, &growth, error)) {
        lk_samples_free(samples);
        return false;
    }
    LkSamples *old = trainer->samples;
    trainer->samples = samples;
    if (growth > 0 && trainer->is_bound && !lk_trainer_bind(trainer, error)) {
        trainer->samples = old;
        lk_samples_free(samples);
        lk_trainer_bind(trainer, NULL); /* the steps' programs lost their memory when the arena was to grow */
        return false;
    }
    lk_samples_free(old);
    return true;
}

/** Reads the job's prompts anew. */
static bool renew_samples(LkTrainer *trainer, GError **error)
{
    g_autoptr(LkSamples) samples = lk_samples_new(trainer->job, trainer->checkpoint, trainer->lora, error);
    return samples && exchange_samples(trainer, g_steal_pointer(&samples), error);
}

bool lk_trainer_sample_now(LkTrainerControl *control, GError **error)
{
    LkTrainer *trainer = control->trainer;
    LkSampleMoment moment = {control->step, lk_trainer_epoch_of(trainer, control->step), false};
    return (trainer->samples || renew_samples(trainer, error)) &&
           lk_trainer_make_samples(trainer, &moment, false, control->events, error);
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

/** Makes the samples those that the job asks for after a change. */
static bool follow_samples(LkTrainer *trainer, const char *key, GError **error)
{
    bool others = g_str_equal(key, "sample_prompts") || g_str_equal(key, "sample_sampler");
    if (!lk_samples_wanted(trainer->job))
        return !others || exchange_samples(trainer, NULL, error);
    return (trainer->samples && !others) || renew_samples(trainer, error);
}

/** Applies a change to the job and to what was made of it, or nothing. */
static bool apply(LkTrainer *trainer, const char *key, const char *value, GError **error)
{
    const LkParameter *row = lk_parameter_find(key);
    g_autofree char *before = row ? lk_job_get(trainer->job, row) : NULL;
    if (!lk_change_apply(trainer->job, key, value, error))
        return false;
    if (follow_samples(trainer, key, error))
        return true;
    lk_change_apply(trainer->job, key, before ? before : "", NULL);
    return false;
}

bool lk_trainer_change(LkTrainerControl *control, const char *key, const char *value, GError **error)
{
    LkTrainer *trainer = control->trainer;
    if (!apply(trainer, key, value, error))
        return false;
    g_autofree char *now = lk_job_get(trainer->job, lk_parameter_find(key));
    lk_changes_add(trainer->changes, control->step, key, now ? now : "");
    control->changed = true;
    lk_trainer_tell(
        control->events,
        &(LkTrainerEvent){.kind = LK_EVENT_CHANGE, .key = key, .text = now ? now : "", .step = control->step});
    return true;
}

/** Whether the rate of this key drives what the run trains. */
static bool drives(const LkJob *job, const char *key)
{
    const bool unet = lk_job_trains_unet(job), text = lk_job_trains_text_encoder(job);
    const bool own_unet = lk_job_is_given(job, "unet_lr"), own_text = lk_job_is_given(job, "text_encoder_lr");
    if (g_str_equal(key, "learning_rate"))
        return (unet && !own_unet) || (text && !own_text);
    if (g_str_equal(key, "text_encoder_2_lr"))
        return lk_job_trains_text(job, 1) && lk_job_is_given(job, key);
    return g_str_equal(key, "unet_lr") ? unet && own_unet : text && own_text;
}

bool lk_trainer_halve_rates(LkTrainerControl *control, GError **error)
{
    static const char *const keys[] = {"learning_rate", "unet_lr", "text_encoder_lr", "text_encoder_2_lr"};
    const LkJob *job = control->trainer->job;
    const double rates[G_N_ELEMENTS(keys)] = {job->learning_rate, job->unet_lr, job->text_encoder_lr,
                                              job->text_encoder_2_lr};
    bool driven[G_N_ELEMENTS(keys)], ok = true;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        driven[i] = drives(job, keys[i]);
    for (gsize i = 0; ok && i < G_N_ELEMENTS(keys); i++) {
        char value[G_ASCII_DTOSTR_BUF_SIZE];
        if (driven[i])
            ok = lk_trainer_change(control, keys[i], g_ascii_dtostr(value, sizeof value, rates[i] / 2), error);
    }
    return ok;
}

bool lk_trainer_apply_changes(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    for (guint i = 0; i < trainer->changes->len; i++) {
        const LkChange *change = g_ptr_array_index(trainer->changes, i);
        if (!apply(trainer, change->key, change->value, error)) {
            g_prefix_error(error, _("A change of %s after step %" PRId64 " cannot be repeated: "), change->key,
                           change->step);
            return false;
        }
        lk_trainer_tell(events,
                        &(LkTrainerEvent){
                            .kind = LK_EVENT_CHANGE, .key = change->key, .text = change->value, .step = change->step});
    }
    return true;
}
