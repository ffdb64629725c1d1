/* The keys that do something, on one page. */
#pragma once

#include <gtk/gtk.h>

/** `parent` may be NULL. */
void lk_shortcuts_present(GtkWidget *parent);
