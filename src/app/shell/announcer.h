/* Tells a screen reader how the training goes, wherever in the window one is: that it began, paused, failed or
 * finished, and each quarter of the way. */
#pragma once

#include "app/core/task_center.h"

#include <gtk/gtk.h>

#define LK_TYPE_ANNOUNCER (lk_announcer_get_type())
G_DECLARE_FINAL_TYPE(LkAnnouncer, lk_announcer, LK, ANNOUNCER, GObject)

/** Speaks for the application's windows. Both are borrowed and outlive it. */
LkAnnouncer *lk_announcer_new(GtkApplication *application, LkTaskCenter *tasks);
