/* Tasks: the training runs of projects, and the queue they wait in. */
#pragma once

#include "base/error.h"
#include "project/store.h"

typedef enum LkTaskState {
    LK_TASK_QUEUED,
    LK_TASK_PREPARING,
    LK_TASK_RUNNING,
    LK_TASK_PAUSED,
    LK_TASK_STOPPED,
    LK_TASK_FINISHED,
    LK_TASK_FAILED,
    LK_TASK_INTERRUPTED, /* the program or machine went down while it ran */
    LK_TASK_STATES,      /* how many there are */
} LkTaskState;

typedef struct LkTaskRecord {
    gint64 id, project;
    guint number; /* within the project, from 1, never used twice */
    char *name;
    LkTaskState state;
    char *job;      /* TOML text that it runs */
    char *job_path; /* where that is as a file, or NULL */
    char *output_dir, *output_name;
    char *device; /* "cpu", "cuda:0", … or "auto" */
    gint64 step, steps;
    gint64 epoch, epochs;
    gint64 created, started, ended, deleted;
    double seconds; /* spent training, pauses left out */
    char *error;    /* why it failed, or NULL */
    int error_code; /* an LkErrorCode of it; 0: none, or not known */
    guint position; /* in the queue from 1; 0: not queued */
    char *note;     /* the user's, or "" */
} LkTaskRecord;

typedef enum LkTaskField {
    LK_TASK_NAME,
    LK_TASK_JOB,
    LK_TASK_JOB_PATH,
    LK_TASK_OUTPUT_DIR,
    LK_TASK_OUTPUT_NAME,
    LK_TASK_DEVICE,
    LK_TASK_NOTE,
} LkTaskField;

void lk_task_record_free(LkTaskRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTaskRecord, lk_task_record_free)

/** A stable name such as "queued", for files and tests; not for people. */
const char *lk_task_state_name(LkTaskState state);
/** True of the states in which a task's thread is at work: preparing and running. */
bool lk_task_state_is_active(LkTaskState state);

/** Makes a task at the end of the queue; reads project, name, job, job_path, output_dir, output_name, device, steps,
 * epochs and note of `draft` (NULL text is ""). Returns its id, 0 on failure. */
gint64 lk_tasks_create(LkStore *store, const LkTaskRecord *draft, GError **error);
/** One task, deleted or not. NULL on failure, LK_ERROR_USAGE if there is none. */
LkTaskRecord *lk_tasks_get(LkStore *store, gint64 id, GError **error);
/** The tasks of a project that are not deleted, newest first: LkTaskRecord, free with g_ptr_array_unref. */
GPtrArray *lk_tasks_list(LkStore *store, gint64 project, GError **error);
/** Of all projects: tasks preparing, running or paused, then the queued ones in their order. Those of deleted projects
 * are left out. */
GPtrArray *lk_tasks_queue(LkStore *store, GError **error);

/** Changes the state, and with it: `started` at the first preparing or running; `ended` at stopped, finished, failed,
 * interrupted (0 again when it goes on); `error` (NULL: none); the place in the queue (its end for queued, else none).
 */
bool lk_tasks_set_state(LkStore *store, gint64 id, LkTaskState state, const char *why, GError **error);
/** Makes it failed, for a reason of a kind: what would help can be told from that later, too. */
bool lk_tasks_set_failed(LkStore *store, gint64 id, LkErrorCode code, const char *why, GError **error);
/** Where a running task is; made to be called often. */
bool lk_tasks_set_progress(LkStore *store, gint64 id, gint64 step, gint64 epoch, double seconds, GError **error);
/** How long it will be, known once its job is prepared. */
bool lk_tasks_set_length(LkStore *store, gint64 id, gint64 steps, gint64 epochs, GError **error);
bool lk_tasks_set(LkStore *store, gint64 id, LkTaskField field, const char *value, GError **error);

/** Puts queued tasks into this order, before queued ones that are not named; others are passed over. */
bool lk_tasks_reorder(LkStore *store, const gint64 *ids, gsize count, GError **error);

/** Tasks that are preparing or running become interrupted, ended when they last told of progress: for the start of the
 * one program that trains, when none can be. *count (may be NULL) is how many. */
bool lk_tasks_interrupt_active(LkStore *store, guint *count, GError **error);

/** Marks as deleted; LK_ERROR_USAGE while it is preparing or running. */
bool lk_tasks_delete(LkStore *store, gint64 id, GError **error);
bool lk_tasks_undelete(LkStore *store, gint64 id, GError **error);
/** Removes tasks that were marked before `before`, with metrics, log, checkpoints and samples. Files stay. */
bool lk_tasks_purge(LkStore *store, gint64 before, guint *count, GError **error);
