#include "app/training/figures_card.h"

#include "app/training/heat_line.h"

#include <glib/gi18n.h>

typedef enum Figure { SPEED, RATE, NORM, TIME, FIGURES } Figure;

struct _LkFiguresCard {
    AdwBin parent_instance;
    GtkLabel *values[FIGURES];
    GtkLabel *memory_title, *memory;
    GtkLevelBar *memory_bar;
    GtkWidget *memory_box;
    LkHeatLine *heat;
    LkTask *task;
    GSignalGroup *signals;
};

G_DEFINE_FINAL_TYPE(LkFiguresCard, lk_figures_card, ADW_TYPE_BIN)

/* ---- what is shown ----------------------------------------------------------------------------------- */

static void show(LkFiguresCard *self, Figure figure, char *text)
{
    gtk_label_set_label(self->values[figure], text);
    g_free(text);
}

static char *say_speed(double seconds)
{
    if (seconds <= 0)
        return g_strdup("–");
    return seconds < 0.5 ? g_strdup_printf(_("%.1f steps per second"), 1 / seconds)
                         : g_strdup_printf(_("%.2f s per step"), seconds);
}

static void show_memory(LkFiguresCard *self, LkRun *run)
{
    gint64 used = 0, total = 0;
    g_autofree char *device = NULL;
    if (run)
        g_object_get(run, "memory-used", &used, "memory-total", &total, "device", &device, NULL);
    gtk_widget_set_visible(self->memory_box, total > 0);
    lk_heat_line_set_device(self->heat, device);
    if (total <= 0)
        return;
    g_autofree char *used_text = g_format_size_full((guint64)used, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *total_text = g_format_size_full((guint64)total, G_FORMAT_SIZE_IEC_UNITS);
    /* translators: used memory of all memory: "3.7 GiB of 12 GiB" */
    g_autofree char *text = g_strdup_printf(_("%s of %s"), used_text, total_text);
    gtk_label_set_label(self->memory, text);
    gtk_widget_set_tooltip_text(self->memory_box, device);
    gtk_level_bar_set_value(self->memory_bar, CLAMP((double)used / (double)total, 0, 1));
}

static void update(LkFiguresCard *self)
{
    LkRun *run = self->task ? lk_task_get_run(self->task) : NULL;
    const GArray *metrics = self->task ? lk_task_get_metrics(self->task) : NULL;
    const LkTaskMetric *last = metrics && metrics->len ? &g_array_index(metrics, LkTaskMetric, metrics->len - 1) : NULL;
    double per_step = last ? last->seconds : 0;
    if (run)
        g_object_get(run, "seconds-per-step", &per_step, NULL);
    show(self, SPEED, say_speed(per_step));
    show(self, RATE, last ? g_strdup_printf("%.3g", last->lr) : g_strdup("–"));
    show(self, NORM, last ? g_strdup_printf("%.3f", last->grad_norm) : g_strdup("–"));
    show(self, TIME, self->task ? lk_say_duration(lk_task_get_seconds(self->task)) : g_strdup("–"));
    show_memory(self, run);
}

void lk_figures_card_set_task(LkFiguresCard *self, LkTask *task)
{
    if (!g_set_object(&self->task, task))
        return;
    g_signal_group_set_target(self->signals, task);
    update(self);
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkLabel *add_line(GtkBox *box, const char *title)
{
    GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *name = gtk_label_new(title), *value = gtk_label_new("–");
    gtk_widget_add_css_class(name, "dimmed");
    gtk_widget_add_css_class(value, "numeric");
    gtk_label_set_xalign(GTK_LABEL(name), 0);
    /* With large text a value takes two lines, so that it is whole. */
    gtk_label_set_wrap(GTK_LABEL(value), TRUE);
    gtk_label_set_natural_wrap_mode(GTK_LABEL(value), GTK_NATURAL_WRAP_NONE);
    gtk_label_set_justify(GTK_LABEL(value), GTK_JUSTIFY_RIGHT);
    gtk_label_set_xalign(GTK_LABEL(value), 1);
    gtk_widget_set_hexpand(name, TRUE);
    gtk_box_append(GTK_BOX(line), name);
    gtk_box_append(GTK_BOX(line), value);
    gtk_box_append(box, line);
    return GTK_LABEL(value);
}

static void add_memory(LkFiguresCard *self, GtkBox *box)
{
    self->memory_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *line = gtk_separator_new(GTK_ORIENTATION_HORIZONTAL);
    gtk_widget_set_margin_bottom(line, 6);
    gtk_box_append(GTK_BOX(self->memory_box), line);
    self->memory = add_line(GTK_BOX(self->memory_box), _("Memory"));
    gtk_widget_add_css_class(GTK_WIDGET(self->memory), "heading");
    self->memory_bar = GTK_LEVEL_BAR(gtk_level_bar_new());
    gtk_level_bar_remove_offset_value(self->memory_bar, GTK_LEVEL_BAR_OFFSET_LOW);
    gtk_level_bar_remove_offset_value(self->memory_bar, GTK_LEVEL_BAR_OFFSET_HIGH);
    gtk_level_bar_remove_offset_value(self->memory_bar, GTK_LEVEL_BAR_OFFSET_FULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->memory_bar), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Memory"), -1);
    gtk_box_append(GTK_BOX(self->memory_box), GTK_WIDGET(self->memory_bar));
    gtk_box_append(box, self->memory_box);
}

static void lk_figures_card_dispose(GObject *object)
{
    LkFiguresCard *self = LK_FIGURES_CARD(object);
    g_clear_object(&self->signals);
    g_clear_object(&self->task);
    G_OBJECT_CLASS(lk_figures_card_parent_class)->dispose(object);
}

static void lk_figures_card_class_init(LkFiguresCardClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_figures_card_dispose;
}

static void lk_figures_card_init(LkFiguresCard *self)
{
    static const char *const titles[FIGURES] = {N_("Speed"), N_("Learning rate"), N_("Gradient norm"),
                                                N_("Trained for")};
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    gtk_widget_add_css_class(box, "card-inside");
    for (int i = 0; i < FIGURES; i++)
        self->values[i] = add_line(GTK_BOX(box), _(titles[i]));
    add_memory(self, GTK_BOX(box));
    self->heat = g_object_new(LK_TYPE_HEAT_LINE, NULL);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->heat));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_widget_add_css_class(GTK_WIDGET(self), "card");
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    static const char *const names[] = {"metrics", "details", "notify::run", "notify::state"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_signal_group_connect_swapped(self->signals, names[i], G_CALLBACK(update), self);
    update(self);
}
