#include "app/shell/window.h"

#include "app/files/facts_dialog.h"
#include "app/files/file_kind.h"
#include "app/projects/example.h"
#include "app/projects/new_project_dialog.h"
#include "app/projects/projects_page.h"
#include "app/shell/project_view.h"
#include "app/system/system_page.h"
#include "app/tasks/queue_dialog.h"

#include <glib/gi18n.h>

struct _LkWindow {
    AdwApplicationWindow parent_instance;
    AdwToastOverlay *toasts;
    AdwNavigationView *navigation;
    LkProjectsPage *projects_page;
    gboolean may_close;        /* the person has said so */
    GCancellable *cancellable; /* of what is under way, cancelled when the window goes */
};

G_DEFINE_FINAL_TYPE(LkWindow, lk_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- the open project -------------------------------------------------------------------------------- */

static LkProjectView *project_view(LkWindow *self)
{
    AdwNavigationPage *page = adw_navigation_view_find_page(self->navigation, "project");
    return page ? LK_PROJECT_VIEW(page) : NULL;
}

/* `task` may be NULL. */
static void show_page(LkProjectView *view, const char *page, LkTask *task)
{
    if (page && task)
        lk_project_view_show_task(view, page, task);
    else if (page)
        lk_project_view_show_page(view, page);
}

static void show_project(LkWindow *self, LkProject *project, const char *page, LkTask *task, const char *job)
{
    adw_navigation_view_pop_to_tag(self->navigation, "projects");
    LkProjectView *view = lk_project_view_new(project);
    show_page(view, page, task);
    adw_navigation_view_push(self->navigation, ADW_NAVIGATION_PAGE(view));
    if (job)
        lk_project_view_import(view, job);
}

typedef struct Opening {
    LkWindow *window;
    char *page;
    LkTask *task; /* to show there, or NULL */
    char *job;    /* whose settings it is to take, or NULL */
} Opening;

static void opening_free(Opening *opening)
{
    g_object_unref(opening->window);
    g_free(opening->page);
    g_clear_object(&opening->task);
    g_free(opening->job);
    g_free(opening);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opening, opening_free)

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Opening) opening = data;
    g_autoptr(GError) error = NULL;
    if (lk_project_load_finish(LK_PROJECT(source), result, &error))
        show_project(opening->window, LK_PROJECT(source), opening->page, opening->task, opening->job);
    else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        lk_window_show_error(opening->window, _("The Project Could Not Be Opened"), error);
}

void lk_window_open_project(LkWindow *self, LkProject *project, const char *page)
{
    lk_window_open_task(self, project, page, NULL);
}

void lk_window_open_task(LkWindow *self, LkProject *project, const char *page, LkTask *task)
{
    LkProjectView *view = project_view(self);
    if (view && lk_project_view_get_project(view) == project) {
        show_page(view, page, task);
        return;
    }
    Opening *opening = g_new0(Opening, 1);
    *opening = (Opening){g_object_ref(self), g_strdup(page), task ? g_object_ref(task) : NULL, NULL};
    lk_project_load(project, self->cancellable, loaded_cb, opening);
}

void lk_window_show_error(LkWindow *self, const char *heading, const GError *error)
{
    AdwDialog *dialog = adw_alert_dialog_new(heading, error->message);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(dialog), "close", _("_Close"));
    adw_dialog_present(dialog, GTK_WIDGET(self));
}

/* ---- new projects ------------------------------------------------------------------------------------ */

static void created_cb(LkNewProjectDialog *dialog, LkProject *project, LkWindow *self)
{
    const char *job = g_object_get_data(G_OBJECT(dialog), "job");
    Opening *opening = g_new0(Opening, 1);
    *opening = (Opening){g_object_ref(self), g_strdup(job ? "parameters" : "dataset"), NULL, g_strdup(job)};
    lk_project_load(project, self->cancellable, loaded_cb, opening);
}

