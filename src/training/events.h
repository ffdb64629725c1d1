/* What a training run tells while it goes on, and how it is asked to stop. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LkEventKind {
    LK_EVENT_PHASE,      /* text says what is done beside steps (N_(): translate it to show it); done of total */
    LK_EVENT_START,      /* the first step begins: total steps */
    LK_EVENT_STEP,       /* one optimizer step is done */
    LK_EVENT_SAMPLE,     /* a sample picture was written: path */
    LK_EVENT_SAVED,      /* a checkpoint was written: path */
    LK_EVENT_STATE,      /* the state was written: path */
    LK_EVENT_CHANGE,     /* a parameter has another value from here on: key, text */
    LK_EVENT_LOG,        /* text: something worth knowing; warning */
    LK_EVENT_DONE,       /* the last checkpoint was written: path */
    LK_EVENT_VALIDATION, /* held-out pictures were measured: loss */
} LkEventKind;

typedef struct LkTrainerEvent {
    LkEventKind kind;
    const char *text, *path, *key; /* valid during the call */
    int64_t done, total;
    int64_t step;  /* steps done, from 1 */
    int64_t epoch; /* from 1 */
    int prompt;    /* of a sample picture, from 0 */
    bool warning;  /* LOG: the result may not be what was meant */
    double loss, learning_rate, grad_norm, seconds;
} LkTrainerEvent;

/** What can be asked for between two steps (training/trainer_control.h). */
typedef struct LkTrainerControl LkTrainerControl;

/** All functions may be NULL. They are called on the thread that runs the training. */
typedef struct LkTrainerEvents {
    void *context;
    void (*event)(void *context, const LkTrainerEvent *event);
    void (*between_steps)(void *context, LkTrainerControl *control); /* before each step, and after the last */
    bool (*should_stop)(void *context); /* asked after that: true saves the state and ends the run */
    /** A file cannot be written, as `reason` says. May wait; true: try once more, false (as without it): end the run.
     */
    bool (*refused)(void *context, const char *reason);
} LkTrainerEvents;

/** Tells a listener something; both may be missing. */
void lk_trainer_tell(const LkTrainerEvents *events, const LkTrainerEvent *event);

/** Whether what could not be written shall be tried once more, and frees the error then. A folder that is gone is made
 * anew, and that is told. Other errors than those of the disk are not tried again. */
bool lk_trainer_try_again(const LkTrainerEvents *events, const char *folder, GError **error);
