/* How well a LoRA knows what it was not shown: its loss on pictures that no run trained on.
 *
 * Noise and timesteps are the same for every LoRA, so that two values differ only by the weights: of the checkpoints of
 * a run the one with the lowest held-out loss has learned most, and those after it learn by heart. */
#pragma once

#include "backend/backend.h"
#include "training/events.h"
#include "training/job.h"

/** What is measured, and on what. */
typedef struct LkHeldOut {
    const LkJob *job;     /* base model, sizes, caption rules, precision and loss options are taken from it */
    const char *pictures; /* folder of the held-out pictures with their captions */
    const char *lora;     /* file; NULL: the base model alone */
    const LkBackend *api;
    int device_index;
} LkHeldOut;

/** Each picture is seen at so many timesteps, spread evenly over the schedule. */
enum { LK_HELD_OUT_TIMESTEPS = 10 };

/** The mean loss over all pictures and timesteps, weighted as the job weights it, in *loss. Deterministic. Takes the
 * memory that sampling takes, not that of training. `events` may be NULL; it hears phases, and LK_ERROR_STOPPED is the
 * answer when it asks to stop. */
bool lk_held_out_loss(const LkHeldOut *what, const LkTrainerEvents *events, double *loss, GError **error);
