/* The side pane's page for the current picture, or for all that are selected: preview, caption, tags, choices. */
#pragma once

#include "app/core/thumbnails.h"
#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_PANE (lk_picture_pane_get_type())
G_DECLARE_FINAL_TYPE(LkPicturePane, lk_picture_pane, LK, PICTURE_PANE, AdwBin)

/** Follows a view's current picture and selection; once. */
void lk_picture_pane_set_view(LkPicturePane *self, LkDatasetView *view, LkThumbnails *thumbnails);

/** Gives the keyboard to the caption; to the chips where several pictures are selected. */
void lk_picture_pane_edit_caption(LkPicturePane *self);
/** Opens the entry for a new tag. */
void lk_picture_pane_add_tag(LkPicturePane *self);

G_END_DECLS
