/* The side pane of the dataset page: one picture, or the tags of all. */
#pragma once

#include "app/core/thumbnails.h"
#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_DATASET_PANE (lk_dataset_pane_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetPane, lk_dataset_pane, LK, DATASET_PANE, AdwBin)

GtkWidget *lk_dataset_pane_new(LkDatasetView *view, LkThumbnails *thumbnails);

/** Shows the picture and gives the keyboard to its caption. */
void lk_dataset_pane_edit_caption(LkDatasetPane *self);
/** Shows the picture and opens the entry for a new tag. */
void lk_dataset_pane_add_tag(LkDatasetPane *self);

G_END_DECLS
