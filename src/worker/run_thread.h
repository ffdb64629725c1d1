/* The thread of a run: it performs the job, answers requests between steps and posts letters. Private to this folder.
 */
#pragma once

#include "training/job.h"
#include "worker/mailbox.h"
#include "worker/run.h"

/** What the thread tells. */
typedef enum LkRunLetterKind {
    LK_LETTER_PHASE,  /* text, done, total */
    LK_LETTER_OPENED, /* text: the device; steps, epochs, memory_total */
    LK_LETTER_BEGUN,  /* steps begin: step */
    LK_LETTER_STEP,   /* record, memory_used, time */
    LK_LETTER_SAMPLE,
    LK_LETTER_SAVED,
    LK_LETTER_LAST, /* saved: the run's last file */
    LK_LETTER_STATE,
    LK_LETTER_CHANGED,   /* key, text, step */
    LK_LETTER_VALIDATED, /* step, epoch, record.loss */
    LK_LETTER_LOG,       /* level, text */
    LK_LETTER_HELD,      /* a file cannot be written: text; the thread waits */
    LK_LETTER_GOES_ON,   /* it could */
    LK_LETTER_END,       /* the last one: error where it did not finish; answered */
} LkRunLetterKind;

/** How a run is to end before its time. */
typedef enum LkRunEnd {
    LK_RUN_END_NONE,
    LK_RUN_END_PAUSE, /* with its state */
    LK_RUN_END_SAVE,  /* with its state and a LoRA file */
    LK_RUN_END_DISCARD,
} LkRunEnd;

typedef struct LkRunLetter {
    LkRunLetterKind kind;
    LkLogLevel level;
    char *text, *path, *key;
    GError *error;
    int64_t done, total, step, steps, epoch, epochs;
    int prompt;
    LkStepRecord record; /* without the smoothed loss */
    int64_t memory_used, memory_total;
    int64_t time; /* monotonic, when the step was done */
    LkRunEnd answered;
} LkRunLetter;

void lk_run_letter_free(gpointer letter);

typedef struct LkRunThread LkRunThread;

/** A thread that has not begun. Letters go to the mailbox. */
LkRunThread *lk_run_thread_new(const LkJob *job, const char *device, LkMailbox *mailbox);
/** Waits for it, as lk_run_thread_join does, and frees it. */
void lk_run_thread_free(LkRunThread *thread);

/** What to perform: the job, or only the LoRA file of its saved state. */
typedef enum LkRunTask {
    LK_RUN_TRAIN,
    LK_RUN_TRAIN_ON, /* from the saved state */
    LK_RUN_EXPORT,
} LkRunTask;
void lk_run_thread_begin(LkRunThread *thread, LkRunTask task);
/** Waits for the end of what was begun. Nothing where that was waited for already. */
void lk_run_thread_join(LkRunThread *thread);

/** Asks for an end; a later wish counts. */
void lk_run_thread_end(LkRunThread *thread, LkRunEnd end);
/** Has a thread that waits for the disk try again at once, and not in a few seconds. */
void lk_run_thread_try(LkRunThread *thread);

typedef enum LkRunRequestKind {
    LK_REQUEST_SAVE,
    LK_REQUEST_SAMPLE,
    LK_REQUEST_CHANGE,
} LkRunRequestKind;
/** Asks for something between two steps; key and value (copied) of a change. */
void lk_run_thread_ask(LkRunThread *thread, LkRunRequestKind kind, const char *key, const char *value);
/** Forgets what was asked for. */
void lk_run_thread_clear(LkRunThread *thread);
