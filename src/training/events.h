/* What a training run tells while it goes on, and how it is asked to stop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum LkEventKind {
    LK_EVENT_PHASE,  /* text says what is being prepared; done of total */
    LK_EVENT_START,  /* the first step begins: total steps */
    LK_EVENT_STEP,   /* one optimizer step is done */
    LK_EVENT_SAMPLE, /* a sample picture was written: path */
    LK_EVENT_SAVED,  /* a checkpoint was written: path */
    LK_EVENT_STATE,  /* the state was written: path */
    LK_EVENT_LOG,    /* text: something worth knowing */
    LK_EVENT_DONE,   /* the last checkpoint was written: path */
} LkEventKind;

typedef struct LkTrainerEvent {
    LkEventKind kind;
    const char *text, *path; /* valid during the call */
    int64_t done, total;
    int64_t step;  /* steps done, from 1 */
    int64_t epoch; /* from 1 */
    double loss, learning_rate, grad_norm, seconds;
} LkTrainerEvent;

/** Both functions may be NULL. They are called on the thread that runs the training. */
typedef struct LkTrainerEvents {
    void *context;
    void (*event)(void *context, const LkTrainerEvent *event);
    bool (*should_stop)(void *context); /* asked between steps: true saves the state and ends the run */
} LkTrainerEvents;
