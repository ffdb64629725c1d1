#include "sampling/stage_cache.h"

#include <string.h>

typedef struct Measure {
    LkStageKey key;
    int64_t weights;
} Measure;

static void free_stage(gpointer stage)
{
    lk_stage_free(stage);
}

void lk_stage_cache_init(LkStageCache *cache, const LkGeneratorOptions *options)
{
    *cache = (LkStageCache){.options = options,
                            .stages = g_ptr_array_new_with_free_func(free_stage),
                            .measured = g_array_new(FALSE, FALSE, sizeof(Measure))};
}

void lk_stage_cache_clear(LkStageCache *cache)
{
    g_clear_pointer(&cache->stages, g_ptr_array_unref);
    g_clear_pointer(&cache->measured, g_array_unref);
    cache->options->api->trim(cache->options->device);
}

static bool same_key(LkStageKey a, LkStageKey b)
{
    return a.kind == b.kind && a.height == b.height && a.width == b.width && a.chunks == b.chunks && a.batch == b.batch;
}

/** The most weights that are held at once: each kind's, or only the larger of those that are given back. */
static int64_t weights_at_once(const LkStageCache *cache)
{
    int64_t most[3] = {0};
    for (guint i = 0; i < cache->measured->len; i++) {
        const Measure *m = &g_array_index(cache->measured, Measure, i);
        most[m->key.kind] = MAX(most[m->key.kind], m->weights);
    }
    int64_t text = most[LK_STAGE_TEXT], decoder = most[LK_STAGE_DECODER];
    return most[LK_STAGE_UNET] + (cache->options->keep_all ? text + decoder : MAX(text, decoder));
}

bool lk_stage_cache_is_measured(const LkStageCache *cache, LkStageKey key)
{
    for (guint i = 0; i < cache->measured->len; i++)
        if (same_key(g_array_index(cache->measured, Measure, i).key, key))
            return true;
    return false;
}

/** Notes what a new stage needs; `weights` is what it uses and no other program does. */
static void note(LkStageCache *cache, const LkStage *stage, int64_t weights)
{
    const LkBackend *api = cache->options->api;
    if (lk_stage_cache_is_measured(cache, stage->key))
        return;
    Measure measure = {.key = stage->key, .weights = weights};
    g_array_append_val(cache->measured, measure);
    cache->memory.weights = weights_at_once(cache);
    cache->memory.states = MAX(cache->memory.states, api->state_bytes(stage->prepared.program));
    cache->memory.arena = MAX(cache->memory.arena, stage->prepared.plan->arena_bytes);
}

/** Takes the longest unused stage of a kind out where there are too many. */
static void make_room(LkStageCache *cache, LkStageKind kind)
{
    int of_kind = 0;
    for (guint i = cache->stages->len; i > 0; i--) {
        const LkStage *stage = g_ptr_array_index(cache->stages, i - 1);
        if (stage->key.kind == kind && ++of_kind >= LK_STAGES_KEPT)
            g_ptr_array_remove_index(cache->stages, i - 1);
    }
}

LkStage *lk_stage_cache_get(LkStageCache *cache, LkStageKey key, LkError *error)
{
    for (guint i = 0; i < cache->stages->len; i++) {
        LkStage *stage = g_ptr_array_index(cache->stages, i);
        if (same_key(stage->key, key)) {
            g_ptr_array_add(cache->stages, g_ptr_array_steal_index(cache->stages, i));
            return stage;
        }
    }
    make_room(cache, key.kind);
    const LkBackend *api = cache->options->api;
    int64_t before = api->planned_weights(cache->options->device);
    LkStage *stage = lk_stage_new(cache->options, key, error);
    if (!stage)
        return NULL;
    note(cache, stage, api->planned_weights(cache->options->device) - before);
    g_ptr_array_add(cache->stages, stage);
    return stage;
}

void lk_stage_cache_done(LkStageCache *cache, LkStage *stage)
{
    if (stage->key.kind == LK_STAGE_UNET || cache->options->keep_all)
        return;
    g_ptr_array_remove(cache->stages, stage);
    cache->options->api->trim(cache->options->device);
}
