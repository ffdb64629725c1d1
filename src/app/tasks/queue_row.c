#include "app/tasks/queue_row.h"

#include "app/application.h"

#include <glib/gi18n.h>

struct _LkQueueRow {
    AdwActionRow parent_instance;
    LkTask *task;
    guint place;
    GtkWidget *handle, *menu;
    GtkLabel *number;
};

G_DEFINE_FINAL_TYPE(LkQueueRow, lk_queue_row, ADW_TYPE_ACTION_ROW)

enum { SIGNAL_MOVE, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

LkTask *lk_queue_row_get_task(LkQueueRow *self)
{
    return self->task;
}

static gboolean is_waiting(LkQueueRow *self)
{
    return lk_task_get_state(self->task) == LK_TASK_QUEUED;
}

void lk_queue_row_set_place(LkQueueRow *self, guint place, guint waiting)
{
    gboolean waits = is_waiting(self);
    self->place = place;
    g_autofree char *number = waits ? g_strdup_printf("%u", place + 1) : g_strdup("");
    gtk_label_set_label(self->number, number);
    gtk_widget_set_visible(GTK_WIDGET(self->number), waits);
    gtk_widget_set_visible(self->handle, waits && waiting > 1);
    gtk_widget_set_visible(self->menu, waits);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "queue.move-up", waits && place > 0);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "queue.move-down", waits && place + 1 < waiting);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "queue.withdraw", waits);
}

/* ---- moving ------------------------------------------------------------------------------------------ */

static void move_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkQueueRow *self = LK_QUEUE_ROW(widget);
    int place = (int)self->place + (g_str_equal(name, "queue.move-up") ? -1 : 1);
    g_signal_emit(self, signals[SIGNAL_MOVE], 0, place);
}

static void withdraw_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_task_center_withdraw(lk_application_get_tasks(lk_application_get()), LK_QUEUE_ROW(widget)->task);
}

static GdkContentProvider *prepare_cb(GtkDragSource *source, double x, double y, LkQueueRow *self)
{
    return is_waiting(self) ? gdk_content_provider_new_typed(LK_TYPE_TASK, self->task) : NULL;
}

static void drag_begin_cb(GtkDragSource *source, GdkDrag *drag, LkQueueRow *self)
{
    g_autoptr(GdkPaintable) picture = gtk_widget_paintable_new(GTK_WIDGET(self));
    gtk_drag_source_set_icon(source, picture, 24, gtk_widget_get_height(GTK_WIDGET(self)) / 2);
}

/* The dragged row takes the place of this one. */
static gboolean drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, LkQueueRow *self)
{
    LkTask *task = g_value_get_object(value);
    if (task == self->task || !is_waiting(self))
        return FALSE;
    lk_task_center_move(lk_application_get_tasks(lk_application_get()), task, self->place);
    return TRUE;
}

static void add_drag(LkQueueRow *self)
{
    GtkDragSource *source = gtk_drag_source_new();
    gtk_drag_source_set_actions(source, GDK_ACTION_MOVE);
    g_signal_connect_object(source, "prepare", G_CALLBACK(prepare_cb), self, 0);
    g_signal_connect_object(source, "drag-begin", G_CALLBACK(drag_begin_cb), self, 0);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(source));
    GtkDropTarget *target = gtk_drop_target_new(LK_TYPE_TASK, GDK_ACTION_MOVE);
    g_signal_connect_object(target, "drop", G_CALLBACK(drop_cb), self, 0);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkWidget *make_menu(void)
{
    g_autoptr(GMenu) menu = g_menu_new(), moves = g_menu_new(), end = g_menu_new();
    g_menu_append(moves, _("Move _Up"), "queue.move-up");
    g_menu_append(moves, _("Move _Down"), "queue.move-down");
    g_menu_append(end, _("_Remove from Queue"), "queue.withdraw");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(moves));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(end));
    GtkWidget *button = gtk_menu_button_new();
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(button, _("Place in the Queue"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    return button;
}

static void summary_cb(LkQueueRow *self)
{
    g_autofree char *summary = lk_task_make_summary(self->task);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self), summary);
}

static void title_cb(LkQueueRow *self)
{
    LkProject *project =
        lk_project_list_find(lk_application_get_projects(lk_application_get()), lk_task_get_project_id(self->task));
    g_autofree char *name = lk_task_make_title(self->task);
    /* translators: project and task: "Rainbow Lorikeet · Task 3" */
    g_autofree char *title =
        project ? g_strdup_printf(_("%s · %s"), lk_project_get_name(project), name) : g_strdup(name);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), title);
}

GtkWidget *lk_queue_row_new(LkTask *task)
{
    LkQueueRow *self = g_object_new(LK_TYPE_QUEUE_ROW, NULL);
    self->task = g_object_ref(task);
    g_signal_connect_object(task, "notify::title", G_CALLBACK(title_cb), self, G_CONNECT_SWAPPED);
    title_cb(self);
    g_signal_connect_object(task, "notify::summary", G_CALLBACK(summary_cb), self, G_CONNECT_SWAPPED);
    summary_cb(self);
    return GTK_WIDGET(self);
}

static void lk_queue_row_dispose(GObject *object)
{
    g_clear_object(&LK_QUEUE_ROW(object)->task);
    G_OBJECT_CLASS(lk_queue_row_parent_class)->dispose(object);
}

static void lk_queue_row_class_init(LkQueueRowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_queue_row_dispose;
    signals[SIGNAL_MOVE] = g_signal_new("move", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, G_TYPE_INT);
    gtk_widget_class_install_action(widget_class, "queue.move-up", NULL, move_action);
    gtk_widget_class_install_action(widget_class, "queue.move-down", NULL, move_action);
    gtk_widget_class_install_action(widget_class, "queue.withdraw", NULL, withdraw_action);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Up, GDK_ALT_MASK, "queue.move-up", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Down, GDK_ALT_MASK, "queue.move-down", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Delete, 0, "queue.withdraw", NULL);
}

static void lk_queue_row_init(LkQueueRow *self)
{
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(self), FALSE);
    self->handle = gtk_image_new_from_icon_name("list-drag-handle-symbolic");
    gtk_widget_add_css_class(self->handle, "dimmed");
    self->number = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->number), "dimmed");
    gtk_widget_add_css_class(GTK_WIDGET(self->number), "numeric");
    self->menu = make_menu();
    adw_action_row_add_prefix(ADW_ACTION_ROW(self), GTK_WIDGET(self->number));
    adw_action_row_add_prefix(ADW_ACTION_ROW(self), self->handle);
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), self->menu);
    add_drag(self);
}
