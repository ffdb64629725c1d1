/* The programs of a run: one step for every size of pictures and batch, the optimizer, the text encoder. */
#include "training/trainer_private.h"

#include "format/gerror.h"
#include "model/clip.h"

#include <glib/gi18n.h>

LkStepProgram *lk_trainer_program(const LkTrainer *trainer, int height, int width, int batch)
{
    for (guint i = 0; i < trainer->programs->len; i++) {
        LkStepProgram *program = g_ptr_array_index(trainer->programs, i);
        if (program->height == height && program->width == width && program->batch == batch)
            return program;
    }
    return NULL;
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
                         .v_prediction = job->v_parameterization,
                         .loss = (LkLoss)job->loss_type,
                         .masked = trainer->masked,
                         .other_noise = job->ip_noise_gamma != 0,
                         .recompute = job->gradient_checkpointing ? LK_RECOMPUTE_BLOCKS : LK_RECOMPUTE_CHEAP};
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

/** The text encoder by itself, without adapter. */
static bool add_text(LkTrainer *trainer, LkError *error)
{
    const LkTextArch *arch = &lk_checkpoint_arch(trainer->checkpoint)->text;
    LkTextProgram *text = &trainer->text;
    text->graph = lk_graph_new(trainer->compute);
    if (!text->graph)
        return lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the text encoder."));
    LkBuilder builder = {.graph = text->graph, .checkpoint = trainer->checkpoint};
    int64_t shape[2] = {trainer->chunks, arch->positions};
    text->ids = lk_graph_input(text->graph, "tokens", LK_I32, 2, shape);
    LkRef states = lk_clip_build(&builder, arch, text->ids, trainer->chunks, trainer->job->clip_skip);
    text->states = trainer->compute == LK_F32 ? states : lk_cast(text->graph, states, LK_F32);
    lk_graph_output(text->graph, text->states);
    return lk_prepare(&text->prepared, trainer->api, trainer->device, text->graph, error);
}

bool lk_trainer_compile(LkTrainer *trainer, GError **error)
{
    if (trainer->update)
        return true;
    LkError problem = {0};
    bool ok = true;
    for (guint i = 0; ok && i < trainer->dataset->buckets->len; i++)
        ok = add_bucket(trainer, &g_array_index(trainer->dataset->buckets, LkDatasetBucket, i), &problem);
    if (ok) {
        const LkStepProgram *first = g_ptr_array_index(trainer->programs, 0);
        LkUpdateShape shape = {.max_norm = (float)trainer->job->max_grad_norm};
        trainer->update = lk_update_graph_new(first->graph, &shape, &problem);
        ok = trainer->update &&
             lk_prepare(&trainer->update_prepared, trainer->api, trainer->device, trainer->update->graph, &problem);
    }
    trainer->weights = trainer->api->planned_weights(trainer->device);
    if (!ok)
        lk_gerror_take(error, &problem);
    else if (trainer->samples)
        ok = lk_samples_prepare(trainer->samples, trainer->api, trainer->device, trainer->compute, error);
    if (!ok)
        lk_trainer_free_programs(trainer);
    return ok;
}

static void free_text(LkTrainer *trainer)
{
    lk_prepared_clear(&trainer->text.prepared);
    lk_graph_free(trainer->text.graph);
    trainer->text = (LkTextProgram){0};
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
    free_text(trainer);
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

/** Computes one caption's states. */
static bool encode_text(LkTrainer *trainer, const int32_t *ids, float *states, gsize bytes, LkError *error)
{
    LkTextProgram *text = &trainer->text;
    gsize id_bytes = (gsize)trainer->chunks * LK_CLIP_SEQUENCE * sizeof *ids;
    return trainer->api->write(text->prepared.program, text->ids, ids, id_bytes, error) &&
           trainer->api->run(text->prepared.program, error) &&
           trainer->api->read(text->prepared.program, text->states, states, bytes, error);
}

void lk_trainer_tokens(const LkTrainer *trainer, guint picture, const LkCaptionMoment *moment, int32_t *ids)
{
    const LkDatasetPicture *p = g_ptr_array_index(trainer->dataset->pictures, picture);
    g_autofree char *caption = lk_caption_process(p->caption.text, &p->subset->caption, moment);
    int32_t pad = lk_checkpoint_arch(trainer->checkpoint)->text.pad_id;
    lk_clip_token_ids(trainer->tokenizer, caption, trainer->chunks, pad, ids);
}

int lk_trainer_text_rows(const LkTrainer *trainer)
{
    return trainer->chunks > 1 ? LK_CLIP_CHUNK * trainer->chunks + 2 : LK_CLIP_SEQUENCE;
}

bool lk_trainer_text_states(const LkTrainer *trainer, guint picture, float *out, GError **error)
{
    gsize count = (gsize)trainer->chunks * LK_CLIP_SEQUENCE;
    g_autofree int32_t *ids = g_new(int32_t, count);
    lk_trainer_tokens(trainer, picture, NULL, ids);
    LkCacheKey key = lk_text_key(ids, count, trainer->text_identity);
    int width = (int)lk_checkpoint_arch(trainer->checkpoint)->text.width;
    if (lk_latent_cache_get_text(trainer->cache, &key, lk_trainer_text_rows(trainer), width, out))
        return true;
    return lk_set_error(error, LK_ERROR_IO,
                        _("The cached text states of a caption are gone or damaged. Start the run again: they are made "
                          "anew then."));
}

/** Prepares the encoder the first time it is needed. */
static bool need_text_program(LkTrainer *trainer, GError **error)
{
    if (trainer->text.graph)
        return true;
    LkError problem = {0};
    LkPrepared *list[1] = {&trainer->text.prepared};
    LkWeightSource source = lk_checkpoint_source(trainer->checkpoint);
    return (add_text(trainer, &problem) && lk_prepared_bind(list, 1, &source, &problem)) ||
           lk_gerror_take(error, &problem);
}

static bool encode_caption(LkTrainer *trainer, guint picture, float *states, GError **error)
{
    gsize count = (gsize)trainer->chunks * LK_CLIP_SEQUENCE;
    int rows = lk_trainer_text_rows(trainer), width = (int)lk_checkpoint_arch(trainer->checkpoint)->text.width;
    g_autofree int32_t *ids = g_new(int32_t, count);
    lk_trainer_tokens(trainer, picture, NULL, ids);
    LkCacheKey key = lk_text_key(ids, count, trainer->text_identity);
    if (lk_latent_cache_get_text(trainer->cache, &key, rows, width, states))
        return true;
    LkError problem = {0};
    if (!need_text_program(trainer, error))
        return false;
    if (!encode_text(trainer, ids, states, (gsize)rows * (gsize)width * sizeof *states, &problem))
        return lk_gerror_take(error, &problem);
    return lk_latent_cache_put_text(trainer->cache, &key, rows, width, states, error);
}

bool lk_trainer_encode_texts(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    guint total = trainer->dataset->pictures->len;
    gsize width = (gsize)lk_checkpoint_arch(trainer->checkpoint)->text.width;
    g_autofree float *states = g_new(float, (gsize)lk_trainer_text_rows(trainer) * width);
    bool ok = true;
    for (guint i = 0; ok && i < total; i++) {
        if (events && events->should_stop && events->should_stop(events->context))
            ok = lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while captions were being encoded."));
        else
            ok = encode_caption(trainer, i, states, error);
        lk_trainer_tell(
            events,
            &(LkTrainerEvent){.kind = LK_EVENT_PHASE, .text = N_("Encoding captions"), .done = i + 1, .total = total});
    }
    free_text(trainer);
    trainer->api->trim(trainer->device);
    return ok;
}
