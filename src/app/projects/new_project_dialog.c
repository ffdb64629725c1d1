#include "app/projects/new_project_dialog.h"

#include "app/application.h"
#include "app/core/job_draft.h"
#include "app/core/models.h"
#include "app/widgets/choice_row.h"
#include "app/widgets/model_chooser.h"
#include "app/widgets/model_row.h"

#include <glib/gi18n.h>

/* What a LoRA can be for. */
static const struct {
    const char *name, *title, *subtitle;
} goals[] = {
    {"character", N_("Character"), N_("One person, animal or figure: 30 to 50 pictures")},
    {"style", N_("Style"), N_("How pictures are made: 20 to 30 pictures of different things")},
    {"object", N_("Object"), N_("One thing from several sides: 15 to 30 pictures")},
    {"concept", N_("Concept"), N_("A pose, a place, an idea: 20 pictures or more")},
};

struct _LkNewProjectDialog {
    AdwDialog parent_instance;
    AdwNavigationView *navigation;
    GtkWidget *name_next, *model_next, *create_button;
    AdwEntryRow *name_row, *trigger_row;
    AdwPreferencesGroup *goal_group, *model_group, *bad_group, *source_group;
    GtkCheckButton *goals[G_N_ELEMENTS(goals)];
    GtkCheckButton *no_model; /* not shown: makes even a single model a radio button */
    bool has_model;
    const LkModelInfo *model; /* the chosen one: its row has it */
    GPtrArray *sources;       /* char *: paths */
    GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE(LkNewProjectDialog, lk_new_project_dialog, ADW_TYPE_DIALOG)

enum { SIGNAL_CREATED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static GtkCheckButton *add_choice(AdwPreferencesGroup *group, AdwActionRow *row, GtkCheckButton *first)
{
    adw_preferences_group_add(group, GTK_WIDGET(row));
    return lk_choice_row_add_check(row, first);
}

/* ---- step 1 ------------------------------------------------------------------------------------------ */

static char *get_text(AdwEntryRow *row)
{
    return g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(row))));
}

static void name_changed_cb(LkNewProjectDialog *self)
{
    g_autofree char *name = get_text(self->name_row);
    gtk_widget_set_sensitive(self->name_next, *name != 0);
}

static void name_next_cb(LkNewProjectDialog *self)
{
    if (gtk_widget_get_sensitive(self->name_next))
        adw_navigation_view_push_by_tag(self->navigation, "model");
}

static const char *chosen_goal(LkNewProjectDialog *self)
{
    for (size_t i = 0; i < G_N_ELEMENTS(goals); i++)
        if (gtk_check_button_get_active(self->goals[i]))
            return goals[i].name;
    return goals[0].name;
}

/* ---- step 2 ------------------------------------------------------------------------------------------ */

static void model_toggled_cb(GtkCheckButton *check, LkNewProjectDialog *self)
{
    if (!gtk_check_button_get_active(check))
        return;
    AdwActionRow *row = ADW_ACTION_ROW(gtk_widget_get_ancestor(GTK_WIDGET(check), ADW_TYPE_ACTION_ROW));
    self->model = lk_model_row_get_info(row);
    gtk_widget_set_sensitive(self->model_next, TRUE);
}

static void show_model(LkNewProjectDialog *self, LkModelInfo *info)
{
    AdwActionRow *row = lk_model_row_new(info);
    if (info->problem) {
        adw_preferences_group_add(self->bad_group, GTK_WIDGET(row));
        gtk_widget_set_visible(GTK_WIDGET(self->bad_group), TRUE);
        return;
    }
    GtkCheckButton *check = add_choice(self->model_group, row, self->no_model);
    bool first = !self->has_model;
    self->has_model = true;
    g_signal_connect_object(check, "toggled", G_CALLBACK(model_toggled_cb), self, 0);
    /* The model used last is listed first; one just added is meant. */
    if (first || g_object_get_data(G_OBJECT(self), "adding"))
        gtk_check_button_set_active(check, TRUE);
}

static void model_read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkModelInfo *info = lk_model_info_read_finish(result, NULL);
    if (info) /* else the dialog is gone */
        show_model(data, info);
}

static void read_model(LkNewProjectDialog *self, const char *path)
{
    lk_model_info_read(path, self->cancellable, model_read_cb, self);
}

