#include "app/core/project_views.h"

#include "project/views.h"

static gpointer read_views(LkStore *store, gpointer data, GError **error)
{
    return lk_views_get_all(store, *(const gint64 *)data, error);
}

void lk_project_views_load(LkProject *project, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    const gint64 id = lk_project_get_id(project);
    lk_store_thread_run(lk_project_get_store(project), read_views, g_memdup2(&id, sizeof id), g_free,
                        (GDestroyNotify)g_hash_table_unref, cancellable, callback, user_data);
}

GHashTable *lk_project_views_load_finish(LkProject *project, GAsyncResult *result, GError **error)
{
    return lk_store_thread_run_finish(lk_project_get_store(project), result, error);
}

/* For the store's thread. */
typedef struct Write {
    gint64 project;
    GHashTable *values;
} Write;

static void write_free(gpointer data)
{
    Write *write = data;
    g_hash_table_unref(write->values);
    g_free(write);
}

static bool set_all(LkStore *store, void *data, GError **error)
{
    const Write *write = data;
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, write->values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (!lk_views_set(store, write->project, key, value, error))
            return false;
    return true;
}

static gpointer write_views(LkStore *store, gpointer data, GError **error)
{
    lk_store_transaction(store, set_all, data, error);
    return NULL;
}

void lk_project_views_save(LkProject *project, GHashTable *values)
{
    Write *write = g_new(Write, 1);
    *write = (Write){lk_project_get_id(project), values};
    lk_store_thread_post(lk_project_get_store(project), write_views, write, write_free);
}
