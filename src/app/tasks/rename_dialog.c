#include "app/tasks/rename_dialog.h"

#include "app/application.h"
#include "app/core/task_name.h"

#include <glib/gi18n.h>

#define LK_TYPE_RENAME_DIALOG (lk_rename_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkRenameDialog, lk_rename_dialog, LK, RENAME_DIALOG, AdwAlertDialog)

struct _LkRenameDialog {
    AdwAlertDialog parent_instance;
    LkTask *task;
    GListModel *tasks; /* of the project */
    GtkEditable *entry;
    GtkLabel *problem;
};

G_DEFINE_FINAL_TYPE(LkRenameDialog, lk_rename_dialog, ADW_TYPE_ALERT_DIALOG)

static char *typed_name(LkRenameDialog *self)
{
    return lk_task_name_tidy(gtk_editable_get_text(self->entry));
}

/* An empty entry is no mistake yet: somebody is about to type. */
static void changed_cb(LkRenameDialog *self)
{
    if (!self->task)
        return;
    g_autofree char *name = typed_name(self), *problem = lk_task_name_problem(self->task, name, self->tasks);
    gboolean wrong = problem && *name;
    gtk_label_set_label(self->problem, wrong ? problem : "");
    gtk_widget_set_visible(GTK_WIDGET(self->problem), wrong);
    (wrong ? gtk_widget_add_css_class : gtk_widget_remove_css_class)(GTK_WIDGET(self->entry), "error");
    gtk_accessible_update_state(GTK_ACCESSIBLE(self->entry), GTK_ACCESSIBLE_STATE_INVALID,
                                wrong ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
    adw_alert_dialog_set_response_enabled(ADW_ALERT_DIALOG(self), "rename", !problem);
}

/* A task that is called by its number has no name of its own, and is called so in any language. */
static void response_cb(LkRenameDialog *self, const char *response)
{
    g_autofree char *name = typed_name(self), *problem = lk_task_name_problem(self->task, name, self->tasks);
    g_autofree char *number = lk_task_make_number_title(self->task);
    if (g_str_equal(response, "rename") && !problem)
        lk_task_set_name(self->task, g_str_equal(name, number) ? "" : name);
}

void lk_rename_dialog_present(LkTask *task, GtkWidget *parent)
{
    LkRenameDialog *self = g_object_new(LK_TYPE_RENAME_DIALOG, NULL);
    const char *saved_as = lk_task_get_output_name(task);
    g_autofree char *title = lk_task_make_title(task), *number = lk_task_make_number_title(task);
    if (saved_as && *saved_as) {
        g_autofree char *body =
            g_strdup_printf(_("The name is for you to know the task by. Its files are still named “%s”."), saved_as);
        adw_alert_dialog_set_body(ADW_ALERT_DIALOG(self), body);
    }
    self->tasks = lk_task_center_list(lk_application_get_tasks(lk_application_get()), lk_task_get_project_id(task));
    self->task = g_object_ref(task);
    g_signal_connect_object(self->tasks, "items-changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
    gtk_entry_set_placeholder_text(GTK_ENTRY(self->entry), number);
    gtk_editable_set_text(self->entry, title);
    changed_cb(self);
    adw_dialog_set_focus(ADW_DIALOG(self), GTK_WIDGET(self->entry));
    adw_dialog_present(ADW_DIALOG(self), parent);
}

static void lk_rename_dialog_dispose(GObject *object)
{
    LkRenameDialog *self = LK_RENAME_DIALOG(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_RENAME_DIALOG);
    g_clear_object(&self->tasks);
    g_clear_object(&self->task);
    G_OBJECT_CLASS(lk_rename_dialog_parent_class)->dispose(object);
}

static void lk_rename_dialog_class_init(LkRenameDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_rename_dialog_dispose;
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/tasks-rename_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkRenameDialog, entry);
    gtk_widget_class_bind_template_child(widget_class, LkRenameDialog, problem);
    gtk_widget_class_bind_template_callback(widget_class, changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, response_cb);
}

static void lk_rename_dialog_init(LkRenameDialog *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
