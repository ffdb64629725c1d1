#include "app/core/project_list.h"

#include "app/core/places.h"
#include "app/dataset/import_plan.h"
#include "project/settings.h"
#include "project/sources.h"
#include "system/sandbox.h"

#include <glib/gi18n.h>

struct _LkProjectList {
    GObject parent_instance;
    LkStoreThread *store;
    GListStore *list;
    gboolean loaded;
};

static void lk_project_list_list_model_init(GListModelInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(LkProjectList, lk_project_list, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, lk_project_list_list_model_init))

enum { PROP_LOADED = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];
enum { SIGNAL_FAILED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- the list ---------------------------------------------------------------------------------------- */

static GType get_item_type(GListModel *model)
{
    return LK_TYPE_PROJECT;
}

static guint get_n_items(GListModel *model)
{
    return g_list_model_get_n_items(G_LIST_MODEL(LK_PROJECT_LIST(model)->list));
}

static gpointer get_item(GListModel *model, guint position)
{
    return g_list_model_get_item(G_LIST_MODEL(LK_PROJECT_LIST(model)->list), position);
}

static void lk_project_list_list_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

LkProject *lk_project_list_find(LkProjectList *self, gint64 id)
{
    for (guint i = 0; i < get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(LkProject) project = get_item(G_LIST_MODEL(self), i);
        if (lk_project_get_id(project) == id)
            return project; /* the list keeps it */
    }
    return NULL;
}

gboolean lk_project_list_get_loaded(LkProjectList *self)
{
    return self->loaded;
}

/* Objects of projects that were there already are used again, with the numbers that the store has now. */
static void show_records(LkProjectList *self, GPtrArray *records)
{
    g_autoptr(GPtrArray) projects = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < records->len; i++) {
        const LkProjectRecord *record = records->pdata[i];
        LkProject *known = lk_project_list_find(self, record->id);
        if (known)
            g_object_set(known, "n-pictures", record->pictures, "n-checkpoints", record->checkpoints, NULL);
        g_ptr_array_add(projects, known ? g_object_ref(known) : lk_project_new(self->store, record));
    }
    g_list_store_splice(self->list, 0, g_list_model_get_n_items(G_LIST_MODEL(self->list)), projects->pdata,
                        projects->len);
    if (!self->loaded) {
        self->loaded = TRUE;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LOADED]);
    }
}

static gpointer read_list(LkStore *store, gpointer data, GError **error)
{
    return lk_projects_list(store, error);
}

static void listed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkProjectList) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (records)
        show_records(self, records);
    else
        g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
}

void lk_project_list_refresh(LkProjectList *self)
{
    lk_store_thread_run(self->store, read_list, NULL, NULL, (GDestroyNotify)g_ptr_array_unref, NULL, listed_cb,
                        g_object_ref(self));
}

LkProjectList *lk_project_list_new(LkStoreThread *store)
{
    LkProjectList *self = g_object_new(LK_TYPE_PROJECT_LIST, NULL);
    self->store = g_object_ref(store);
    lk_project_list_refresh(self);
    return self;
}

/* ---- new projects ------------------------------------------------------------------------------------ */

/* An LkNewProject with its own texts. */
typedef struct Draft {
    char *name, *goal, *folder, *base_model, *family, *trigger_word;
    char **sources;
    GHashTable *settings;
} Draft;

static void draft_free(gpointer data)
{
    Draft *draft = data;
    g_free(draft->name);
    g_free(draft->goal);
    g_free(draft->folder);
    g_free(draft->base_model);
    g_free(draft->family);
    g_free(draft->trigger_word);
    g_strfreev(draft->sources);
    g_clear_pointer(&draft->settings, g_hash_table_unref);
    g_free(draft);
}

/* As on the Dataset page: kohya's folders with repeats in their names become sources of their own. */
static bool add_sources(LkStore *store, gint64 id, char **sources, GError **error)
{
    if (!sources)
        return true;
    g_autoptr(GArray) known = lk_walk_sources_new();
    LkImportPlan *plan = lk_import_plan_new((const char *const *)sources, known, NULL);
    bool ok = true;
    for (guint i = 0; i < plan->sources->len && ok; i++) {
        const LkImportSource *planned = &g_array_index(plan->sources, LkImportSource, i);
        const LkSourceRecord source = {.project = id,
                                       .kind = planned->folder ? LK_SOURCE_FOLDER : LK_SOURCE_FILE,
                                       .path = planned->path,
                                       .recursive = planned->recursive,
                                       .repeats = planned->repeats};
        ok = lk_sources_add(store, &source, error) != 0;
    }
    lk_import_plan_free(plan);
    return ok;
}

/* All of a new project in one transaction. */
static bool make_project(LkStore *store, void *data, GError **error)
{
    struct {
        Draft *draft;
        gint64 id;
    } *made = data;
    const Draft *draft = made->draft;
    made->id = lk_projects_create(store, draft->name, draft->goal, draft->folder, error);
    return made->id && lk_projects_set(store, made->id, LK_PROJECT_BASE_MODEL, draft->base_model, error) &&
           lk_projects_set(store, made->id, LK_PROJECT_FAMILY, draft->family, error) &&
           lk_projects_set(store, made->id, LK_PROJECT_TRIGGER_WORD, draft->trigger_word, error) &&
           (!draft->settings || lk_settings_replace(store, made->id, draft->settings, error)) &&
           add_sources(store, made->id, draft->sources, error);
}

static gpointer create_in_store(LkStore *store, gpointer data, GError **error)
{
    struct {
        Draft *draft;
        gint64 id;
    } made = {data, 0};
    lk_places_take_in(made.draft->sources, made.draft->folder);
    return lk_store_transaction(store, make_project, &made, error) ? lk_projects_get(store, made.id, error) : NULL;
}

