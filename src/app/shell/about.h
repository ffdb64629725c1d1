/* "About Lorikeet". */
#pragma once

#include <gtk/gtk.h>

/** `parent` may be NULL. */
void lk_about_present(GtkWidget *parent);
