#include "training/held_out.h"

#include "format/gerror.h"
#include "training/trainer_private.h"

#include <glib/gi18n.h>
#include <math.h>

/** Noise and latents are drawn from this seed and not from the job's: runs with different seeds can be compared. */
enum { SEED = 0 };

/** A job that reads the held-out pictures one by one, each caption whole, and has the modules of the LoRA's file. */
static LkJob *job_of(const LkHeldOut *what)
{
    LkJob *job = lk_job_copy(what->job);
    g_free(job->train_data_dir);
    job->train_data_dir = g_canonicalize_filename(what->pictures, NULL);
    g_clear_pointer(&job->dataset_config, g_free);
    g_clear_pointer(&job->reg_data_dir, g_free);
    g_clear_pointer(&job->validation_data_dir, g_free);
    g_free(job->network_weights);
    job->network_weights = g_strdup(what->lora);
    job->dim_from_weights = what->lora != NULL;
    job->network_train_unet_only = job->network_train_text_encoder_only = false;
    job->unet_lr = job->text_encoder_lr = job->text_encoder_2_lr = 1; /* all parts have modules */
    job->train_batch_size = job->num_repeats = 1;
    job->color_aug = job->random_crop = false;
    job->flip_aug = job->shuffle_caption = job->sample_at_first = false;
    job->caption_dropout_rate = job->caption_tag_dropout_rate = 0;
    job->caption_dropout_every_n_epochs = job->token_warmup_min = 0;
    job->token_warmup_step = 0;
    job->sample_every_n_steps = job->sample_every_n_epochs = 0;
    job->validation_split = 0;
    job->noise_offset_random_strength = job->ip_noise_gamma_random_strength = false;
    job->seed = SEED;
    return job;
}

/** A program that computes the loss of one picture of this size, without gradients. */
static bool add_program(LkTrainer *trainer, int height, int width, LkError *error)
{
    if (lk_trainer_program(trainer, height, width, 1))
        return true;
    LkStepShape shape = lk_trainer_step_shape(trainer, height, width, 1);
    shape.forward_only = true;
    LkStepProgram *program = g_new0(LkStepProgram, 1);
    *program = (LkStepProgram){.height = height, .width = width, .batch = 1};
    g_ptr_array_add(trainer->programs, program);
    program->graph = lk_step_graph_new(trainer->checkpoint, trainer->lora, &shape, trainer->compute, false, error);
    return program->graph &&
           lk_prepare(&program->prepared, trainer->api, trainer->device, program->graph->graph, error);
}

/** Programs for all sizes, their weights, and the LoRA's values on the device. */
static bool prepare(LkTrainer *trainer, GError **error)
{
    LkError problem = {0};
    bool ok = true;
    trainer->cached_text = false;
    for (guint i = 0; ok && i < trainer->dataset->pictures->len; i++) {
        int height, width;
        lk_latents_size(trainer->latents, i, &height, &width);
        ok = add_program(trainer, height, width, &problem);
    }
    guint count = trainer->programs->len;
    g_autofree LkPrepared **list = g_new(LkPrepared *, count);
    for (guint i = 0; i < count; i++)
        list[i] = &((LkStepProgram *)g_ptr_array_index(trainer->programs, i))->prepared;
    LkWeightSource source = lk_checkpoint_source(trainer->checkpoint);
    const LkStepProgram *first = g_ptr_array_index(trainer->programs, 0);
    ok = ok && lk_prepared_bind(list, (int)count, &source, &problem) &&
         trainer->api->write(first->prepared.program, first->graph->lora.state, trainer->state->adapter,
                             (gsize)trainer->state->elements * sizeof(float), &problem);
    return ok || lk_gerror_take(error, &problem);
}

/** The weighted loss of one picture at one timestep. */
static bool measure(LkTrainer *trainer, guint picture, int draw, double *loss, GError **error)
{
    LkEpochEntry entry = {.picture = picture};
    LkBatchPlace place = {
        .index = picture * LK_HELD_OUT_TIMESTEPS + (uint32_t)draw, .step = 0, .entries = &entry, .count = 1};
    int height, width, timestep;
    float weight, value;
    lk_latents_size(trainer->latents, picture, &height, &width);
    LkStepProgram *program = lk_trainer_program(trainer, height, width, 1);
    trainer->job->min_timestep = (2 * draw + 1) * LK_TRAIN_TIMESTEPS / (2 * LK_HELD_OUT_TIMESTEPS);
    trainer->job->max_timestep = trainer->job->min_timestep + 1;
    if (!lk_trainer_write_batch(trainer, program, &place, &weight, &timestep, error))
        return false;
    LkError problem = {0};
    if (!trainer->api->run(program->prepared.program, &problem) ||
        !trainer->api->read(program->prepared.program, program->graph->loss, &value, sizeof value, &problem))
        return lk_gerror_take(error, &problem);
    if (!isfinite(value)) {
        const LkDatasetPicture *p = g_ptr_array_index(trainer->dataset->pictures, picture);
        return lk_set_error(error, LK_ERROR_NUMERIC,
                            _("The loss of the held-out picture '%s' at timestep %d is not a number. The LoRA may be "
                              "damaged, or was trained with too high a learning_rate."),
                            p->path, timestep);
    }
    *loss = (double)value * (double)weight;
    return true;
}

static bool measure_all(LkTrainer *trainer, const LkTrainerEvents *events, double *loss, GError **error)
{
    guint pictures = trainer->dataset->pictures->len;
    double sum = 0;
    for (guint i = 0; i < pictures; i++) {
        for (int draw = 0; draw < LK_HELD_OUT_TIMESTEPS; draw++) {
            double one = 0;
            if (events->should_stop && events->should_stop(events->context))
                return lk_set_error(error, LK_ERROR_STOPPED, _("Measuring was stopped."));
            if (!measure(trainer, i, draw, &one, error))
                return false;
            sum += one;
        }
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_PHASE,
                                                  .text = N_("Measuring held-out pictures"),
                                                  .done = i + 1,
                                                  .total = pictures});
    }
    *loss = sum / ((double)pictures * LK_HELD_OUT_TIMESTEPS);
    return true;
}

bool lk_held_out_loss(const LkHeldOut *what, const LkTrainerEvents *events, double *loss, GError **error)
{
    static const LkTrainerEvents silent = {0};
    const LkTrainerEvents *told = events ? events : &silent;
    g_autoptr(LkJob) job = job_of(what);
    g_autoptr(LkTrainer) trainer = lk_trainer_new(job, what->api, what->device_index, error);
    if (!trainer || !lk_trainer_load_state(trainer, false, told, error) ||
        !lk_latents_encode(trainer->latents, trainer->api, trainer->device, told, error))
        return false;
    trainer->api->reserve(trainer->device, 0, NULL); /* the VAE's arena may be larger than what follows */
    return prepare(trainer, error) && measure_all(trainer, told, loss, error);
}
