#include "app/parameters/history.h"

/* One step: what was set before and after; NULL values are unset. */
typedef struct Step {
    char *label;
    GHashTable *before, *after;
    gint64 when;
} Step;

struct _LkParameterHistory {
    GObject parent_instance;
    LkProject *project;
    GPtrArray *steps; /* Step */
    guint done;       /* how many of them are in effect */
    double join;      /* seconds within which changes become one step */
};

G_DEFINE_FINAL_TYPE(LkParameterHistory, lk_parameter_history, G_TYPE_OBJECT)

enum { PROP_CAN_UNDO = 1, PROP_CAN_REDO, PROP_LAST };
static GParamSpec *properties[PROP_LAST];
enum { SIGNAL_STEP, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

enum { MOST_STEPS = 500, JOIN_SECONDS = 2 };

static GHashTable *table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void step_free(gpointer data)
{
    Step *step = data;
    g_free(step->label);
    g_hash_table_unref(step->before);
    g_hash_table_unref(step->after);
    g_free(step);
}

static void notify(LkParameterHistory *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_UNDO]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_REDO]);
}

static void apply(LkParameterHistory *self, GHashTable *values)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        lk_project_set_setting(self->project, key, value);
}

/* A change of the same single parameter soon after goes into the step before. */
static gboolean join(LkParameterHistory *self, const Step *step)
{
    Step *last = self->done && self->done == self->steps->len ? self->steps->pdata[self->done - 1] : NULL;
    GHashTableIter iter;
    gpointer key, value;
    if (!last || g_hash_table_size(step->after) != 1 || g_hash_table_size(last->after) != 1 ||
        (double)(step->when - last->when) > self->join * G_USEC_PER_SEC)
        return FALSE;
    g_hash_table_iter_init(&iter, step->after);
    g_hash_table_iter_next(&iter, &key, &value);
    if (!g_hash_table_contains(last->after, key))
        return FALSE;
    g_hash_table_insert(last->after, g_strdup(key), g_strdup(value));
    last->when = step->when;
    return TRUE;
}

static void add_step(LkParameterHistory *self, Step *step)
{
    if (g_hash_table_size(step->after) == 0) {
        step_free(step);
        return;
    }
    if (join(self, step)) {
        step_free(step);
    } else {
        g_ptr_array_set_size(self->steps, (int)self->done);
        if (self->steps->len == MOST_STEPS)
            g_ptr_array_remove_index(self->steps, 0);
        g_ptr_array_add(self->steps, step);
        self->done = self->steps->len;
    }
    apply(self, ((Step *)self->steps->pdata[self->done - 1])->after);
    notify(self);
}

static Step *step_new(const char *label)
{
    Step *step = g_new0(Step, 1);
    *step = (Step){g_strdup(label), table_new(), table_new(), g_get_monotonic_time()};
    return step;
}

static void add_change(LkParameterHistory *self, Step *step, const char *key, const char *value)
{
    const char *before = lk_project_get_setting(self->project, key);
    if (g_strcmp0(before, value) == 0)
        return;
    g_hash_table_insert(step->before, g_strdup(key), g_strdup(before));
    g_hash_table_insert(step->after, g_strdup(key), g_strdup(value));
}

void lk_parameter_history_join_within(LkParameterHistory *self, double seconds)
{
    self->join = seconds;
}

void lk_parameter_history_set(LkParameterHistory *self, const char *label, GHashTable *values)
{
    Step *step = step_new(label);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        add_change(self, step, key, value);
    add_step(self, step);
}

void lk_parameter_history_set_one(LkParameterHistory *self, const char *label, const char *key, const char *value)
{
    Step *step = step_new(label);
    add_change(self, step, key, value);
    add_step(self, step);
}

void lk_parameter_history_replace(LkParameterHistory *self, const char *label, GHashTable *values,
                                  bool (*covers)(const char *key))
{
    Step *step = step_new(label);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, lk_project_get_settings(self->project));
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (covers(key) && !g_hash_table_contains(values, key))
            add_change(self, step, key, NULL);
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        add_change(self, step, key, value);
    add_step(self, step);
}

static void go(LkParameterHistory *self, const Step *step, GHashTable *values, guint done)
{
    self->done = done;
    apply(self, values);
    notify(self);
    g_signal_emit(self, signals[SIGNAL_STEP], 0, step->label);
}

void lk_parameter_history_undo(LkParameterHistory *self)
{
    if (self->done == 0)
        return;
    const Step *step = self->steps->pdata[self->done - 1];
    go(self, step, step->before, self->done - 1);
}

void lk_parameter_history_redo(LkParameterHistory *self)
{
    if (self->done == self->steps->len)
        return;
    const Step *step = self->steps->pdata[self->done];
    go(self, step, step->after, self->done + 1);
}

LkParameterHistory *lk_parameter_history_new(LkProject *project)
{
    LkParameterHistory *self = g_object_new(LK_TYPE_PARAMETER_HISTORY, NULL);
    self->project = g_object_ref(project);
    return self;
}

static void lk_parameter_history_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkParameterHistory *self = LK_PARAMETER_HISTORY(object);
    if (id == PROP_CAN_UNDO)
        g_value_set_boolean(value, self->done > 0);
    else if (id == PROP_CAN_REDO)
        g_value_set_boolean(value, self->done < self->steps->len);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_parameter_history_finalize(GObject *object)
{
    LkParameterHistory *self = LK_PARAMETER_HISTORY(object);
    g_ptr_array_unref(self->steps);
    g_clear_object(&self->project);
    G_OBJECT_CLASS(lk_parameter_history_parent_class)->finalize(object);
}

static void lk_parameter_history_class_init(LkParameterHistoryClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_parameter_history_get_property;
    object_class->finalize = lk_parameter_history_finalize;
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    properties[PROP_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, flags);
    properties[PROP_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    signals[SIGNAL_STEP] = g_signal_new("step", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_parameter_history_init(LkParameterHistory *self)
{
    self->steps = g_ptr_array_new_with_free_func(step_free);
    self->join = JOIN_SECONDS;
}
