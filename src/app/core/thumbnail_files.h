/* Thumbnails on disk, so that each picture is decoded once: a small JPEG a picture in 256 folders, named by the
 * picture's path, time and size. The folder's size has a bound; the files not used longest go first. Everything here
 * blocks and is for worker threads, any number of them. */
#pragma once

#include "dataset/pixels.h"

typedef struct LkThumbnailFiles LkThumbnailFiles;

/** Nothing is read or made yet. */
LkThumbnailFiles *lk_thumbnail_files_new(const char *folder, guint64 most_bytes);
void lk_thumbnail_files_free(LkThumbnailFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkThumbnailFiles, lk_thumbnail_files_free)

/** The name of a picture's thumbnail as the picture's file is now, free with g_free. NULL and an error that names the
 * file if it cannot be looked at. */
char *lk_thumbnail_files_key(const char *path, GError **error);

/** The thumbnail of that name; NULL if there is none or it is damaged. */
LkPixels *lk_thumbnail_files_load(LkThumbnailFiles *self, const char *key);

/** Keeps one. False with an error if it could not be written: then it is made anew next time. */
gboolean lk_thumbnail_files_save(LkThumbnailFiles *self, const char *key, const LkPixels *pixels, GError **error);
