/* The tasks of a project to choose from, the newest first. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TASK_POPOVER (lk_task_popover_get_type())
G_DECLARE_FINAL_TYPE(LkTaskPopover, lk_task_popover, LK, TASK_POPOVER, GtkPopover)

/* Signal `chosen` (LkTask). */

/** `tasks`: GListModel of LkTask. */
void lk_task_popover_set_tasks(LkTaskPopover *self, GListModel *tasks);

G_END_DECLS
