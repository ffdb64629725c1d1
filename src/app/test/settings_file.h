/* The settings inside a picture that WebUI, Forge or we have made. */
#pragma once

#include "sampling/infotext.h"

#include <gio/gio.h>

/** Reads the settings of a PNG file in a thread. */
void lk_settings_file_read(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
/** Free with lk_infotext_free. NULL with a sentence that names the file where it has none. */
LkInfotext *lk_settings_file_read_finish(GAsyncResult *result, GError **error);
