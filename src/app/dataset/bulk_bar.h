/* The bar below the grid while several pictures are selected, or all that are shown are to be changed. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_BULK_BAR (lk_bulk_bar_get_type())
G_DECLARE_FINAL_TYPE(LkBulkBar, lk_bulk_bar, LK, BULK_BAR, AdwBin)

/* Properties: `open` (read-only, with notify: one of its popovers, with a blue button, is on the screen), `narrow`:
 * there is room for one button only, the others are in the menu. */

GtkWidget *lk_bulk_bar_new(LkDatasetView *view);

/** Actions for the page, group "bulk": those of lk_bulk_actions_new, and `add`, `remove`, `replace`, `regex`,
 * `repeats`, which open a popover. Borrowed. */
GActionGroup *lk_bulk_bar_get_actions(LkBulkBar *self);
gboolean lk_bulk_bar_get_open(LkBulkBar *self);

G_END_DECLS
