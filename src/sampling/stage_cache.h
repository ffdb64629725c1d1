/* The stages that a generator has at hand, and what all it made need of the device. Private to this folder. */
#pragma once

#include "sampling/stage.h"

enum { LK_STAGES_KEPT = 4 }; /* of each kind: sizes that are asked for again and again */

typedef struct LkStageCache {
    const LkGeneratorOptions *options;
    GPtrArray *stages; /* LkStage *, the last used last */
    GArray *measured;  /* of every stage there was */
    LkGeneratorMemory memory;
} LkStageCache;

void lk_stage_cache_init(LkStageCache *cache, const LkGeneratorOptions *options);
void lk_stage_cache_clear(LkStageCache *cache);

/** The stage of a shape, compiled and planned but not bound. It belongs to the cache and lives until the next call. */
LkStage *lk_stage_cache_get(LkStageCache *cache, LkStageKey key, LkError *error);

/** Whether a shape is counted in `memory`: whether there ever was such a stage. */
bool lk_stage_cache_is_measured(const LkStageCache *cache, LkStageKey key);

/** The caller is done with a stage: text encoder and decoder give their weights back, unless all is kept. */
void lk_stage_cache_done(LkStageCache *cache, LkStage *stage);
