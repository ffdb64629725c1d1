#include "app/shell/search_provider.h"

#include "app/application.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkSearchProvider {
    GObject parent_instance;
    LkProjectList *projects; /* NULL until the program has started */
    GPtrArray *waiting;      /* GDBusMethodInvocation, asked before the projects were read */
    guint registration;
};

G_DEFINE_FINAL_TYPE(LkSearchProvider, lk_search_provider, G_TYPE_OBJECT)

enum { SIGNAL_OPEN, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* The interface as GNOME Shell documents it. */
static const char interface_xml[] = "<node><interface name='org.gnome.Shell.SearchProvider2'>"
                                    "<method name='GetInitialResultSet'><arg type='as' direction='in'/>"
                                    "<arg type='as' direction='out'/></method>"
                                    "<method name='GetSubsearchResultSet'><arg type='as' direction='in'/>"
                                    "<arg type='as' direction='in'/><arg type='as' direction='out'/></method>"
                                    "<method name='GetResultMetas'><arg type='as' direction='in'/>"
                                    "<arg type='aa{sv}' direction='out'/></method>"
                                    "<method name='ActivateResult'><arg type='s' direction='in'/>"
                                    "<arg type='as' direction='in'/><arg type='u' direction='in'/></method>"
                                    "<method name='LaunchSearch'><arg type='as' direction='in'/>"
                                    "<arg type='u' direction='in'/></method></interface></node>";

/* ---- finding ----------------------------------------------------------------------------------------- */

gboolean lk_search_provider_matches(const char *name, const char *trigger_word, const char *const *words)
{
    g_autofree char *text = g_strdup_printf("%s\n%s", name, trigger_word);
    g_autofree char *folded = g_utf8_casefold(text, -1);
    for (; *words; words++) {
        g_autofree char *word = g_utf8_casefold(*words, -1);
        if (!strstr(folded, word))
            return FALSE;
    }
    return TRUE;
}

static GVariant *find(LkSearchProvider *self, const char *const *words)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("(as)"));
    g_variant_builder_open(&builder, G_VARIANT_TYPE("as"));
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->projects)); i++) {
        g_autoptr(LkProject) project = g_list_model_get_item(G_LIST_MODEL(self->projects), i);
        if (lk_search_provider_matches(lk_project_get_name(project), lk_project_get_trigger_word(project), words))
            g_variant_builder_add_value(
                &builder, g_variant_new_take_string(g_strdup_printf("%" G_GINT64_FORMAT, lk_project_get_id(project))));
    }
    g_variant_builder_close(&builder);
    return g_variant_builder_end(&builder);
}

static LkProject *find_project(LkSearchProvider *self, const char *id)
{
    return lk_project_list_find(self->projects, g_ascii_strtoll(id, NULL, 10));
}

static GVariant *describe(LkSearchProvider *self, const char *const *ids)
{
    g_autoptr(GIcon) icon = g_themed_icon_new(LK_APPLICATION_ID);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("(aa{sv})"));
    g_variant_builder_open(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (; *ids; ids++) {
        LkProject *project = find_project(self, *ids);
        if (!project)
            continue; /* deleted meanwhile */
        g_autofree char *subtitle = NULL;
        g_object_get(project, "subtitle", &subtitle, NULL);
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "id", g_variant_new_string(*ids));
        g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(lk_project_get_name(project)));
        g_variant_builder_add(&builder, "{sv}", "description", g_variant_new_string(subtitle ? subtitle : ""));
        g_variant_builder_add(&builder, "{sv}", "icon", g_icon_serialize(icon));
        g_variant_builder_close(&builder);
    }
    g_variant_builder_close(&builder);
    return g_variant_builder_end(&builder);
}

/* ---- answering --------------------------------------------------------------------------------------- */

