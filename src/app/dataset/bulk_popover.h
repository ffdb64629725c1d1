/* A change of many captions, described and tried out before it is made: what, where, on which pictures, and what it
 * would change. */
#pragma once

#include "app/dataset/dataset_view.h"
#include "dataset/caption_edit.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_BULK_POPOVER (lk_bulk_popover_get_type())
G_DECLARE_FINAL_TYPE(LkBulkPopover, lk_bulk_popover, LK, BULK_POPOVER, GtkPopover)

/* Signal `applied` (uint: how many captions changed; text: a sentence). */

/** `kind`: LK_CAPTION_EDIT_ADD, _REMOVE, _REPLACE or _REGEX. */
GtkWidget *lk_bulk_popover_new(LkDatasetView *view, LkCaptionEditKind kind);

/** Whether it begins with all pictures that are shown rather than the selected ones. */
void lk_bulk_popover_set_all(LkBulkPopover *self, gboolean all);

G_END_DECLS
