/* A picture's mask, drawn over it: what does not count in training is tinted. */
#pragma once

#include "app/core/picture_loader.h"
#include "app/core/thumbnails.h"
#include "app/dataset/picture.h"

#include <gtk/gtk.h>

typedef struct LkMaskLayer LkMaskLayer;

/** Draws `widget` again when a mask has come. With `loader` the whole mask is loaded, without it its thumbnail. Nothing
 * but the widget holds it, which frees it before it goes. */
LkMaskLayer *lk_mask_layer_new(GtkWidget *widget, LkThumbnails *thumbnails, LkPictureLoader *loader);
void lk_mask_layer_free(LkMaskLayer *layer);

/** Loads the mask of a picture, which is a file or the picture's own opacity; NULL for none. A mask that cannot be read
 * is none. */
void lk_mask_layer_set_picture(LkMaskLayer *layer, LkPicture *picture);
gboolean lk_mask_layer_is_empty(const LkMaskLayer *layer);
/** Draws it where the whole picture lies. */
void lk_mask_layer_snapshot(const LkMaskLayer *layer, GtkSnapshot *snapshot, const graphene_rect_t *picture);
