/* "Stop training?": keep on, stop and save, or throw away. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

void lk_stop_dialog_present(LkTask *task, GtkWidget *parent);
