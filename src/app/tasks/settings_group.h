/* The settings of a task, to read: the usual ones, what else differs from the defaults, and on request all. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

/** A group of rows; says what is wrong where the task's job cannot be read. */
GtkWidget *lk_settings_group_new(LkTask *task);
