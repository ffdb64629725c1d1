#include "app/test/test_history.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#define WITHOUT "-without.png"
#define GRID    "grid-"

/* What a strip can show; older ones stay on the disk. */
enum { MOST_SHOWN = 500 };

struct _LkTestHistory {
    GObject parent_instance;
    char *folder;
    GListStore *pictures;
    guint next, next_grid; /* numbers that are free */
    gboolean loaded;
    GCancellable *cancellable;
};

static void lk_test_history_model_init(GListModelInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(LkTestHistory, lk_test_history, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, lk_test_history_model_init))

enum { SIGNAL_LOADED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- names ------------------------------------------------------------------------------------------- */

/* The number that a name begins with; 0 where it is none of ours. */
static guint number_of(const char *name)
{
    char *end;
    guint64 number = g_ascii_strtoull(name, &end, 10);
    gboolean ours = g_ascii_isdigit(*name) && *end == '-' && g_str_has_suffix(name, ".png");
    return ours && number < G_MAXUINT ? (guint)number : 0;
}

static guint grid_number_of(const char *name)
{
    return g_str_has_prefix(name, GRID) ? (guint)g_ascii_strtoull(name + strlen(GRID), NULL, 10) : 0;
}

static gboolean make_folder(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0777) == 0)
        return TRUE;
    int code = errno;
    g_autofree char *shown = g_filename_display_name(path);
    return lk_set_error(error, LK_ERROR_IO, _("The folder %s for the pictures could not be made: %s."), shown,
                        g_strerror(code));
}

char *lk_test_history_reserve(LkTestHistory *self, guint64 seed, GError **error)
{
    if (!make_folder(self->folder, error))
        return NULL;
    g_autofree char *name = g_strdup_printf("%05u-%" G_GUINT64_FORMAT ".png", self->next++, seed);
    return g_build_filename(self->folder, name, NULL);
}

char *lk_test_history_partner_path(const char *path)
{
    g_autofree char *base = g_str_has_suffix(path, ".png") ? g_strndup(path, strlen(path) - 4) : g_strdup(path);
    return g_strconcat(base, WITHOUT, NULL);
}

char *lk_test_history_reserve_grid(LkTestHistory *self, GError **error)
{
    g_autofree char *name = g_strdup_printf(GRID "%04u", self->next_grid++);
    g_autofree char *path = g_build_filename(self->folder, name, NULL);
    return make_folder(path, error) ? g_steal_pointer(&path) : NULL;
}

/* ---- listing ----------------------------------------------------------------------------------------- */

typedef struct Listing {
    char *folder;
    GPtrArray *names; /* char * */
    guint last, last_grid;
} Listing;

static void listing_free(gpointer data)
{
    Listing *listing = data;
    g_free(listing->folder);
    g_ptr_array_unref(listing->names);
    g_free(listing);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    const char *one = *(char *const *)a, *other = *(char *const *)b;
    guint first = number_of(one), second = number_of(other);
    return first != second ? (first < second ? 1 : -1) : strcmp(one, other);
}

static void list_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Listing *listing = data;
    g_autoptr(GDir) dir = g_dir_open(listing->folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        listing->last = MAX(listing->last, number_of(name));
        listing->last_grid = MAX(listing->last_grid, grid_number_of(name));
        if (number_of(name))
            g_ptr_array_add(listing->names, g_strdup(name));
    }
    g_ptr_array_sort(listing->names, compare_names);
    g_task_return_boolean(task, TRUE);
}

static LkTestPicture *make_file(LkTestHistory *self, const char *name)
{
    g_autofree char *path = g_build_filename(self->folder, name, NULL);
    return lk_test_picture_new_file(path);
}

/* The picture without LoRAs that belongs to one, if it is among the names. */
static void add_partner(LkTestHistory *self, LkTestPicture *picture, const char *name, GHashTable *names)
{
    g_autofree char *other = lk_test_history_partner_path(name);
    if (!g_hash_table_contains(names, other))
        return;
    g_autoptr(LkTestPicture) partner = make_file(self, other);
    lk_test_picture_set_partner(picture, partner);
}

