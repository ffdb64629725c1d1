/* What the filter understands, as examples to click. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_FILTER_HELP (lk_filter_help_get_type())
G_DECLARE_FINAL_TYPE(LkFilterHelp, lk_filter_help, LK, FILTER_HELP, GtkPopover)

/* Signal `chosen` (text: an example). */

GtkWidget *lk_filter_help_new(void);

G_END_DECLS
