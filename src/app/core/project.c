#include "app/core/project.h"

#include "project/settings.h"

struct _LkProject {
    GObject parent_instance;
    LkStoreThread *store;
    gint64 id, opened;
    char *texts[LK_PROJECT_COVER + 1]; /* by LkProjectField */
    guint n_pictures, n_checkpoints;
    GHashTable *settings; /* char * → char * */
};

G_DEFINE_FINAL_TYPE(LkProject, lk_project, G_TYPE_OBJECT)

enum {
    PROP_ID = 1,
    PROP_N_PICTURES,
    PROP_N_CHECKPOINTS,
    PROP_OPENED,
    PROP_SUBTITLE,
    PROP_TEXT, /* + LkProjectField */
    PROP_LAST = PROP_TEXT + LK_PROJECT_COVER + 1
};
static GParamSpec *properties[PROP_LAST];

/* By LkProjectField. */
static const char *const text_names[] = {"name", "folder", "goal", "base-model", "family", "trigger-word", "cover"};

enum { SIGNAL_SETTING_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- writing to the store, one request a change ------------------------------------------------------ */

typedef struct Write {
    gint64 id;
    LkProjectField field;
    char *key, *value;
    GHashTable *table;
} Write;

static void write_free(gpointer data)
{
    Write *write = data;
    g_free(write->key);
    g_free(write->value);
    g_clear_pointer(&write->table, g_hash_table_unref);
    g_free(write);
}

static gpointer write_text(LkStore *store, gpointer data, GError **error)
{
    Write *write = data;
    lk_projects_set(store, write->id, write->field, write->value, error);
    return NULL;
}

static gpointer write_setting(LkStore *store, gpointer data, GError **error)
{
    Write *write = data;
    lk_settings_set(store, write->id, write->key, write->value, error);
    return NULL;
}

static gpointer write_settings(LkStore *store, gpointer data, GError **error)
{
    Write *write = data;
    lk_settings_replace(store, write->id, write->table, error);
    return NULL;
}

static gpointer read_settings(LkStore *store, gpointer data, GError **error)
{
    const gint64 *id = data;
    if (!lk_projects_touch(store, *id, error))
        return NULL;
    return lk_settings_get_all(store, *id, error);
}

/* ---- texts ------------------------------------------------------------------------------------------- */

static void set_text(LkProject *self, LkProjectField field, const char *value)
{
    if (!g_set_str(&self->texts[field], value))
        return;
    Write *write = g_new0(Write, 1);
    *write = (Write){.id = self->id, .field = field, .value = g_strdup(value)};
    lk_store_thread_post(self->store, write_text, write, write_free);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TEXT + field]);
    if (field == LK_PROJECT_FAMILY || field == LK_PROJECT_TRIGGER_WORD)
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_SUBTITLE]);
}

/* What the sidebar says under the name. */
static char *make_subtitle(LkProject *self)
{
    const char *family = lk_project_get_family(self), *trigger = lk_project_get_trigger_word(self);
    if (*family && *trigger)
        return g_strdup_printf("%s · %s", family, trigger);
    return g_strdup(*family ? family : trigger);
}

LkProject *lk_project_new(LkStoreThread *store, const LkProjectRecord *record)
{
    LkProject *self = g_object_new(LK_TYPE_PROJECT, NULL);
    self->store = g_object_ref(store);
    self->id = record->id;
    self->opened = record->opened;
    self->n_pictures = record->pictures;
    self->n_checkpoints = record->checkpoints;
    const char *texts[] = {record->name,   record->folder,       record->goal, record->base_model,
                           record->family, record->trigger_word, record->cover};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        self->texts[i] = g_strdup(texts[i]);
    return self;
}

gint64 lk_project_get_id(LkProject *self)
{
    return self->id;
}

/* "" for NULL: nobody wants to ask twice. */
static const char *text(LkProject *self, LkProjectField field)
{
    return self->texts[field] ? self->texts[field] : "";
}

const char *lk_project_get_name(LkProject *self)
{
    return text(self, LK_PROJECT_NAME);
}

const char *lk_project_get_folder(LkProject *self)
{
    return text(self, LK_PROJECT_FOLDER);
}

const char *lk_project_get_goal(LkProject *self)
{
    return text(self, LK_PROJECT_GOAL);
}

const char *lk_project_get_base_model(LkProject *self)
{
    return text(self, LK_PROJECT_BASE_MODEL);
}

const char *lk_project_get_family(LkProject *self)
{
    return text(self, LK_PROJECT_FAMILY);
}

const char *lk_project_get_trigger_word(LkProject *self)
{
    return text(self, LK_PROJECT_TRIGGER_WORD);
}

const char *lk_project_get_cover(LkProject *self)
{
    return self->texts[LK_PROJECT_COVER];
}

guint lk_project_get_n_pictures(LkProject *self)
{
    return self->n_pictures;
}

guint lk_project_get_n_checkpoints(LkProject *self)
{
    return self->n_checkpoints;
}

gint64 lk_project_get_opened(LkProject *self)
{
    return self->opened;
}

LkStoreThread *lk_project_get_store(LkProject *self)
{
    return self->store;
}

/* ---- parameters -------------------------------------------------------------------------------------- */

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    LkProject *self = LK_PROJECT(g_task_get_source_object(task));
    GError *error = NULL;
    GHashTable *settings = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error) {
        g_task_return_error(task, error);
        return;
    }
    g_hash_table_unref(self->settings);
    self->settings = settings;
    self->opened = g_get_real_time();
    g_task_return_boolean(task, TRUE);
}

