#include "app/tasks/task_page.h"

#include "app/application.h"
#include "app/core/folder_size.h"
#include "app/page.h"
#include "app/parameters/compare_dialog.h"
#include "app/results/checkpoint_row.h"
#include "app/tasks/delete_dialog.h"
#include "app/tasks/rename_dialog.h"
#include "app/tasks/settings_group.h"
#include "app/training/log_dialog.h"
#include "app/training/samples_card.h"

#include <glib/gi18n.h>
#include <math.h>

enum { LOG_LINES = 6 };

struct _LkTaskPage {
    AdwNavigationPage parent_instance;
    LkProject *project;
    LkTask *task;
    GtkLabel *headline, *facts, *files, *failure, *log;
    GCancellable *measuring;
    GtkWidget *continue_button;
    AdwPreferencesGroup *checkpoints;
    GPtrArray *checkpoint_rows; /* GtkWidget, borrowed */
    LkSamplesCard *samples;
};

G_DEFINE_FINAL_TYPE(LkTaskPage, lk_task_page, ADW_TYPE_NAVIGATION_PAGE)

/* ---- what is shown ----------------------------------------------------------------------------------- */

static void show_state(LkTaskPage *self)
{
    LkTask *task = self->task;
    g_autofree char *summary = lk_task_make_summary(task), *created = lk_say_time(lk_task_get_created(task));
    g_autofree char *duration = lk_say_duration(lk_task_get_seconds(task));
    const char *device =
        lk_device_status_find_name(lk_application_get_device(lk_application_get()), lk_task_get_device(task));
    /* translators: when a task was made, how long it has trained: "26 Nov 2026, 14:38 · trained for 13 min" */
    g_autofree char *facts = device ? g_strdup_printf(_("%s · trained for %s · %s"), created, duration, device)
                                    : g_strdup_printf(_("%s · trained for %s"), created, duration);
    const char *error = lk_task_get_error(task);
    gtk_label_set_label(self->headline, summary);
    gtk_label_set_label(self->facts, facts);
    gtk_label_set_label(self->failure, error ? error : "");
    gtk_widget_set_visible(GTK_WIDGET(self->failure), error != NULL);
    gboolean can = lk_task_can_continue(task);
    gtk_widget_set_visible(self->continue_button, can);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "task.continue", can);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "task.delete",
                                  lk_task_center_can_delete(lk_application_get_tasks(lk_application_get()), task));
}

/* The title; and what else the task is called, so that nobody looks for files of the name that a person gave it. */
static void show_name(LkTaskPage *self)
{
    g_autofree char *title = lk_task_make_title(self->task), *number = lk_task_make_number_title(self->task);
    const char *saved_as = lk_task_get_output_name(self->task);
    g_autofree char *files = NULL;
    if (saved_as && *saved_as && !g_str_equal(title, saved_as))
        /* translators: number of a task that a person gave another name, and the name of its files */
        files = *lk_task_get_name(self->task) ? g_strdup_printf(_("%s. Its files are named “%s”."), number, saved_as)
                                              : g_strdup_printf(_("Its files are named “%s”."), saved_as);
    adw_navigation_page_set_title(ADW_NAVIGATION_PAGE(self), title);
    gtk_label_set_label(self->files, files ? files : number);
    gtk_widget_set_visible(GTK_WIDGET(self->files), files || *lk_task_get_name(self->task));
}

static void show_log(LkTaskPage *self)
{
    const GArray *log = lk_task_get_log(self->task);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = log->len > LOG_LINES ? log->len - LOG_LINES : 0; i < log->len; i++) {
        const LkTaskLogLine *line = &g_array_index(log, LkTaskLogLine, i);
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(line->time / G_USEC_PER_SEC);
        g_autofree char *clock = g_date_time_format(time, "%H:%M:%S");
        g_string_append_printf(text, "%s%s  %s", text->len ? "\n" : "", clock, line->text);
    }
    gtk_label_set_label(self->log, text->len ? text->str : _("Nothing was written yet."));
}

