/* All tasks of the program: makes them, has them run one after another, and finds them again after a restart. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"
#include "worker/queue.h"

G_BEGIN_DECLS

#define LK_TYPE_TASK_CENTER (lk_task_center_get_type())
G_DECLARE_FINAL_TYPE(LkTaskCenter, lk_task_center, LK, TASK_CENTER, GObject)

/* Properties: `current` (LkTask or NULL: the one that trains or is paused); `held` (bool, writable: no further task is
 * begun); `device` (string, writable: what new tasks run on, "auto"). Signals: `added` (LkTask), `removed` (LkTask),
 * `renamed` (LkTask), `ended` (LkTask: finished, failed or stopped just now), `interrupted` (GPtrArray of LkTask: found
 * at the start, torn down by a crash or power cut), `failed` (GError). */

/** Tasks that the last run of the program left behind are looked up at once: those that trained become interrupted,
 * those that waited wait on, with the queue held until it is let go. */
LkTaskCenter *lk_task_center_new(LkStoreThread *store);

LkTask *lk_task_center_get_current(LkTaskCenter *self);
/** What runs and waits, in order: GListModel of LkTask. */
GListModel *lk_task_center_get_queue(LkTaskCenter *self);
gboolean lk_task_center_get_held(LkTaskCenter *self);
void lk_task_center_set_held(LkTaskCenter *self, gboolean held);

/** The tasks of a project, the newest first: GListModel of LkTask that stays true. Filled when the store has answered.
 * Owned by the caller. */
GListModel *lk_task_center_list(LkTaskCenter *self, gint64 project);
/** A task that was seen already, by its number in the store; NULL where it was not. */
LkTask *lk_task_center_find(LkTaskCenter *self, gint64 id);
/** Any task, also one that nobody asked for since the program's start. The answer is borrowed; NULL with an error where
 * it is not there any more. */
void lk_task_center_fetch(LkTaskCenter *self, gint64 id, GAsyncReadyCallback callback, gpointer user_data);
LkTask *lk_task_center_fetch_finish(LkTaskCenter *self, GAsyncResult *result, GError **error);

/** Makes a task of a project and puts it at the end of the queue. A new folder below the project's takes its files:
 * job.toml, dataset.toml where `dataset` (TOML text) is given, checkpoints, samples, state. The job must have passed
 * lk_job_check but for dataset and output, which are set here. The answer is the LkTask (a new reference). */
void lk_task_center_add(LkTaskCenter *self, LkProject *project, const LkJob *job, const char *dataset, const char *name,
                        GAsyncReadyCallback callback, gpointer user_data);
LkTask *lk_task_center_add_finish(LkTaskCenter *self, GAsyncResult *result, GError **error);

/** Puts a task that was stopped, failed or interrupted back into the queue; it goes on from its newest state. False
 * with words where its job cannot be read. */
gboolean lk_task_center_continue(LkTaskCenter *self, LkTask *task, GError **error);
/** Whether a task can be deleted: it does not train, and no paused run holds it. */
gboolean lk_task_center_can_delete(LkTaskCenter *self, LkTask *task);
/** Takes a task out of its project, and out of the queue; with `files` its folder goes to the trash when
 * lk_task_center_trash says so, or at the end of the program. Signal `removed`. */
void lk_task_center_delete(LkTaskCenter *self, LkTask *task, gboolean files);
/** Brings it back where it was, with all its files. Signal `added`. */
void lk_task_center_undelete(LkTaskCenter *self, LkTask *task);
/** The time for bringing it back is over. Nothing happens to one that was brought back. Signal `failed` with words
 * where its files cannot go to the trash: then they stay where they are. */
void lk_task_center_trash(LkTaskCenter *self, LkTask *task);
/** Takes a task that waits out of the queue; it becomes stopped. */
void lk_task_center_withdraw(LkTaskCenter *self, LkTask *task);
/** Moves a task that waits: place among those that wait, from 0. */
void lk_task_center_move(LkTaskCenter *self, LkTask *task, guint place);

G_END_DECLS
