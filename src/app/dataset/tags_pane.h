/* The tags of a dataset: how often each is used, a filter by clicking, and changing one in all captions. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TAGS_PANE (lk_tags_pane_get_type())
G_DECLARE_FINAL_TYPE(LkTagsPane, lk_tags_pane, LK, TAGS_PANE, AdwBin)

/* Actions, for the tag that has the keyboard: tags.show, tags.hide (toggles of the filter), tags.rename, tags.remove,
 * tags.menu. */

/** Shows the tags of a view's pictures; once. */
void lk_tags_pane_set_view(LkTagsPane *self, LkDatasetView *view);

G_END_DECLS
