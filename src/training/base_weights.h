/* LoRAs that are merged into the base model before training: base_weights and base_weights_multiplier. */
#pragma once

#include "model/checkpoint.h"
#include "training/job.h"

typedef struct LkBaseWeights LkBaseWeights;

/** Reads the job's base_weights and lets the checkpoint's weights be read with them; NULL where there are none (no
 * error) or with an error. Must live as long as the checkpoint. Modules that the base model has no layer for are
 * counted in *unused. */
LkBaseWeights *lk_base_weights_merge(const LkJob *job, LkCheckpoint *checkpoint, int *unused, GError **error);
void lk_base_weights_free(LkBaseWeights *weights);