/* `job`: a file whose settings the new project is to take; may be NULL. */
static void start_new_project(LkWindow *self, const char *const *sources, const char *job)
{
    LkNewProjectDialog *dialog = lk_new_project_dialog_new(sources);
    g_object_set_data_full(G_OBJECT(dialog), "job", g_strdup(job), g_free);
    g_signal_connect_object(dialog, "created", G_CALLBACK(created_cb), self, 0);
    adw_dialog_present(ADW_DIALOG(dialog), GTK_WIDGET(self));
}

/* Of one folder alone that is a project's own: that project. */
static LkProject *project_of_folder(const char *const *paths)
{
    GListModel *projects = G_LIST_MODEL(lk_application_get_projects(lk_application_get()));
    g_autofree char *folder = paths[0] && !paths[1] ? g_canonicalize_filename(paths[0], NULL) : NULL;
    for (guint i = 0; folder && i < g_list_model_get_n_items(projects); i++) {
        g_autoptr(LkProject) project = g_list_model_get_item(projects, i);
        if (g_strcmp0(folder, lk_project_get_folder(project)) == 0)
            return project; /* the list keeps it */
    }
    return NULL;
}

static void add_pictures(LkWindow *self, const char *const *paths)
{
    LkProjectView *view = project_view(self);
    LkProject *project = project_of_folder(paths);
    if (project)
        lk_window_open_project(self, project, NULL);
    else if (view)
        lk_project_view_add_files(view, paths);
    else
        start_new_project(self, paths, NULL);
}

static void take_settings(LkWindow *self, const char *job)
{
    LkProjectView *view = project_view(self);
    if (view)
        lk_project_view_import(view, job);
    else
        start_new_project(self, NULL, job);
}

void lk_window_add_files(LkWindow *self, GFile **files, int n_files)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (int i = 0; i < n_files; i++) {
        g_autofree char *path = g_file_get_path(files[i]);
        if (path)
            g_strv_builder_add(builder, path);
    }
    g_auto(GStrv) paths = g_strv_builder_end(builder);
    if (!paths[0])
        return;
    g_auto(GStrv) models = lk_file_kind_pick((const char *const *)paths, LK_FILE_MODEL);
    g_auto(GStrv) jobs = lk_file_kind_pick((const char *const *)paths, LK_FILE_SETTINGS);
    g_auto(GStrv) pictures = lk_file_kind_pick((const char *const *)paths, LK_FILE_PICTURES);
    if (pictures[0])
        add_pictures(self, (const char *const *)pictures);
    if (jobs[0])
        take_settings(self, jobs[0]);
    for (char **model = models; *model; model++)
        adw_dialog_present(ADW_DIALOG(lk_facts_dialog_new(*model)), GTK_WIDGET(self));
}

static gboolean drop_cb(LkWindow *self, const GValue *value)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    for (GSList *l = g_value_get_boxed(value); l; l = l->next)
        g_ptr_array_add(files, l->data);
    lk_window_add_files(self, (GFile **)files->pdata, (int)files->len);
    return files->len > 0;
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static void new_project_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    start_new_project(data, NULL, NULL);
}

static void example_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkWindow) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkProject) project = lk_example_open_finish(result, &error);
    if (project)
        lk_window_open_project(self, project, "dataset");
    else
        lk_window_show_error(self, _("The Example Could Not Be Opened"), error);
}

static void open_example_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_example_open(lk_application_get(), example_cb, g_object_ref(data));
}

static void home_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkWindow *self = data;
    adw_navigation_view_pop_to_tag(self->navigation, "projects");
    lk_project_list_refresh(lk_application_get_projects(lk_application_get()));
}

static void system_check_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkWindow *self = data;
    if (!adw_navigation_view_find_page(self->navigation, "system"))
        adw_navigation_view_push(self->navigation, ADW_NAVIGATION_PAGE(lk_system_page_new()));
}

static void show_page_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkProjectView *view = project_view(data);
    if (view)
        lk_project_view_show_page(view, g_variant_get_string(parameter, NULL));
}