static void listed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkTestHistory *self = LK_TEST_HISTORY(source);
    const Listing *listing = g_task_get_task_data(G_TASK(result));
    if (!g_task_propagate_boolean(G_TASK(result), NULL))
        return;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < listing->names->len; i++)
        g_hash_table_add(names, listing->names->pdata[i]);
    g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < listing->names->len && pictures->len < MOST_SHOWN; i++) {
        const char *name = listing->names->pdata[i];
        if (g_str_has_suffix(name, WITHOUT))
            continue;
        LkTestPicture *picture = make_file(self, name);
        add_partner(self, picture, name, names);
        g_ptr_array_add(pictures, picture);
    }
    self->next = listing->last + 1;
    self->next_grid = listing->last_grid + 1;
    g_list_store_splice(self->pictures, 0, 0, pictures->pdata, pictures->len);
    self->loaded = TRUE;
    g_signal_emit(self, signals[SIGNAL_LOADED], 0);
}

LkTestHistory *lk_test_history_new(const char *project_folder)
{
    LkTestHistory *self = g_object_new(LK_TYPE_TEST_HISTORY, NULL);
    self->folder = g_build_filename(project_folder, "test", NULL);
    Listing *listing = g_new0(Listing, 1);
    listing->folder = g_strdup(self->folder);
    listing->names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GTask) task = g_task_new(self, self->cancellable, listed_cb, NULL);
    g_task_set_source_tag(task, lk_test_history_new);
    g_task_set_task_data(task, listing, listing_free);
    g_task_run_in_thread(task, list_thread);
    return self;
}

gboolean lk_test_history_get_loaded(LkTestHistory *self)
{
    return self->loaded;
}

const char *lk_test_history_get_folder(LkTestHistory *self)
{
    return self->folder;
}

/* ---- changing ---------------------------------------------------------------------------------------- */

void lk_test_history_add(LkTestHistory *self, LkTestPicture *picture)
{
    if (!g_list_store_find(self->pictures, picture, NULL))
        g_list_store_insert(self->pictures, 0, picture);
}

static void trash_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    char **paths = data;
    GError *error = NULL;
    for (int i = 0; paths[i] && !error; i++) {
        g_autoptr(GFile) file = g_file_new_for_path(paths[i]);
        if (!g_file_trash(file, NULL, &error) && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
            g_clear_error(&error); /* gone already */
    }
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
}

void lk_test_history_trash(LkTestHistory *self, LkTestPicture *picture, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    guint position;
    g_autoptr(GTask) task = g_task_new(self, NULL, callback, user_data);
    g_task_set_source_tag(task, lk_test_history_trash);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    LkTestPicture *partner = lk_test_picture_get_partner(picture);
    if (lk_test_picture_get_path(picture))
        g_strv_builder_add(builder, lk_test_picture_get_path(picture));
    if (partner && lk_test_picture_get_path(partner))
        g_strv_builder_add(builder, lk_test_picture_get_path(partner));
    g_task_set_task_data(task, g_strv_builder_end(builder), (GDestroyNotify)g_strfreev);
    if (g_list_store_find(self->pictures, picture, &position))
        g_list_store_remove(self->pictures, position);
    g_task_run_in_thread(task, trash_thread);
}

gboolean lk_test_history_trash_finish(LkTestHistory *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static GType get_item_type(GListModel *model)
{
    return LK_TYPE_TEST_PICTURE;
}

static guint get_n_items(GListModel *model)
{
    return g_list_model_get_n_items(G_LIST_MODEL(LK_TEST_HISTORY(model)->pictures));
}

static gpointer get_item(GListModel *model, guint position)
{
    return g_list_model_get_item(G_LIST_MODEL(LK_TEST_HISTORY(model)->pictures), position);
}

static void lk_test_history_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

static void lk_test_history_dispose(GObject *object)
{
    LkTestHistory *self = LK_TEST_HISTORY(object);
    g_cancellable_cancel(self->cancellable);
    G_OBJECT_CLASS(lk_test_history_parent_class)->dispose(object);
}

static void lk_test_history_finalize(GObject *object)
{
    LkTestHistory *self = LK_TEST_HISTORY(object);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->pictures);
    g_free(self->folder);
    G_OBJECT_CLASS(lk_test_history_parent_class)->finalize(object);
}

static void lk_test_history_class_init(LkTestHistoryClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_test_history_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_test_history_finalize;
    signals[SIGNAL_LOADED] =
        g_signal_new("loaded", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_test_history_init(LkTestHistory *self)
{
    self->pictures = g_list_store_new(LK_TYPE_TEST_PICTURE);
    self->cancellable = g_cancellable_new();
    g_signal_connect_swapped(self->pictures, "items-changed", G_CALLBACK(g_list_model_items_changed), self);
}
