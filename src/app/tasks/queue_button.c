#include "app/tasks/queue_button.h"

#include "app/application.h"

#include <glib/gi18n.h>

struct _LkQueueButton {
    AdwBin parent_instance;
    AdwButtonContent *content;
};

G_DEFINE_FINAL_TYPE(LkQueueButton, lk_queue_button, ADW_TYPE_BIN)

static guint count_waiting(LkTaskCenter *center)
{
    GListModel *queue = lk_task_center_get_queue(center);
    guint all = g_list_model_get_n_items(queue);
    return all - (lk_task_center_get_current(center) != NULL && all > 0);
}

static void update(LkQueueButton *self)
{
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    guint waiting = count_waiting(center);
    g_autofree char *text = g_strdup_printf(ngettext("%u task waits", "%u tasks wait", waiting), waiting);
    adw_button_content_set_label(self->content, text);
    adw_button_content_set_icon_name(self->content, lk_task_center_get_held(center) ? "media-playback-pause-symbolic"
                                                                                    : "view-list-symbolic");
    gtk_widget_set_visible(GTK_WIDGET(self), waiting > 0);
}

static void lk_queue_button_class_init(LkQueueButtonClass *klass)
{
}

static void lk_queue_button_init(LkQueueButton *self)
{
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    GtkWidget *button = gtk_button_new();
    self->content = ADW_BUTTON_CONTENT(adw_button_content_new());
    gtk_widget_set_halign(GTK_WIDGET(self->content), GTK_ALIGN_START);
    adw_button_content_set_can_shrink(self->content, TRUE);
    gtk_button_set_child(GTK_BUTTON(button), GTK_WIDGET(self->content));
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_tooltip_text(button, _("Show the Queue"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "win.show-queue");
    adw_bin_set_child(ADW_BIN(self), button);
    g_signal_connect_object(lk_task_center_get_queue(center), "items-changed", G_CALLBACK(update), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "notify", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    update(self);
}
