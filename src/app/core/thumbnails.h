/* Small versions of pictures for grids and covers, decoded off the main thread. */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

#define LK_TYPE_THUMBNAILS (lk_thumbnails_get_type())
G_DECLARE_FINAL_TYPE(LkThumbnails, lk_thumbnails, LK, THUMBNAILS, GObject)

/** `cache_dir`: where thumbnails are kept between starts (made when needed). */
LkThumbnails *lk_thumbnails_new(const char *cache_dir);

/** Asks for a thumbnail whose shorter side is 256 pixels (never enlarged). Cancelling drops the request before it is
 * decoded, so that scrolling past thousands costs nothing. */
void lk_thumbnails_load(LkThumbnails *self, const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data);
GdkTexture *lk_thumbnails_load_finish(LkThumbnails *self, GAsyncResult *result, GError **error);

G_END_DECLS
