#include "app/dataset/picture_list_private.h"
#include "project/history.h"
#include "project/sources.h"

#include <glib/gi18n.h>

/* Undo steps that are kept. */
#define KEPT_STEPS 200

/* Microseconds that filling the list may take before the window is drawn again. */
#define SLICE 4000

/* What the store's thread makes of a project's rows. */
typedef struct Loaded {
    GPtrArray *sources;          /* LkSourceRecord */
    GHashTable *by_id;           /* gint64 → LkSourceRecord */
    GPtrArray *listed, *removed; /* LkPicture (owned), sorted by path */
    LkTagIndex *tags;
    LkHistoryState history;
} Loaded;

static void loaded_free(gpointer data)
{
    Loaded *loaded = data;
    g_clear_pointer(&loaded->by_id, g_hash_table_unref);
    g_clear_pointer(&loaded->sources, g_ptr_array_unref);
    g_clear_pointer(&loaded->listed, g_ptr_array_unref);
    g_clear_pointer(&loaded->removed, g_ptr_array_unref);
    g_clear_pointer(&loaded->tags, lk_tag_index_free);
    lk_history_state_clear(&loaded->history);
    g_free(loaded);
}

static bool take_row(const LkPictureRecord *record, void *data)
{
    Loaded *loaded = data;
    const LkSourceRecord *source = g_hash_table_lookup(loaded->by_id, &record->source);
    LkPicture *picture = lk_picture_new(record, source ? source->repeats : 1, source && source->regularisation);
    g_ptr_array_add(record->removed ? loaded->removed : loaded->listed, picture);
    if (!record->removed)
        lk_tag_index_change(loaded->tags, NULL, lk_picture_get_caption(picture));
    return true;
}

static bool read_rows(LkStore *store, gint64 project, Loaded *loaded, GError **error)
{
    loaded->sources = lk_sources_list(store, project, error);
    if (!loaded->sources)
        return false;
    for (guint i = 0; i < loaded->sources->len; i++) {
        LkSourceRecord *source = loaded->sources->pdata[i];
        g_hash_table_insert(loaded->by_id, &source->id, source);
    }
    return lk_pictures_each(store, project, take_row, loaded, error) &&
           lk_history_prune(store, project, KEPT_STEPS, error) &&
           lk_history_state(store, project, &loaded->history, error);
}

static gpointer load_in_store(LkStore *store, gpointer data, GError **error)
{
    Loaded *loaded = g_new0(Loaded, 1);
    loaded->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    loaded->listed = g_ptr_array_new_with_free_func(g_object_unref);
    loaded->removed = g_ptr_array_new_with_free_func(g_object_unref);
    loaded->tags = lk_tag_index_new();
    if (read_rows(store, *(const gint64 *)data, loaded, error))
        return loaded;
    loaded_free(loaded);
    return NULL;
}

static void finish_loading(LkPictureList *self)
{
    g_clear_pointer(&self->loading, g_ptr_array_unref);
    self->loading_id = 0;
    self->loaded = TRUE;
    lk_picture_list_set_progress(self, false, "", 0, 0);
    lk_picture_list_changed(self, 0);
    lk_picture_list_notify(self, LK_LIST_PROP_LOADED);
    lk_picture_list_refresh(self);
}

static gboolean fill_cb(gpointer data)
{
    LkPictureList *self = data;
    const gint64 until = g_get_monotonic_time() + SLICE;
    while (self->loading_at < self->loading->len && g_get_monotonic_time() < until) {
        const guint count = MIN(self->loading->len - self->loading_at, 500);
        g_autoptr(GPtrArray) part = g_ptr_array_sized_new(count);
        for (guint i = 0; i < count; i++)
            g_ptr_array_add(part, self->loading->pdata[self->loading_at + i]);
        self->loading_at += count;
        lk_picture_list_insert(self, part);
    }
    if (self->loading_at < self->loading->len)
        return G_SOURCE_CONTINUE;
    finish_loading(self);
    return G_SOURCE_REMOVE;
}

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkPictureList) self = data;
    g_autoptr(GError) error = NULL;
    Loaded *loaded = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!loaded) {
        lk_picture_list_set_progress(self, false, "", 0, 0);
        lk_picture_list_failed(self, error);
        return;
    }
    lk_picture_list_take_sources(self, loaded->sources);
    lk_picture_tags_take(self->tags, g_steal_pointer(&loaded->tags));
    lk_picture_edits_take_state(self->edits, loaded->history.undo, loaded->history.redo, loaded->history.undo_label,
                                loaded->history.redo_label);
    for (guint i = 0; i < loaded->removed->len; i++) {
        LkPicture *picture = loaded->removed->pdata[i];
        g_hash_table_replace(self->by_path, picture->path, g_object_ref(picture));
    }
    self->loading = g_steal_pointer(&loaded->listed);
    self->loading_id = g_idle_add(fill_cb, self);
    loaded_free(loaded);
}

void lk_picture_list_load(LkPictureList *self)
{
    lk_picture_list_set_progress(self, true, _("Opening pictures…"), 0, 0);
    lk_store_thread_run(self->store, load_in_store, g_memdup2(&self->project_id, sizeof self->project_id), g_free,
                        loaded_free, NULL, loaded_cb, g_object_ref(self));
}
