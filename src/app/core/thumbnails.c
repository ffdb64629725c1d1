#include "app/core/thumbnails.h"

#include "app/core/texture_memory.h"
#include "app/core/thumbnail_files.h"
#include "dataset/picture.h"
#include "dataset/resample.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { THREADS = 2 };
#define MOST_ON_DISK   ((guint64)1 << 30)
#define MOST_IN_MEMORY ((gsize)48 << 20)

struct _LkThumbnails {
    GObject parent_instance;
    GThreadPool *pool;
    LkThumbnailFiles *files;
    LkTextureMemory *memory;
    GArray *sides;  /* int: those that `memory` may have; 0 is a whole thumbnail */
    guint64 serial; /* of the last request */
};

G_DEFINE_FINAL_TYPE(LkThumbnails, lk_thumbnails, G_TYPE_OBJECT)

typedef struct Request {
    guint64 serial;
    char *path;
    int side; /* of a square; 0: the whole thumbnail */
} Request;

static void request_free(gpointer pointer)
{
    Request *request = pointer;
    g_free(request->path);
    g_free(request);
}

/* ---- making one, on a worker thread ------------------------------------------------------------------ */

/* A copy with at most SIDE pixels at the shorter side, NULL if the picture is no larger, or memory is out. */
static LkPixels *shrink(const LkPixels *whole, GError **error)
{
    double scale = (double)LK_THUMBNAIL_SIDE / MIN(whole->width, whole->height);
    scale = MIN(scale, (double)LK_THUMBNAIL_LONGEST / MAX(whole->width, whole->height));
    if (scale >= 1)
        return NULL;
    int width = MAX(1, (int)lround(whole->width * scale)), height = MAX(1, (int)lround(whole->height * scale));
    LkPixels *small = lk_pixels_new(width, height, error);
    if (!small)
        return NULL;
    LkResample task = {.from = whole->data,
                       .from_width = whole->width,
                       .from_height = whole->height,
                       .to_width = width,
                       .to_height = height,
                       .width = width,
                       .height = height,
                       .out = small->data};
    if (lk_resample_area(&task))
        return small;
    lk_pixels_free(small);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Not enough memory."));
    return NULL;
}

/* The thumbnail from disk, else from the picture itself. */
static LkPixels *make(LkThumbnails *self, const char *path, GError **error)
{
    g_autofree char *key = lk_thumbnail_files_key(path, error);
    LkPixels *pixels = key ? lk_thumbnail_files_load(self->files, key) : NULL;
    if (pixels || !key)
        return pixels;
    g_autoptr(LkPixels) whole = lk_picture_load(path, NULL, error);
    if (!whole)
        return NULL;
    g_autoptr(GError) failure = NULL;
    pixels = shrink(whole, &failure);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (!pixels)
        pixels = g_steal_pointer(&whole);
    lk_thumbnail_files_save(self->files, key, pixels, NULL);
    return pixels;
}

/* The middle of a thumbnail as a square of `side`; NULL if it is smaller than that, or memory is out. */
static LkPixels *cut_square(const LkPixels *whole, int side)
{
    int shorter = MIN(whole->width, whole->height);
    LkPixels *square = side < shorter ? lk_pixels_new(side, side, NULL) : NULL;
    if (!square)
        return NULL;
    int width = MAX(side, (int)lround((double)whole->width * side / shorter));
    int height = MAX(side, (int)lround((double)whole->height * side / shorter));
    LkResample task = {.from = whole->data,
                       .from_width = whole->width,
                       .from_height = whole->height,
                       .to_width = width,
                       .to_height = height,
                       .x = (width - side) / 2,
                       .y = (height - side) / 2,
                       .width = side,
                       .height = side,
                       .out = square->data};
    if (lk_resample_area(&task))
        return square;
    lk_pixels_free(square);
    return NULL;
}

/* In the order of bytes that drawing wants. */
static GdkTexture *texture_of(const LkPixels *pixels)
{
    gsize count = (gsize)pixels->width * (gsize)pixels->height;
    guint8 *data = g_malloc(count * 4), *out = data;
    for (const guint8 *in = pixels->data, *end = in + count * 3; in < end; in += 3, out += 4) {
        const guint8 pixel[4] = {in[2], in[1], in[0], 255};
        memcpy(out, pixel, 4);
    }
    g_autoptr(GBytes) bytes = g_bytes_new_take(data, count * 4);
    return gdk_memory_texture_new(pixels->width, pixels->height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes,
                                  (gsize)pixels->width * 4);
}