/* The training that runs, in its project. */
static void show_training_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkApplication *application = lk_application_get();
    LkTask *task = lk_task_center_get_current(lk_application_get_tasks(application));
    LkProject *project =
        task ? lk_project_list_find(lk_application_get_projects(application), lk_task_get_project_id(task)) : NULL;
    if (project)
        lk_window_open_task(data, project, "training", task);
}

static void show_queue_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_queue_dialog_present(data);
}

static void restore_project_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_project_list_restore(lk_application_get_projects(lk_application_get()), g_variant_get_int64(parameter));
}

static void open_folder_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    g_autoptr(GFile) folder = g_file_new_for_path(g_variant_get_string(parameter, NULL));
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(folder);
    gtk_file_launcher_launch(launcher, data, NULL, NULL, NULL);
}

static const GActionEntry actions[] = {
    {.name = "open-folder", .activate = open_folder_cb, .parameter_type = "s"},
    {.name = "new-project", .activate = new_project_cb},
    {.name = "open-example", .activate = open_example_cb},
    {.name = "home", .activate = home_cb},
    {.name = "system-check", .activate = system_check_cb},
    {.name = "show-training", .activate = show_training_cb},
    {.name = "show-queue", .activate = show_queue_cb},
    {.name = "show-page", .activate = show_page_cb, .parameter_type = "s"},
    {.name = "restore-project", .activate = restore_project_cb, .parameter_type = "x"},
};

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void open_card_cb(LkWindow *self, LkProject *project)
{
    lk_window_open_project(self, project, NULL);
}

static void store_failed_cb(LkWindow *self, const GError *error)
{
    adw_toast_overlay_add_toast(self->toasts, adw_toast_new(error->message));
}

/* ---- trainings that a crash or power cut ended ------------------------------------------------------ */

static void interrupted_response_cb(AdwAlertDialog *dialog, const char *response, LkWindow *self)
{
    LkTask *task = g_object_get_data(G_OBJECT(dialog), "task");
    LkApplication *application = lk_application_get();
    g_autoptr(GError) error = NULL;
    if (!g_str_equal(response, "resume"))
        return;
    if (!lk_task_center_continue(lk_application_get_tasks(application), task, &error)) {
        lk_window_show_error(self, _("The Training Could Not Go On"), error);
        return;
    }
    lk_task_center_set_held(lk_application_get_tasks(application), FALSE);
    LkProject *project = lk_project_list_find(lk_application_get_projects(application), lk_task_get_project_id(task));
    if (project)
        lk_window_open_project(self, project, "training");
}

