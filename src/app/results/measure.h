/* How well each checkpoint of a task knows pictures that it was not trained on, measured off the main thread. */
#pragma once

#include "app/core/task.h"

/** Told on the main thread after each checkpoint; its held-out loss is stored. */
typedef void (*LkMeasured)(LkTask *task, gpointer data);

/** Measures the checkpoints of `task` one after another on the pictures (with captions) of a folder, with the settings
 * that the task trained with. */
void lk_measure_checkpoints(LkTask *task, const char *pictures, LkMeasured measured, gpointer measured_data,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean lk_measure_finish(GAsyncResult *result, GError **error);
