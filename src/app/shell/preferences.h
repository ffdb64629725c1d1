/* Preferences of the program; what belongs to a project is on its pages. */
#pragma once

#include <gtk/gtk.h>

/** `parent` may be NULL. */
void lk_preferences_present(GtkWidget *parent);
