#include "app/dataset/view_memory.h"

#include "app/core/project_views.h"

/* Milliseconds from a change until it is kept: with arrow keys held down many pictures pass. */
enum { REST = 500 };

struct _LkViewMemory {
    GObject parent_instance;
    LkDatasetView *view;
    LkProject *project;
    gboolean loaded;  /* what there is to remember is known */
    gboolean touched; /* the person has ordered or filtered before that */
    gboolean settled; /* what is found out about each picture was there once */
    char *wanted;     /* the path of the picture to go back to; NULL: none, or it has been done */
    GHashTable *kept; /* what the store has: key (static) → char * */
    guint save_id;
};

G_DEFINE_FINAL_TYPE(LkViewMemory, lk_view_memory, G_TYPE_OBJECT)

enum { SIGNAL_CAME_BACK, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* What the view's properties are remembered under, in the order in which they are set. */
static const struct {
    const char *key, *property;
} rows[] = {{"dataset.sort", "sort"}, {"dataset.direction", "direction"}, {"dataset.filter", "filter-text"}};
#define CURRENT "dataset.picture"

/* ---- keeping ----------------------------------------------------------------------------------------- */

/* Puts what is not kept yet into `changed`. Takes the value. */
static void note(LkViewMemory *self, GHashTable *changed, const char *key, char *value)
{
    if (g_strcmp0(g_hash_table_lookup(self->kept, key), value) == 0) {
        g_free(value);
        return;
    }
    g_hash_table_insert(self->kept, (gpointer)key, g_strdup(value));
    g_hash_table_insert(changed, g_strdup(key), value);
}

static void save(LkViewMemory *self)
{
    g_clear_handle_id(&self->save_id, g_source_remove);
    g_autoptr(GHashTable) changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *value = NULL;
        g_object_get(self->view, rows[i].property, &value, NULL);
        note(self, changed, rows[i].key, value);
    }
    LkPicture *current = lk_dataset_view_get_current(self->view);
    if (current && !self->wanted)
        note(self, changed, CURRENT, g_strdup(lk_picture_get_path(current)));
    if (g_hash_table_size(changed))
        lk_project_views_save(self->project, g_steal_pointer(&changed));
}

static gboolean save_cb(gpointer data)
{
    LkViewMemory *self = data;
    self->save_id = 0;
    save(self);
    return G_SOURCE_REMOVE;
}

static void changed_cb(LkViewMemory *self)
{
    if (!self->loaded)
        self->touched = TRUE;
    else if (!self->save_id)
        self->save_id = g_timeout_add(REST, save_cb, self);
}

/* ---- going back -------------------------------------------------------------------------------------- */

/* Once the pictures are there in their order. Who has selected something already is not taken away from it. */
static void go_back(LkViewMemory *self)
{
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    if (!self->wanted || !lk_picture_list_get_loaded(list) ||
        gtk_sort_list_model_get_pending(lk_dataset_view_get_sorted(self->view)) ||
        gtk_filter_list_model_get_pending(lk_dataset_view_get_filtered(self->view)))
        return;
    g_autofree char *path = g_steal_pointer(&self->wanted);
    LkPicture *picture = lk_dataset_view_get_n_selected(self->view) == 0 ? lk_picture_list_find(list, path) : NULL;
    lk_dataset_view_set_current(self->view, picture);
    if (picture && picture == lk_dataset_view_get_current(self->view))
        g_signal_emit(self, signals[SIGNAL_CAME_BACK], 0);
}

/* Tokens and the like are found out after the start; an order or filter of the last time that asks for them is right
 * only then. Later changes move nothing: see the view. */
static void checking_cb(LkViewMemory *self)
{
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    LkPicture *current = lk_dataset_view_get_current(self->view);
    gboolean checking;
    g_object_get(list, "checking", &checking, NULL);
    if (checking || !self->loaded || self->settled || !lk_picture_list_get_loaded(list))
        return;
    self->settled = TRUE;
    if (g_hash_table_size(self->kept) == 0)
        return; /* the first time */
    if (!self->wanted && current && lk_dataset_view_get_n_selected(self->view) == 0)
        self->wanted = g_strdup(lk_picture_get_path(current));
    lk_dataset_view_refresh(self->view);
    go_back(self);
}

static void current_cb(LkViewMemory *self)
{
    if (self->loaded && !self->wanted)
        changed_cb(self);
}

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkViewMemory) self = data;
    if (!self->view)
        return; /* closed */
    g_autoptr(GHashTable) views = lk_project_views_load_finish(self->project, result, NULL);
    self->loaded = TRUE;
    for (gsize i = 0; views && i < G_N_ELEMENTS(rows); i++) {
        const char *value = g_hash_table_lookup(views, rows[i].key);
        if (!value)
            continue;
        g_hash_table_insert(self->kept, (gpointer)rows[i].key, g_strdup(value));
        if (!self->touched)
            g_object_set(self->view, rows[i].property, value, NULL);
    }
    self->wanted = views ? g_strdup(g_hash_table_lookup(views, CURRENT)) : NULL;
    if (self->wanted)
        g_hash_table_insert(self->kept, (gpointer)CURRENT, g_strdup(self->wanted));
    if (self->touched)
        changed_cb(self);
    go_back(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkViewMemory *lk_view_memory_new(LkDatasetView *view)
{
    LkViewMemory *self = g_object_new(LK_TYPE_VIEW_MEMORY, NULL);
    LkPictureList *list = lk_dataset_view_get_list(view);
    self->view = g_object_ref(view);
    self->project = g_object_ref(lk_picture_list_get_project(list));
    static const char *const changes[] = {"notify::sort", "notify::direction", "notify::filter-text"};
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
        g_signal_connect_object(view, changes[i], G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(view, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::loaded", G_CALLBACK(go_back), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::checking", G_CALLBACK(checking_cb), self, G_CONNECT_SWAPPED);
    GObject *const models[] = {G_OBJECT(lk_dataset_view_get_sorted(view)),
                               G_OBJECT(lk_dataset_view_get_filtered(view))};
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
        g_signal_connect_object(models[i], "notify::pending", G_CALLBACK(go_back), self, G_CONNECT_SWAPPED);
    lk_project_views_load(self->project, NULL, loaded_cb, g_object_ref(self));
    return self;
}

static void lk_view_memory_dispose(GObject *object)
{
    LkViewMemory *self = LK_VIEW_MEMORY(object);
    if (self->view && self->loaded)
        save(self);
    g_clear_object(&self->view);
    g_clear_object(&self->project);
    G_OBJECT_CLASS(lk_view_memory_parent_class)->dispose(object);
}

static void lk_view_memory_finalize(GObject *object)
{
    LkViewMemory *self = LK_VIEW_MEMORY(object);
    g_hash_table_unref(self->kept);
    g_free(self->wanted);
    G_OBJECT_CLASS(lk_view_memory_parent_class)->finalize(object);
}

static void lk_view_memory_class_init(LkViewMemoryClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_view_memory_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_view_memory_finalize;
    signals[SIGNAL_CAME_BACK] =
        g_signal_new("came-back", LK_TYPE_VIEW_MEMORY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_view_memory_init(LkViewMemory *self)
{
    self->kept = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
}
