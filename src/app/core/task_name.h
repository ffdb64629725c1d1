/* Names that people give to tasks. */
#pragma once

#include "app/core/task.h"

G_BEGIN_DECLS

enum { LK_TASK_NAME_LONGEST = 80 }; /* characters */

/** What a person typed, as it is kept: without blanks at its ends, blanks and line breaks in a row as one, nothing that
 * steers a terminal. "" where nothing is left that can be seen. */
char *lk_task_name_tidy(const char *typed);
/** Why a task cannot be called so, in words; NULL where it can. `name` is tidy; `tasks` (GListModel of LkTask) are
 * those of its project: titles tell them apart in the queue and when they are compared. */
char *lk_task_name_problem(LkTask *task, const char *name, GListModel *tasks);

G_END_DECLS
