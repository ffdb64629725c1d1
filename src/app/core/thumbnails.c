#include "app/core/thumbnails.h"

#include "dataset/picture.h"
#include "dataset/resample.h"

#include <math.h>

enum { THREADS = 2, SIDE = 256, LONGEST = 1024 };

struct _LkThumbnails {
    GObject parent_instance;
    GThreadPool *pool;
    char *cache_dir;
};

G_DEFINE_FINAL_TYPE(LkThumbnails, lk_thumbnails, G_TYPE_OBJECT)

/* Scaled so that the shorter side is SIDE; the picture itself where it is small. Takes `picture` over. */
static LkPixels *shrink(LkPixels *picture, GError **error)
{
    double scale = (double)SIDE / MIN(picture->width, picture->height);
    scale = MIN(scale, (double)LONGEST / MAX(picture->width, picture->height));
    if (scale >= 1)
        return picture;
    g_autoptr(LkPixels) whole = picture;
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

static GdkTexture *make_texture(const char *path, GError **error)
{
    LkPixels *picture = lk_picture_load(path, NULL, error);
    g_autoptr(LkPixels) small = picture ? shrink(picture, error) : NULL;
    if (!small)
        return NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(small->data, (gsize)small->width * (gsize)small->height * 3);
    return gdk_memory_texture_new(small->width, small->height, GDK_MEMORY_R8G8B8, bytes, (gsize)small->width * 3);
}

static void decode(gpointer data, gpointer user_data)
{
    g_autoptr(GTask) task = data;
    if (g_task_return_error_if_cancelled(task))
        return;
    GError *error = NULL;
    GdkTexture *texture = make_texture(g_task_get_task_data(task), &error);
    if (texture)
        g_task_return_pointer(task, texture, g_object_unref);
    else
        g_task_return_error(task, error);
}

LkThumbnails *lk_thumbnails_new(const char *cache_dir)
{
    LkThumbnails *self = g_object_new(LK_TYPE_THUMBNAILS, NULL);
    self->cache_dir = g_strdup(cache_dir);
    return self;
}

void lk_thumbnails_load(LkThumbnails *self, const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    g_return_if_fail(LK_IS_THUMBNAILS(self));
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_thumbnails_load);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_thread_pool_push(self->pool, task, NULL);
}

GdkTexture *lk_thumbnails_load_finish(LkThumbnails *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void lk_thumbnails_finalize(GObject *object)
{
    LkThumbnails *self = LK_THUMBNAILS(object);
    g_thread_pool_free(self->pool, TRUE, FALSE);
    g_free(self->cache_dir);
    G_OBJECT_CLASS(lk_thumbnails_parent_class)->finalize(object);
}

static void lk_thumbnails_class_init(LkThumbnailsClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_thumbnails_finalize;
}

static void lk_thumbnails_init(LkThumbnails *self)
{
    self->pool = g_thread_pool_new(decode, NULL, THREADS, FALSE, NULL);
}
