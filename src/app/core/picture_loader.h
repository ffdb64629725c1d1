/* Whole pictures for the viewer, decoded off the main thread by the training's own decoder; the last few stay in
 * memory. Everything here is for the main thread. */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_LOADER (lk_picture_loader_get_type())
G_DECLARE_FINAL_TYPE(LkPictureLoader, lk_picture_loader, LK, PICTURE_LOADER, GObject)

/** Graphics cards take no larger textures everywhere: a longer picture is shown scaled down to this. */
#define LK_PICTURE_LOADER_LONGEST 8192

LkPictureLoader *lk_picture_loader_new(void);

/** A picture, or its opacity as grey, no longer than LK_PICTURE_LOADER_LONGEST. Blocks; for worker threads. */
GdkTexture *lk_picture_loader_decode(const char *path, gboolean opacity, GError **error);

/** The newest request is answered first; two for the same picture decode it once. */
void lk_picture_loader_load(LkPictureLoader *self, const char *path, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
/** A new reference; NULL with an error that names the file. */
GdkTexture *lk_picture_loader_load_finish(LkPictureLoader *self, GAsyncResult *result, GError **error);

/** One that is in memory (borrowed), or NULL. */
GdkTexture *lk_picture_loader_peek(LkPictureLoader *self, const char *path);
/** The file has changed. */
void lk_picture_loader_forget(LkPictureLoader *self, const char *path);

G_END_DECLS
