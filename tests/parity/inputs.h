/* What a step of a case sees. */
#pragma once

#include "case.h"

#include "backend/backend.h"
#include "training/step_graph.h"

/** Writes the inputs of step number `index` (0 for the first). `latents` are the case's, channels last. */
bool case_write_inputs(const Case *c, const LkModelArch *arch, const LkBackend *api, LkProgram *program,
                       const LkStepGraph *s, const float *latents, int index, LkError *error);
