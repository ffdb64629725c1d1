#include "app/tasks/queue_dialog.h"

#include "app/application.h"
#include "app/tasks/queue_row.h"

#include <glib/gi18n.h>

#define LK_TYPE_QUEUE_DIALOG (lk_queue_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkQueueDialog, lk_queue_dialog, LK, QUEUE_DIALOG, AdwDialog)

struct _LkQueueDialog {
    AdwDialog parent_instance;
    GtkListBox *list;
    GtkStack *stack;
};

G_DEFINE_FINAL_TYPE(LkQueueDialog, lk_queue_dialog, ADW_TYPE_DIALOG)

static LkTaskCenter *center(void)
{
    return lk_application_get_tasks(lk_application_get());
}

static LkQueueRow *row_at(LkQueueDialog *self, guint index)
{
    GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->list, (int)index);
    return row ? LK_QUEUE_ROW(row) : NULL;
}

/* Places count from the first that waits. */
static void number_rows(LkQueueDialog *self)
{
    guint waiting = 0, place = 0;
    for (guint i = 0; row_at(self, i); i++)
        waiting += lk_task_get_state(lk_queue_row_get_task(row_at(self, i))) == LK_TASK_QUEUED;
    for (guint i = 0; row_at(self, i); i++) {
        lk_queue_row_set_place(row_at(self, i), place, waiting);
        place += lk_task_get_state(lk_queue_row_get_task(row_at(self, i))) == LK_TASK_QUEUED;
    }
    gtk_stack_set_visible_child_name(self->stack, row_at(self, 0) ? "list" : "empty");
}

/* The row of the task is a new one afterwards; the keyboard stays with it. */
static void move_cb(LkQueueDialog *self, int place, LkQueueRow *row)
{
    g_autoptr(LkTask) task = g_object_ref(lk_queue_row_get_task(row));
    lk_task_center_move(center(), task, (guint)MAX(place, 0));
    for (guint i = 0; row_at(self, i); i++)
        if (lk_queue_row_get_task(row_at(self, i)) == task)
            gtk_widget_grab_focus(GTK_WIDGET(row_at(self, i)));
}

static GtkWidget *make_row(gpointer item, gpointer data)
{
    GtkWidget *row = lk_queue_row_new(item);
    g_signal_connect_object(row, "move", G_CALLBACK(move_cb), data, G_CONNECT_SWAPPED);
    g_signal_connect_object(item, "notify::state", G_CALLBACK(number_rows), data, G_CONNECT_SWAPPED);
    return row;
}

static GtkWidget *make_list(LkQueueDialog *self)
{
    GtkWidget *page = adw_preferences_page_new(), *hold = adw_switch_row_new();
    GtkWidget *first = adw_preferences_group_new(), *second = adw_preferences_group_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(hold), _("Hold the Queue"));
    adw_action_row_set_subtitle(ADW_ACTION_ROW(hold), _("What trains goes on; no further task begins"));
    g_object_bind_property(center(), "held", hold, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(first), hold);
    adw_preferences_group_set_description(ADW_PREFERENCES_GROUP(second),
                                          _("Tasks train one after another. Drag them into another order, or press "
                                            "Alt with the up and down keys."));
    self->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_widget_add_css_class(GTK_WIDGET(self->list), "boxed-list");
    gtk_list_box_set_selection_mode(self->list, GTK_SELECTION_NONE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Queue"), -1);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(second), GTK_WIDGET(self->list));
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(first));
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(second));
    return page;
}

static GtkWidget *make_empty(void)
{
    GtkWidget *status = adw_status_page_new();
    adw_status_page_set_icon_name(ADW_STATUS_PAGE(status), "view-list-symbolic");
    adw_status_page_set_title(ADW_STATUS_PAGE(status), _("Nothing Waits"));
    adw_status_page_set_description(ADW_STATUS_PAGE(status),
                                    _("A task that is begun while another trains waits here for its turn."));
    return status;
}

static void lk_queue_dialog_class_init(LkQueueDialogClass *klass)
{
}

static void lk_queue_dialog_init(LkQueueDialog *self)
{
    GtkWidget *view = adw_toolbar_view_new();
    self->stack = GTK_STACK(gtk_stack_new());
    gtk_stack_add_named(self->stack, make_list(self), "list");
    gtk_stack_add_named(self->stack, make_empty(), "empty");
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), adw_header_bar_new());
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), GTK_WIDGET(self->stack));
    adw_dialog_set_title(ADW_DIALOG(self), _("Queue"));
    adw_dialog_set_content_width(ADW_DIALOG(self), 520);
    adw_dialog_set_content_height(ADW_DIALOG(self), 480);
    adw_dialog_set_child(ADW_DIALOG(self), view);
    gtk_list_box_bind_model(self->list, lk_task_center_get_queue(center()), make_row, self, NULL);
    g_signal_connect_object(lk_task_center_get_queue(center()), "items-changed", G_CALLBACK(number_rows), self,
                            G_CONNECT_SWAPPED | G_CONNECT_AFTER);
    number_rows(self);
}

void lk_queue_dialog_present(GtkWidget *parent)
{
    adw_dialog_present(g_object_new(LK_TYPE_QUEUE_DIALOG, NULL), parent);
}
