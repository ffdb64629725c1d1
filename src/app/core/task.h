/* A task in the window: its record in the store, and while it is in the queue the run that does it. What the run tells
 * is kept here and written to the store, so that pages only look at the task. */
#pragma once

#include "app/core/store_thread.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/tasks.h"
#include "worker/run.h"

G_BEGIN_DECLS

#define LK_TYPE_TASK (lk_task_get_type())
G_DECLARE_FINAL_TYPE(LkTask, lk_task, LK, TASK, GObject)

/* Properties (read only, with notify): `id`, `project-id`, `number`, `name`; `state` (int, LkTaskState); `step`,
 * `steps`, `epoch`, `epochs`, `seconds` (trained so far), `error` (string or NULL), `run` (LkRun or NULL); `title`
 * ("Task 3"), `summary` ("Epoch 7 of 10 · 13 min left", or how it ended). Signals: `metrics` (uint first): metrics were
 * added, or replaced from that index on; `sample` (index), `checkpoint` (index), `log` (index): one was added;
 * `details`: everything was read from the store. */

LkTask *lk_task_new(LkStoreThread *store, const LkTaskRecord *record);

gint64 lk_task_get_id(LkTask *self);
gint64 lk_task_get_project_id(LkTask *self);
guint lk_task_get_number(LkTask *self);
LkTaskState lk_task_get_state(LkTask *self);
gint64 lk_task_get_step(LkTask *self);
gint64 lk_task_get_steps(LkTask *self);
gint64 lk_task_get_epoch(LkTask *self);
gint64 lk_task_get_epochs(LkTask *self);
/** Spent training so far, pauses left out. */
double lk_task_get_seconds(LkTask *self);
gint64 lk_task_get_created(LkTask *self);
gint64 lk_task_get_ended(LkTask *self);
const char *lk_task_get_name(LkTask *self);
const char *lk_task_get_error(LkTask *self);
/** The LkErrorCode of `error`; 0 where it is not known. */
int lk_task_get_error_code(LkTask *self);
/** The job it runs, as TOML; and where its files are. */
const char *lk_task_get_job(LkTask *self);
const char *lk_task_get_job_path(LkTask *self);
const char *lk_task_get_output_dir(LkTask *self);
const char *lk_task_get_output_name(LkTask *self);
const char *lk_task_get_device(LkTask *self);
/** The run that does it; NULL unless it is in the queue. */
LkRun *lk_task_get_run(LkTask *self);
/** The name that a person gave it, or its number: "Task 3". */
char *lk_task_make_title(LkTask *self);
/** "Task 3", whatever its name is. */
char *lk_task_make_number_title(LkTask *self);
/** A name as lk_task_name_tidy gives it, written to the store; "": none, its number is its title again. Nothing but the
 * task's title changes: folder, files and job keep the names they have. */
void lk_task_set_name(LkTask *self, const char *name);
char *lk_task_make_summary(LkTask *self);

/** Reads metrics, log, samples and checkpoints from the store once; `details` says when they are there. */
void lk_task_load_details(LkTask *self);
gboolean lk_task_has_details(LkTask *self);
/* Borrowed; they grow while the task runs. */
const GArray *lk_task_get_metrics(LkTask *self);        /* LkTaskMetric */
const GArray *lk_task_get_validations(LkTask *self);    /* LkTaskValidation */
const GArray *lk_task_get_log(LkTask *self);            /* LkTaskLogLine */
const GPtrArray *lk_task_get_samples(LkTask *self);     /* LkTaskSample * */
const GPtrArray *lk_task_get_checkpoints(LkTask *self); /* LkTaskCheckpoint * */

/** Makes a checkpoint the best of its task; another loses the mark. */
void lk_task_mark_best(LkTask *self, const LkTaskCheckpoint *checkpoint);
/** The loss of the checkpoint at `path` on held-out pictures. */
void lk_task_set_held_out(LkTask *self, const char *path, double loss);
/** Takes a checkpoint out of the list; its file stays. The pointer is not valid afterwards. */
void lk_task_forget_checkpoint(LkTask *self, const LkTaskCheckpoint *checkpoint);

/** For the queue: the run that does this task from now on, NULL when it is over. */
void lk_task_set_run(LkTask *self, LkRun *run);
/** For the queue: a state that no run tells (queued, interrupted), written to the store. */
void lk_task_set_state(LkTask *self, LkTaskState state);

/** A stretch of time in words: "less than a minute", "13 min", "2 h 5 min". */
char *lk_say_duration(double seconds);
/** A moment (microseconds since 1970) in words: "26 Nov 2026, 14:38". */
char *lk_say_time(gint64 time);
/** "Running", for people. */
const char *lk_task_state_title(LkTaskState state);
/** Whether it was paused, stopped, interrupted or has failed: then it can go on. */
gboolean lk_task_can_continue(LkTask *self);

G_END_DECLS