static void model_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkNewProjectDialog) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (!path)
        return;
    GSettings *settings = lk_application_get_settings(lk_application_get());
    if (settings)
        lk_models_remember(settings, path);
    g_object_set_data(G_OBJECT(self), "adding", GINT_TO_POINTER(TRUE));
    read_model(self, path);
}

static void add_model_cb(LkNewProjectDialog *self)
{
    lk_model_chooser_open(GTK_WIDGET(self), self->cancellable, model_chosen_cb, g_object_ref(self));
}

static void model_next_cb(LkNewProjectDialog *self)
{
    adw_navigation_view_push_by_tag(self->navigation, "pictures");
}

static void show_known_models(LkNewProjectDialog *self)
{
    GSettings *settings = lk_application_get_settings(lk_application_get());
    g_auto(GStrv) models = settings ? g_settings_get_strv(settings, "models") : NULL;
    for (char **path = models; path && *path; path++)
        if (g_file_test(*path, G_FILE_TEST_EXISTS))
            read_model(self, *path);
}

/* ---- step 3 ------------------------------------------------------------------------------------------ */

static void remove_source_cb(GtkButton *button, LkNewProjectDialog *self)
{
    GtkWidget *row = gtk_widget_get_ancestor(GTK_WIDGET(button), ADW_TYPE_ACTION_ROW);
    const char *path = g_object_get_data(G_OBJECT(row), "path");
    guint index;
    if (g_ptr_array_find_with_equal_func(self->sources, path, g_str_equal, &index))
        g_ptr_array_remove_index(self->sources, index);
    adw_preferences_group_remove(self->source_group, row);
}

static void add_source(LkNewProjectDialog *self, const char *path)
{
    if (g_ptr_array_find_with_equal_func(self->sources, path, g_str_equal, NULL))
        return;
    g_ptr_array_add(self->sources, g_strdup(path));
    g_autofree char *name = g_filename_display_basename(path);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *shown = g_filename_display_name(folder);
    AdwActionRow *row = lk_choice_row_new(name, shown);
    bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
    adw_action_row_add_prefix(
        row, gtk_image_new_from_icon_name(is_folder ? "folder-open-symbolic" : "image-x-generic-symbolic"));
    GtkWidget *button = gtk_button_new_from_icon_name("list-remove-symbolic");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_tooltip_text(button, _("Remove"));
    g_signal_connect_object(button, "clicked", G_CALLBACK(remove_source_cb), self, 0);
    adw_action_row_add_suffix(row, button);
    g_object_set_data_full(G_OBJECT(row), "path", g_strdup(path), g_free);
    adw_preferences_group_add(self->source_group, GTK_WIDGET(row));
}

static void add_files(LkNewProjectDialog *self, GListModel *files)
{
    for (guint i = 0; files && i < g_list_model_get_n_items(files); i++) {
        g_autoptr(GFile) file = g_list_model_get_item(files, i);
        g_autofree char *path = g_file_get_path(file);
        if (path)
            add_source(self, path);
    }
}

static void folders_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkNewProjectDialog) self = data;
    g_autoptr(GListModel) files = gtk_file_dialog_select_multiple_folders_finish(GTK_FILE_DIALOG(source), result, NULL);
    add_files(self, files);
}

static void pictures_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkNewProjectDialog) self = data;
    g_autoptr(GListModel) files = gtk_file_dialog_open_multiple_finish(GTK_FILE_DIALOG(source), result, NULL);
    add_files(self, files);
}

static void add_folder_cb(LkNewProjectDialog *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Add Folder of Pictures"));
    gtk_file_dialog_select_multiple_folders(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))),
                                            self->cancellable, folders_chosen_cb, g_object_ref(self));
}

static void add_pictures_cb(LkNewProjectDialog *self)
{
    g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
    gtk_file_filter_set_name(filter, _("Pictures"));
    gtk_file_filter_add_mime_type(filter, "image/*");
    g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
    g_list_store_append(filters, filter);
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Add Pictures"));
    gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
    gtk_file_dialog_open_multiple(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), self->cancellable,
                                  pictures_chosen_cb, g_object_ref(self));
}

