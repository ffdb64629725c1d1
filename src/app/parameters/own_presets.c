#include "app/parameters/own_presets.h"

struct _LkOwnPresets {
    GObject parent_instance;
    LkStoreThread *store;
    GPtrArray *all; /* LkPresetRecord */
};

G_DEFINE_FINAL_TYPE(LkOwnPresets, lk_own_presets, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_FAILED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

const GPtrArray *lk_own_presets_get_all(LkOwnPresets *self)
{
    return self->all;
}

const LkPresetRecord *lk_own_presets_find(LkOwnPresets *self, gint64 id)
{
    for (guint i = 0; i < self->all->len; i++)
        if (((LkPresetRecord *)self->all->pdata[i])->id == id)
            return self->all->pdata[i];
    return NULL;
}

const LkPresetRecord *lk_own_presets_find_name(LkOwnPresets *self, const char *name)
{
    g_autofree char *wanted = g_utf8_casefold(name, -1);
    for (guint i = 0; i < self->all->len; i++) {
        g_autofree char *has = g_utf8_casefold(((LkPresetRecord *)self->all->pdata[i])->name, -1);
        if (g_str_equal(has, wanted))
            return self->all->pdata[i];
    }
    return NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static gpointer read_all(LkStore *store, gpointer data, GError **error)
{
    return lk_presets_list(store, error);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkOwnPresets) self = data;
    g_autoptr(GError) error = NULL;
    GPtrArray *all = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!all) {
        g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
        return;
    }
    g_ptr_array_unref(self->all);
    self->all = all;
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void read_again(LkOwnPresets *self)
{
    lk_store_thread_run(self->store, read_all, NULL, NULL, (GDestroyNotify)g_ptr_array_unref, NULL, read_cb,
                        g_object_ref(self));
}

/* ---- writing ----------------------------------------------------------------------------------------- */

typedef struct Write {
    gint64 id;
    char *name, *purpose;
    GHashTable *values;
} Write;

static void write_free(gpointer data)
{
    Write *write = data;
    g_free(write->name);
    g_free(write->purpose);
    g_clear_pointer(&write->values, g_hash_table_unref);
    g_free(write);
}

static Write *write_new(gint64 id, const char *name)
{
    Write *write = g_new0(Write, 1);
    *write = (Write){.id = id, .name = g_strdup(name)};
    return write;
}

static gpointer do_save(LkStore *store, gpointer data, GError **error)
{
    const Write *write = data;
    gint64 id = lk_presets_save(store, write->id, write->name, write->purpose, write->values, error);
    return id ? g_memdup2(&id, sizeof id) : NULL;
}

static gpointer do_rename(LkStore *store, gpointer data, GError **error)
{
    const Write *write = data;
    lk_presets_rename(store, write->id, write->name, error);
    return NULL;
}

static gpointer do_delete(LkStore *store, gpointer data, GError **error)
{
    lk_presets_delete(store, ((const Write *)data)->id, error);
    return NULL;
}

static void saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    g_autofree gint64 *id = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!id) {
        g_task_return_error(task, error);
        return;
    }
    g_task_return_int(task, (gssize)*id);
    read_again(LK_OWN_PRESETS(g_task_get_source_object(task)));
}

void lk_own_presets_save(LkOwnPresets *self, gint64 id, const char *name, const char *purpose, GHashTable *values,
                         GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);
    g_task_set_source_tag(task, lk_own_presets_save);
    Write *write = write_new(id, name);
    write->purpose = g_strdup(purpose);
    write->values = g_hash_table_ref(values);
    lk_store_thread_run(self->store, do_save, write, write_free, g_free, NULL, saved_cb, task);
}

gint64 lk_own_presets_save_finish(LkOwnPresets *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), 0);
    gssize id = g_task_propagate_int(G_TASK(result), error);
    return id > 0 ? id : 0;
}

static void written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkOwnPresets) self = data;
    g_autoptr(GError) error = NULL;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
    read_again(self);
}

void lk_own_presets_rename(LkOwnPresets *self, gint64 id, const char *name)
{
    lk_store_thread_run(self->store, do_rename, write_new(id, name), write_free, NULL, NULL, written_cb,
                        g_object_ref(self));
}

void lk_own_presets_delete(LkOwnPresets *self, gint64 id)
{
    lk_store_thread_run(self->store, do_delete, write_new(id, NULL), write_free, NULL, NULL, written_cb,
                        g_object_ref(self));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkOwnPresets *lk_own_presets_new(LkStoreThread *store)
{
    LkOwnPresets *self = g_object_new(LK_TYPE_OWN_PRESETS, NULL);
    self->store = g_object_ref(store);
    read_again(self);
    return self;
}

static void lk_own_presets_finalize(GObject *object)
{
    LkOwnPresets *self = LK_OWN_PRESETS(object);
    g_ptr_array_unref(self->all);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_own_presets_parent_class)->finalize(object);
}

static void lk_own_presets_class_init(LkOwnPresetsClass *klass)
{
    GType type = G_TYPE_FROM_CLASS(klass);
    G_OBJECT_CLASS(klass)->finalize = lk_own_presets_finalize;
    signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_FAILED] =
        g_signal_new("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void lk_own_presets_init(LkOwnPresets *self)
{
    self->all = g_ptr_array_new_with_free_func((GDestroyNotify)lk_preset_record_free);
}
