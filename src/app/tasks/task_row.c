#include "app/tasks/task_row.h"

#include "app/application.h"
#include "app/core/folder_size.h"
#include "app/tasks/delete_dialog.h"
#include "app/tasks/rename_dialog.h"

#include <glib/gi18n.h>

struct _LkTaskRow {
    AdwActionRow parent_instance;
    LkTask *task;
    GtkImage *icon;
    GtkLabel *size;
    GSimpleActionGroup *actions;
    GCancellable *measuring;
};

G_DEFINE_FINAL_TYPE(LkTaskRow, lk_task_row, ADW_TYPE_ACTION_ROW)

/* By LkTaskState; the words beside it say the same. */
static const struct {
    const char *icon, *style;
} marks[LK_TASK_STATES] = {
    [LK_TASK_QUEUED] = {"document-open-recent-symbolic", "dimmed"},
    [LK_TASK_PREPARING] = {"media-playback-start-symbolic", "accent"},
    [LK_TASK_RUNNING] = {"media-playback-start-symbolic", "accent"},
    [LK_TASK_PAUSED] = {"media-playback-pause-symbolic", "accent"},
    [LK_TASK_STOPPED] = {"media-playback-stop-symbolic", "dimmed"},
    [LK_TASK_FINISHED] = {"object-select-symbolic", "success"},
    [LK_TASK_FAILED] = {"dialog-error-symbolic", "error"},
    [LK_TASK_INTERRUPTED] = {"dialog-warning-symbolic", "warning"},
};

LkTask *lk_task_row_get_task(LkTaskRow *self)
{
    return self->task;
}

/* ---- what is shown ----------------------------------------------------------------------------------- */

static void size_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTaskRow) self = data;
    gint64 bytes = lk_folder_size_finish(result);
    if (bytes < 0 || !self->task)
        return;
    g_autofree char *text = g_format_size_full((guint64)bytes, G_FORMAT_SIZE_DEFAULT);
    gtk_label_set_label(self->size, bytes ? text : "");
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->size), _("What its checkpoints, samples and log take on the disk"));
}

static void measure(LkTaskRow *self)
{
    if (self->measuring)
        g_cancellable_cancel(self->measuring);
    g_clear_object(&self->measuring);
    self->measuring = g_cancellable_new();
    lk_folder_size(lk_task_get_output_dir(self->task), self->measuring, size_cb, g_object_ref(self));
}

/* Its files grow while it trains; they are looked at when it begins, rests or ends. */
static void state_cb(LkTaskRow *self)
{
    LkTaskState state = lk_task_get_state(self->task);
    gtk_image_set_from_icon_name(self->icon, marks[state].icon);
    gtk_widget_set_css_classes(GTK_WIDGET(self->icon), (const char *[]){marks[state].style, NULL});
    GAction *delete = g_action_map_lookup_action(G_ACTION_MAP(self->actions), "delete");
    g_simple_action_set_enabled(G_SIMPLE_ACTION(delete),
                                lk_task_center_can_delete(lk_application_get_tasks(lk_application_get()), self->task));
    measure(self);
}

/* "Finished after 360 steps · 26 Nov 2026, 14:38"; before it the number of a task that has a name, since its folder is
 * called by that. */
static void show_facts(LkTaskRow *self)
{
    g_autofree char *number = lk_task_make_number_title(self->task), *summary = lk_task_make_summary(self->task);
    g_autofree char *created = lk_say_time(lk_task_get_created(self->task));
    g_autofree char *facts = *lk_task_get_name(self->task) ? g_strdup_printf("%s · %s · %s", number, summary, created)
                                                           : g_strdup_printf("%s · %s", summary, created);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self), facts);
}

/* ---- what can be done -------------------------------------------------------------------------------- */

static void delete_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_delete_dialog_present(LK_TASK_ROW(data)->task, data);
}

static void rename_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_rename_dialog_present(LK_TASK_ROW(data)->task, data);
}

static void folder_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    gtk_widget_activate_action(data, "win.open-folder", "s", lk_task_get_output_dir(LK_TASK_ROW(data)->task));
}

static const GActionEntry entries[] = {{.name = "delete", .activate = delete_cb},
                                       {.name = "rename", .activate = rename_cb},
                                       {.name = "open-folder", .activate = folder_cb}};

/* The argument is the name of the action. */
static gboolean key_cb(GtkWidget *row, GVariant *arguments, gpointer data)
{
    const char *action = g_variant_get_string(arguments, NULL);
    g_action_group_activate_action(G_ACTION_GROUP(LK_TASK_ROW(row)->actions), action, NULL);
    return GDK_EVENT_STOP;
}

/* Actions of the row itself would be what assistive technology does in place of opening it. */
static GtkWidget *make_menu(LkTaskRow *self)
{
    g_autoptr(GMenu) menu = g_menu_new(), end = g_menu_new();
    g_menu_append(menu, _("_Rename…"), "row.rename");
    g_menu_append(menu, _("_Open Folder"), "row.open-folder");
    g_menu_append(end, _("_Delete…"), "row.delete");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(end));
    GtkWidget *button = gtk_menu_button_new();
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(button, _("Task Menu"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_insert_action_group(button, "row", G_ACTION_GROUP(self->actions));
    return button;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

GtkWidget *lk_task_row_new(LkTask *task)
{
    LkTaskRow *self = g_object_new(LK_TYPE_TASK_ROW, NULL);
    self->task = g_object_ref(task);
    g_object_bind_property(task, "title", self, "title", G_BINDING_SYNC_CREATE);
    g_signal_connect_object(task, "notify::summary", G_CALLBACK(show_facts), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(task, "notify::name", G_CALLBACK(show_facts), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(task, "notify::state", G_CALLBACK(state_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(task, "notify::run", G_CALLBACK(state_cb), self, G_CONNECT_SWAPPED);
    show_facts(self);
    state_cb(self);
    return GTK_WIDGET(self);
}

static void lk_task_row_dispose(GObject *object)
{
    LkTaskRow *self = LK_TASK_ROW(object);
    if (self->measuring)
        g_cancellable_cancel(self->measuring);
    g_clear_object(&self->measuring);
    g_clear_object(&self->actions);
    g_clear_object(&self->task);
    G_OBJECT_CLASS(lk_task_row_parent_class)->dispose(object);
}

static void lk_task_row_class_init(LkTaskRowClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_task_row_dispose;
    gtk_widget_class_add_binding(GTK_WIDGET_CLASS(klass), GDK_KEY_Delete, 0, key_cb, "s", "delete");
    gtk_widget_class_add_binding(GTK_WIDGET_CLASS(klass), GDK_KEY_F2, 0, key_cb, "s", "rename");
}

static void lk_task_row_init(LkTaskRow *self)
{
    self->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
    self->icon = GTK_IMAGE(gtk_image_new());
    self->size = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->size), "dimmed");
    gtk_widget_add_css_class(GTK_WIDGET(self->size), "numeric");
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(self), FALSE);
    adw_action_row_add_prefix(ADW_ACTION_ROW(self), GTK_WIDGET(self->icon));
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), GTK_WIDGET(self->size));
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), make_menu(self));
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), gtk_image_new_from_icon_name("go-next-symbolic"));
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(self), TRUE);
}
