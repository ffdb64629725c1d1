/* The log of a task: filter, copy, save. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

/** Shows it over `parent`; it grows while the task runs. */
void lk_log_dialog_present(LkTask *task, GtkWidget *parent);
