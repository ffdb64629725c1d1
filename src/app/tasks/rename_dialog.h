/* Gives a task another name. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

/** Asks for the name and gives it to the task; what is called otherwise (its files) is said. */
void lk_rename_dialog_present(LkTask *task, GtkWidget *parent);

G_END_DECLS