static void created_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkNewProjectDialog) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkProject) project = lk_project_list_create_finish(LK_PROJECT_LIST(source), result, &error);
    if (!project) {
        AdwDialog *alert = adw_alert_dialog_new(_("The Project Could Not Be Made"), error->message);
        adw_alert_dialog_add_response(ADW_ALERT_DIALOG(alert), "close", _("_Close"));
        adw_dialog_present(alert, GTK_WIDGET(self));
        gtk_widget_set_sensitive(self->create_button, TRUE);
        return;
    }
    g_signal_emit(self, signals[SIGNAL_CREATED], 0, project);
    adw_dialog_close(ADW_DIALOG(self));
}

static void create_cb(LkNewProjectDialog *self)
{
    LkApplication *application = lk_application_get();
    g_autofree char *name = get_text(self->name_row);
    g_autofree char *trigger = get_text(self->trigger_row);
    g_autofree char *folder = lk_project_folder_for_name(lk_application_get_settings(application), name);
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    for (guint i = 0; i < self->sources->len; i++)
        g_ptr_array_add(sources, self->sources->pdata[i]);
    g_ptr_array_add(sources, NULL);
    g_autoptr(GHashTable) settings = lk_job_draft_settings_for_goal(chosen_goal(self));
    LkNewProject draft = {.name = name,
                          .goal = chosen_goal(self),
                          .folder = folder,
                          .base_model = self->model ? self->model->path : NULL,
                          .family = self->model ? self->model->family : NULL,
                          .trigger_word = trigger,
                          .sources = (const char *const *)sources->pdata,
                          .settings = settings};
    gtk_widget_set_sensitive(self->create_button, FALSE);
    lk_project_list_create_async(lk_application_get_projects(application), &draft, created_cb, g_object_ref(self));
}

static void cancel_cb(LkNewProjectDialog *self)
{
    adw_dialog_close(ADW_DIALOG(self));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkNewProjectDialog *lk_new_project_dialog_new(const char *const *sources)
{
    LkNewProjectDialog *self = g_object_new(LK_TYPE_NEW_PROJECT_DIALOG, NULL);
    for (; sources && *sources; sources++)
        add_source(self, *sources);
    if (self->sources->len == 1) { /* one folder: most likely it has the name */
        g_autofree char *name = g_filename_display_basename(self->sources->pdata[0]);
        gtk_editable_set_text(GTK_EDITABLE(self->name_row), name);
    }
    return self;
}

static void lk_new_project_dialog_dispose(GObject *object)
{
    LkNewProjectDialog *self = LK_NEW_PROJECT_DIALOG(object);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_NEW_PROJECT_DIALOG);
    g_clear_object(&self->no_model);
    g_clear_pointer(&self->sources, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_new_project_dialog_parent_class)->dispose(object);
}

static void lk_new_project_dialog_class_init(LkNewProjectDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_new_project_dialog_dispose;
    signals[SIGNAL_CREATED] = g_signal_new("created", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 1, LK_TYPE_PROJECT);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/projects-new_project_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, navigation);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, name_next);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, model_next);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, create_button);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, name_row);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, trigger_row);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, goal_group);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, model_group);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, bad_group);
    gtk_widget_class_bind_template_child(widget_class, LkNewProjectDialog, source_group);
    gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
    gtk_widget_class_bind_template_callback(widget_class, name_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, name_next_cb);
    gtk_widget_class_bind_template_callback(widget_class, add_model_cb);
    gtk_widget_class_bind_template_callback(widget_class, model_next_cb);
    gtk_widget_class_bind_template_callback(widget_class, add_folder_cb);
    gtk_widget_class_bind_template_callback(widget_class, add_pictures_cb);
    gtk_widget_class_bind_template_callback(widget_class, create_cb);
}

static void lk_new_project_dialog_init(LkNewProjectDialog *self)
{
    self->cancellable = g_cancellable_new();
    self->sources = g_ptr_array_new_with_free_func(g_free);
    self->no_model = g_object_ref_sink(GTK_CHECK_BUTTON(gtk_check_button_new()));
    gtk_widget_init_template(GTK_WIDGET(self));
    for (size_t i = 0; i < G_N_ELEMENTS(goals); i++)
        self->goals[i] =
            add_choice(self->goal_group, lk_choice_row_new(_(goals[i].title), _(goals[i].subtitle)), self->goals[0]);
    gtk_check_button_set_active(self->goals[0], TRUE);
    show_known_models(self);
}
