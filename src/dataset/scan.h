/* From a folder to its subsets, and from a subset to its pictures and captions.
 *
 * Three layouts are told apart: a parent of kohya's `N_name` folders (N repeats, `name` the class), one such folder
 * itself, and a flat folder of pictures. Only names and captions are read here; pictures are opened later. */
#pragma once

#include "dataset/caption_file.h"
#include "dataset/subset.h"

/** One picture file of a subset. */
typedef struct LkScanPicture {
    char *path; /* the subset's image_dir and the name, in the file system's bytes */
    guint subset;
    LkCaption caption;
    char *mask; /* its mask in the subset's conditioning_data_dir; NULL for none */
} LkScanPicture;

/** The name of a folder read as `N_name` with N from 1 to 999999: true, *repeats = N, *class_tokens = what follows the
 * first "_" ("" if nothing; free with g_free). Else false and why (a static phrase, not yet translated). */
bool lk_scan_parse_folder_name(const char *name, int *repeats, char **class_tokens, const char **why);

/** True if the name has an extension of a picture we may be able to read (any case): png jpg jpeg webp bmp, and avif,
 * gif and jxl where gdk-pixbuf has a loader. Names that start with a dot are none. */
bool lk_scan_is_picture_name(const char *name);

/** Appends the subsets of a folder to `subsets`, each a copy of `options` (its image_dir is ignored; its num_repeats is
 * for a flat folder, its class_tokens where the folder's name gives none), sorted by name in byte order. Folders that
 * are skipped become findings. Fails with LK_ERROR_IO if the folder cannot be read, with LK_ERROR_USAGE if no picture
 * can come out of it, saying which layout is expected. */
bool lk_scan_folder(const char *folder, const LkSubset *options, GPtrArray *subsets, GPtrArray *findings,
                    GError **error);

/** An empty list that owns its LkScanPicture (free with g_ptr_array_unref). */
GPtrArray *lk_scan_pictures_new(void);

/** Appends the pictures of a subset, sorted by path in byte order, with their captions and masks. `index` is stored in
 * them. A folder without pictures, and a file of the subset's `files` that is not there, are findings. Fails with
 * LK_ERROR_IO if the subset's folder cannot be read. */
bool lk_scan_subset(const LkSubset *subset, guint index, GPtrArray *pictures, GPtrArray *findings, GError **error);
