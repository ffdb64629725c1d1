#include "app/training/task_popover.h"

#include <glib/gi18n.h>

struct _LkTaskPopover {
    GtkPopover parent_instance;
    GtkListBox *list;
};

G_DEFINE_FINAL_TYPE(LkTaskPopover, lk_task_popover, GTK_TYPE_POPOVER)

enum { SIGNAL_CHOSEN, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static GtkWidget *make_row(gpointer item, gpointer data)
{
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE); /* a name may have any character */
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    g_object_bind_property(item, "title", row, "title", G_BINDING_SYNC_CREATE);
    g_object_bind_property(item, "summary", row, "subtitle", G_BINDING_SYNC_CREATE);
    g_object_set_data_full(G_OBJECT(row), "task", g_object_ref(item), g_object_unref);
    return row;
}

void lk_task_popover_set_tasks(LkTaskPopover *self, GListModel *tasks)
{
    gtk_list_box_bind_model(self->list, tasks, make_row, NULL, NULL);
}

static void activated_cb(LkTaskPopover *self, GtkListBoxRow *row)
{
    gtk_popover_popdown(GTK_POPOVER(self));
    g_signal_emit(self, signals[SIGNAL_CHOSEN], 0, g_object_get_data(G_OBJECT(row), "task"));
}

static void lk_task_popover_class_init(LkTaskPopoverClass *klass)
{
    signals[SIGNAL_CHOSEN] = g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, LK_TYPE_TASK);
}

static void lk_task_popover_init(LkTaskPopover *self)
{
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroller), 360);
    self->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_list_box_set_selection_mode(self->list, GTK_SELECTION_NONE);
    gtk_widget_set_size_request(GTK_WIDGET(self->list), 280, -1);
    gtk_list_box_set_placeholder(self->list, gtk_label_new(_("No task yet")));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Tasks of This Project"), -1);
    g_signal_connect_swapped(self->list, "row-activated", G_CALLBACK(activated_cb), self);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(self->list));
    gtk_popover_set_child(GTK_POPOVER(self), scroller);
}
