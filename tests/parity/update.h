/* The optimizer's step of a case. */
#pragma once

#include "case.h"

#include "training/update_graph.h"

/** The case's optimizer, and its options as its log has them; AdamW where it names none. */
LkOptimizerType update_optimizer(const Case *c);

/** Writes what the optimizer keeps as it begins. `initial` is the adapter. */
bool update_begin(const Case *c, const LkBackend *api, LkProgram *program, const LkUpdateGraph *u, const float *initial,
                  LkError *error);

/** Runs step number `step` (from 0); `clip` receives the gradient's norm and the factor. */
bool update_run(const Case *c, const LkBackend *api, LkProgram *program, const LkUpdateGraph *u, const LkLora *lora,
                int step, float clip[2], LkError *error);
