/* The pictures of a dataset as a grid that zooms. */
#pragma once

#include "app/core/thumbnails.h"
#include "app/dataset/dataset_view.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_GRID (lk_picture_grid_get_type())
G_DECLARE_FINAL_TYPE(LkPictureGrid, lk_picture_grid, LK, PICTURE_GRID, GtkWidget)

/* Property `zoom` (int, 0 to LK_PICTURE_GRID_ZOOM_MOST, with notify): how large pictures are.
 * Signal `activate`: the person wants to see the current picture (Enter, double click). */
#define LK_PICTURE_GRID_ZOOM_MOST  6
#define LK_PICTURE_GRID_ZOOM_USUAL 3

/** Shows a view's selection; once, before it is shown. */
void lk_picture_grid_set_view(LkPictureGrid *self, LkDatasetView *view, LkThumbnails *thumbnails);

void lk_picture_grid_set_zoom(LkPictureGrid *self, int zoom);
int lk_picture_grid_get_zoom(LkPictureGrid *self);
guint lk_picture_grid_get_columns(LkPictureGrid *self);

/** Scrolls to the view's current picture and gives it the keyboard; with `select` it becomes the only selected one. */
void lk_picture_grid_go_to_current(LkPictureGrid *self, gboolean select);
/** True while the first row is shown. */
gboolean lk_picture_grid_get_at_start(LkPictureGrid *self);

G_END_DECLS