static GtkWidget *make_checkpoint(const LkTaskCheckpoint *checkpoint)
{
    GtkWidget *row = adw_action_row_new();
    g_autofree char *title = lk_checkpoint_title(checkpoint), *file = g_filename_display_basename(checkpoint->path);
    g_autofree char *loss = isfinite(checkpoint->loss) ? g_strdup_printf(_("loss %.4f"), checkpoint->loss) : NULL;
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), file);
    GtkWidget *label = gtk_label_new(loss);
    gtk_widget_add_css_class(label, "dimmed");
    gtk_widget_add_css_class(label, "numeric");
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
    if (checkpoint->best) {
        GtkWidget *best = gtk_label_new(_("Best"));
        gtk_widget_add_css_class(best, "best-badge");
        gtk_widget_set_valign(best, GTK_ALIGN_CENTER);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), best);
    }
    return row;
}

/* "3 checkpoints, 27 MB; with samples, states and log 41 MB", where it is known. */
static void size_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTaskPage) self = data;
    const gint64 bytes = lk_folder_size_finish(result);
    if (bytes <= 0 || !self->task)
        return;
    const GPtrArray *checkpoints = lk_task_get_checkpoints(self->task);
    g_autofree char *all = g_format_size_full((guint64)bytes, G_FORMAT_SIZE_DEFAULT);
    g_autofree char *text = g_strdup_printf(
        ngettext("%u checkpoint. With samples, states and log the task takes %s on the disk.",
                 "%u checkpoints. With samples, states and log the task takes %s on the disk.", checkpoints->len),
        checkpoints->len, all);
    if (checkpoints->len)
        adw_preferences_group_set_description(self->checkpoints, text);
}

static void measure(LkTaskPage *self)
{
    if (self->measuring)
        g_cancellable_cancel(self->measuring);
    g_clear_object(&self->measuring);
    self->measuring = g_cancellable_new();
    lk_folder_size(lk_task_get_output_dir(self->task), self->measuring, size_cb, g_object_ref(self));
}

static void show_checkpoints(LkTaskPage *self)
{
    const GPtrArray *checkpoints = lk_task_get_checkpoints(self->task);
    for (guint i = 0; i < self->checkpoint_rows->len; i++)
        adw_preferences_group_remove(self->checkpoints, self->checkpoint_rows->pdata[i]);
    g_ptr_array_set_size(self->checkpoint_rows, 0);
    for (guint i = checkpoints->len; i-- > 0;) {
        GtkWidget *row = make_checkpoint(checkpoints->pdata[i]);
        adw_preferences_group_add(self->checkpoints, row);
        g_ptr_array_add(self->checkpoint_rows, row);
    }
    adw_preferences_group_set_description(self->checkpoints, checkpoints->len ? NULL : _("None was saved yet."));
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "task.show-results", checkpoints->len > 0);
    measure(self);
}

static void details_cb(LkTaskPage *self)
{
    show_name(self);
    show_state(self);
    show_log(self);
    show_checkpoints(self);
}

/* ---- what can be done -------------------------------------------------------------------------------- */

static void show_on(LkTaskPage *self, const char *page)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "project.show-task", "(sx)", page, lk_task_get_id(self->task));
}

static void continue_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTaskPage *self = LK_TASK_PAGE(widget);
    LkRun *run = lk_task_get_run(self->task);
    g_autoptr(GError) error = NULL;
    if (run && lk_run_get_state(run) == LK_RUN_PAUSED)
        lk_run_resume(run);
    else if (!lk_task_center_continue(lk_application_get_tasks(lk_application_get()), self->task, &error)) {
        lk_page_toast(widget, error->message, NULL, NULL, NULL);
        return;
    }
    show_on(self, "training");
}

static void new_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    show_on(LK_TASK_PAGE(widget), "parameters");
}

static void show_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    show_on(LK_TASK_PAGE(widget), g_str_equal(name, "task.show-results") ? "results" : "training");
}

static void compare_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTaskPage *self = LK_TASK_PAGE(widget);
    lk_compare_dialog_present(widget, self->project, self->task);
}

static void log_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_log_dialog_present(LK_TASK_PAGE(widget)->task, widget);
}