void lk_project_load(LkProject *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_return_if_fail(LK_IS_PROJECT(self));
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_project_load);
    lk_store_thread_run(self->store, read_settings, g_memdup2(&self->id, sizeof self->id), g_free,
                        (GDestroyNotify)g_hash_table_unref, cancellable, loaded_cb, task);
}

gboolean lk_project_load_finish(LkProject *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}

const char *lk_project_get_setting(LkProject *self, const char *key)
{
    return g_hash_table_lookup(self->settings, key);
}

static void emit_changed(LkProject *self, const char *key)
{
    g_signal_emit(self, signals[SIGNAL_SETTING_CHANGED], g_quark_from_string(key), key);
}

void lk_project_set_setting(LkProject *self, const char *key, const char *value)
{
    g_return_if_fail(LK_IS_PROJECT(self) && key);
    if (g_strcmp0(lk_project_get_setting(self, key), value) == 0)
        return;
    if (value)
        g_hash_table_insert(self->settings, g_strdup(key), g_strdup(value));
    else
        g_hash_table_remove(self->settings, key);
    Write *write = g_new0(Write, 1);
    *write = (Write){.id = self->id, .key = g_strdup(key), .value = g_strdup(value)};
    lk_store_thread_post(self->store, write_setting, write, write_free);
    emit_changed(self, key);
}

GHashTable *lk_project_get_settings(LkProject *self)
{
    return self->settings;
}

static GHashTable *copy_table(GHashTable *from)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_hash_table_insert(table, g_strdup(key), g_strdup(value));
    return table;
}

void lk_project_replace_settings(LkProject *self, GHashTable *settings)
{
    g_return_if_fail(LK_IS_PROJECT(self));
    g_autoptr(GHashTable) old = g_steal_pointer(&self->settings);
    self->settings = copy_table(settings);
    Write *write = g_new0(Write, 1);
    *write = (Write){.id = self->id, .table = copy_table(settings)};
    lk_store_thread_post(self->store, write_settings, write, write_free);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, self->settings);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (g_strcmp0(g_hash_table_lookup(old, key), value) != 0)
            emit_changed(self, key);
    g_hash_table_iter_init(&iter, old);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (!g_hash_table_contains(self->settings, key))
            emit_changed(self, key);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_project_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkProject *self = LK_PROJECT(object);
    switch (id) {
    case PROP_ID:
        g_value_set_int64(value, self->id);
        break;
    case PROP_N_PICTURES:
        g_value_set_uint(value, self->n_pictures);
        break;
    case PROP_N_CHECKPOINTS:
        g_value_set_uint(value, self->n_checkpoints);
        break;
    case PROP_OPENED:
        g_value_set_int64(value, self->opened);
        break;
    case PROP_SUBTITLE:
        g_value_take_string(value, make_subtitle(self));
        break;
    default:
        if (id >= PROP_TEXT && id < PROP_LAST)
            g_value_set_string(value, self->texts[id - PROP_TEXT]);
        else
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_project_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkProject *self = LK_PROJECT(object);
    switch (id) {
    case PROP_N_PICTURES:
        self->n_pictures = g_value_get_uint(value);
        break;
    case PROP_N_CHECKPOINTS:
        self->n_checkpoints = g_value_get_uint(value);
        break;
    default:
        if (id >= PROP_TEXT && id < PROP_LAST)
            set_text(self, (LkProjectField)(id - PROP_TEXT), g_value_get_string(value));
        else
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_project_finalize(GObject *object)
{
    LkProject *self = LK_PROJECT(object);
    for (size_t i = 0; i < G_N_ELEMENTS(self->texts); i++)
        g_free(self->texts[i]);
    g_hash_table_unref(self->settings);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_project_parent_class)->finalize(object);
}

static void lk_project_class_init(LkProjectClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_project_get_property;
    object_class->set_property = lk_project_set_property;
    object_class->finalize = lk_project_finalize;
    GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    GParamFlags set = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_ID] = g_param_spec_int64("id", NULL, NULL, 0, G_MAXINT64, 0, get);
    properties[PROP_N_PICTURES] = g_param_spec_uint("n-pictures", NULL, NULL, 0, G_MAXUINT, 0, set);
    properties[PROP_N_CHECKPOINTS] = g_param_spec_uint("n-checkpoints", NULL, NULL, 0, G_MAXUINT, 0, set);
    properties[PROP_OPENED] = g_param_spec_int64("opened", NULL, NULL, 0, G_MAXINT64, 0, get);
    properties[PROP_SUBTITLE] = g_param_spec_string("subtitle", NULL, NULL, NULL, get);
    for (guint i = 0; i < G_N_ELEMENTS(text_names); i++)
        properties[PROP_TEXT + i] = g_param_spec_string(text_names[i], NULL, NULL, NULL,
                                                        (i == LK_PROJECT_FOLDER ? get : set | G_PARAM_EXPLICIT_NOTIFY));
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    signals[SIGNAL_SETTING_CHANGED] =
        g_signal_new("setting-changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_FIRST | G_SIGNAL_DETAILED, 0, NULL, NULL,
                     NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_project_init(LkProject *self)
{
    self->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}
