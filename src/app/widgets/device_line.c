#include "app/widgets/device_line.h"

#include "app/application.h"

#include <glib/gi18n.h>

struct _LkDeviceLine {
    AdwBin parent_instance;
};

G_DEFINE_FINAL_TYPE(LkDeviceLine, lk_device_line, ADW_TYPE_BIN)

static void lk_device_line_class_init(LkDeviceLineClass *klass)
{
}

static void lk_device_line_init(LkDeviceLine *self)
{
    GtkWidget *icon = gtk_image_new_from_icon_name("video-display-symbolic");
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(label, "caption");
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    gtk_box_append(GTK_BOX(box), icon);
    gtk_box_append(GTK_BOX(box), label);
    GtkWidget *button = gtk_button_new();
    gtk_button_set_child(GTK_BUTTON(button), box);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_add_css_class(button, "dimmed");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "win.system-check");
    gtk_widget_set_tooltip_text(button, _("System Check"));
    adw_bin_set_child(ADW_BIN(self), button);
    LkDeviceStatus *device = lk_application_get_device(lk_application_get());
    g_object_bind_property(device, "label", label, "label", G_BINDING_SYNC_CREATE);
}
