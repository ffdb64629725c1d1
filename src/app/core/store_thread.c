#include "app/core/store_thread.h"

#include <glib/gi18n.h>

struct _LkStoreThread {
    GObject parent_instance;
    GThread *thread; /* NULL once closed */
    GAsyncQueue *queue;
};

G_DEFINE_FINAL_TYPE(LkStoreThread, lk_store_thread, G_TYPE_OBJECT)

enum { SIGNAL_FAILED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* One request; without `func` it ends the thread. */
typedef struct Request {
    LkStoreFunc func;
    gpointer data;
    GDestroyNotify data_free, result_free;
} Request;

static void request_free(gpointer pointer)
{
    Request *request = pointer;
    if (request->data_free)
        request->data_free(request->data);
    g_free(request);
}

typedef struct Worker {
    GAsyncQueue *queue;
    char *path;
} Worker;

static void answer(GTask *task, LkStore *store, const GError *open_error)
{
    Request *request = g_task_get_task_data(task);
    if (g_task_return_error_if_cancelled(task))
        return;
    if (!store) {
        g_task_return_error(task, g_error_copy(open_error));
        return;
    }
    GError *error = NULL;
    gpointer result = request->func(store, request->data, &error);
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_pointer(task, result, request->result_free);
}

static gpointer store_thread_main(gpointer data)
{
    Worker *worker = data;
    g_autoptr(GError) error = NULL;
    LkStore *store = lk_store_open(worker->path, &error);
    for (;;) {
        g_autoptr(GTask) task = g_async_queue_pop(worker->queue);
        if (!g_task_get_task_data(task)) {
            g_task_return_pointer(task, NULL, NULL);
            break;
        }
        answer(task, store, error);
    }
    if (store)
        lk_store_close(store);
    g_async_queue_unref(worker->queue);
    g_free(worker->path);
    g_free(worker);
    return NULL;
}

LkStoreThread *lk_store_thread_new(const char *path)
{
    LkStoreThread *self = g_object_new(LK_TYPE_STORE_THREAD, NULL);
    Worker *worker = g_new0(Worker, 1);
    worker->queue = g_async_queue_ref(self->queue);
    worker->path = g_strdup(path);
    self->thread = g_thread_new("store", store_thread_main, worker);
    return self;
}

void lk_store_thread_run(LkStoreThread *self, LkStoreFunc func, gpointer data, GDestroyNotify data_free,
                         GDestroyNotify result_free, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
    g_return_if_fail(LK_IS_STORE_THREAD(self));
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_store_thread_run);
    Request *request = g_new0(Request, 1);
    *request = (Request){func, data, data_free, result_free};
    g_task_set_task_data(task, request, request_free);
    if (self->thread) {
        g_async_queue_push(self->queue, task);
        return;
    }
    g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The store is closed."));
    g_object_unref(task);
}

gpointer lk_store_thread_run_finish(LkStoreThread *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void posted_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        g_signal_emit(source, signals[SIGNAL_FAILED], 0, error);
}

void lk_store_thread_post(LkStoreThread *self, LkStoreFunc func, gpointer data, GDestroyNotify data_free)
{
    lk_store_thread_run(self, func, data, data_free, NULL, NULL, posted_cb, NULL);
}

void lk_store_thread_close(LkStoreThread *self)
{
    g_return_if_fail(LK_IS_STORE_THREAD(self));
    if (!self->thread)
        return;
    g_async_queue_push(self->queue, g_task_new(NULL, NULL, NULL, NULL));
    /* The last answer may drop the last reference on the store's own thread, which cannot wait for itself. */
    GThread *thread = g_steal_pointer(&self->thread);
    if (thread == g_thread_self())
        g_thread_unref(thread);
    else
        g_thread_join(thread);
}

static void lk_store_thread_dispose(GObject *object)
{
    LkStoreThread *self = LK_STORE_THREAD(object);
    lk_store_thread_close(self);
    g_clear_pointer(&self->queue, g_async_queue_unref);
    G_OBJECT_CLASS(lk_store_thread_parent_class)->dispose(object);
}

static void lk_store_thread_class_init(LkStoreThreadClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_store_thread_dispose;
    signals[SIGNAL_FAILED] = g_signal_new("failed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void lk_store_thread_init(LkStoreThread *self)
{
    self->queue = g_async_queue_new_full(g_object_unref);
}
