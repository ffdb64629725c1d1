/* The dataset page of a project: its pictures as a grid, one of them large in the viewer, and places for what edits
 * them. */
#pragma once

#include "app/dataset/dataset_view.h"
#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_DATASET_PAGE (lk_dataset_page_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetPage, lk_dataset_page, LK, DATASET_PAGE, LkPage)

/* Actions: dataset.add-pictures, add-folder, paste, cancel-import, undo, redo, select-all, leave-out, open,
 * next-without-caption, review, clear-filter, focus-filter, zoom-in, zoom-out; with state: sort (an LkPictureOrder's
 * name), direction ("ascending", "descending"), pane (the side pane is shown). */

/** Adds folders and pictures to the project's dataset. */
void lk_dataset_page_add_files(LkDatasetPage *self, const char *const *paths);

/** What is shown, selected and current (borrowed). */
LkDatasetView *lk_dataset_page_get_view(LkDatasetPage *self);

G_END_DECLS
