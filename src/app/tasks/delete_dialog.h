/* Deleting a task: asked for, with or without its files, and taken back by Undo. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

/** Asks first; `parent` is where the question and the message afterwards appear. */
void lk_delete_dialog_present(LkTask *task, GtkWidget *parent);

G_END_DECLS
