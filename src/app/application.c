#include "app/application.h"

#include "app/core/settings.h"
#include "app/core/speeds.h"
#include "app/help/context.h"
#include "app/help/help_window.h"
#include "app/shell/about.h"
#include "app/shell/announcer.h"
#include "app/shell/preferences.h"
#include "app/shell/presence.h"
#include "app/shell/search_provider.h"
#include "app/shell/shortcuts.h"
#include "app/shell/window.h"

#include <glib/gi18n.h>
#include <malloc.h>

struct _LkApplication {
    AdwApplication parent_instance;
    GSettings *settings;
    LkStoreThread *store;
    LkProjectList *projects;
    LkDeviceStatus *device;
    LkThumbnails *thumbnails;
    LkTaskCenter *tasks;
    LkPictureMaker *maker;
    LkSpeedKeeper *speeds;
    LkPresence *presence;
    LkSearchProvider *search;
    LkAnnouncer *announcer;
    LkHelpWindow *help; /* weak: open or NULL */
    gboolean exit_after_startup;
};

G_DEFINE_FINAL_TYPE(LkApplication, lk_application, ADW_TYPE_APPLICATION)

LkApplication *lk_application_new(void)
{
    return g_object_new(LK_TYPE_APPLICATION, "application-id", LK_APPLICATION_ID, "resource-base-path",
                        "/io/github/lorikeet_lora/Lorikeet", "flags", G_APPLICATION_HANDLES_OPEN, "register-session",
                        TRUE, NULL);
}

LkApplication *lk_application_get(void)
{
    return LK_APPLICATION(g_application_get_default());
}

void lk_application_begin_writing(void)
{
    GApplication *application = g_application_get_default();
    if (application)
        g_application_hold(application);
}

void lk_application_end_writing(void)
{
    GApplication *application = g_application_get_default();
    if (application)
        g_application_release(application);
}

GSettings *lk_application_get_settings(LkApplication *self)
{
    return self->settings;
}

LkStoreThread *lk_application_get_store(LkApplication *self)
{
    return self->store;
}

LkProjectList *lk_application_get_projects(LkApplication *self)
{
    return self->projects;
}

LkDeviceStatus *lk_application_get_device(LkApplication *self)
{
    return self->device;
}

LkThumbnails *lk_application_get_thumbnails(LkApplication *self)
{
    return self->thumbnails;
}

LkTaskCenter *lk_application_get_tasks(LkApplication *self)
{
    return self->tasks;
}

LkPictureMaker *lk_application_get_maker(LkApplication *self)
{
    return self->maker;
}

gboolean lk_application_is_training(LkApplication *self)
{
    return self->presence && lk_presence_is_training(self->presence);
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static GtkWidget *active_window(LkApplication *self)
{
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(self));
    return window ? GTK_WIDGET(window) : NULL;
}

static void about_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_about_present(active_window(data));
}

static void preferences_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_preferences_present(active_window(data));
}

static void shortcuts_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_shortcuts_present(active_window(data));
}

/* The topic of that name; of none, the one for what the window shows. */
static void help_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkApplication *self = data;
    GtkWidget *window = active_window(self);
    const char *topic = g_variant_get_string(parameter, NULL);
    if (!window)
        return;
    if (!*topic)
        topic = lk_help_context(ADW_APPLICATION_WINDOW(window));
    if (!self->help)
        g_set_weak_pointer(&self->help, lk_help_window_new(GTK_WINDOW(window)));
    lk_help_window_show_topic(self->help, topic);
}

/* What a launcher offers (the actions of the desktop file, options of the same names) is done by the window. */
static const char *const launcher_actions[] = {"new-project", "open-example", "system-check"};

static void in_window_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    g_application_activate(data);
    GtkWidget *window = active_window(data);
    if (window)
        g_action_group_activate_action(G_ACTION_GROUP(window), g_action_get_name(G_ACTION(action)), NULL);
}

static void quit_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    GtkWidget *window = active_window(data);
    if (!window) {
        g_application_quit(data);
        return;
    }
    AdwDialog *dialog; /* a window closes its dialog instead of itself */
    while ((dialog = adw_application_window_get_visible_dialog(ADW_APPLICATION_WINDOW(window))))
        adw_dialog_force_close(dialog);
    gtk_window_close(GTK_WINDOW(window)); /* asks where something runs */
}

/* From a notification: the task's results, or what went wrong. */
/* The projects were asked for before the task, so that they are there when it is. */
static void task_fetched_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkApplication) self = data;
    g_autoptr(GError) error = NULL;
    LkTask *task = lk_task_center_fetch_finish(LK_TASK_CENTER(source), result, &error);
    LkProject *project = task ? lk_project_list_find(self->projects, lk_task_get_project_id(task)) : NULL;
    GtkWidget *window = active_window(self);
    if (project && window)
        lk_window_open_task(LK_WINDOW(window), project,
                            lk_task_get_state(task) == LK_TASK_FINISHED ? "results" : "training", task);
}

