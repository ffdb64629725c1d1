/* The caption file beside a picture, as it is edited: found, read whole, and written so that a program or machine that
 * dies leaves the old text or the new one. Any thread; knows nothing of pictures in memory. */
#pragma once

#include "project/pictures.h"

/** What is in a caption file now. */
typedef struct LkSidecar {
    char *text;      /* UTF-8, lines ended by \n, none at the end; NULL where there is no file */
    gint64 modified; /* its time in nanoseconds; 0 without a file */
    LkPictureCaptionState state;
} LkSidecar;

void lk_sidecar_clear(LkSidecar *sidecar);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LkSidecar, lk_sidecar_clear)

/** The file that a picture's caption is in, or would be written to: that with `extension` (".txt"; NULL: the one there
 * is of .txt and .caption, else .txt). Free with g_free. */
char *lk_sidecar_path(const char *picture, const char *extension);

/** The file that a picture's caption is read from: as above, or where there is none that of a name without the four
 * numbers at its end (cut-out faces share it). NULL: none. Free with g_free. */
char *lk_sidecar_find(const char *picture, const char *extension);

/** Reads it. Never fails: what is wrong is in the state. */
void lk_sidecar_read(const char *picture, const char *extension, LkSidecar *sidecar);

/** A file's time in nanoseconds, *size (may be NULL) its bytes; 0 where there is no file. */
gint64 lk_file_time(const char *path, gint64 *size);

/** One caption to be written. */
typedef struct LkSidecarWrite {
    const char *picture;
    const char *text; /* NULL: the file is removed if it holds `expected` */
    const char *expected;
    gint64 modified; /* out: the file's time afterwards */
    char *error;     /* out: why it was not written; NULL: it was. Free with g_free */
} LkSidecarWrite;

/** Writes any number, each whole or not at all and on the disk when this returns, thousands a second: they are brought
 * to the disk together. What fails does not stop the others. */
void lk_sidecars_write(LkSidecarWrite *writes, gsize count, const char *extension);

/** Removes a file of a folder (an open one) if it is what a killed program left of such a write. */
void lk_sidecar_remove_leftover(int folder, const char *name);
