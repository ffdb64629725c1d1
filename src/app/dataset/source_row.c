#include "app/dataset/source_row.h"

#include <glib/gi18n.h>

struct _LkSourceRow {
    AdwExpanderRow parent_instance;
    GtkLabel *count;
    AdwSpinRow *repeats_row;
    AdwSwitchRow *reg_row;
    GtkWidget *rest_row;
    LkPictureList *list;
    gint64 id;
    char *path, *name;
    guint pictures;
    gboolean folder;
    gboolean showing; /* rows become what the source has, not the other way round */
};

G_DEFINE_FINAL_TYPE(LkSourceRow, lk_source_row, ADW_TYPE_EXPANDER_ROW)

gint64 lk_source_row_get_id(LkSourceRow *self)
{
    return self->id;
}

void lk_source_row_update(LkSourceRow *self, const LkPictureSource *source)
{
    self->showing = TRUE;
    self->pictures = source->pictures;
    g_autofree char *count = g_strdup_printf("%'u", source->pictures);
    gtk_label_set_label(self->count, count);
    g_autofree char *words =
        g_strdup_printf(ngettext("%'u picture", "%'u pictures", source->pictures), source->pictures);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->count), words);
    adw_spin_row_set_value(self->repeats_row, source->repeats);
    adw_switch_row_set_active(self->reg_row, source->regularisation);
    g_autofree char *place = g_filename_display_name(source->path);
    g_autoptr(GString) about = g_string_new(place);
    if (source->regularisation)
        g_string_append_printf(about, "\n%s", _("Regularisation"));
    if (source->held)
        g_string_append_printf(about, "\n%s", _("Adding it was stopped: not all of its pictures are here"));
    gtk_widget_set_visible(self->rest_row, source->held);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(self), about->str);
    self->showing = FALSE;
}

static void repeats_changed_cb(LkSourceRow *self)
{
    if (!self->showing && self->list)
        lk_picture_list_set_source_repeats(self->list, self->id, (guint)adw_spin_row_get_value(self->repeats_row));
}

static void reg_changed_cb(LkSourceRow *self)
{
    if (!self->showing && self->list)
        lk_picture_list_set_source_regularisation(self->list, self->id, adw_switch_row_get_active(self->reg_row));
}

static void rest_cb(LkSourceRow *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "sources.add-rest", "^ay", self->path);
}

static void show_cb(LkSourceRow *self)
{
    g_autoptr(GFile) file = g_file_new_for_path(self->path);
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(file);
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
    if (self->folder)
        gtk_file_launcher_launch(launcher, window, NULL, NULL, NULL);
    else
        gtk_file_launcher_open_containing_folder(launcher, window, NULL, NULL, NULL);
}

static void remove_response_cb(LkSourceRow *self, const char *response)
{
    if (g_str_equal(response, "remove"))
        lk_picture_list_remove_source(self->list, self->id);
}

/* The one thing here that Undo does not bring back; adding the folder again does. */
static void remove_cb(LkSourceRow *self)
{
    g_autofree char *heading = g_strdup_printf(_("Remove “%s”?"), self->name);
    g_autofree char *body = g_strdup_printf(
        ngettext("Its %'u picture leaves the project. Files and captions stay where they are; add the folder again to "
                 "have it back.",
                 "Its %'u pictures leave the project. Files and captions stay where they are; add the folder again to "
                 "have them back.",
                 self->pictures),
        self->pictures);
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(adw_alert_dialog_new(heading, body));
    adw_alert_dialog_add_responses(dialog, "cancel", _("_Cancel"), "remove", _("_Remove"), NULL);
    adw_alert_dialog_set_response_appearance(dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_close_response(dialog, "cancel");
    g_signal_connect_object(dialog, "response", G_CALLBACK(remove_response_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_present(ADW_DIALOG(dialog), GTK_WIDGET(self));
}

GtkWidget *lk_source_row_new(LkPictureList *list, const LkPictureSource *source)
{
    LkSourceRow *self = g_object_new(LK_TYPE_SOURCE_ROW, NULL);
    self->list = g_object_ref(list);
    self->id = source->id;
    self->folder = source->folder;
    self->path = g_strdup(source->path);
    self->name = g_filename_display_basename(source->path);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), self->name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, self->name, -1);
    lk_source_row_update(self, source);
    return GTK_WIDGET(self);
}

static void lk_source_row_dispose(GObject *object)
{
    LkSourceRow *self = LK_SOURCE_ROW(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SOURCE_ROW);
    g_clear_object(&self->list);
    g_clear_pointer(&self->path, g_free);
    g_clear_pointer(&self->name, g_free);
    G_OBJECT_CLASS(lk_source_row_parent_class)->dispose(object);
}

static void lk_source_row_class_init(LkSourceRowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_source_row_dispose;
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-source_row.ui");
    gtk_widget_class_bind_template_child(widget_class, LkSourceRow, count);
    gtk_widget_class_bind_template_child(widget_class, LkSourceRow, repeats_row);
    gtk_widget_class_bind_template_child(widget_class, LkSourceRow, reg_row);
    gtk_widget_class_bind_template_child(widget_class, LkSourceRow, rest_row);
    gtk_widget_class_bind_template_callback(widget_class, rest_cb);
    gtk_widget_class_bind_template_callback(widget_class, repeats_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, reg_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, show_cb);
    gtk_widget_class_bind_template_callback(widget_class, remove_cb);
}

static void lk_source_row_init(LkSourceRow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
