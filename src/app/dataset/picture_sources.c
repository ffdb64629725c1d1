#include "app/dataset/picture_list_private.h"
#include "project/sources.h"

LkListSource *lk_picture_list_source(LkPictureList *self, gint64 id)
{
    const guint place = GPOINTER_TO_UINT(g_hash_table_lookup(self->source_places, &id));
    return place ? &g_array_index(self->sources, LkListSource, place - 1) : NULL;
}

GArray *lk_picture_list_get_sources(LkPictureList *self)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), NULL);
    GArray *sources = g_array_new(FALSE, FALSE, sizeof(LkPictureSource));
    for (guint i = 0; i < self->sources->len; i++) {
        const LkListSource *own = &g_array_index(self->sources, LkListSource, i);
        const LkPictureSource source = {own->id,   own->path,    own->folder,  own->recursive, own->regularisation,
                                        own->held, own->repeats, own->pictures};
        g_array_append_val(sources, source);
    }
    return sources;
}

static void clear_source(gpointer data)
{
    g_free(((LkListSource *)data)->path);
}

GArray *lk_list_sources_new(void)
{
    GArray *sources = g_array_new(FALSE, TRUE, sizeof(LkListSource));
    g_array_set_clear_func(sources, clear_source);
    return sources;
}

static void index_sources(LkPictureList *self)
{
    g_hash_table_remove_all(self->source_places);
    for (guint i = 0; i < self->sources->len; i++) {
        const gint64 id = g_array_index(self->sources, LkListSource, i).id;
        g_hash_table_insert(self->source_places, g_memdup2(&id, sizeof id), GUINT_TO_POINTER(i + 1));
    }
}

static void drop_source(LkPictureList *self, gint64 id)
{
    const guint place = GPOINTER_TO_UINT(g_hash_table_lookup(self->source_places, &id));
    if (place)
        g_array_remove_index(self->sources, place - 1);
    index_sources(self);
}

void lk_picture_list_take_sources(LkPictureList *self, GPtrArray *records)
{
    g_autoptr(GArray) old = g_steal_pointer(&self->sources);
    self->sources = lk_list_sources_new();
    for (guint i = 0; i < records->len; i++) {
        const LkSourceRecord *record = records->pdata[i];
        const guint place = GPOINTER_TO_UINT(g_hash_table_lookup(self->source_places, &record->id));
        const LkListSource source = {.id = record->id,
                                     .path = g_strdup(record->path),
                                     .folder = record->kind == LK_SOURCE_FOLDER,
                                     .recursive = record->recursive,
                                     .regularisation = record->regularisation,
                                     .held = record->held,
                                     .repeats = record->repeats,
                                     .pictures = place ? g_array_index(old, LkListSource, place - 1).pictures : 0};
        g_array_append_val(self->sources, source);
    }
    index_sources(self);
}

GArray *lk_picture_list_copy_sources(LkPictureList *self)
{
    GArray *sources = lk_walk_sources_new();
    for (guint i = 0; i < self->sources->len; i++) {
        const LkListSource *own = &g_array_index(self->sources, LkListSource, i);
        const LkWalkSource source = {own->id, g_strdup(own->path), own->folder, own->recursive};
        g_array_append_val(sources, source);
    }
    return sources;
}

/* ---- changes ----------------------------------------------------------------------------------------- */

/* One change of a source on its way to the store. */
typedef struct Change {
    gint64 id;
    guint number;
} Change;

static gpointer store_repeats(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    lk_sources_set_repeats(store, change->id, change->number, error);
    return NULL;
}

static gpointer store_regularisation(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    lk_sources_set_regularisation(store, change->id, change->number != 0, error);
    return NULL;
}

static gpointer store_held(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    lk_sources_set_held(store, change->id, change->number != 0, error);
    return NULL;
}

static gpointer store_removal(LkStore *store, gpointer data, GError **error)
{
    lk_sources_remove(store, ((const Change *)data)->id, error);
    return NULL;
}

static void stored_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkPictureList) list = data;
    g_autoptr(GError) error = NULL;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        lk_picture_list_failed(list, error);
}

static void store(LkPictureList *self, LkStoreFunc func, gint64 id, guint number)
{
    const Change change = {id, number};
    lk_store_thread_run(self->store, func, g_memdup2(&change, sizeof change), g_free, NULL, NULL, stored_cb,
                        g_object_ref(self));
}

/* The pictures of a source take its options. */
static void spread(LkPictureList *self, const LkListSource *source)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, self->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        LkPicture *picture = value;
        if (picture->source != source->id)
            continue;
        lk_picture_set_source(picture, source->id, source->repeats, source->regularisation);
        if (picture->listed)
            lk_picture_doctor_touch(self->doctor, picture);
    }
    lk_picture_list_changed(self, LK_PICTURE_ASPECT_CHOICES);
}

void lk_picture_list_set_source_repeats(LkPictureList *self, gint64 id, guint repeats)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self) && repeats > 0);
    LkListSource *source = lk_picture_list_source(self, id);
    if (!source || source->repeats == repeats)
        return;
    source->repeats = repeats;
    store(self, store_repeats, id, repeats);
    spread(self, source);
}

void lk_picture_list_set_source_regularisation(LkPictureList *self, gint64 id, gboolean regularisation)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    LkListSource *source = lk_picture_list_source(self, id);
    if (!source || source->regularisation == (regularisation != FALSE))
        return;
    source->regularisation = regularisation != FALSE;
    store(self, store_regularisation, id, source->regularisation);
    spread(self, source);
}

void lk_picture_list_hold_source(LkPictureList *self, gint64 id, bool held)
{
    LkListSource *source = lk_picture_list_source(self, id);
    if (!source || source->held == held)
        return;
    source->held = held;
    store(self, store_held, id, held);
    lk_picture_list_changed(self, LK_PICTURE_ASPECT_CHOICES);
}

static GPtrArray *pictures_of(LkPictureList *self, gint64 id)
{
    GPtrArray *pictures = g_ptr_array_new_with_free_func(g_object_unref);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, self->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((LkPicture *)value)->source == id)
            g_ptr_array_add(pictures, g_object_ref(value));
    return pictures;
}

void lk_picture_list_remove_source(LkPictureList *self, gint64 id)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    if (!lk_picture_list_source(self, id))
        return;
    lk_picture_list_end_typing(self); /* what is open is written before its row goes */
    g_autoptr(GPtrArray) pictures = pictures_of(self, id);
    for (guint i = 0; i < pictures->len; i++)
        if (((LkPicture *)pictures->pdata[i])->listed)
            lk_picture_tags_change(self->tags, lk_picture_get_caption(pictures->pdata[i]), NULL);
    lk_picture_list_take_out(self, pictures, true);
    drop_source(self, id);
    store(self, store_removal, id, 0);
    lk_picture_list_changed(self, LK_PICTURE_ASPECT_CHOICES);
    lk_picture_list_refresh(self); /* a folder around it may have the same pictures */
}