static void folder_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    gtk_widget_activate_action(widget, "win.open-folder", "s", lk_task_get_output_dir(LK_TASK_PAGE(widget)->task));
}

static void rename_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_rename_dialog_present(LK_TASK_PAGE(widget)->task, widget);
}

static void delete_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_delete_dialog_present(LK_TASK_PAGE(widget)->task, widget);
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkWidget *make_button(const char *label, const char *action)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    return button;
}

static GtkLabel *add_label(GtkWidget *box, const char *style, gboolean selectable)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(label), selectable);
    gtk_widget_add_css_class(label, style);
    gtk_box_append(GTK_BOX(box), label);
    return GTK_LABEL(label);
}

static GtkWidget *make_top(LkTaskPage *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *buttons = adw_wrap_box_new();
    self->headline = add_label(box, "title-2", FALSE);
    self->facts = add_label(box, "dimmed", FALSE);
    self->files = add_label(box, "dimmed", TRUE);
    self->failure = add_label(box, "error", TRUE);
    self->continue_button = make_button(_("_Continue Training"), "task.continue");
    gtk_widget_add_css_class(self->continue_button, "suggested-action");
    adw_wrap_box_set_child_spacing(ADW_WRAP_BOX(buttons), 9);
    adw_wrap_box_set_line_spacing(ADW_WRAP_BOX(buttons), 9);
    gtk_widget_set_margin_top(buttons, 6);
    adw_wrap_box_append(ADW_WRAP_BOX(buttons), self->continue_button);
    GtkWidget *new_button = make_button(_("_New Task from This One"), "task.new");
    gtk_button_set_can_shrink(GTK_BUTTON(new_button), TRUE); /* large text in a narrow window */
    adw_wrap_box_append(ADW_WRAP_BOX(buttons), new_button);
    adw_wrap_box_append(ADW_WRAP_BOX(buttons), make_button(_("Show _Loss"), "task.show-training"));
    gtk_box_append(GTK_BOX(box), buttons);
    return box;
}

static GtkWidget *make_log(LkTaskPage *self)
{
    GtkWidget *group = adw_preferences_group_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    self->log = add_label(box, "caption", TRUE);
    gtk_widget_add_css_class(GTK_WIDGET(self->log), "numeric");
    gtk_widget_add_css_class(box, "card");
    gtk_widget_add_css_class(box, "card-inside");
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), _("Log"));
    adw_preferences_group_set_header_suffix(ADW_PREFERENCES_GROUP(group), make_button(_("Show _Log"), "task.show-log"));
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), box);
    return group;
}

static GtkWidget *make_samples(LkTaskPage *self)
{
    GtkWidget *group = adw_preferences_group_new();
    self->samples = g_object_new(LK_TYPE_SAMPLES_CARD, NULL);
    lk_samples_card_set_task(self->samples, self->task);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), GTK_WIDGET(self->samples));
    return group;
}

static GtkWidget *make_content(LkTaskPage *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 24), *settings = lk_settings_group_new(self->task);
    self->checkpoints = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_title(self->checkpoints, _("Checkpoints"));
    adw_preferences_group_set_header_suffix(self->checkpoints, make_button(_("Show _Results"), "task.show-results"));
    adw_preferences_group_set_header_suffix(ADW_PREFERENCES_GROUP(settings),
                                            make_button(_("Co_mpare…"), "task.compare"));
    gtk_box_append(GTK_BOX(box), make_top(self));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->checkpoints));
    gtk_box_append(GTK_BOX(box), make_samples(self));
    gtk_box_append(GTK_BOX(box), settings);
    gtk_box_append(GTK_BOX(box), make_log(self));
    gtk_widget_set_margin_start(box, 12);
    gtk_widget_set_margin_end(box, 12);
    gtk_widget_set_margin_top(box, 12);
    gtk_widget_set_margin_bottom(box, 24);
    GtkWidget *clamp = adw_clamp_new(), *scroller = gtk_scrolled_window_new();
    adw_clamp_set_maximum_size(ADW_CLAMP(clamp), 860);
    adw_clamp_set_child(ADW_CLAMP(clamp), box);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), clamp);
    return scroller;
}

