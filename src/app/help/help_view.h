/* One help page as widgets. */
#pragma once

#include "app/help/library.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_HELP_VIEW (lk_help_view_get_type())
G_DECLARE_FINAL_TYPE(LkHelpView, lk_help_view, LK, HELP_VIEW, GtkBox)

/* Signal `link` (target): a link to another page was followed. */

/** Shows a topic in place of what it showed. */
void lk_help_view_set_topic(LkHelpView *self, const LkHelpTopic *topic);

G_END_DECLS
