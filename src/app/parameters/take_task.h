/* A new task from an old one: its settings become those of the project. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"
#include "app/parameters/history.h"

/** With changes (char * → char *, may be NULL), as one step of the history; what the task did not set is as by default
 * again. Base model and trigger word are taken too. Where pictures and results are stays the project's matter. False
 * with words where the task's job cannot be read. */
gboolean lk_take_task(LkTask *task, GHashTable *changes, LkProject *project, LkParameterHistory *history,
                      GError **error);
