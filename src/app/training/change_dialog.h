/* What may be changed while a training runs: the learning rate, what is saved and drawn, and how often. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

/** For a task with a run; what is applied takes effect with the next step. */
void lk_change_dialog_present(LkTask *task, GtkWidget *parent);
