/* A task in the list of its project's tasks. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TASK_ROW (lk_task_row_get_type())
G_DECLARE_FINAL_TYPE(LkTaskRow, lk_task_row, LK, TASK_ROW, AdwActionRow)

GtkWidget *lk_task_row_new(LkTask *task);
LkTask *lk_task_row_get_task(LkTaskRow *self);

G_END_DECLS
