/* What can be done to all chosen pictures at once without asking further: an action group. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <gtk/gtk.h>

/** Actions, for the group name "bulk":
 *   `all` (boolean state): they are for all pictures that are shown, not only for the selected ones or the current one
 *   `sort`, `dedupe`, `trigger`: edits of the captions
 *   `copy`: the current picture's caption goes to the clipboard; `paste`, `append`: the clipboard's text becomes the
 *     caption, or goes behind it
 *   `leave-out`, `use`: in training; `take-out`: of the project
 *   `clear`: nothing is selected any more, and `all` is off
 * Messages are shown at the bottom of `widget`'s page. Returns a new reference; it must not outlive `widget`. */
GSimpleActionGroup *lk_bulk_actions_new(GtkWidget *widget, LkDatasetView *view);

/** The pictures that the actions are for, new references. */
GPtrArray *lk_bulk_actions_get_pictures(GSimpleActionGroup *actions, LkDatasetView *view);
/** The state of `all`. */
gboolean lk_bulk_actions_get_all(GSimpleActionGroup *actions);
