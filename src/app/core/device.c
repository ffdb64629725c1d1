#include "app/core/device.h"

#include <glib/gi18n.h>
#include <string.h>

enum { MOST_DEVICES = 16 };

struct _LkDeviceStatus {
    GObject parent_instance;
    GSettings *settings; /* NULL: none */
    gboolean checked;
    LkDeviceChoice choice; /* api is NULL where there is none */
    GArray *all;           /* LkDeviceChoice */
    char *label, *wish;    /* never NULL */
    char *problem;
};

G_DEFINE_FINAL_TYPE(LkDeviceStatus, lk_device_status, G_TYPE_OBJECT)

enum { PROP_CHECKED = 1, PROP_GPU, PROP_LABEL, PROP_WISH, PROP_PROBLEM, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* What the thread is asked, and what it found. */
typedef struct Answer {
    char *wanted; /* a device's id, or "auto" */
    int share;
    LkDeviceChoice choice;
    GArray *all;
    char *problem;
} Answer;

static void answer_free(gpointer data)
{
    Answer *answer = data;
    g_free(answer->wanted);
    g_clear_pointer(&answer->all, g_array_unref);
    g_free(answer->problem);
    g_free(answer);
}

static bool is_gpu(const LkDeviceChoice *choice)
{
    return choice->api && strcmp(choice->api->name, "cpu") != 0;
}

/* Why the first backend that is not the processor cannot be used. */
static char *say_no_gpu(const Answer *answer)
{
    LkError reason = {0};
    const char *name;
    const LkBackend *api;
    for (guint i = 0; i < answer->all->len; i++)
        if (is_gpu(&g_array_index(answer->all, LkDeviceChoice, i)))
            return g_strdup(_("The processor is chosen in the preferences, though there is a graphics card."));
    for (int i = 0; lk_device_backend(i, &name, &api, &reason) && strcmp(name, "cpu") == 0; i++)
        reason = (LkError){0};
    return g_strdup(reason.code ? reason.text : _("No usable GPU was found."));
}

static void look_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Answer *answer = data;
    g_autoptr(GError) error = NULL;
    LkDeviceChoice found[MOST_DEVICES];
    answer->all = g_array_new(FALSE, FALSE, sizeof(LkDeviceChoice));
    g_array_append_vals(answer->all, found, (guint)lk_device_list(found, MOST_DEVICES));
    gboolean wanted = lk_device_choose(answer->wanted, &answer->choice, &error);
    if (!wanted) {
        answer->problem = g_strdup(error->message);
        g_set_str(&answer->wanted, "auto");
        if (!lk_device_choose("auto", &answer->choice, NULL))
            answer->choice = (LkDeviceChoice){0};
    } else if (!is_gpu(&answer->choice)) {
        answer->problem = say_no_gpu(answer);
    }
    g_task_return_boolean(task, TRUE);
}

char *lk_device_label(const LkDeviceChoice *choice)
{
    if (!choice->api)
        return g_strdup(_("Nothing to compute on"));
    g_autofree char *memory = g_format_size_full((guint64)choice->info.memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
    if (is_gpu(choice))
        return g_strdup_printf("%s · %s", choice->info.name, memory);
    /* translators: name of the processor, its cores, memory ("32 GiB") */
    return g_strdup_printf(ngettext("%s · %d core · %s", "%s · %d cores · %s", (gulong)choice->info.threads),
                           choice->info.name, choice->info.threads, memory);
}

static void looked_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkDeviceStatus *self = LK_DEVICE_STATUS(source);
    Answer *answer = g_task_get_task_data(G_TASK(result));
    self->choice = answer->choice;
    g_clear_pointer(&self->all, g_array_unref);
    self->all = g_steal_pointer(&answer->all);
    g_free(self->label);
    self->label = lk_device_label(&self->choice);
    g_free(self->wish);
    self->wish =
        answer->share < 100 ? g_strdup_printf("%s@%d%%", answer->wanted, answer->share) : g_strdup(answer->wanted);
    g_free(self->problem);
    self->problem = g_steal_pointer(&answer->problem);
    self->checked = TRUE;
    for (guint i = PROP_CHECKED; i < PROP_LAST; i++)
        g_object_notify_by_pspec(source, properties[i]);
}

