#include "app/core/thumbnails.h"

#include "app/core/texture_memory.h"
#include "app/core/thumbnail_files.h"
#include "dataset/picture.h"
#include "dataset/resample.h"

#include <gio/gio.h>
#include <math.h>

enum { THREADS = 2 };
#define MOST_ON_DISK   ((guint64)1 << 30)
#define MOST_IN_MEMORY ((gsize)48 << 20)

struct _LkThumbnails {
    GObject parent_instance;
    GThreadPool *pool;
    LkThumbnailFiles *files;
    LkTextureMemory *memory;
    guint64 serial; /* of the last request */
};

G_DEFINE_FINAL_TYPE(LkThumbnails, lk_thumbnails, G_TYPE_OBJECT)

typedef struct Request {
    guint64 serial;
    char *path;
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
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "Not enough memory.");
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

static void free_pixels(gpointer pixels)
{
    lk_pixels_free(pixels);
}

static GdkTexture *texture_of(LkPixels *pixels)
{
    gsize stride = (gsize)pixels->width * 3;
    g_autoptr(GBytes) bytes =
        g_bytes_new_with_free_func(pixels->data, stride * (gsize)pixels->height, free_pixels, pixels);
    return gdk_memory_texture_new(pixels->width, pixels->height, GDK_MEMORY_R8G8B8, bytes, stride);
}

static void answer(gpointer data, gpointer user_data)
{
    g_autoptr(GTask) task = data;
    if (g_task_return_error_if_cancelled(task))
        return;
    Request *request = g_task_get_task_data(task);
    GError *error = NULL;
    LkPixels *pixels = make(g_task_get_source_object(task), request->path, &error);
    if (pixels)
        g_task_return_pointer(task, texture_of(pixels), g_object_unref);
    else
        g_task_return_error(task, error);
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

void lk_thumbnails_load(LkThumbnails *self, const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    g_return_if_fail(LK_IS_THUMBNAILS(self) && path);
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_thumbnails_load);
    Request *request = g_new(Request, 1);
    *request = (Request){++self->serial, g_strdup(path)};
    g_task_set_task_data(task, request, request_free);
    GdkTexture *known = lk_texture_memory_get(self->memory, path);
    if (known) {
        g_task_return_pointer(task, g_object_ref(known), g_object_unref);
        g_object_unref(task);
    } else {
        g_thread_pool_push(self->pool, task, NULL);
    }
}

GdkTexture *lk_thumbnails_load_finish(LkThumbnails *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    GdkTexture *texture = g_task_propagate_pointer(G_TASK(result), error);
    Request *request = g_task_get_task_data(G_TASK(result));
    if (texture)
        lk_texture_memory_put(self->memory, request->path, texture);
    return texture;
}

GdkTexture *lk_thumbnails_peek(LkThumbnails *self, const char *path)
{
    return lk_texture_memory_get(self->memory, path);
}

void lk_thumbnails_forget(LkThumbnails *self, const char *path)
{
    lk_texture_memory_remove(self->memory, path);
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
}
