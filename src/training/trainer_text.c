/* What a run's text encoders make of captions: token ids at every moment, and, where the encoders are not trained and
 * captions stay the same, cached states. */
#include "training/trainer_private.h"

#include "base/memory.h"
#include "format/gerror.h"
#include "text/weighted.h"

#include <glib/gi18n.h>

static const LkModelArch *arch_of(const LkTrainer *trainer)
{
    return lk_checkpoint_arch(trainer->checkpoint);
}

/* Token ids -------------------------------------------------------------------------------------------------------- */

gsize lk_trainer_token_count(const LkTrainer *trainer)
{
    return (gsize)trainer->chunks * LK_CLIP_SEQUENCE;
}

void lk_trainer_tokens(const LkTrainer *trainer, guint picture, const LkCaptionMoment *moment, int text, int32_t *ids,
                       float *weights)
{
    const LkDatasetPicture *p = g_ptr_array_index(trainer->dataset->pictures, picture);
    g_autofree char *caption = lk_caption_process(p->caption.text, &p->subset->caption, moment);
    int32_t pad_id = arch_of(trainer)->texts[text].pad_id;
    if (trainer->job->weighted_captions)
        lk_weighted_token_ids(trainer->tokenizer, caption, trainer->chunks, pad_id, ids, weights);
    else
        lk_clip_token_ids(trainer->tokenizer, caption, trainer->chunks, pad_id, ids);
}

bool lk_trainer_write_text(const LkBackend *api, LkProgram *program, const LkModelArch *arch,
                           const LkTextEncoders *encoders, const int32_t *const *ids, int64_t batch, int chunks,
                           LkError *error)
{
    gsize bytes = (gsize)batch * (gsize)chunks * LK_CLIP_SEQUENCE * sizeof **ids;
    bool ok = true;
    for (int i = 0; ok && i < arch->n_texts; i++)
        ok = api->write(program, encoders->ids[i], ids[i], bytes, error);
    if (!ok || encoders->rows == LK_NONE)
        return ok;
    gsize count = (gsize)lk_text_rows_count(arch, batch, chunks);
    g_autofree float *rows = lk_memory_new(count, sizeof *rows, error);
    if (!rows)
        return false;
    lk_text_rows(arch, ids[arch->n_texts - 1], batch, chunks, rows);
    return api->write(program, encoders->rows, rows, count * sizeof *rows, error);
}

/* The encoders by themselves --------------------------------------------------------------------------------------- */

/** The text encoders without adapter, for one caption. */
static bool add_text(LkTrainer *trainer, LkError *error)
{
    LkTextProgram *text = &trainer->text;
    LkGraph *graph = text->graph = lk_graph_new(trainer->compute);
    if (!graph)
        return lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the text encoder."));
    graph->tf32 = trainer->job->allow_tf32;
    LkBuilder builder = {.graph = graph, .checkpoint = trainer->checkpoint};
    text->encoders = lk_text_encoders_build(&builder, arch_of(trainer), 1, trainer->chunks, trainer->job->clip_skip);
    LkRef *results[2] = {&text->encoders.states, &text->encoders.pooled};
    for (int i = 0; i < 2; i++) {
        if (*results[i] != LK_NONE && trainer->compute != LK_F32)
            *results[i] = lk_cast(graph, *results[i], LK_F32);
        lk_graph_output(graph, *results[i]);
    }
    return lk_graph_check(graph, error) && lk_prepare(&text->prepared, trainer->api, trainer->device, graph, error);
}

void lk_trainer_free_text(LkTrainer *trainer)
{
    lk_prepared_clear(&trainer->text.prepared);
    lk_graph_free(trainer->text.graph);
    trainer->text = (LkTextProgram){0};
}

bool lk_trainer_plan_text(LkTrainer *trainer, int64_t *bytes, GError **error)
{
    LkError problem = {0};
    *bytes = 0;
    if (!trainer->cached_text)
        return true;
    bool ok = add_text(trainer, &problem);
    if (ok)
        *bytes = trainer->text.prepared.plan->arena_bytes + trainer->api->weight_bytes(trainer->text.prepared.program);
    lk_trainer_free_text(trainer);
    return ok || lk_gerror_take(error, &problem);
}

/** Prepares the encoders the first time they are needed. */
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

/* Cached states ---------------------------------------------------------------------------------------------------- */

LkTextSize lk_trainer_text_size(const LkTrainer *trainer)
{
    const LkModelArch *arch = arch_of(trainer);
    return (LkTextSize){.states = (gsize)(lk_text_length(arch, trainer->chunks) * lk_arch_context(arch)),
                        .pooled = (gsize)lk_arch_pooled(arch)};
}

