/* What the files of LkTask share: task.c (the object), task_run.c (what its run tells). */
#pragma once

#include "app/core/task.h"
#include "app/core/task_details.h"
#include "app/core/task_writer.h"

struct _LkTask {
    GObject parent_instance;
    LkStoreThread *store;
    LkTaskWriter *writer;
    LkTaskRecord *record;
    LkTaskDetails *details;
    gboolean has_details, loading;
    LkRun *run;
    GSignalGroup *run_signals;
};

/** Another state, written to the store; `code` and `error` say why it failed (0 and NULL: it did not). */
void lk_task_change_state(LkTask *self, LkTaskState state, LkErrorCode code, const char *error);
/** Listens to runs from now on. */
void lk_task_listen(LkTask *self);
