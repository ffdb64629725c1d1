/* What a task tells while it trains: figures of every step, and its log. */
#pragma once

#include "project/store.h"

/** Figures of one step. A NaN is kept as "not known"; infinities are kept. */
typedef struct LkTaskMetric {
    gint64 step, epoch; /* from 1 */
    double loss, lr, grad_norm, seconds;
} LkTaskMetric;

/** Adds steps in one transaction. A step that is there already is replaced: a resumed run repeats some. */
bool lk_task_metrics_append(LkStore *store, gint64 task, const LkTaskMetric *metrics, gsize count, GError **error);
/** The steps after `after` (0: all) in order: LkTaskMetric, free with g_array_unref. NULL on failure. */
GArray *lk_task_metrics_read(LkStore *store, gint64 task, gint64 after, GError **error);
/** Forgets the steps after `last`, and what was measured after them: a run resumed from there may end before it has
 * repeated them all. */
bool lk_task_metrics_cut(LkStore *store, gint64 task, gint64 last, GError **error);

/** What held-out pictures gave after a step. */
typedef struct LkTaskValidation {
    gint64 step, epoch; /* from 1 */
    double loss;        /* a NaN is kept as "not known" */
} LkTaskValidation;

/** As for the steps' figures: in one transaction, and what is there of a step is replaced. */
bool lk_task_validations_append(LkStore *store, gint64 task, const LkTaskValidation *list, gsize count, GError **error);
/** All in order: LkTaskValidation, free with g_array_unref. NULL on failure. */
GArray *lk_task_validations_read(LkStore *store, gint64 task, GError **error);

typedef enum LkTaskLogLevel {
    LK_TASK_LOG_DEBUG,
    LK_TASK_LOG_INFO,
    LK_TASK_LOG_WARNING,
    LK_TASK_LOG_ERROR,
} LkTaskLogLevel;

typedef struct LkTaskLogLine {
    gint64 time;
    LkTaskLogLevel level;
    char *text;
} LkTaskLogLine;

/** Adds lines in one transaction. */
bool lk_task_log_append(LkStore *store, gint64 task, const LkTaskLogLine *lines, gsize count, GError **error);
/** The last `most` lines (0: all), oldest first: LkTaskLogLine, free with g_array_unref. NULL on failure. */
GArray *lk_task_log_read(LkStore *store, gint64 task, gsize most, GError **error);