/* Offered at once: nobody should have to look for it. Of several the last that trained. */
static void interrupted_cb(LkWindow *self, GPtrArray *tasks)
{
    LkTask *task = tasks->pdata[0];
    LkProject *project =
        lk_project_list_find(lk_application_get_projects(lk_application_get()), lk_task_get_project_id(task));
    g_autofree char *title = lk_task_make_title(task);
    g_autofree char *body = g_strdup_printf(
        _("%s of “%s” was at step %d when the program or the computer went down. It can go on from the state that was "
          "saved last, at most a few minutes earlier."),
        title, project ? lk_project_get_name(project) : "", (int)lk_task_get_step(task));
    AdwDialog *dialog = adw_alert_dialog_new(_("A Training Was Interrupted"), body);
    AdwAlertDialog *alert = ADW_ALERT_DIALOG(dialog);
    adw_alert_dialog_add_responses(alert, "later", _("_Later"), "resume", _("_Resume"), NULL);
    adw_alert_dialog_set_response_appearance(alert, "resume", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(alert, "resume");
    adw_alert_dialog_set_close_response(alert, "later");
    g_object_set_data_full(G_OBJECT(dialog), "task", g_object_ref(task), g_object_unref);
    g_signal_connect_object(dialog, "response", G_CALLBACK(interrupted_response_cb), self, 0);
    adw_dialog_present(dialog, GTK_WIDGET(self));
}

/* ---- closing while something trains ------------------------------------------------------------------ */

static void close_response_cb(LkWindow *self, const char *response)
{
    if (g_str_equal(response, "background")) {
        gtk_widget_set_visible(GTK_WIDGET(self), FALSE); /* started again, the program shows it */
    } else if (g_str_equal(response, "stop")) {
        self->may_close = TRUE;
        gtk_window_close(GTK_WINDOW(self)); /* the run saves its state as it is let go */
    }
}

static gboolean lk_window_close_request(GtkWindow *window)
{
    LkWindow *self = LK_WINDOW(window);
    if (self->may_close || !lk_application_is_training(lk_application_get()))
        return GTK_WINDOW_CLASS(lk_window_parent_class)->close_request(window);
    AdwDialog *dialog = adw_alert_dialog_new(
        _("A Training Is Running"),
        _("It can go on without the window; Lorikeet tells you when it is done. If you stop it, its state is saved "
          "and you can resume it at any time."));
    AdwAlertDialog *alert = ADW_ALERT_DIALOG(dialog);
    adw_alert_dialog_add_responses(alert, "cancel", _("_Cancel"), "stop", _("_Stop and Quit"), "background",
                                   _("Go On in _Background"), NULL);
    adw_alert_dialog_set_response_appearance(alert, "background", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(alert, "background");
    adw_alert_dialog_set_close_response(alert, "cancel");
    g_signal_connect_object(dialog, "response", G_CALLBACK(close_response_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_present(dialog, GTK_WIDGET(self));
    return TRUE;
}

static void remember_state(LkWindow *self, GSettings *settings)
{
    g_settings_bind(settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
    g_settings_bind(settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
    g_settings_bind(settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
}

LkWindow *lk_window_new(LkApplication *application)
{
    LkWindow *self = g_object_new(LK_TYPE_WINDOW, "application", application, NULL);
    GSettings *settings = lk_application_get_settings(application);
    if (settings)
        remember_state(self, settings);
    g_signal_connect_object(lk_application_get_store(application), "failed", G_CALLBACK(store_failed_cb), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_application_get_projects(application), "failed", G_CALLBACK(store_failed_cb), self,
                            G_CONNECT_SWAPPED);
    LkTaskCenter *tasks = lk_application_get_tasks(application);
    g_signal_connect_object(tasks, "failed", G_CALLBACK(store_failed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(tasks, "interrupted", G_CALLBACK(interrupted_cb), self, G_CONNECT_SWAPPED);
    return self;
}

static void lk_window_dispose(GObject *object)
{
    LkWindow *self = LK_WINDOW(object);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_WINDOW);
    G_OBJECT_CLASS(lk_window_parent_class)->dispose(object);
}

static void lk_window_class_init(LkWindowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_window_dispose;
    GTK_WINDOW_CLASS(klass)->close_request = lk_window_close_request;
    /* In the bubble phase: a parameter with the focus explains itself. A dialog keeps keys from its window. */
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F1, 0, "app.help", "s", "");
    g_autoptr(GTypeClass) dialog_class = g_type_class_ref(ADW_TYPE_DIALOG);
    gtk_widget_class_add_binding_action(GTK_WIDGET_CLASS(dialog_class), GDK_KEY_F1, 0, "app.help", "s", "");
    g_type_ensure(LK_TYPE_PROJECTS_PAGE);
    gtk_widget_class_set_template_from_resource(widget_class, "/io/github/lorikeet_lora/Lorikeet/ui/shell-window.ui");
    gtk_widget_class_bind_template_child(widget_class, LkWindow, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkWindow, navigation);
    gtk_widget_class_bind_template_child(widget_class, LkWindow, projects_page);
}

static void lk_window_init(LkWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->cancellable = g_cancellable_new();
    g_action_map_add_action_entries(G_ACTION_MAP(self), actions, G_N_ELEMENTS(actions), self);
    g_signal_connect_object(self->projects_page, "open-project", G_CALLBACK(open_card_cb), self, G_CONNECT_SWAPPED);
    GtkDropTarget *target = gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
    g_signal_connect_object(target, "drop", G_CALLBACK(drop_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}
