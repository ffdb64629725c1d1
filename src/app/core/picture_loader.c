#include "app/core/picture_loader.h"

#include "app/core/texture_memory.h"
#include "dataset/picture.h"
#include "dataset/resample.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <math.h>

enum { THREADS = 2 };
#define MOST_IN_MEMORY ((gsize)96 << 20)

struct _LkPictureLoader {
    GObject parent_instance;
    GThreadPool *pool;
    LkTextureMemory *memory;
    GHashTable *jobs; /* path (of the job) → Job that is under way */
    guint64 serial;
};

G_DEFINE_FINAL_TYPE(LkPictureLoader, lk_picture_loader, G_TYPE_OBJECT)

/* One picture that is asked for. */
typedef struct Job {
    LkPictureLoader *loader; /* held */
    char *path;
    guint64 serial;
    GMutex mutex;
    GPtrArray *tasks; /* GTask: who asked; under the mutex until the answer is there */
    GdkTexture *texture;
    GError *error;
} Job;

static void job_free(Job *job)
{
    g_mutex_clear(&job->mutex);
    g_ptr_array_unref(job->tasks);
    g_clear_object(&job->texture);
    g_clear_error(&job->error);
    g_free(job->path);
    g_object_unref(job->loader);
    g_free(job);
}

/* ---- on a worker thread ------------------------------------------------------------------------------ */

static LkPixels *limit(LkPixels *whole, GError **error)
{
    double scale = (double)LK_PICTURE_LOADER_LONGEST / MAX(whole->width, whole->height);
    if (scale >= 1)
        return whole;
    g_autoptr(LkPixels) held = whole;
    int width = MAX(1, (int)lround(whole->width * scale)), height = MAX(1, (int)lround(whole->height * scale));
    LkPixels *small = lk_pixels_new(width, height, error);
    LkResample task = {.from = whole->data,
                       .from_width = whole->width,
                       .from_height = whole->height,
                       .to_width = width,
                       .to_height = height,
                       .width = width,
                       .height = height,
                       .out = small ? small->data : NULL};
    if (small && lk_resample_area(&task))
        return small;
    if (small)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Not enough memory."));
    g_clear_pointer(&small, lk_pixels_free);
    return NULL;
}

static void free_pixels(gpointer pixels)
{
    lk_pixels_free(pixels);
}

GdkTexture *lk_picture_loader_decode(const char *path, gboolean opacity, GError **error)
{
    LkPixels *pixels = opacity ? lk_picture_load_opacity(path, error) : lk_picture_load(path, NULL, error);
    pixels = pixels ? limit(pixels, error) : NULL;
    if (!pixels)
        return NULL;
    gsize stride = (gsize)pixels->width * 3;
    g_autoptr(GBytes) bytes =
        g_bytes_new_with_free_func(pixels->data, stride * (gsize)pixels->height, free_pixels, pixels);
    return gdk_memory_texture_new(pixels->width, pixels->height, GDK_MEMORY_R8G8B8, bytes, stride);
}

static gboolean is_wanted(Job *job)
{
    gboolean wanted = FALSE;
    g_mutex_lock(&job->mutex);
    for (guint i = 0; i < job->tasks->len && !wanted; i++)
        wanted = !g_cancellable_is_cancelled(g_task_get_cancellable(g_ptr_array_index(job->tasks, i)));
    g_mutex_unlock(&job->mutex);
    return wanted;
}

static gboolean done_cb(gpointer data);

static void work(gpointer data, gpointer user_data)
{
    Job *job = data;
    if (is_wanted(job))
        job->texture = lk_picture_loader_decode(job->path, FALSE, &job->error);
    g_main_context_invoke(NULL, done_cb, job);
}

/* ---- on the main thread ------------------------------------------------------------------------------ */

static void start(LkPictureLoader *self, Job *job)
{
    job->serial = ++self->serial;
    g_thread_pool_push(self->pool, job, NULL);
}

static gboolean done_cb(gpointer data)
{
    Job *job = data;
    LkPictureLoader *self = job->loader;
    if (!job->texture && !job->error && is_wanted(job)) {
        start(self, job); /* somebody asked after it had been dropped */
        return G_SOURCE_REMOVE;
    }
    g_hash_table_remove(self->jobs, job->path);
    if (job->texture)
        lk_texture_memory_put(self->memory, job->path, job->texture);
    for (guint i = 0; i < job->tasks->len; i++) {
        GTask *task = g_ptr_array_index(job->tasks, i);
        if (job->texture)
            g_task_return_pointer(task, g_object_ref(job->texture), g_object_unref);
        else if (job->error)
            g_task_return_error(task, g_error_copy(job->error));
        else
            g_task_return_error_if_cancelled(task);
    }
    job_free(job);
    return G_SOURCE_REMOVE;
}

void lk_picture_loader_load(LkPictureLoader *self, const char *path, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
    g_return_if_fail(LK_IS_PICTURE_LOADER(self) && path);
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_picture_loader_load);
    GdkTexture *known = lk_texture_memory_get(self->memory, path);
    if (known) {
        g_task_return_pointer(task, g_object_ref(known), g_object_unref);
        return;
    }
    Job *job = g_hash_table_lookup(self->jobs, path);
    if (job) {
        g_mutex_lock(&job->mutex);
        g_ptr_array_add(job->tasks, g_object_ref(task));
        g_mutex_unlock(&job->mutex);
        return;
    }
    job = g_new0(Job, 1);
    job->loader = g_object_ref(self);
    job->path = g_strdup(path);
    job->tasks = g_ptr_array_new_with_free_func(g_object_unref);
    g_mutex_init(&job->mutex);
    g_ptr_array_add(job->tasks, g_object_ref(task));
    g_hash_table_insert(self->jobs, job->path, job);
    start(self, job);
}

GdkTexture *lk_picture_loader_load_finish(LkPictureLoader *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

GdkTexture *lk_picture_loader_peek(LkPictureLoader *self, const char *path)
{
    return lk_texture_memory_get(self->memory, path);
}

void lk_picture_loader_forget(LkPictureLoader *self, const char *path)
{
    lk_texture_memory_remove(self->memory, path);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static int newest_first(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Job *first = a, *second = b;
    return (first->serial < second->serial) - (first->serial > second->serial);
}

LkPictureLoader *lk_picture_loader_new(void)
{
    return g_object_new(LK_TYPE_PICTURE_LOADER, NULL);
}

static void lk_picture_loader_finalize(GObject *object)
{
    LkPictureLoader *self = LK_PICTURE_LOADER(object);
    g_thread_pool_free(self->pool, TRUE, FALSE); /* every job holds a reference, so there is none */
    g_hash_table_unref(self->jobs);
    lk_texture_memory_free(self->memory);
    G_OBJECT_CLASS(lk_picture_loader_parent_class)->finalize(object);
}

static void lk_picture_loader_class_init(LkPictureLoaderClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_picture_loader_finalize;
}

static void lk_picture_loader_init(LkPictureLoader *self)
{
    self->pool = g_thread_pool_new(work, NULL, THREADS, FALSE, NULL);
    g_thread_pool_set_sort_function(self->pool, newest_first, NULL);
    self->memory = lk_texture_memory_new(MOST_IN_MEMORY);
    self->jobs = g_hash_table_new(g_str_hash, g_str_equal);
}
