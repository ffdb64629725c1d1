/* A picture in the grid: square, with marks on it where there is something to say. Light, for a grid keeps hundreds. */
#pragma once

#include "app/core/thumbnails.h"
#include "app/dataset/picture.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_CELL (lk_picture_cell_get_type())
G_DECLARE_FINAL_TYPE(LkPictureCell, lk_picture_cell, LK, PICTURE_CELL, GtkWidget)

/* CSS node `picturecell` (class `excluded`); inside `check`, shown by the style when the grid's child is selected. */

/** `thumbnails`: who decodes. */
GtkWidget *lk_picture_cell_new(LkThumbnails *thumbnails);

/** How large its picture is drawn, in logical pixels. What it shows stays until a thumbnail of the new size is there.
 */
void lk_picture_cell_set_side(LkPictureCell *self, int side);

/** Shows a picture, or (NULL) lets go of one and cancels what is under way. A thumbnail that is in memory shows at
 * once; for others call lk_picture_cell_load. */
void lk_picture_cell_set_picture(LkPictureCell *self, LkPicture *picture);
LkPicture *lk_picture_cell_get_picture(LkPictureCell *self);

/** True if there is a thumbnail to be asked for. */
gboolean lk_picture_cell_is_waiting(LkPictureCell *self);
/** Asks for it, where that is so. */
void lk_picture_cell_load(LkPictureCell *self);
/** What it shows of the picture now, or NULL. */
GdkTexture *lk_picture_cell_get_texture(LkPictureCell *self);

G_END_DECLS
