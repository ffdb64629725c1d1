/* A picture, large: zoomed by wheel, keys and pinch, moved by dragging, with what its bucket uses drawn over it. Its
 * blurred thumbnail stands in while the whole is decoded. */
#pragma once

#include "app/core/picture_loader.h"
#include "app/core/thumbnails.h"
#include "app/dataset/picture.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_CANVAS (lk_picture_canvas_get_type())
G_DECLARE_FINAL_TYPE(LkPictureCanvas, lk_picture_canvas, LK, PICTURE_CANVAS, GtkWidget)

/* Properties:
 *   `picture` (LkPicture)
 *   `show-crop` (the guide is drawn; TRUE), `show-mask` (its mask is drawn, where it has one; TRUE)
 *   `percent` (double, read-only: 100 is a pixel of the screen a picture's), `fits` (read-only: the whole is shown)
 *   `error` (text, read-only: why there is nothing to see, or NULL)
 * CSS node `picturecanvas`. */

/** With `loader` NULL it is a small preview: the thumbnail is all it shows, and it takes no input. */
GtkWidget *lk_picture_canvas_new(LkThumbnails *thumbnails, LkPictureLoader *loader);

void lk_picture_canvas_set_picture(LkPictureCanvas *self, LkPicture *picture);
LkPicture *lk_picture_canvas_get_picture(LkPictureCanvas *self);
void lk_picture_canvas_set_show_crop(LkPictureCanvas *self, gboolean show);
void lk_picture_canvas_set_show_mask(LkPictureCanvas *self, gboolean show);

void lk_picture_canvas_fit(LkPictureCanvas *self);
/** 100 for one pixel of the screen a picture's; about the middle. */
void lk_picture_canvas_set_percent(LkPictureCanvas *self, double percent);
/** Larger (steps above 0) or smaller, about the middle. */
void lk_picture_canvas_zoom(LkPictureCanvas *self, int steps);

double lk_picture_canvas_get_percent(LkPictureCanvas *self);
gboolean lk_picture_canvas_get_fits(LkPictureCanvas *self);
const char *lk_picture_canvas_get_error(LkPictureCanvas *self);
/** TRUE when the picture itself is shown, not its thumbnail. */
gboolean lk_picture_canvas_is_sharp(LkPictureCanvas *self);
/** The part of the widget that the picture covers. */
graphene_rect_t lk_picture_canvas_get_visible(LkPictureCanvas *self);

G_END_DECLS
