/* The help: a list of topics with a search, and the page of one. A window of its own, to be read beside the work. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_HELP_WINDOW (lk_help_window_get_type())
G_DECLARE_FINAL_TYPE(LkHelpWindow, lk_help_window, LK, HELP_WINDOW, AdwWindow)

/** A help window that goes when `parent` does. */
LkHelpWindow *lk_help_window_new(GtkWindow *parent);

/** Shows a topic ("loss"; one that is not there shows the first) and brings the window to the front. */
void lk_help_window_show_topic(LkHelpWindow *self, const char *topic);

G_END_DECLS
