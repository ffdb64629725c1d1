/* The files a task has made: checkpoints and sample pictures. Only rows here; the files are the engine's. */
#pragma once

#include "project/store.h"

typedef struct LkTaskCheckpoint {
    gint64 id, task;
    char *path;
    gint64 step, epoch;
    double loss;          /* of training, smoothed as the app likes; NaN: not known */
    double held_out_loss; /* NaN: not measured */
    bool best;            /* at most one of a task */
    gint64 created;
} LkTaskCheckpoint;

void lk_task_checkpoint_free(LkTaskCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTaskCheckpoint, lk_task_checkpoint_free)

/** Adds a checkpoint; reads task, path, step, epoch, loss and held_out_loss. One of this task with the same path is
 * replaced (a resumed run writes it again). Returns its id, 0 on failure. */
gint64 lk_task_checkpoints_add(LkStore *store, const LkTaskCheckpoint *checkpoint, GError **error);
/** Those of a task, in order of steps: LkTaskCheckpoint, free with g_ptr_array_unref. */
GPtrArray *lk_task_checkpoints_list(LkStore *store, gint64 task, GError **error);
/** Those of all tasks of a project that are not deleted, newest task first, in order of steps. */
GPtrArray *lk_task_checkpoints_of_project(LkStore *store, gint64 project, GError **error);
/** Sets the loss on held-out pictures; NaN: not measured. */
bool lk_task_checkpoints_set_held_out(LkStore *store, gint64 id, double loss, GError **error);
/** Makes this one the best of its task; 0 takes the mark from all of `task`. */
bool lk_task_checkpoints_set_best(LkStore *store, gint64 task, gint64 id, GError **error);
/** Forgets a checkpoint; the file stays. */
bool lk_task_checkpoints_remove(LkStore *store, gint64 id, GError **error);

typedef struct LkTaskSample {
    gint64 id, task;
    char *path;
    gint64 step, epoch;
    char *prompt;
    guint prompt_index; /* which of the task's prompts, from 0 */
    gint64 created;
} LkTaskSample;

void lk_task_sample_free(LkTaskSample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTaskSample, lk_task_sample_free)

/** Adds a sample picture; reads task, path, step, epoch, prompt and prompt_index. One of this task with the same path
 * is replaced. Returns its id, 0 on failure. */
gint64 lk_task_samples_add(LkStore *store, const LkTaskSample *sample, GError **error);
/** Those of a task, in order of steps, then of prompts: LkTaskSample, free with g_ptr_array_unref. */
GPtrArray *lk_task_samples_list(LkStore *store, gint64 task, GError **error);
bool lk_task_samples_remove(LkStore *store, gint64 id, GError **error);
