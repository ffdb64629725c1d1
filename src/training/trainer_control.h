/* What a run can be asked for between two of its steps, on its own thread: LkTrainerEvents.between_steps gets a control
 * that is valid during the call. Where a request fails, nothing was changed and the run can go on. */
#pragma once

#include "training/events.h"

#include <glib.h>

/** Optimizer steps done. */
int64_t lk_trainer_control_step(const LkTrainerControl *control);

/** Writes a LoRA file as it is now, named like a step's checkpoint: NAME-step00000720.safetensors. */
bool lk_trainer_save_now(LkTrainerControl *control, GError **error);

/** Makes a picture of every sample prompt, named as those of a step. Works in a run that makes none by itself, if there
 * are prompts and enough memory. */
bool lk_trainer_sample_now(LkTrainerControl *control, GError **error);

/** Changes a parameter from the next step on (training/changes.h says which and how). The state that is saved right
 * after remembers it: a resumed run has it at the same step. */
bool lk_trainer_change(LkTrainerControl *control, const char *key, const char *value, GError **error);

/** Ends the run with LK_ERROR_STOPPED without saving anything, and removes its states (not those of an earlier run that
 * it has not replaced). */
void lk_trainer_discard(LkTrainerControl *control);
