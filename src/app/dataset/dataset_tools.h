/* What edits a dataset, put together for its page: side pane, bulk bar, the caption below the viewer, dialogs, and the
 * actions and keys that lead there. */
#pragma once

#include "app/core/thumbnails.h"
#include "app/dataset/dataset_view.h"
#include "app/dataset/viewer_page.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_DATASET_TOOLS (lk_dataset_tools_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetTools, lk_dataset_tools, LK, DATASET_TOOLS, GObject)

/* Actions, which the page gets as groups: "bulk" (see bulk_bar.h), and "tools":
 *   edit-caption, add-tag: of the current picture, or of those that are selected
 *   edit-shown: the bulk bar for all that is shown
 *   check: what the doctor found; sources: where pictures come from
 *   retry-saving; replace-trigger (two texts: the old word, the new one)
 * Property `bulk-open` (read-only, with notify): a popover with a blue button is open. */

/** Fills `pane` and `bulk`. `page` has a property `pane` (the side pane is shown), and outlives this object. */
LkDatasetTools *lk_dataset_tools_new(GtkWidget *page, LkDatasetView *view, LkThumbnails *thumbnails, AdwBin *pane,
                                     AdwBin *bulk);

/** Puts the caption below the viewer's picture; while the viewer is there, actions are for it. */
void lk_dataset_tools_add_viewer(LkDatasetTools *self, LkViewerPage *viewer);
void lk_dataset_tools_set_narrow(LkDatasetTools *self, gboolean narrow);
gboolean lk_dataset_tools_get_bulk_open(LkDatasetTools *self);

G_END_DECLS
