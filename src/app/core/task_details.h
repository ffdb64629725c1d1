/* What is known of a task beside its record: what it measured, said, drew and saved. It is read from the store as a
 * whole, and grows while the task runs. */
#pragma once

#include "project/metrics.h"
#include "project/outputs.h"

typedef struct LkTaskDetails {
    GArray *metrics;        /* LkTaskMetric */
    GArray *validations;    /* LkTaskValidation */
    GArray *log;            /* LkTaskLogLine */
    GPtrArray *samples;     /* LkTaskSample * */
    GPtrArray *checkpoints; /* LkTaskCheckpoint * */
} LkTaskDetails;

/** Nothing is known yet. */
LkTaskDetails *lk_task_details_new(void);
void lk_task_details_free(LkTaskDetails *details);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTaskDetails, lk_task_details_free)

/** Reads all of a task. NULL with an error. */
LkTaskDetails *lk_task_details_read(LkStore *store, gint64 task, GError **error);
/** Puts what `read` knows in front of what came in since the store was asked; `read` is freed. */
void lk_task_details_take(LkTaskDetails *details, LkTaskDetails *read);

/* A resumed run repeats steps: what was known of a step and of those behind it goes. Return how many are left. */
guint lk_task_details_cut_metrics(LkTaskDetails *details, gint64 first_step);
guint lk_task_details_cut_validations(LkTaskDetails *details, gint64 first_step);