/* Of a notification: it may be pressed long after the program that sent it has ended. */
static void show_task_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkApplication *self = data;
    g_application_activate(G_APPLICATION(self));
    lk_task_center_fetch(self->tasks, g_variant_get_int64(parameter), task_fetched_cb, g_object_ref(self));
}

static const GActionEntry actions[] = {
    {.name = "show-task", .activate = show_task_cb, .parameter_type = "x"},
    {.name = "about", .activate = about_cb},
    {.name = "preferences", .activate = preferences_cb},
    {.name = "new-project", .activate = in_window_cb},
    {.name = "open-example", .activate = in_window_cb},
    {.name = "system-check", .activate = in_window_cb},
    {.name = "help", .activate = help_cb, .parameter_type = "s"},
    {.name = "shortcuts", .activate = shortcuts_cb},
    {.name = "quit", .activate = quit_cb},
};

static const struct {
    const char *action, *keys[3];
} accelerators[] = {
    {"app.quit", {"<Control>q"}},
    {"app.preferences", {"<Control>comma"}},
    {"app.shortcuts", {"<Control>question"}},
    {"win.new-project", {"<Control>n"}},
    {"win.home", {"<Alt>Home"}},
    {"win.show-page('dataset')", {"<Alt>1"}},
    {"win.show-page('parameters')", {"<Alt>2"}},
    {"win.show-page('training')", {"<Alt>3"}},
    {"win.show-page('test')", {"<Alt>4"}},
    {"win.show-page('results')", {"<Alt>5"}},
    {"win.show-page('tasks')", {"<Alt>6"}},
    {"window.close", {"<Control>w"}},
};

static void add_actions(LkApplication *self)
{
    g_action_map_add_action_entries(G_ACTION_MAP(self), actions, G_N_ELEMENTS(actions), self);
    for (size_t i = 0; i < G_N_ELEMENTS(accelerators); i++)
        gtk_application_set_accels_for_action(GTK_APPLICATION(self), accelerators[i].action,
                                              (const char *const *)accelerators[i].keys);
}

/* ---- start and end ----------------------------------------------------------------------------------- */

static void follow_appearance(GSettings *settings, const char *key, gpointer data)
{
    static const AdwColorScheme schemes[] = {ADW_COLOR_SCHEME_DEFAULT, ADW_COLOR_SCHEME_FORCE_LIGHT,
                                             ADW_COLOR_SCHEME_FORCE_DARK};
    int chosen = g_settings_get_enum(settings, "appearance");
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(), schemes[CLAMP(chosen, 0, 2)]);
}

static void lk_application_startup(GApplication *application)
{
    LkApplication *self = LK_APPLICATION(application);
    G_APPLICATION_CLASS(lk_application_parent_class)->startup(application);
    gtk_window_set_default_icon_name(LK_APPLICATION_ID);
    /* Many texts can be copied. A page or dialog whose first focus is one of them would begin with it marked. */
    g_object_set(gtk_settings_get_default(), "gtk-label-select-on-focus", FALSE, NULL);
    self->settings = lk_settings_new();
    if (self->settings) {
        g_signal_connect_object(self->settings, "changed::appearance", G_CALLBACK(follow_appearance), self, 0);
        follow_appearance(self->settings, NULL, NULL);
    }
    g_autofree char *data = g_build_filename(g_get_user_data_dir(), "lorikeet", "lorikeet.db", NULL);
    g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "lorikeet", "thumbnails", NULL);
    self->store = lk_store_thread_new(data);
    self->projects = lk_project_list_new(self->store);
    if (self->search)
        lk_search_provider_set_projects(self->search, self->projects);
    self->device = lk_device_status_new(self->settings);
    self->thumbnails = lk_thumbnails_new(cache);
    self->tasks = lk_task_center_new(self->store);
    g_object_bind_property(self->device, "wish", self->tasks, "device", G_BINDING_SYNC_CREATE);
    self->maker = lk_picture_maker_new();
    g_signal_connect_object(self->tasks, "notify::current", G_CALLBACK(lk_picture_maker_release), self->maker,
                            G_CONNECT_SWAPPED);
    self->speeds = lk_speed_keeper_new(self->store, self->tasks, self->projects);
    self->presence = lk_presence_new(GTK_APPLICATION(self), self->tasks);
    self->announcer = lk_announcer_new(GTK_APPLICATION(self), self->tasks);
    add_actions(self);
}

/* A result of the overview's search was chosen. */
static void search_open_cb(LkApplication *self, LkProject *project)
{
    g_application_activate(G_APPLICATION(self));
    GtkWidget *window = active_window(self);
    if (project && window)
        lk_window_open_project(LK_WINDOW(window), project, NULL);
}

