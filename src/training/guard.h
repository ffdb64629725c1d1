/* What is done about numbers that are none: a pure function of what the steps gave, so that a resumed run does what
 * one that was never stopped would have done.
 *
 * fp16 ends at 65504, and small gradients vanish below 6e-8. So the loss is multiplied by a scale before the backward
 * pass and the gradient divided by it: the scale is halved when a gradient overflows, and that step left out; it is
 * doubled after many good steps (Micikevicius et al. 2018, "Mixed Precision Training"; the numbers are those of
 * torch.amp.GradScaler). Powers of two change no bit of a result.
 *
 * Every other loss or gradient that is not finite is trouble. The optimizer changed nothing, so the weights are those
 * of the step before; that step is left out and the learning rates are halved, once. When it happens again the run
 * stops. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct LkGuard {
    double scale;    /* factor of the loss; 1 unless the run computes in fp16 */
    int64_t good;    /* steps since the scale changed */
    int64_t skipped; /* steps that changed nothing: the optimizer has not counted them */
    int64_t trouble; /* the step, from 1, that was left out because of trouble; 0: none */
} LkGuard;

/** What a step gave. */
typedef enum LkHealth {
    LK_HEALTH_GOOD,
    LK_HEALTH_GRADIENT, /* the loss is finite, its gradient is not */
    LK_HEALTH_LOSS,     /* the loss is not finite, or what it is made of */
} LkHealth;

/** What to do. */
typedef enum LkRemedy {
    LK_REMEDY_NONE,
    LK_REMEDY_RESCALE, /* the step is left out, the scale is halved: nothing to worry about */
    LK_REMEDY_SLOWER,  /* the step is left out, the learning rates are to be halved */
    LK_REMEDY_STOP,    /* the guard is as before the step */
} LkRemedy;

/** The guard of a new run. */
LkGuard lk_guard_new(bool fp16);

/** Takes note of step number `step` (from 1). */
LkRemedy lk_guard_step(LkGuard *guard, bool fp16, int64_t step, LkHealth health);

/** What a state file says of it; NULL for that of a new run. Free with g_free. */
char *lk_guard_write(const LkGuard *guard, bool fp16);

/** Reads it (NULL: of a new run). False where it says what no run can. */
bool lk_guard_read(LkGuard *guard, bool fp16, const char *text);