static void answer(LkSearchProvider *self, GDBusMethodInvocation *invocation)
{
    const char *method = g_dbus_method_invocation_get_method_name(invocation);
    GVariant *parameters = g_dbus_method_invocation_get_parameters(invocation), *reply = NULL;
    g_autofree const char **words = NULL;
    if (g_str_equal(method, "GetInitialResultSet")) {
        g_variant_get(parameters, "(^a&s)", &words);
        reply = find(self, words);
    } else if (g_str_equal(method, "GetSubsearchResultSet")) {
        g_variant_get(parameters, "(@as^a&s)", NULL, &words);
        reply = find(self, words);
    } else if (g_str_equal(method, "GetResultMetas")) {
        g_variant_get(parameters, "(^a&s)", &words);
        reply = describe(self, words);
    } else if (g_str_equal(method, "ActivateResult")) {
        const char *id;
        g_variant_get(parameters, "(&s@asu)", &id, NULL, NULL);
        g_signal_emit(self, signals[SIGNAL_OPEN], 0, find_project(self, id));
    } else {
        g_signal_emit(self, signals[SIGNAL_OPEN], 0, NULL);
    }
    g_dbus_method_invocation_return_value(invocation, reply);
}

/* A program that was started to answer stays until it has. */
static void answer_waiting_cb(LkSearchProvider *self)
{
    if (!self->projects || !lk_project_list_get_loaded(self->projects))
        return;
    g_autoptr(GPtrArray) waiting = g_steal_pointer(&self->waiting);
    self->waiting = g_ptr_array_new();
    for (guint i = 0; i < waiting->len; i++) {
        answer(self, waiting->pdata[i]);
        g_application_release(g_application_get_default());
    }
}

static void call_cb(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
    LkSearchProvider *self = data;
    g_application_hold(g_application_get_default());
    g_ptr_array_add(self->waiting, invocation);
    answer_waiting_cb(self);
}

gboolean lk_search_provider_export(LkSearchProvider *self, GDBusConnection *connection, const char *path,
                                   GError **error)
{
    static const GDBusInterfaceVTable table = {.method_call = call_cb};
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(interface_xml, error);
    if (!node)
        return FALSE;
    g_autofree char *own = g_strconcat(path, "/SearchProvider", NULL);
    self->registration =
        g_dbus_connection_register_object(connection, own, node->interfaces[0], &table, self, NULL, error);
    return self->registration != 0;
}

void lk_search_provider_unexport(LkSearchProvider *self, GDBusConnection *connection)
{
    if (self->registration)
        g_dbus_connection_unregister_object(connection, self->registration);
    self->registration = 0;
}

void lk_search_provider_set_projects(LkSearchProvider *self, LkProjectList *projects)
{
    g_set_object(&self->projects, projects);
    if (projects)
        g_signal_connect_object(projects, "notify::loaded", G_CALLBACK(answer_waiting_cb), self, G_CONNECT_SWAPPED);
    answer_waiting_cb(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkSearchProvider *lk_search_provider_new(void)
{
    return g_object_new(LK_TYPE_SEARCH_PROVIDER, NULL);
}

static void refuse(gpointer invocation)
{
    g_dbus_method_invocation_return_error(invocation, G_IO_ERROR, G_IO_ERROR_CLOSED, "The program ends.");
}

static void lk_search_provider_finalize(GObject *object)
{
    LkSearchProvider *self = LK_SEARCH_PROVIDER(object);
    g_ptr_array_set_free_func(self->waiting, refuse);
    g_ptr_array_unref(self->waiting);
    g_clear_object(&self->projects);
    G_OBJECT_CLASS(lk_search_provider_parent_class)->finalize(object);
}

static void lk_search_provider_class_init(LkSearchProviderClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_search_provider_finalize;
    signals[SIGNAL_OPEN] = g_signal_new("open", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, LK_TYPE_PROJECT);
}

static void lk_search_provider_init(LkSearchProvider *self)
{
    self->waiting = g_ptr_array_new();
}