/* Before startup: the search is served as soon as the name is on the bus. */
static gboolean lk_application_dbus_register(GApplication *application, GDBusConnection *connection, const char *path,
                                             GError **error)
{
    LkApplication *self = LK_APPLICATION(application);
    if (!G_APPLICATION_CLASS(lk_application_parent_class)->dbus_register(application, connection, path, error))
        return FALSE;
    self->search = lk_search_provider_new();
    g_signal_connect_object(self->search, "open", G_CALLBACK(search_open_cb), self, G_CONNECT_SWAPPED);
    return lk_search_provider_export(self->search, connection, path, error);
}

static void lk_application_dbus_unregister(GApplication *application, GDBusConnection *connection, const char *path)
{
    LkApplication *self = LK_APPLICATION(application);
    if (self->search)
        lk_search_provider_unexport(self->search, connection);
    g_clear_object(&self->search);
    G_APPLICATION_CLASS(lk_application_parent_class)->dbus_unregister(application, connection, path);
}

static gboolean quit_idle_cb(gpointer data)
{
    g_application_quit(data);
    return G_SOURCE_REMOVE;
}

static void lk_application_activate(GApplication *application)
{
    LkApplication *self = LK_APPLICATION(application);
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(self));
    if (!window)
        window = GTK_WINDOW(lk_window_new(self));
    gtk_window_present(window);
    if (self->exit_after_startup)
        g_timeout_add_seconds(1, quit_idle_cb, self);
}

static void lk_application_open(GApplication *application, GFile **files, int n_files, const char *hint)
{
    lk_application_activate(application);
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(application));
    lk_window_add_files(LK_WINDOW(window), files, n_files);
}

static void lk_application_shutdown(GApplication *application)
{
    LkApplication *self = LK_APPLICATION(application);
    g_clear_weak_pointer(&self->help);
    g_clear_object(&self->presence);
    g_clear_object(&self->announcer);
    g_clear_object(&self->speeds);
    g_clear_object(&self->maker);
    if (self->tasks)
        g_object_run_dispose(
            G_OBJECT(self->tasks)); /* ends a run that is under way, its state saved; others may look */
    g_clear_object(&self->tasks);
    if (self->store)
        lk_store_thread_close(self->store); /* what was asked to be written is written */
    if (self->search)
        lk_search_provider_set_projects(self->search, NULL);
    g_clear_object(&self->thumbnails);
    g_clear_object(&self->projects);
    g_clear_object(&self->device);
    g_clear_object(&self->store);
    g_clear_object(&self->settings);
    /* Last: letting the computer sleep again needs what this takes down. */
    G_APPLICATION_CLASS(lk_application_parent_class)->shutdown(application);
}

static int lk_application_handle_local_options(GApplication *application, GVariantDict *options)
{
    LkApplication *self = LK_APPLICATION(application);
    if (g_variant_dict_contains(options, "version")) {
        g_print("lorikeet %s\n", LK_VERSION);
        return 0;
    }
    self->exit_after_startup = g_variant_dict_contains(options, "exit-after-startup");
    for (gsize i = 0; i < G_N_ELEMENTS(launcher_actions); i++) {
        if (!g_variant_dict_contains(options, launcher_actions[i]))
            continue;
        g_autoptr(GError) error = NULL;
        if (!g_application_register(application, NULL, &error)) {
            g_printerr("%s\n", error->message);
            return 1;
        }
        g_action_group_activate_action(G_ACTION_GROUP(application), launcher_actions[i], NULL);
        if (g_application_get_is_remote(application))
            return 0; /* the one that runs does it */
    }
    return -1;
}

static void lk_application_class_init(LkApplicationClass *klass)
{
    GApplicationClass *application_class = G_APPLICATION_CLASS(klass);
    application_class->startup = lk_application_startup;
    application_class->activate = lk_application_activate;
    application_class->open = lk_application_open;
    application_class->shutdown = lk_application_shutdown;
    application_class->dbus_register = lk_application_dbus_register;
    application_class->dbus_unregister = lk_application_dbus_unregister;
    application_class->handle_local_options = lk_application_handle_local_options;
}

static void lk_application_init(LkApplication *self)
{
    /* Pools of threads decode, read and write; with a heap for each of them memory stays behind in all (with 100,000
     * pictures 430 MB instead of 388). */
    mallopt(M_ARENA_MAX, 2);
    static const GOptionEntry options[] = {
        {"version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Show the version and exit"), NULL},
        {"new-project", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Start with a new project"), NULL},
        {"open-example", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Start with the example"), NULL},
        {"system-check", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Start with the check of this computer"), NULL},
        {"exit-after-startup", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL, NULL, NULL},
        {NULL},
    };
    g_application_add_main_option_entries(G_APPLICATION(self), options);
}
