/* How much room a folder takes on the disk, found out on a thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Adds up the files in a folder and below it; links are not followed. A folder that is gone has 0. */
void lk_folder_size(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** Bytes; -1 where it was cancelled. */
gint64 lk_folder_size_finish(GAsyncResult *result);

G_END_DECLS