void lk_device_status_refresh(LkDeviceStatus *self)
{
    g_autoptr(GTask) task = g_task_new(self, NULL, looked_cb, NULL);
    Answer *answer = g_new0(Answer, 1);
    answer->wanted = self->settings ? g_settings_get_string(self->settings, "device") : g_strdup("auto");
    answer->share = self->settings ? g_settings_get_int(self->settings, "memory-share") : 100;
    g_task_set_source_tag(task, lk_device_status_refresh);
    g_task_set_task_data(task, answer, answer_free);
    g_task_run_in_thread(task, look_thread);
}

LkDeviceStatus *lk_device_status_new(GSettings *settings)
{
    LkDeviceStatus *self = g_object_new(LK_TYPE_DEVICE_STATUS, NULL);
    static const char *const followed[] = {"changed::device", "changed::memory-share"};
    self->settings = settings ? g_object_ref(settings) : NULL;
    for (size_t i = 0; settings && i < G_N_ELEMENTS(followed); i++)
        g_signal_connect_object(settings, followed[i], G_CALLBACK(lk_device_status_refresh), self, G_CONNECT_SWAPPED);
    lk_device_status_refresh(self);
    return self;
}

const GArray *lk_device_status_get_all(LkDeviceStatus *self)
{
    return self->all;
}

const char *lk_device_status_find_name(LkDeviceStatus *self, const char *id)
{
    gsize length = strcspn(id, "@");
    for (guint i = 0; i < self->all->len; i++) {
        const LkDeviceChoice *choice = &g_array_index(self->all, LkDeviceChoice, i);
        if (strlen(choice->id) == length && strncmp(choice->id, id, length) == 0)
            return choice->info.name;
    }
    return g_str_has_prefix(id, "auto") ? NULL : id;
}

const char *lk_device_status_get_wish(LkDeviceStatus *self)
{
    return self->wish;
}

const LkDeviceChoice *lk_device_status_get_choice(LkDeviceStatus *self)
{
    return self->checked && self->choice.api ? &self->choice : NULL;
}

const char *lk_device_status_get_label(LkDeviceStatus *self)
{
    return self->label;
}

const char *lk_device_status_get_problem(LkDeviceStatus *self)
{
    return self->problem;
}

gboolean lk_device_status_get_gpu(LkDeviceStatus *self)
{
    return is_gpu(&self->choice);
}

gboolean lk_device_status_get_checked(LkDeviceStatus *self)
{
    return self->checked;
}

static void lk_device_status_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkDeviceStatus *self = LK_DEVICE_STATUS(object);
    switch (id) {
    case PROP_CHECKED:
        g_value_set_boolean(value, self->checked);
        break;
    case PROP_GPU:
        g_value_set_boolean(value, is_gpu(&self->choice));
        break;
    case PROP_LABEL:
        g_value_set_string(value, self->label);
        break;
    case PROP_WISH:
        g_value_set_string(value, self->wish);
        break;
    case PROP_PROBLEM:
        g_value_set_string(value, self->problem);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_device_status_finalize(GObject *object)
{
    LkDeviceStatus *self = LK_DEVICE_STATUS(object);
    g_clear_object(&self->settings);
    g_array_unref(self->all);
    g_free(self->label);
    g_free(self->wish);
    g_free(self->problem);
    G_OBJECT_CLASS(lk_device_status_parent_class)->finalize(object);
}

static void lk_device_status_class_init(LkDeviceStatusClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_device_status_get_property;
    object_class->finalize = lk_device_status_finalize;
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    properties[PROP_CHECKED] = g_param_spec_boolean("checked", NULL, NULL, FALSE, flags);
    properties[PROP_GPU] = g_param_spec_boolean("gpu", NULL, NULL, FALSE, flags);
    properties[PROP_LABEL] = g_param_spec_string("label", NULL, NULL, NULL, flags);
    properties[PROP_WISH] = g_param_spec_string("wish", NULL, NULL, NULL, flags);
    properties[PROP_PROBLEM] = g_param_spec_string("problem", NULL, NULL, NULL, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_device_status_init(LkDeviceStatus *self)
{
    self->label = g_strdup(_("Looking at this computer…"));
    self->wish = g_strdup("auto");
    self->all = g_array_new(FALSE, FALSE, sizeof(LkDeviceChoice));
}
