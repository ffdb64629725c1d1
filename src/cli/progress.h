/* How a training run is told: as a bar, as lines, as JSON lines, or not at all.
 *
 * JSON goes to stdout, one object a line, each with "event":
 *    phase    text, done, total           what is being prepared
 *    start    steps, step                 steps in all; steps done already (resumed)
 *    step     step, epoch, loss, lr, grad_norm, seconds
 *    sample, saved, state    step, path
 *    change   key, value, step                          a parameter has another value from that step on
 *    log      text
 *    problem  kind, key, value, allowed, line, text     of the job
 *    done     path, step
 *    error    code, message, exit
 * Everything for people goes to stderr, and in the end the LoRA's path to stdout. */
#pragma once

#include "training/events.h"
#include "training/problem.h"

typedef enum LkProgressMode {
    LK_PROGRESS_AUTO, /* a bar on a terminal, else lines */
    LK_PROGRESS_BAR,
    LK_PROGRESS_JSON,
    LK_PROGRESS_NONE,
    LK_PROGRESS_LINES, /* what AUTO may become */
} LkProgressMode;

/** The names that --progress takes, in that order. */
extern const char *const lk_progress_modes[];

typedef struct LkProgress LkProgress;

LkProgress *lk_progress_new(LkProgressMode mode);
void lk_progress_free(LkProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkProgress, lk_progress_free)

/** For LkTrainerEvents: `progress` is an LkProgress. */
void lk_progress_event(void *progress, const LkTrainerEvent *event);
/** What was found in the job; `source` is the job file. */
void lk_progress_problems(LkProgress *progress, const GPtrArray *problems, const char *source);
/** The end, where it is not a good one. Returns what the program ends with. */
int lk_progress_fail(LkProgress *progress, const GError *error);
