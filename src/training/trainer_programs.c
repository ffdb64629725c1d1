/* The programs of a run: one step for every size of pictures and batch, and the optimizer. */
#include "training/trainer_private.h"

#include "format/gerror.h"

#include <glib/gi18n.h>

LkStepProgram *lk_trainer_program(const LkTrainer *trainer, int height, int width, int batch)
{
    for (guint i = 0; i < trainer->programs->len; i++) {
        LkStepProgram *program = g_ptr_array_index(trainer->programs, i);
        if (program->height == height && program->width == width && program->batch == batch && !program->measures)
            return program;
    }
    return NULL;
}

/** Losses of one optimizer step at most. */
static int64_t losses_a_step(const LkTrainer *trainer)
{
    int64_t largest = 1;
    for (guint i = 0; i < trainer->dataset->buckets->len; i++)
        largest = MAX(largest, g_array_index(trainer->dataset->buckets, LkDatasetBucket, i).batch_size);
    return largest * trainer->job->gradient_accumulation_steps;
}

LkStepShape lk_trainer_step_shape(const LkTrainer *trainer, int height, int width, int batch)
{
    const LkJob *job = trainer->job;
    return (LkStepShape){.batch = batch,
                         .height = height,
                         .width = width,
                         .chunks = trainer->chunks,
                         .clip_skip = job->clip_skip,
                         .text_encoder = !trainer->cached_text,
                         .weighted = job->weighted_captions,
                         .v_prediction = job->v_parameterization,
                         .loss = (LkLoss)job->loss_type,
                         .masked = trainer->masked,
                         .other_noise = job->ip_noise_gamma != 0,
                         .tf32 = job->allow_tf32,
                         .folded_terms = lk_backend_folded_terms(trainer->api, trainer->compute),
                         .residency = trainer->residency,
                         .losses = losses_a_step(trainer),
                         .recompute = job->gradient_checkpointing ? LK_RECOMPUTE_BLOCKS : LK_RECOMPUTE_CHEAP,
                         .dropout = {.numbers = (float)job->network.dropout,
                                     .ranks = (float)job->network.rank_dropout,
                                     .outputs = job->network_module == LK_NETWORK_LYCORIS,
                                     .modules = (float)job->network.module_dropout}};
}

static bool add_program(LkTrainer *trainer, int height, int width, int batch, LkError *error)
{
    if (lk_trainer_program(trainer, height, width, batch))
        return true;
    LkStepShape shape = lk_trainer_step_shape(trainer, height, width, batch);
    LkStepProgram *program = g_new0(LkStepProgram, 1);
    *program = (LkStepProgram){.height = height, .width = width, .batch = batch};
    g_ptr_array_add(trainer->programs, program);
    program->graph = lk_step_graph_new(trainer->checkpoint, trainer->lora, &shape, trainer->compute, false, error);
    return program->graph &&
           lk_prepare(&program->prepared, trainer->api, trainer->device, program->graph->graph, error);
}

/** Adds the programs of one bucket: full batches, and the smaller one at the end of an epoch. */
static bool add_bucket(LkTrainer *trainer, const LkDatasetBucket *bucket, LkError *error)
{
    int factor = 1 << (lk_checkpoint_arch(trainer->checkpoint)->vae.levels - 1);
    int height = bucket->size.height / factor, width = bucket->size.width / factor;
    int rest = (int)(bucket->repeats % (guint64)bucket->batch_size);
    if (bucket->repeats >= (guint64)bucket->batch_size &&
        !add_program(trainer, height, width, bucket->batch_size, error))
        return false;
    return rest == 0 || add_program(trainer, height, width, rest, error);
}

/** Compiles everything with the weights where trainer->residency says. */
static bool compile(LkTrainer *trainer, GError **error)
{
    LkError problem = {0};
    bool ok = true;
    for (guint i = 0; ok && i < trainer->dataset->buckets->len; i++)
        ok = add_bucket(trainer, &g_array_index(trainer->dataset->buckets, LkDatasetBucket, i), &problem);
    if (ok) {
        const LkStepProgram *first = g_ptr_array_index(trainer->programs, 0);
        LkUpdateShape shape = lk_trainer_update_shape(trainer);
        trainer->update = lk_update_graph_new(first->graph, &shape, &problem);
        ok = trainer->update &&
             lk_prepare(&trainer->update_prepared, trainer->api, trainer->device, trainer->update->graph, &problem) &&
             lk_trainer_add_validation(trainer, &problem);
    }
    trainer->weights = trainer->api->planned_weights(trainer->device);
    if (!ok)
        lk_gerror_take(error, &problem);
    else if (trainer->samples)
        ok = lk_samples_prepare(trainer->samples, trainer->api, trainer->device, trainer->compute, &trainer->residency,
                                error);
    if (!ok)
        lk_trainer_free_programs(trainer);
    return ok;
}

bool lk_trainer_compile(LkTrainer *trainer, GError **error)
{
    if (trainer->update)
        return true;
    trainer->residency = lk_trainer_residency(trainer);
    bool ok = compile(trainer, error) && lk_trainer_choose_sampling_tiles(trainer, error);
    /* Smaller tiles cost a sample a little, weights on the host cost every step: they come last. */
    for (int share; ok && (share = lk_trainer_host_share(trainer)) > trainer->residency.host_share;) {
        lk_trainer_free_programs(trainer);
        trainer->residency.host_share = share;
        ok = compile(trainer, error);
    }
    return ok;
}

void lk_trainer_free_programs(LkTrainer *trainer)
{
    for (guint i = 0; i < trainer->programs->len; i++) {
        LkStepProgram *program = g_ptr_array_index(trainer->programs, i);
        lk_prepared_clear(&program->prepared);
        lk_step_graph_free(program->graph);
        g_free(program);
    }
    g_ptr_array_set_size(trainer->programs, 0);
    trainer->is_bound = false;
    lk_trainer_free_text(trainer);
    lk_samples_release(trainer->samples);
    lk_prepared_clear(&trainer->update_prepared);
    g_clear_pointer(&trainer->update, lk_update_graph_free);
}

bool lk_trainer_bind(LkTrainer *trainer, GError **error)
{
    g_autofree LkPrepared **list = g_new(LkPrepared *, trainer->programs->len + 1);
    for (guint i = 0; i < trainer->programs->len; i++)
        list[i] = &((LkStepProgram *)g_ptr_array_index(trainer->programs, i))->prepared;
    list[trainer->programs->len] = &trainer->update_prepared;
    LkWeightSource source = lk_checkpoint_source(trainer->checkpoint);
    LkError problem = {0};
    /* Sample pictures share the arena: it must not move under the steps' programs when the first one is made. */
    trainer->is_bound = trainer->api->reserve(trainer->device, lk_samples_memory(trainer->samples).arena, &problem) &&
                        lk_prepared_bind(list, (int)trainer->programs->len + 1, &source, &problem);
    return trainer->is_bound || lk_gerror_take(error, &problem);
}
