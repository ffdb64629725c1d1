/* The store, opened once and used on a thread of its own: the window asks, and is answered on its main context. */
#pragma once

#include "project/store.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define LK_TYPE_STORE_THREAD (lk_store_thread_get_type())
G_DECLARE_FINAL_TYPE(LkStoreThread, lk_store_thread, LK, STORE_THREAD, GObject)

/** Work on the store's thread. Returns the result, or NULL; with `error` set it failed. */
typedef gpointer (*LkStoreFunc)(LkStore *store, gpointer data, GError **error);

/** Starts the thread, which opens (or makes) the store at `path`. Where that fails every request is answered with the
 * reason. Requests are answered in their order. */
LkStoreThread *lk_store_thread_new(const char *path);

/** Runs `func(store, data)` there. `data` is freed with `data_free` after the answer, a result that nobody takes with
 * `result_free`; both may be NULL. */
void lk_store_thread_run(LkStoreThread *self, LkStoreFunc func, gpointer data, GDestroyNotify data_free,
                         GDestroyNotify result_free, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data);
/** The result (owned by the caller). NULL may be a result as well: look at `error`. */
gpointer lk_store_thread_run_finish(LkStoreThread *self, GAsyncResult *result, GError **error);

/** The same without an answer; failures go to the signal `failed` (GError). For writes that the person need not wait
 * for. */
void lk_store_thread_post(LkStoreThread *self, LkStoreFunc func, gpointer data, GDestroyNotify data_free);

/** Waits until everything that was asked for is done, closes the store and ends the thread. */
void lk_store_thread_close(LkStoreThread *self);

G_END_DECLS
