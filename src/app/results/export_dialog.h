/* A checkpoint taken away: name, kind of file, precision, layout, folder, metadata, and how to use it. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"

#include <adwaita.h>

/** `checkpoint` is copied. */
void lk_export_dialog_present(LkProject *project, LkTask *task, const LkTaskCheckpoint *checkpoint, GtkWidget *parent);