/** Where the cache has a caption's states: one row of both parts where there is a pooled output, else a row a token. */
static void cache_shape(const LkTrainer *trainer, int *rows, int *width)
{
    const LkModelArch *arch = arch_of(trainer);
    LkTextSize size = lk_trainer_text_size(trainer);
    *rows = size.pooled ? 1 : (int)lk_text_length(arch, trainer->chunks);
    *width = size.pooled ? (int)(size.states + size.pooled) : (int)lk_arch_context(arch);
}

/** The token ids of a picture's caption for all encoders (g_free), and the key of their states, which are kept without
 * weights. */
static int32_t *caption_ids(const LkTrainer *trainer, guint picture, float *weights, LkCacheKey *key)
{
    gsize count = lk_trainer_token_count(trainer);
    int32_t *ids = g_new(int32_t, count *(gsize)arch_of(trainer)->n_texts);
    for (int i = 0; i < arch_of(trainer)->n_texts; i++)
        lk_trainer_tokens(trainer, picture, NULL, i, ids + (gsize)i * count, weights);
    *key = lk_text_key(ids, count, trainer->text_identity); /* the encoders' ids differ in the padding alone */
    return ids;
}

/** Computes one caption's states, and the pooled text behind them. */
static bool encode_text(LkTrainer *trainer, const int32_t *ids, float *out, LkError *error)
{
    LkTextProgram *text = &trainer->text;
    LkProgram *program = text->prepared.program;
    LkTextSize size = lk_trainer_text_size(trainer);
    const int32_t *each[LK_MAX_TEXTS] = {ids, ids + lk_trainer_token_count(trainer)};
    return lk_trainer_write_text(trainer->api, program, arch_of(trainer), &text->encoders, each, 1, trainer->chunks,
                                 error) &&
           trainer->api->run(program, error) &&
           trainer->api->read(program, text->encoders.states, out, size.states * sizeof *out, error) &&
           (size.pooled == 0 ||
            trainer->api->read(program, text->encoders.pooled, out + size.states, size.pooled * sizeof *out, error));
}

/** Every token's state times the token's weight. */
static void weigh(const LkTrainer *trainer, const float *weights, float *states)
{
    gsize width = (gsize)lk_arch_context(arch_of(trainer)), count = lk_trainer_text_size(trainer).states;
    for (gsize i = 0; trainer->job->weighted_captions && i < count; i++)
        states[i] *= weights[i / width];
}

bool lk_trainer_text_states(const LkTrainer *trainer, guint picture, float *out, GError **error)
{
    LkCacheKey key;
    g_autofree float *weights = g_new(float, (gsize)lk_text_length(arch_of(trainer), trainer->chunks));
    g_autofree int32_t *ids = caption_ids(trainer, picture, weights, &key);
    int rows, width;
    cache_shape(trainer, &rows, &width);
    if (lk_latent_cache_get_text(trainer->cache, &key, rows, width, out)) {
        weigh(trainer, weights, out);
        return true;
    }
    return lk_set_error(error, LK_ERROR_IO,
                        _("The cached text states of a caption are gone or damaged. Start the run again: they are made "
                          "anew then."));
}

static bool encode_caption(LkTrainer *trainer, guint picture, float *out, GError **error)
{
    LkCacheKey key;
    g_autofree float *weights = g_new(float, (gsize)lk_text_length(arch_of(trainer), trainer->chunks));
    g_autofree int32_t *ids = caption_ids(trainer, picture, weights, &key);
    int rows, width;
    cache_shape(trainer, &rows, &width);
    if (lk_latent_cache_get_text(trainer->cache, &key, rows, width, out))
        return true;
    LkError problem = {0};
    if (!need_text_program(trainer, error))
        return false;
    if (!encode_text(trainer, ids, out, &problem))
        return lk_gerror_take(error, &problem);
    return lk_latent_cache_put_text(trainer->cache, &key, rows, width, out, error);
}

bool lk_trainer_encode_texts(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    guint total = trainer->dataset->pictures->len;
    LkTextSize size = lk_trainer_text_size(trainer);
    g_autofree float *states = LK_TRY_NEW(float, size.states + size.pooled, error);
    bool ok = states != NULL;
    for (guint i = 0; ok && i < total; i++) {
        if (events && events->should_stop && events->should_stop(events->context))
            ok = lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while captions were being encoded."));
        else
            ok = encode_caption(trainer, i, states, error);
        lk_trainer_tell(
            events,
            &(LkTrainerEvent){.kind = LK_EVENT_PHASE, .text = N_("Encoding captions"), .done = i + 1, .total = total});
    }
    lk_trainer_free_text(trainer);
    trainer->api->trim(trainer->device);
    return ok;
}
