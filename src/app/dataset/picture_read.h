/* Reads what the list shows of picture files that are new or have changed: the head of the file and the caption. Any
 * thread. */
#pragma once

#include "app/dataset/sidecar.h"
#include "dataset/finding.h"

#include <glib.h>

typedef struct LkPictureRead {
    char *path;
    gint64 source;
    bool read_file, read_caption; /* what to read */
    /* out, of the file: */
    gint64 bytes, modified;
    int width, height;
    guint32 flags;
    char *error; /* why it cannot be read; NULL: it can */
    /* out, of the caption: */
    LkSidecar sidecar;
} LkPictureRead;

/** A list that owns its LkPictureRead; free with g_ptr_array_unref. */
GPtrArray *lk_picture_reads_new(void);
LkPictureRead *lk_picture_reads_add(GPtrArray *reads, const char *path, gint64 source, bool file, bool caption);

/** Never fails: what is wrong with a file is a result. */
void lk_picture_read_fill(LkPictureRead *read, const char *extension);
