/* Small versions of pictures for grids and covers, decoded off the main thread and kept on disk. What is shown is what
 * is trained: the decoder is the training's own. */
#pragma once

#include "dataset/pixels.h"

#include <gdk/gdk.h>

G_BEGIN_DECLS

/** A thumbnail's shorter side (never enlarged), and what its longer side is kept below. */
#define LK_THUMBNAIL_SIDE    256
#define LK_THUMBNAIL_LONGEST 1024

#define LK_TYPE_THUMBNAILS (lk_thumbnails_get_type())
G_DECLARE_FINAL_TYPE(LkThumbnails, lk_thumbnails, LK, THUMBNAILS, GObject)

/** `cache_dir`: where thumbnails are kept between starts (made when needed). */
LkThumbnails *lk_thumbnails_new(const char *cache_dir);

/** Asks for a thumbnail; for the main thread. The request made last is answered first, for it is what a person sees.
 * Cancelling drops a request before it is decoded, so that scrolling past thousands costs nothing. */
void lk_thumbnails_load(LkThumbnails *self, const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data);
/** The same for the square in its middle, scaled to `side` × `side` pixels (never enlarged): drawn at that size it need
 * not be scaled again in every frame. */
void lk_thumbnails_load_square(LkThumbnails *self, const char *path, int side, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
GdkTexture *lk_thumbnails_load_finish(LkThumbnails *self, GAsyncResult *result, GError **error);

/** A thumbnail that was shown lately and needs no waiting (borrowed), or NULL. For the main thread. */
GdkTexture *lk_thumbnails_peek(LkThumbnails *self, const char *path);
GdkTexture *lk_thumbnails_peek_square(LkThumbnails *self, const char *path, int side);
/** The file has changed: the next request reads it. For the main thread. */
void lk_thumbnails_forget(LkThumbnails *self, const char *path);

/** Makes and keeps the thumbnail of a picture that somebody has just decoded for another reason, so that it need not be
 * decoded again. Blocks; for worker threads. Fails silently: then it is made when asked for. */
void lk_thumbnails_save(LkThumbnails *self, const char *path, const LkPixels *picture);

G_END_DECLS
