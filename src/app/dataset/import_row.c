#include "app/dataset/import_row.h"

#include <glib/gi18n.h>

enum { MOMENT = 400, PULSE = 120 }; /* milliseconds */

struct _LkImportRow {
    AdwBin parent_instance;
    GtkRevealer *revealer;
    GtkLabel *text, *count;
    GtkProgressBar *bar;
    LkPictureList *list;
    guint timer; /* until it appears, and then while it is not known how much there is */
};

G_DEFINE_FINAL_TYPE(LkImportRow, lk_import_row, ADW_TYPE_BIN)

enum { PROP_REVEALED = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

gboolean lk_import_row_get_revealed(LkImportRow *self)
{
    return gtk_revealer_get_reveal_child(self->revealer);
}

static void set_revealed(LkImportRow *self, gboolean revealed)
{
    if (revealed == lk_import_row_get_revealed(self))
        return;
    gtk_revealer_set_reveal_child(self->revealer, revealed);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_REVEALED]);
}

static void show_progress(LkImportRow *self)
{
    guint done, total;
    g_autofree char *text = NULL;
    g_object_get(self->list, "done", &done, "total", &total, "progress-text", &text, NULL);
    gtk_label_set_label(self->text, text ? text : "");
    /* translators: how many pictures of how many are done */
    g_autofree char *count = total ? g_strdup_printf(_("%'u of %'u"), done, total) : NULL;
    gtk_label_set_label(self->count, count ? count : "");
    if (total)
        gtk_progress_bar_set_fraction(self->bar, MIN(1, (double)done / total));
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "import.cancel", lk_picture_list_get_can_cancel(self->list));
}

static gboolean pulse_cb(gpointer data)
{
    LkImportRow *self = data;
    guint total;
    g_object_get(self->list, "total", &total, NULL);
    if (!total)
        gtk_progress_bar_pulse(self->bar);
    return G_SOURCE_CONTINUE;
}

static gboolean moment_cb(gpointer data)
{
    LkImportRow *self = data;
    show_progress(self);
    set_revealed(self, TRUE);
    self->timer = g_timeout_add(PULSE, pulse_cb, self);
    return G_SOURCE_REMOVE;
}

static void busy_changed_cb(LkImportRow *self)
{
    gboolean busy = lk_picture_list_get_busy(self->list);
    if (busy && !self->timer) {
        self->timer = g_timeout_add(MOMENT, moment_cb, self);
    } else if (!busy) {
        g_clear_handle_id(&self->timer, g_source_remove);
        set_revealed(self, FALSE);
    }
}

static void progress_cb(LkImportRow *self)
{
    if (lk_import_row_get_revealed(self))
        show_progress(self);
}

static void cancel_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_list_cancel(LK_IMPORT_ROW(widget)->list);
}

void lk_import_row_set_list(LkImportRow *self, LkPictureList *list)
{
    g_return_if_fail(!self->list);
    self->list = g_object_ref(list);
    g_signal_connect_object(list, "notify::busy", G_CALLBACK(busy_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::done", G_CALLBACK(progress_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::total", G_CALLBACK(progress_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::progress-text", G_CALLBACK(progress_cb), self, G_CONNECT_SWAPPED);
    busy_changed_cb(self);
}

static void lk_import_row_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_REVEALED)
        g_value_set_boolean(value, lk_import_row_get_revealed(LK_IMPORT_ROW(object)));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_import_row_dispose(GObject *object)
{
    LkImportRow *self = LK_IMPORT_ROW(object);
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_object(&self->list);
    adw_bin_set_child(ADW_BIN(self), NULL); /* it is bound as well, and must not go twice */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_IMPORT_ROW);
    G_OBJECT_CLASS(lk_import_row_parent_class)->dispose(object);
}

static void lk_import_row_class_init(LkImportRowClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_import_row_get_property;
    object_class->dispose = lk_import_row_dispose;
    properties[PROP_REVEALED] =
        g_param_spec_boolean("revealed", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_install_action(widget_class, "import.cancel", NULL, cancel_action);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-import_row.ui");
    gtk_widget_class_bind_template_child(widget_class, LkImportRow, revealer);
    gtk_widget_class_bind_template_child(widget_class, LkImportRow, text);
    gtk_widget_class_bind_template_child(widget_class, LkImportRow, count);
    gtk_widget_class_bind_template_child(widget_class, LkImportRow, bar);
}

static void lk_import_row_init(LkImportRow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
