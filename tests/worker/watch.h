/* A training run that is watched from the main loop. */
#pragma once

#include "worker/run.h"

#include <stdbool.h>

typedef struct Watch {
    LkRun *run;
    GArray *records; /* LkStepRecord of all `metrics` */
    guint batches;   /* how many `metrics` */
    bool in_order;   /* steps came one after the other, each once */
    GString *told;   /* the other signals in their order: "saved bird.safetensors 3; finished bird.safetensors; " */
    GString *states; /* "preparing running finished " */
    GString *log;    /* "info: …; warning: …; " */
    int samples, failures;
    int64_t changed_at; /* the step of the last `changed`, or -1 */
    char *failure;
    void (*on_step)(struct Watch *watch, int64_t step); /* for each step that is told; may be NULL */
} Watch;

/** Takes the run over and connects to everything it tells. */
Watch *watch_new(LkRun *run);
/** Lets go of the run. */
void watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)

/** Runs the main loop until the run rests (idle, paused, stopped, finished, failed) and all is told; its state then. */
LkRunState watch_rest(Watch *watch);
/** Runs the main loop until so many steps are done (or the run rests). */
void watch_step(Watch *watch, int64_t step);
/** Runs the main loop until the run is in this state. False after a minute. */
bool watch_state(Watch *watch, LkRunState state);