static void created_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    LkProjectList *self = LK_PROJECT_LIST(g_task_get_source_object(task));
    GError *error = NULL;
    g_autoptr(LkProjectRecord) record = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!record) {
        g_task_return_error(task, error);
        return;
    }
    LkProject *project = lk_project_new(self->store, record);
    g_list_store_insert(self->list, 0, project);
    g_task_return_pointer(task, project, g_object_unref);
}

/* "" for NULL. */
static char *copy_text(const char *text)
{
    return g_strdup(text ? text : "");
}

void lk_project_list_create_async(LkProjectList *self, const LkNewProject *draft, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);
    g_task_set_source_tag(task, lk_project_list_create_async);
    Draft *copy = g_new0(Draft, 1);
    *copy = (Draft){.name = copy_text(draft->name),
                    .goal = copy_text(draft->goal),
                    .folder = copy_text(draft->folder),
                    .base_model = copy_text(draft->base_model),
                    .family = copy_text(draft->family),
                    .trigger_word = copy_text(draft->trigger_word),
                    .sources = g_strdupv((char **)draft->sources),
                    .settings = draft->settings ? g_hash_table_ref(draft->settings) : NULL};
    lk_store_thread_run(self->store, create_in_store, copy, draft_free, (GDestroyNotify)lk_project_record_free, NULL,
                        created_cb, task);
}

LkProject *lk_project_list_create_finish(LkProjectList *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- copy, delete, bring back ------------------------------------------------------------------------ */

typedef struct Change {
    gint64 id;
    char *name, *folder;
} Change;

static void change_free(gpointer data)
{
    Change *change = data;
    g_free(change->name);
    g_free(change->folder);
    g_free(change);
}

static gpointer duplicate(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    return lk_projects_duplicate(store, change->id, change->name, change->folder, error)
               ? lk_projects_list(store, error)
               : NULL;
}

static gpointer mark_deleted(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    return lk_projects_delete(store, change->id, error) ? lk_projects_list(store, error) : NULL;
}

static gpointer mark_restored(LkStore *store, gpointer data, GError **error)
{
    const Change *change = data;
    return lk_projects_undelete(store, change->id, error) ? lk_projects_list(store, error) : NULL;
}

/* Runs a change on the store that answers with the whole list. */
static void run_change(LkProjectList *self, LkStoreFunc func, gint64 id, char *name, char *folder)
{
    Change *change = g_new0(Change, 1);
    *change = (Change){id, name, folder};
    lk_store_thread_run(self->store, func, change, change_free, (GDestroyNotify)g_ptr_array_unref, NULL, listed_cb,
                        g_object_ref(self));
}

void lk_project_list_duplicate(LkProjectList *self, LkProject *project)
{
    char *name = g_strdup_printf(_("%s (Copy)"), lk_project_get_name(project));
    char *folder = g_strdup_printf("%s-%" G_GINT64_FORMAT, lk_project_get_folder(project), g_get_real_time() / 1000);
    run_change(self, duplicate, lk_project_get_id(project), name, folder);
}

void lk_project_list_remove(LkProjectList *self, LkProject *project)
{
    run_change(self, mark_deleted, lk_project_get_id(project), NULL, NULL);
}

void lk_project_list_restore(LkProjectList *self, gint64 id)
{
    run_change(self, mark_restored, id, NULL, NULL);
}

/* A name as part of a path: what file systems or other programs stumble over becomes "_". */
static char *file_name_of(const char *name)
{
    GString *text = g_string_new(NULL);
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isalnum(c) || c == '-' || c == '_')
            g_string_append_unichar(text, c);
        else if (text->len && text->str[text->len - 1] != '_')
            g_string_append_c(text, '_');
    }
    while (text->len && text->str[text->len - 1] == '_')
        g_string_truncate(text, text->len - 1);
    if (!text->len)
        g_string_append(text, "project");
    return g_string_free(text, FALSE);
}

char *lk_project_folder_for_name(GSettings *settings, const char *name)
{
    g_autofree char *chosen = settings ? g_settings_get_string(settings, "projects-folder") : NULL;
    g_autofree char *parent = chosen && *chosen ? g_strdup(chosen) : lk_places_projects(lk_in_flatpak(NULL));
    g_autofree char *base = file_name_of(name);
    char *folder = g_build_filename(parent, base, NULL);
    for (int i = 2; g_file_test(folder, G_FILE_TEST_EXISTS); i++) {
        g_free(folder);
        folder = g_strdup_printf("%s/%s-%d", parent, base, i);
    }
    return folder;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void items_changed_cb(LkProjectList *self, guint position, guint removed, guint added)
{
    g_list_model_items_changed(G_LIST_MODEL(self), position, removed, added);
}

static void lk_project_list_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_LOADED)
        g_value_set_boolean(value, LK_PROJECT_LIST(object)->loaded);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_project_list_finalize(GObject *object)
{
    LkProjectList *self = LK_PROJECT_LIST(object);
    g_clear_object(&self->list);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_project_list_parent_class)->finalize(object);
}

static void lk_project_list_class_init(LkProjectListClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_project_list_get_property;
    object_class->finalize = lk_project_list_finalize;
    properties[PROP_LOADED] =
        g_param_spec_boolean("loaded", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    signals[SIGNAL_FAILED] = g_signal_new("failed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void lk_project_list_init(LkProjectList *self)
{
    self->list = g_list_store_new(LK_TYPE_PROJECT);
    g_signal_connect_swapped(self->list, "items-changed", G_CALLBACK(items_changed_cb), self);
}
