/* What a training does outside its page: the computer stays awake, the window's title tells how far it is, and a
 * notification says how it ended. */
#pragma once

#include "app/core/task_center.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PRESENCE (lk_presence_get_type())
G_DECLARE_FINAL_TYPE(LkPresence, lk_presence, LK, PRESENCE, GObject)

/** Begins at once. `application` is borrowed and must outlive it. */
LkPresence *lk_presence_new(GtkApplication *application, LkTaskCenter *tasks);

/** Whether a task is at work right now (not paused): closing the window would end it. */
gboolean lk_presence_is_training(LkPresence *self);

G_END_DECLS