/* One column of samples where there is no room for two. */
static GtkWidget *make_adaptive(LkTaskPage *self, GtkWidget *view)
{
    GtkWidget *bin = adw_breakpoint_bin_new();
    AdwBreakpoint *breakpoint = adw_breakpoint_new(adw_breakpoint_condition_parse("max-width: 780sp"));
    adw_breakpoint_add_setters(breakpoint, G_OBJECT(self->samples), "narrow", TRUE, NULL);
    gtk_widget_set_size_request(bin, 340, 294);
    adw_breakpoint_bin_set_child(ADW_BREAKPOINT_BIN(bin), view);
    adw_breakpoint_bin_add_breakpoint(ADW_BREAKPOINT_BIN(bin), breakpoint);
    return bin;
}

static GtkWidget *make_menu(void)
{
    g_autoptr(GMenu) menu = g_menu_new(), end = g_menu_new();
    g_menu_append(menu, _("_Rename…"), "task.rename");
    g_menu_append(menu, _("Co_mpare…"), "task.compare");
    g_menu_append(menu, _("Show _Log"), "task.show-log");
    g_menu_append(menu, _("_Open Folder"), "task.open-folder");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(end));
    g_menu_append(end, _("_Delete…"), "task.delete");
    GtkWidget *button = gtk_menu_button_new();
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(button, _("More"));
    return button;
}

LkTask *lk_task_page_get_task(LkTaskPage *self)
{
    return self->task;
}

AdwNavigationPage *lk_task_page_new(LkProject *project, LkTask *task)
{
    LkTaskPage *self = g_object_new(LK_TYPE_TASK_PAGE, "tag", "task", NULL);
    GtkWidget *view = adw_toolbar_view_new(), *header = adw_header_bar_new();
    self->project = g_object_ref(project);
    self->task = g_object_ref(task);
    adw_header_bar_pack_end(ADW_HEADER_BAR(header), make_menu());
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), header);
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), make_content(self));
    adw_navigation_page_set_child(ADW_NAVIGATION_PAGE(self), make_adaptive(self, view));
    static const struct {
        const char *signal;
        void (*show)(LkTaskPage *self);
    } table[] = {{"notify::summary", show_state},
                 {"notify::seconds", show_state},
                 {"notify::run", show_state},
                 {"notify::name", show_name},
                 {"log", show_log},
                 {"details", details_cb},
                 {"checkpoint", show_checkpoints}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        g_signal_connect_object(task, table[i].signal, G_CALLBACK(table[i].show), self, G_CONNECT_SWAPPED);
    lk_task_load_details(task);
    details_cb(self);
    return ADW_NAVIGATION_PAGE(self);
}

static void lk_task_page_dispose(GObject *object)
{
    LkTaskPage *self = LK_TASK_PAGE(object);
    if (self->measuring)
        g_cancellable_cancel(self->measuring);
    g_clear_object(&self->measuring);
    g_clear_object(&self->project);
    g_clear_object(&self->task);
    g_clear_pointer(&self->checkpoint_rows, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_task_page_parent_class)->dispose(object);
}

static void lk_task_page_class_init(LkTaskPageClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_task_page_dispose;
    gtk_widget_class_install_action(widget_class, "task.continue", NULL, continue_action);
    gtk_widget_class_install_action(widget_class, "task.new", NULL, new_action);
    gtk_widget_class_install_action(widget_class, "task.compare", NULL, compare_action);
    gtk_widget_class_install_action(widget_class, "task.show-log", NULL, log_action);
    gtk_widget_class_install_action(widget_class, "task.open-folder", NULL, folder_action);
    gtk_widget_class_install_action(widget_class, "task.rename", NULL, rename_action);
    gtk_widget_class_install_action(widget_class, "task.delete", NULL, delete_action);
    gtk_widget_class_install_action(widget_class, "task.show-training", NULL, show_action);
    gtk_widget_class_install_action(widget_class, "task.show-results", NULL, show_action);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F2, 0, "task.rename", NULL);
}

static void lk_task_page_init(LkTaskPage *self)
{
    self->checkpoint_rows = g_ptr_array_new();
}
