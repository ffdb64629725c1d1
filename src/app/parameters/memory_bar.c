#include "app/parameters/memory_bar.h"

#include "app/parameters/summary_text.h"

#include <glib/gi18n.h>

struct _LkMemoryBar {
    GtkWidget parent_instance;
    gint64 parts[LK_MEMORY_PARTS], size, available;
};

G_DEFINE_FINAL_TYPE(LkMemoryBar, lk_memory_bar, GTK_TYPE_WIDGET)

enum { HEIGHT = 16, GAP = 2 };

/* Colours of libadwaita's palette that can be told apart, also by the colour-blind, on light and dark. */
static const struct {
    const char *title, *style, *colour;
} table[LK_MEMORY_PARTS] = {
    [LK_MEMORY_WEIGHTS] = {N_("Base weights"), "memory-weights", "#1c71d8"},
    [LK_MEMORY_ACTIVATIONS] = {N_("Activations"), "memory-activations", "#62a0ea"},
    [LK_MEMORY_LORA] = {N_("LoRA and optimizer"), "memory-lora", "#813d9c"},
    [LK_MEMORY_WORKSPACE] = {N_("Workspace"), "memory-workspace", "#2190a4"},
    [LK_MEMORY_SAMPLES] = {N_("Samples"), "memory-samples", "#e5a50a"},
    [LK_MEMORY_PROGRAM] = {N_("Program"), "memory-program", "#77767b"},
};

const char *lk_memory_part_title(LkMemoryPart part)
{
    return _(table[part].title);
}

const char *lk_memory_part_style(LkMemoryPart part)
{
    return table[part].style;
}

static gint64 needed(LkMemoryBar *self)
{
    gint64 sum = 0;
    for (guint i = 0; i < LK_MEMORY_PARTS; i++)
        sum += self->parts[i];
    return sum;
}

/* What a screen reader says. */
static void describe(LkMemoryBar *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *sum = lk_summary_memory_of(needed(self), self->size);
    g_string_append(text, sum);
    for (guint i = 0; i < LK_MEMORY_PARTS; i++) {
        g_autofree char *size = lk_summary_memory(self->parts[i]);
        if (self->parts[i])
            g_string_append_printf(text, ", %s %s", lk_memory_part_title(i), size);
    }
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, text->str, -1);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), text->str);
}

void lk_memory_bar_set(LkMemoryBar *self, const gint64 parts[LK_MEMORY_PARTS], gint64 size, gint64 available)
{
    memcpy(self->parts, parts, sizeof self->parts);
    self->size = size;
    self->available = MIN(available, size);
    describe(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

static void fill(GtkSnapshot *snapshot, float from, float to, const GdkRGBA *colour)
{
    if (to > from)
        gtk_snapshot_append_color(snapshot, colour, &GRAPHENE_RECT_INIT(from, 0, to - from, HEIGHT));
}

/* Slanted lines on a ground: the sign for "too much", which needs no colour. */
static void hatch(GtkSnapshot *snapshot, float from, float to, const char *ground_name, const char *line_name)
{
    GdkRGBA ground, line;
    gdk_rgba_parse(&ground, ground_name);
    gdk_rgba_parse(&line, line_name);
    if (to <= from)
        return;
    graphene_rect_t area = GRAPHENE_RECT_INIT(from, 0, to - from, HEIGHT);
    gtk_snapshot_push_clip(snapshot, &area);
    gtk_snapshot_append_color(snapshot, &ground, &area);
    g_autoptr(GskPathBuilder) builder = gsk_path_builder_new();
    for (float x = from - HEIGHT; x < to; x += 7) {
        gsk_path_builder_move_to(builder, x, HEIGHT);
        gsk_path_builder_line_to(builder, x + HEIGHT, 0);
    }
    g_autoptr(GskPath) path = gsk_path_builder_free_to_path(g_steal_pointer(&builder));
    g_autoptr(GskStroke) stroke = gsk_stroke_new(2);
    gtk_snapshot_append_stroke(snapshot, path, stroke, &line);
    gtk_snapshot_pop(snapshot);
}

static void draw_parts(LkMemoryBar *self, GtkSnapshot *snapshot, double scale, float limit)
{
    double from = 0;
    for (guint i = 0; i < LK_MEMORY_PARTS; i++) {
        double to = from + (double)self->parts[i] * scale;
        GdkRGBA colour;
        gdk_rgba_parse(&colour, table[i].colour);
        float gap = to - from > 2 * GAP ? GAP : 0;
        fill(snapshot, (float)MIN(from, limit), (float)MIN(to - gap, limit), &colour);
        from = to;
    }
}

static void lk_memory_bar_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkMemoryBar *self = LK_MEMORY_BAR(widget);
    float width = (float)gtk_widget_get_width(widget);
    gint64 sum = needed(self);
    gboolean over = sum > self->available;
    gint64 whole = MAX(over ? MAX(sum, self->available) : self->size, 1);
    double scale = width / (double)whole;
    float limit = (float)((double)self->available * scale);
    GdkRGBA text, ground;
    gtk_widget_get_color(widget, &text);
    ground = text;
    ground.alpha *= 0.15f;
    GskRoundedRect outline;
    gsk_rounded_rect_init_from_rect(&outline, &GRAPHENE_RECT_INIT(0, 0, width, HEIGHT), HEIGHT / 2.0f);
    gboolean mirrored = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
    if (mirrored) {
        gtk_snapshot_save(snapshot);
        gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(width, 0));
        gtk_snapshot_scale(snapshot, -1, 1);
    }
    gtk_snapshot_push_rounded_clip(snapshot, &outline);
    fill(snapshot, 0, width, &ground);
    draw_parts(self, snapshot, scale, over ? limit : width);
    if (over)
        hatch(snapshot, limit, width, "#c01c28", "rgba(255,255,255,0.45)");
    else if (limit < width - 1) { /* other programs have it */
        GdkRGBA taken = text;
        taken.alpha *= 0.3f;
        fill(snapshot, limit, width, &taken);
    }
    if (over)
        fill(snapshot, limit - 1, limit + 1, &text);
    gtk_snapshot_pop(snapshot);
    if (mirrored)
        gtk_snapshot_restore(snapshot);
}

static void lk_memory_bar_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                  int *natural, int *minimum_baseline, int *natural_baseline)
{
    *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 60 : HEIGHT;
    *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 400 : HEIGHT;
    *minimum_baseline = *natural_baseline = -1;
}

static void lk_memory_bar_class_init(LkMemoryBarClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    widget_class->snapshot = lk_memory_bar_snapshot;
    widget_class->measure = lk_memory_bar_measure;
    gtk_widget_class_set_css_name(widget_class, "memorybar");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void lk_memory_bar_init(LkMemoryBar *self)
{
    self->size = self->available = 1;
}
