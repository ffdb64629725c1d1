/* A whole X/Y grid as one PNG: its pictures in full size, with the titles of the axes. */
#pragma once

#include "app/test/grid_axis.h"

#include <gdk/gdk.h>
#include <gio/gio.h>

/** Writes it in a thread. `textures` has a GdkTexture or NULL for every cell, row by row; those that are missing stay
 * empty. `width` × `height` is a picture's size. `parameters` (may be NULL) is put into the file as WebUI's settings.
 */
void lk_grid_sheet_save(const char *path, const LkGridAxes *axes, GPtrArray *textures, int width, int height,
                        const char *parameters, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data);
gboolean lk_grid_sheet_save_finish(GAsyncResult *result, GError **error);
