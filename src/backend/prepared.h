/* A graph on its way to running: compiled, planned, then bound to memory. */
#pragma once

#include "backend/backend.h"

typedef struct LkPrepared {
    const LkBackend *api;
    LkDevice *device;
    LkProgram *program;
    LkPlan *plan;
} LkPrepared;

/** Compiles and plans a graph; takes no memory for its tensors. */
bool lk_prepare(LkPrepared *prepared, const LkBackend *api, LkDevice *device, const LkGraph *graph, LkError *error);

/** Reserves the arena for these graphs together and binds them. They share the arena: run one at a time, and write its
 * inputs before each run. */
bool lk_prepared_bind(LkPrepared *const *prepared, int count, const LkWeightSource *source, LkError *error);

void lk_prepared_clear(LkPrepared *prepared);
