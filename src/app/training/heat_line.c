#include "app/training/heat_line.h"

#include "system/thermometer.h"

#include <glib/gi18n.h>

enum { SECONDS_BETWEEN = 2, NEAR_LIMIT = 5, USUAL_LIMIT = 95 };

struct _LkHeatLine {
    AdwBin parent_instance;
    GtkLabel *value;
    GtkLevelBar *bar;
    char *device;
    LkThermometer *thermometer; /* NULL until the first reading; with a thread while one is under way */
    gboolean reading;
    guint timer;
};

G_DEFINE_FINAL_TYPE(LkHeatLine, lk_heat_line, ADW_TYPE_BIN)

/* ---- reading ----------------------------------------------------------------------------------------- */

typedef struct Reading {
    char *device;
    LkThermometer *thermometer;
    LkTemperature temperature;
} Reading;

static void reading_free(gpointer data)
{
    Reading *reading = data;
    g_free(reading->device);
    lk_thermometer_close(reading->thermometer);
    g_free(reading);
}

/* Sensors may take some milliseconds to answer, the driver's library a second to open. */
static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Reading *reading = data;
    if (!reading->thermometer)
        reading->thermometer = lk_thermometer_open(reading->device, NULL);
    g_task_return_boolean(task, lk_thermometer_read(reading->thermometer, &reading->temperature));
}

static void show(LkHeatLine *self, const LkTemperature *temperature)
{
    gtk_widget_set_visible(GTK_WIDGET(self), temperature != NULL);
    if (!temperature)
        return;
    double limit = temperature->limit > 0 ? temperature->limit : USUAL_LIMIT;
    g_autofree char *text = g_strdup_printf(_("%.0f °C"), temperature->celsius);
    g_autofree char *told = g_strdup_printf(_("It slows itself down at %.0f °C"), temperature->limit);
    gtk_label_set_label(self->value, text);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), temperature->limit > 0 ? told : NULL);
    gtk_level_bar_set_value(self->bar, CLAMP(temperature->celsius / limit, 0, 1));
    if (temperature->celsius > limit - NEAR_LIMIT)
        gtk_widget_add_css_class(GTK_WIDGET(self->value), "warning");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->value), "warning");
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkHeatLine *self = LK_HEAT_LINE(source);
    Reading *reading = g_task_get_task_data(G_TASK(result));
    gboolean known = g_task_propagate_boolean(G_TASK(result), NULL);
    self->reading = FALSE;
    if (g_strcmp0(self->device, reading->device) != 0)
        return;
    self->thermometer = g_steal_pointer(&reading->thermometer);
    show(self, known ? &reading->temperature : NULL);
}

static void read_now(LkHeatLine *self)
{
    GtkWidget *parent = gtk_widget_get_parent(GTK_WIDGET(self)); /* the line itself hides where nothing is known */
    if (self->reading || !parent || !gtk_widget_get_mapped(parent))
        return;
    self->reading = TRUE;
    Reading *reading = g_new0(Reading, 1);
    *reading = (Reading){.device = g_strdup(self->device), .thermometer = g_steal_pointer(&self->thermometer)};
    g_autoptr(GTask) task = g_task_new(self, NULL, read_cb, NULL);
    g_task_set_source_tag(task, read_now);
    g_task_set_task_data(task, reading, reading_free);
    g_task_run_in_thread(task, read_thread);
}

static gboolean timer_cb(gpointer data)
{
    read_now(data);
    return G_SOURCE_CONTINUE;
}

void lk_heat_line_set_device(LkHeatLine *self, const char *device)
{
    if (!g_set_str(&self->device, device))
        return;
    g_clear_pointer(&self->thermometer, lk_thermometer_close);
    g_clear_handle_id(&self->timer, g_source_remove);
    show(self, NULL);
    if (!device)
        return;
    self->timer = g_timeout_add_seconds(SECONDS_BETWEEN, timer_cb, self);
    read_now(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_heat_line_dispose(GObject *object)
{
    LkHeatLine *self = LK_HEAT_LINE(object);
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_pointer(&self->thermometer, lk_thermometer_close);
    g_clear_pointer(&self->device, g_free);
    G_OBJECT_CLASS(lk_heat_line_parent_class)->dispose(object);
}

static void lk_heat_line_class_init(LkHeatLineClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_heat_line_dispose;
}

static void lk_heat_line_init(LkHeatLine *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *name = gtk_label_new(_("Temperature"));
    gtk_widget_add_css_class(name, "dimmed");
    gtk_label_set_xalign(GTK_LABEL(name), 0);
    gtk_widget_set_hexpand(name, TRUE);
    self->value = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->value), "numeric");
    gtk_widget_add_css_class(GTK_WIDGET(self->value), "heading");
    self->bar = GTK_LEVEL_BAR(gtk_level_bar_new());
    gtk_level_bar_remove_offset_value(self->bar, GTK_LEVEL_BAR_OFFSET_LOW);
    gtk_level_bar_remove_offset_value(self->bar, GTK_LEVEL_BAR_OFFSET_HIGH);
    gtk_level_bar_remove_offset_value(self->bar, GTK_LEVEL_BAR_OFFSET_FULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Temperature"), -1);
    gtk_box_append(GTK_BOX(line), name);
    gtk_box_append(GTK_BOX(line), GTK_WIDGET(self->value));
    gtk_box_append(GTK_BOX(box), line);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->bar));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}
