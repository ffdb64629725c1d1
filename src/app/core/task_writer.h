/* Writes what a running task tells to the store: metrics and log in batches, everything else at once. */
#pragma once

#include "app/core/store_thread.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/tasks.h"

typedef struct LkTaskWriter LkTaskWriter;

LkTaskWriter *lk_task_writer_new(LkStoreThread *store, gint64 task);
/** Flushes. */
void lk_task_writer_free(LkTaskWriter *writer);

/* Everything is copied. */
void lk_task_writer_state(LkTaskWriter *writer, LkTaskState state, LkErrorCode code, const char *error);
void lk_task_writer_name(LkTaskWriter *writer, const char *name);
void lk_task_writer_length(LkTaskWriter *writer, gint64 steps, gint64 epochs);
void lk_task_writer_sample(LkTaskWriter *writer, const LkTaskSample *sample);
void lk_task_writer_checkpoint(LkTaskWriter *writer, const LkTaskCheckpoint *checkpoint);
/* A checkpoint that was written before, by its path: the best one, its loss on held-out pictures, no longer listed. */
void lk_task_writer_best(LkTaskWriter *writer, const char *path);
void lk_task_writer_held_out(LkTaskWriter *writer, const char *path, double loss);
void lk_task_writer_forget(LkTaskWriter *writer, const char *path);
/* These wait up to a second. */
void lk_task_writer_validation(LkTaskWriter *writer, const LkTaskValidation *validation);
void lk_task_writer_metric(LkTaskWriter *writer, const LkTaskMetric *metric);
void lk_task_writer_log(LkTaskWriter *writer, const LkTaskLogLine *line);
void lk_task_writer_progress(LkTaskWriter *writer, gint64 step, gint64 epoch, double seconds);

/** Writes what waits now. */
void lk_task_writer_flush(LkTaskWriter *writer);