static void answer(gpointer data, gpointer user_data)
{
    g_autoptr(GTask) task = data;
    if (g_task_return_error_if_cancelled(task))
        return;
    Request *request = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(LkPixels) pixels = make(g_task_get_source_object(task), request->path, &error);
    if (!pixels) {
        g_task_return_error(task, error);
        return;
    }
    g_autoptr(LkPixels) square = request->side ? cut_square(pixels, request->side) : NULL;
    g_task_return_pointer(task, texture_of(square ? square : pixels), g_object_unref);
}

void lk_thumbnails_save(LkThumbnails *self, const char *path, const LkPixels *picture)
{
    g_return_if_fail(LK_IS_THUMBNAILS(self));
    g_autofree char *key = lk_thumbnail_files_key(path, NULL);
    if (!key)
        return;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkPixels) small = shrink(picture, &error);
    if (!error)
        lk_thumbnail_files_save(self->files, key, small ? small : picture, NULL);
}

/* ---- requests, on the main thread -------------------------------------------------------------------- */

static char *memory_key(const char *path, int side)
{
    return g_strdup_printf("%d %s", side, path);
}

static void note_side(LkThumbnails *self, int side)
{
    for (guint i = 0; i < self->sides->len; i++)
        if (g_array_index(self->sides, int, i) == side)
            return;
    g_array_append_val(self->sides, side);
}

void lk_thumbnails_load_square(LkThumbnails *self, const char *path, int side, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
    g_return_if_fail(LK_IS_THUMBNAILS(self) && path && side >= 0);
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_thumbnails_load);
    Request *request = g_new(Request, 1);
    *request = (Request){++self->serial, g_strdup(path), side};
    g_task_set_task_data(task, request, request_free);
    note_side(self, side);
    GdkTexture *known = lk_thumbnails_peek_square(self, path, side);
    if (known) {
        g_task_return_pointer(task, g_object_ref(known), g_object_unref);
        g_object_unref(task);
    } else {
        g_thread_pool_push(self->pool, task, NULL);
    }
}

void lk_thumbnails_load(LkThumbnails *self, const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    lk_thumbnails_load_square(self, path, 0, cancellable, callback, user_data);
}

GdkTexture *lk_thumbnails_load_finish(LkThumbnails *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    GdkTexture *texture = g_task_propagate_pointer(G_TASK(result), error);
    Request *request = g_task_get_task_data(G_TASK(result));
    g_autofree char *key = texture ? memory_key(request->path, request->side) : NULL;
    if (texture)
        lk_texture_memory_put(self->memory, key, texture);
    return texture;
}

GdkTexture *lk_thumbnails_peek_square(LkThumbnails *self, const char *path, int side)
{
    g_autofree char *key = memory_key(path, side);
    return lk_texture_memory_get(self->memory, key);
}

GdkTexture *lk_thumbnails_peek(LkThumbnails *self, const char *path)
{
    return lk_thumbnails_peek_square(self, path, 0);
}

void lk_thumbnails_forget(LkThumbnails *self, const char *path)
{
    for (guint i = 0; i < self->sides->len; i++) {
        g_autofree char *key = memory_key(path, g_array_index(self->sides, int, i));
        lk_texture_memory_remove(self->memory, key);
    }
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static int newest_first(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Request *first = g_task_get_task_data((GTask *)a), *second = g_task_get_task_data((GTask *)b);
    return (first->serial < second->serial) - (first->serial > second->serial);
}

LkThumbnails *lk_thumbnails_new(const char *cache_dir)
{
    LkThumbnails *self = g_object_new(LK_TYPE_THUMBNAILS, NULL);
    self->files = lk_thumbnail_files_new(cache_dir, MOST_ON_DISK);
    return self;
}

static void lk_thumbnails_finalize(GObject *object)
{
    LkThumbnails *self = LK_THUMBNAILS(object);
    g_thread_pool_free(self->pool, TRUE, FALSE); /* every request holds a reference, so there is none */
    lk_thumbnail_files_free(self->files);
    lk_texture_memory_free(self->memory);
    g_array_unref(self->sides);
    G_OBJECT_CLASS(lk_thumbnails_parent_class)->finalize(object);
}

static void lk_thumbnails_class_init(LkThumbnailsClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_thumbnails_finalize;
}

static void lk_thumbnails_init(LkThumbnails *self)
{
    self->pool = g_thread_pool_new(answer, NULL, THREADS, FALSE, NULL);
    g_thread_pool_set_sort_function(self->pool, newest_first, NULL);
    self->memory = lk_texture_memory_new(MOST_IN_MEMORY);
    self->sides = g_array_new(FALSE, FALSE, sizeof(int));
}
