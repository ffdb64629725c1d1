/* One training run as the window sees it: a thread that runs the engine, properties that say where it stands, signals
 * for what it made, and requests that it answers between two steps.
 *
 * Everything is told in the main context that was the thread's default when the run was made, in the order in which it
 * happened, at most LK_RUN_WAKEUPS times a second however fast the steps are: the steps in between come as one batch.
 * Use a run from that context's thread alone.
 *
 * Properties (read only, with notify):
 *    state             LkRunState
 *    step, steps       int64: optimizer steps done, and in all
 *    epoch, epochs     int64: the epoch that runs, from 1, and how many there are
 *    loss, smoothed-loss, learning-rate, grad-norm   double: of the newest step; the loss also as a moving average
 *    seconds-per-step  double: moving average; 0 before the first step
 *    seconds-left      double: to the end of the run with what saving and sampling took so far; -1 where not known
 *    phase             string: what is done beside steps, for people: "Encoding pictures", "Making sample pictures";
 *                      NULL while steps run
 *    phase-done, phase-total  int64: how much of it; 0 of 0 where that cannot be said
 *    memory-used, memory-total  int64: bytes that the run holds on the device, and the device's size; used is 0 while
 *                      nothing runs
 *    device            string: what computes, "AMD Ryzen 9 …"; NULL before it was opened
 *    error-message     string: why it failed; NULL else
 *
 * Signals:
 *    metrics (GArray *records)                   LkStepRecord, oldest first; the array is valid during the call
 *    sample-ready (char *path, int64 step, int64 epoch, int prompt)   a sample picture; prompt counts from 0
 *    checkpoint-saved (char *path, int64 step, int64 epoch)           a LoRA file, the last one too
 *    state-saved (char *path, int64 step)        what resuming goes on from
 *    changed (char *key, char *value, int64 step)   a change of lk_run_change took effect after so many steps; also
 *                                                told, with their old steps, of those that a resumed run comes with
 *    validated (int64 step, int64 epoch, double loss)   pictures that are held out were measured after so many steps
 *    log (LkLogLevel level, char *text)          something worth knowing, a whole sentence
 *    finished (char *path)                       the last LoRA file is written; state is finished already
 *    failed (GError *error)                      state is failed already */
#pragma once

#include "training/job.h"

#include <gio/gio.h>

G_BEGIN_DECLS

enum { LK_RUN_WAKEUPS = 20 };

typedef enum LkRunState {
    LK_RUN_IDLE,
    LK_RUN_PREPARING, /* opening, encoding, loading */
    LK_RUN_RUNNING,
    LK_RUN_PAUSING,  /* asked to; the step is being finished and the state saved */
    LK_RUN_PAUSED,   /* the state is saved, the device is free; or a file cannot be written, as phase says: the run
                      * keeps what it has, tries again every few seconds, and goes on by itself when that is mended */
    LK_RUN_STOPPING, /* asked to */
    LK_RUN_STOPPED,  /* ended on request; can be started again */
    LK_RUN_FINISHED,
    LK_RUN_FAILED, /* see error-message; can be started again, the last good state is kept */
} LkRunState;

#define LK_TYPE_RUN_STATE (lk_run_state_get_type())
GType lk_run_state_get_type(void);

typedef enum LkLogLevel {
    LK_LOG_INFO,
    LK_LOG_WARNING,
} LkLogLevel;

#define LK_TYPE_LOG_LEVEL (lk_log_level_get_type())
GType lk_log_level_get_type(void);

/** One optimizer step. */
typedef struct LkStepRecord {
    int64_t step, epoch; /* from 1 */
    double loss, smoothed_loss, learning_rate, grad_norm;
    double seconds; /* that the step took */
} LkStepRecord;

#define LK_TYPE_RUN (lk_run_get_type())
G_DECLARE_FINAL_TYPE(LkRun, lk_run, LK, RUN, GObject)

/** A run of a job (copied; it must have passed lk_job_check) on a device: "auto", "cpu", "cuda:0". Nothing begins yet.
 * Giving up the last reference to a run that is under way asks it to stop with its state saved and waits for that: one
 * step at most. Let a window stop it before. */
LkRun *lk_run_new(const LkJob *job, const char *device);

/** The job as it was given; and with the changes that are in effect. */
const LkJob *lk_run_get_job(LkRun *run);
const LkJob *lk_run_get_changed_job(LkRun *run);
LkRunState lk_run_get_state(LkRun *run);
/** Why it failed, or NULL. */
const GError *lk_run_get_error(LkRun *run);
/** Whether its thread is at work: preparing, running, pausing or stopping. */
bool lk_run_is_active(LkRun *run);

/* Requests. Each returns whether it makes sense in the present state, and does nothing where it does not. They are
 * answered between two steps (or two pictures that are being encoded). */

/** Begins, from the newest saved state with `resume`, where there is one. From idle, stopped, failed, finished. */
bool lk_run_start(LkRun *run, bool resume);
/** Saves the state and gives the device's memory back: pausing, then paused. */
bool lk_run_pause(LkRun *run);
/** Goes on from there. The LoRA will have the bytes of a run that was never paused. */
bool lk_run_resume(LkRun *run);
/** Ends the run with its state and, if a step was done, a LoRA file as it is now, named like a step's checkpoint:
 * NAME-step00000720.safetensors. Also when paused. */
bool lk_run_stop_and_save(LkRun *run);
/** Ends the run and removes its state, so that it cannot be resumed. Checkpoints and samples that it wrote stay, as do
 * files that were there before; a state of an earlier run that this one has not replaced is left alone. Also
 * when paused. */
bool lk_run_stop_discard(LkRun *run);

/** Writes a LoRA file as it is now, named like a step's checkpoint. While preparing or running. */
bool lk_run_save_now(LkRun *run);
/** Makes the sample pictures now. While preparing or running. Where there are no sample prompts, `log` says so. */
bool lk_run_sample_now(LkRun *run);

/** Changes a parameter of the run from its next step on, value as for lk_job_set ("5e-5", `["a bird --w 512"]`). Keys:
 * lk_run_change_keys(). The change is part of the run: its state remembers it, a resumed run has it. Also when paused;
 * it then takes effect on resuming. False with words where key or value cannot be used. What only shows in the engine
 * (a sample prompt that needs more memory than there is) comes as a warning in `log`, and nothing is changed then. */
bool lk_run_change(LkRun *run, const char *key, const char *value, GError **error);
/** What can be changed while a run is under way: learning_rate, unet_lr, text_encoder_lr, sample_prompts,
 * sample_every_… , save_every_… ; NULL-terminated. */
const char *const *lk_run_change_keys(void);

G_END_DECLS
