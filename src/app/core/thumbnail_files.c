#include "app/core/thumbnail_files.h"

#include "dataset/picture.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <utime.h>

#define QUALITY  "90"
#define FRESH    ((gint64)24 * 60 * 60) /* seconds: a file's time of use is not written more often */
#define FORMAT   "1"                    /* part of the name: another one makes all thumbnails anew */
#define PRUNE_TO 0.9                    /* of the bound */

struct LkThumbnailFiles {
    char *folder;
    guint64 most_bytes;
    GMutex mutex;
    guint64 bytes;    /* in the folder; known after the first look */
    gboolean counted; /* … which is taken before the first file is written */
};

LkThumbnailFiles *lk_thumbnail_files_new(const char *folder, guint64 most_bytes)
{
    LkThumbnailFiles *self = g_new0(LkThumbnailFiles, 1);
    self->folder = g_strdup(folder);
    self->most_bytes = most_bytes;
    g_mutex_init(&self->mutex);
    return self;
}

void lk_thumbnail_files_free(LkThumbnailFiles *self)
{
    g_mutex_clear(&self->mutex);
    g_free(self->folder);
    g_free(self);
}

char *lk_thumbnail_files_key(const char *path, GError **error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        int problem = errno;
        g_autofree char *shown = g_filename_display_name(path);
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(problem), "%s: %s", shown, g_strerror(problem));
        return NULL;
    }
    g_autofree char *text = g_strdup_printf(FORMAT "\n%s\n%" G_GINT64_FORMAT ".%09ld\n%" G_GINT64_FORMAT, path,
                                            (gint64)info.st_mtim.tv_sec, info.st_mtim.tv_nsec, (gint64)info.st_size);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA1, text, -1);
}

/* "ab/cdef….jpg" below the folder. */
static char *file_of_key(LkThumbnailFiles *self, const char *key)
{
    g_autofree char *sub = g_strndup(key, 2);
    g_autofree char *name = g_strconcat(key + 2, ".jpg", NULL);
    return g_build_filename(self->folder, sub, name, NULL);
}

LkPixels *lk_thumbnail_files_load(LkThumbnailFiles *self, const char *key)
{
    g_autofree char *file = file_of_key(self, key);
    struct stat info;
    if (stat(file, &info) != 0)
        return NULL;
    LkPixels *pixels = lk_picture_load(file, NULL, NULL);
    if (!pixels)
        g_unlink(file);
    else if (g_get_real_time() / G_USEC_PER_SEC - info.st_mtime > FRESH)
        g_utime(file, NULL); /* its age says when it was used last */
    return pixels;
}

/* ---- the bound --------------------------------------------------------------------------------------- */

typedef struct Old {
    gint64 time;
    guint64 bytes;
    char *file;
} Old;

static void old_clear(gpointer pointer)
{
    g_free(((Old *)pointer)->file);
}

static int compare_time(gconstpointer a, gconstpointer b)
{
    gint64 first = ((const Old *)a)->time, second = ((const Old *)b)->time;
    return (first > second) - (first < second);
}

static void list_sub_folder(const char *folder, GArray *out)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(folder, name, NULL);
        struct stat info;
        if (lstat(file, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        Old old = {.time = info.st_mtime, .bytes = (guint64)info.st_size, .file = g_steal_pointer(&file)};
        g_array_append_val(out, old);
    }
}

/* All thumbnails, and nothing else that may lie there. */
static GArray *list_files(LkThumbnailFiles *self)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(Old));
    g_array_set_clear_func(files, old_clear);
    for (int i = 0; i < 256; i++) {
        char name[3];
        g_snprintf(name, sizeof name, "%02x", i);
        g_autofree char *sub = g_build_filename(self->folder, name, NULL);
        list_sub_folder(sub, files);
    }
    return files;
}

/* Counts the folder anew; where it is too large the files used longest ago go. Called with the mutex held: others may
 * still read, and whoever wants to write waits, since two at this would remove twice as much. */
static void prune(LkThumbnailFiles *self)
{
    g_autoptr(GArray) files = list_files(self);
    self->bytes = 0;
    self->counted = TRUE;
    for (guint i = 0; i < files->len; i++)
        self->bytes += g_array_index(files, Old, i).bytes;
    if (self->bytes <= self->most_bytes)
        return;
    g_array_sort(files, compare_time);
    guint64 goal = (guint64)((double)self->most_bytes * PRUNE_TO);
    for (guint i = 0; i < files->len && self->bytes > goal; i++) {
        Old *old = &g_array_index(files, Old, i);
        if (g_unlink(old->file) == 0)
            self->bytes -= old->bytes;
    }
}

static void count_saved(LkThumbnailFiles *self, gsize bytes)
{
    g_mutex_lock(&self->mutex);
    self->bytes += bytes;
    if (!self->counted || self->bytes > self->most_bytes)
        prune(self);
    g_mutex_unlock(&self->mutex);
}

gboolean lk_thumbnail_files_save(LkThumbnailFiles *self, const char *key, const LkPixels *pixels, GError **error)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new_from_data(pixels->data, GDK_COLORSPACE_RGB, FALSE, 8, pixels->width,
                                                           pixels->height, pixels->width * 3, NULL, NULL);
    g_autofree char *jpeg = NULL;
    gsize size;
    if (!gdk_pixbuf_save_to_buffer(pixbuf, &jpeg, &size, "jpeg", error, "quality", QUALITY, NULL))
        return FALSE;
    g_autofree char *file = file_of_key(self, key);
    g_autofree char *sub = g_path_get_dirname(file);
    g_mkdir_with_parents(sub, 0700); /* if that fails the next line says why */
    if (!g_file_set_contents(file, jpeg, (gssize)size, error))
        return FALSE;
    count_saved(self, size);
    return TRUE;
}
