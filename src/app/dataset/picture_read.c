#include "app/dataset/picture_read.h"

#include "app/dataset/picture_private.h"

static void read_free(gpointer data)
{
    LkPictureRead *read = data;
    if (!read)
        return; /* handed on */
    g_free(read->path);
    g_free(read->error);
    lk_sidecar_clear(&read->sidecar);
    g_free(read);
}

GPtrArray *lk_picture_reads_new(void)
{
    return g_ptr_array_new_with_free_func(read_free);
}

LkPictureRead *lk_picture_reads_add(GPtrArray *reads, const char *path, gint64 source, bool file, bool caption)
{
    LkPictureRead *read = g_new0(LkPictureRead, 1);
    read->path = g_strdup(path);
    read->source = source;
    read->read_file = file;
    read->read_caption = caption;
    g_ptr_array_add(reads, read);
    return read;
}

static void read_file(LkPictureRead *read)
{
    g_autoptr(GError) error = NULL;
    LkPictureInfo info = {.orientation = 1};
    LkSize size = {0};
    read->bytes = -1;
    /* The time comes first: if the file is changed while it is read, the next look finds it newer. */
    read->modified = lk_file_time(read->path, &read->bytes);
    LkFindingKind failure = (LkFindingKind)0;
    if (!lk_picture_size(read->path, &size, &info, &error)) {
        failure = lk_finding_of_picture_error(&info, error);
        read->error = g_utf8_make_valid(lk_picture_reason(read->path, error), -1);
    }
    read->width = size.width;
    read->height = size.height;
    read->flags = lk_picture_flags_pack(&info, failure);
}

void lk_picture_read_fill(LkPictureRead *read, const char *extension)
{
    if (read->read_file)
        read_file(read);
    if (read->read_caption)
        lk_sidecar_read(read->path, extension, &read->sidecar);
}
