#include "app/training/loss_chart_private.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

/* What one drawing needs at hand. */
typedef struct Canvas {
    LkLossChart *chart;
    GtkSnapshot *snapshot;
    graphene_rect_t area;
    GdkRGBA text, accent, rate, validation;
} Canvas;

/* High contrast takes half of it back. */
static GdkRGBA faded(GdkRGBA color, float alpha)
{
    if (adw_style_manager_get_high_contrast(adw_style_manager_get_default()))
        alpha = (1 + alpha) / 2;
    color.alpha *= alpha;
    return color;
}

static Canvas canvas_new(LkLossChart *self, GtkSnapshot *snapshot)
{
    Canvas canvas = {.chart = self, .snapshot = snapshot, .area = lk_loss_chart_plot_area(self)};
    gtk_widget_get_color(GTK_WIDGET(self), &canvas.text);
    AdwStyleManager *style = adw_style_manager_get_default();
    gboolean dark = adw_style_manager_get_dark(style);
    adw_accent_color_to_standalone_rgba(adw_style_manager_get_accent_color(style), dark, &canvas.accent);
    gdk_rgba_parse(&canvas.rate, dark ? "#c061cb" : "#813d9c");
    gdk_rgba_parse(&canvas.validation, "#e66100"); /* like the legend */
    return canvas;
}

static float x_of(const Canvas *canvas, gint64 step)
{
    return canvas->area.origin.x + canvas->area.size.width * (float)lk_loss_chart_place_of(canvas->chart, step);
}

/* Clipped to the area: what is higher than the axis runs along its top. */
static float y_of(const Canvas *canvas, double loss)
{
    double low = canvas->chart->low, high = canvas->chart->high, part;
    if (canvas->chart->log_scale)
        part = loss > 0 ? log(loss / low) / log(high / low) : 0;
    else
        part = (loss - low) / (high - low);
    return canvas->area.origin.y + canvas->area.size.height * (float)(1 - CLAMP(part, 0, 1));
}

/* The learning rate has the lower third to itself. */
static float y_of_rate(const Canvas *canvas, double rate)
{
    double part = canvas->chart->highest_rate > 0 ? rate / canvas->chart->highest_rate : 0;
    return canvas->area.origin.y + canvas->area.size.height * (float)(1 - part / 3);
}

/* ---- strokes and words ------------------------------------------------------------------------------- */

static void stroke(const Canvas *canvas, GskPathBuilder *builder, float width, GdkRGBA color, float dash)
{
    g_autoptr(GskPath) path = gsk_path_builder_free_to_path(builder);
    if (gsk_path_is_empty(path))
        return;
    GskStroke *pen = gsk_stroke_new(width);
    gsk_stroke_set_line_join(pen, GSK_LINE_JOIN_ROUND);
    if (dash > 0) {
        float dashes[] = {dash, dash * 2};
        gsk_stroke_set_dash(pen, dashes, 2);
    }
    gtk_snapshot_append_stroke(canvas->snapshot, path, pen, &color);
    gsk_stroke_free(pen);
}

static void line(const Canvas *canvas, float x0, float y0, float x1, float y1, GdkRGBA color, float dash)
{
    GskPathBuilder *builder = gsk_path_builder_new();
    gsk_path_builder_move_to(builder, x0, y0);
    gsk_path_builder_line_to(builder, x1, y1);
    stroke(canvas, builder, 1, color, dash);
}

/* Small text whose anchor (0: left, 0.5: middle, 1: right) lies at x; returns its width. */
static float words(const Canvas *canvas, const char *text, float x, float y, float anchor, GdkRGBA color)
{
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(canvas->chart), text);
    PangoAttrList *attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_scale_new(0.85));
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1"));
    pango_layout_set_attributes(layout, attributes);
    pango_attr_list_unref(attributes);
    int width, height;
    pango_layout_get_pixel_size(layout, &width, &height);
    gtk_snapshot_save(canvas->snapshot);
    gtk_snapshot_translate(canvas->snapshot,
                           &GRAPHENE_POINT_INIT(roundf(x - anchor * (float)width), roundf(y - (float)height / 2)));
    gtk_snapshot_append_layout(canvas->snapshot, layout, &color);
    gtk_snapshot_restore(canvas->snapshot);
    return (float)width;
}

/* ---- axes -------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, about `count` of which fill the range. */
static double nice_interval(double range, int count)
{
    double raw = range / count, power = pow(10, floor(log10(raw))), part = raw / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void loss_mark(const Canvas *canvas, double loss)
{
    float y = y_of(canvas, loss), left = canvas->area.origin.x;
    line(canvas, left, y, left + canvas->area.size.width, y, faded(canvas->text, 0.1f), 0);
    g_autofree char *text = g_strdup_printf(loss < 0.01 ? "%.3f" : "%.2f", loss);
    words(canvas, text, left - 8, y, 1, faded(canvas->text, 0.65f));
}

static void draw_loss_axis(const Canvas *canvas)
{
    double low = canvas->chart->low, high = canvas->chart->high;
    if (canvas->chart->log_scale) {
        static const double parts[] = {1, 2, 5};
        for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++)
            for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
                double loss = parts[i] * pow(10, power);
                if (loss >= low && loss <= high)
                    loss_mark(canvas, loss);
            }
        return;
    }
    double interval = nice_interval(high - low, 4);
    for (double loss = ceil(low / interval) * interval; loss <= high; loss += interval)
        loss_mark(canvas, loss);
}

/* Every how many epochs there is room for a number: 1, 2 or 5 times a power of ten. */
static gint64 epoch_stride(const Canvas *canvas, float scale)
{
    enum { DIGIT = 9, GAP = 16 };
    gint64 epochs = canvas->chart->epochs, stride = 1;
    double digits = floor(log10((double)epochs)) + 1;
    double room = MAX(DIGIT * digits + GAP, 36) * scale / canvas->area.size.width;
    for (int i = 0; (double)stride < (double)epochs * room; i++)
        stride = i % 3 == 1 ? stride / 2 * 5 : stride * 2;
    return stride;
}

/* Epochs above steps, both named at the left. Epochs that are to come are fainter. */
static void draw_step_axis(const Canvas *canvas)
{
    const LkLossChart *chart = canvas->chart;
    float bottom = canvas->area.origin.y + canvas->area.size.height, left = canvas->area.origin.x;
    GdkRGBA color = faded(canvas->text, 0.65f);
    double steps = lk_loss_chart_step_at(canvas->chart, 1);
    float scale = lk_loss_chart_text_scale(canvas->chart), upper = bottom + 14 * scale, lower = bottom + 32 * scale;
    words(canvas, C_("axis of a chart", "step"), left - 8, lower, 1, color);
    double interval = MAX(1, nice_interval(steps, canvas->area.size.width > 400 * scale ? 5 : 3));
    for (double step = 0; step <= steps; step += interval) {
        g_autofree char *text = g_strdup_printf("%'.0f", step);
        words(canvas, text, x_of(canvas, (gint64)step), lower, 0.5f, color);
    }
    if (chart->epochs < 1)
        return;
    words(canvas, C_("axis of a chart", "epoch"), left - 8, upper, 1, color);
    double per_epoch = steps / (double)chart->epochs;
    gint64 stride = epoch_stride(canvas, scale);
    gint64 last = chart->metrics->len ? g_array_index(chart->metrics, LkTaskMetric, chart->metrics->len - 1).step : 0;
    for (gint64 epoch = stride; epoch <= chart->epochs; epoch += stride) {
        float end = x_of(canvas, (gint64)((double)epoch * per_epoch));
        float begin = x_of(canvas, (gint64)((double)(epoch - 1) * per_epoch));
        if (epoch < chart->epochs)
            line(canvas, end, canvas->area.origin.y, end, bottom, faded(canvas->text, 0.15f), 3);
        g_autofree char *text = g_strdup_printf("%" PRId64, epoch);
        gboolean future = (double)(epoch - 1) * per_epoch > (double)last;
        words(canvas, text, (begin + end) / 2, upper, 0.5f, faded(canvas->text, future ? 0.35f : 0.65f));
    }
}

/* ---- curves ------------------------------------------------------------------------------------------ */

/* What falls into one pixel column. */
typedef struct Column {
    float x, first, last, top, bottom;
} Column;

/* A rectangle a column, from its lowest to its highest loss and to where the column before ended: so the line is whole.
 * Rectangles, because a path with that many strokes over each other takes fifty times as long. */
static void draw_column(const Canvas *canvas, const Column *column, float before, GdkRGBA color)
{
    float top = column->top, bottom = column->bottom;
    if (before >= 0 && before < top)
        top = before;
    if (before >= 0 && before > bottom)
        bottom = before;
    gtk_snapshot_append_color(canvas->snapshot, &color,
                              &GRAPHENE_RECT_INIT(column->x, top - 0.5f, 1, bottom - top + 1));
}

static void draw_columns(const Canvas *canvas, GdkRGBA color)
{
    const LkLossChart *chart = canvas->chart;
    Column column = {.x = -1};
    float before = -1;
    for (guint i = 0; i < chart->metrics->len; i++) {
        double loss = g_array_index(chart->losses, double, i);
        if (!isfinite(loss))
            continue;
        float x = floorf(x_of(canvas, g_array_index(chart->metrics, LkTaskMetric, i).step)), y = y_of(canvas, loss);
        if (x != column.x) {
            if (column.x >= 0) {
                draw_column(canvas, &column, before, color);
                before = column.last;
            }
            column = (Column){x, y, y, y, y};
            continue;
        }
        column.top = fminf(column.top, y);
        column.bottom = fmaxf(column.bottom, y);
        column.last = y;
    }
    if (column.x >= 0)
        draw_column(canvas, &column, before, color);
}

/* Few steps: straight from one to the next. */
static void draw_steps(const Canvas *canvas, GdkRGBA color)
{
    const LkLossChart *chart = canvas->chart;
    GskPathBuilder *builder = gsk_path_builder_new();
    bool begun = false;
    for (guint i = 0; i < chart->metrics->len; i++) {
        double loss = g_array_index(chart->losses, double, i);
        if (!isfinite(loss))
            continue;
        float x = x_of(canvas, g_array_index(chart->metrics, LkTaskMetric, i).step), y = y_of(canvas, loss);
        if (begun)
            gsk_path_builder_line_to(builder, x, y);
        else
            gsk_path_builder_move_to(builder, x, y);
        begun = true;
    }
    stroke(canvas, builder, 1, color, 0);
}

static void draw_raw(const Canvas *canvas)
{
    const GArray *metrics = canvas->chart->metrics;
    if (!metrics->len)
        return;
    float first = x_of(canvas, g_array_index(metrics, LkTaskMetric, 0).step);
    float last = x_of(canvas, g_array_index(metrics, LkTaskMetric, metrics->len - 1).step);
    bool dense = (float)metrics->len * 2 > last - first;
    (dense ? draw_columns : draw_steps)(canvas, faded(canvas->accent, 0.26f));
}

/* Draws through points, those on a straight line with their neighbours left out: a stroke's cost is its points. */
typedef struct Pen {
    GskPathBuilder *builder;
    graphene_point_t corner, held; /* drawn last, and seen last but not drawn yet */
    float slope;                   /* from the corner to what is held */
    int points;
} Pen;

static float slope_to(const Pen *pen, float x, float y)
{
    return (y - pen->corner.y) / fmaxf(x - pen->corner.x, 1e-3f);
}

static void pen_add(Pen *pen, float x, float y)
{
    if (pen->points++ == 0) {
        gsk_path_builder_move_to(pen->builder, x, y);
        pen->corner = GRAPHENE_POINT_INIT(x, y);
    } else if (pen->points > 2 && fabsf(slope_to(pen, x, y) - pen->slope) * (x - pen->corner.x) > 0.25f) {
        gsk_path_builder_line_to(pen->builder, pen->held.x, pen->held.y);
        pen->corner = pen->held;
    }
    pen->slope = slope_to(pen, x, y);
    pen->held = GRAPHENE_POINT_INIT(x, y);
}

static void pen_finish(Pen *pen, const Canvas *canvas, float width, GdkRGBA color)
{
    if (pen->points > 1)
        gsk_path_builder_line_to(pen->builder, pen->held.x, pen->held.y);
    stroke(canvas, pen->builder, width, color, 0);
}

/* At most one point every second pixel: the last of its values. */
static void draw_curve(const Canvas *canvas, const GArray *values, float (*place)(const Canvas *, double), float width,
                       GdkRGBA color)
{
    const LkLossChart *chart = canvas->chart;
    Pen pen = {.builder = gsk_path_builder_new()};
    for (guint i = 0; i < chart->metrics->len; i++) {
        const LkTaskMetric *metric = &g_array_index(chart->metrics, LkTaskMetric, i);
        float x = x_of(canvas, metric->step);
        bool last = i + 1 == chart->metrics->len;
        if (pen.points && !last && floorf(x / 2) == floorf(x_of(canvas, metric[1].step) / 2))
            continue;
        pen_add(&pen, x, place(canvas, values ? g_array_index(values, double, i) : metric->lr));
    }
    pen_finish(&pen, canvas, width, color);
}

/* The learning rate that is to come, dotted. */
static void draw_schedule(const Canvas *canvas)
{
    const LkLossChart *chart = canvas->chart;
    guint count = chart->schedule->len;
    if (count < 2)
        return;
    double now = chart->metrics->len
                     ? lk_loss_chart_place_of(canvas->chart,
                                              g_array_index(chart->metrics, LkTaskMetric, chart->metrics->len - 1).step)
                     : 0;
    GskPathBuilder *builder = gsk_path_builder_new();
    bool begun = false;
    for (guint i = 0; i < count; i++) {
        double place = (double)i / (count - 1);
        if (place < now)
            continue;
        float x = canvas->area.origin.x + canvas->area.size.width * (float)place;
        float y = y_of_rate(canvas, g_array_index(chart->schedule, double, i));
        if (begun)
            gsk_path_builder_line_to(builder, x, y);
        else
            gsk_path_builder_move_to(builder, x, y);
        begun = true;
    }
    stroke(canvas, builder, 1.2f, faded(canvas->rate, 0.6f), 2);
}

static void dot(const Canvas *canvas, float x, float y, float radius, GdkRGBA color)
{
    GskPathBuilder *builder = gsk_path_builder_new();
    gsk_path_builder_add_circle(builder, &GRAPHENE_POINT_INIT(x, y), radius);
    g_autoptr(GskPath) path = gsk_path_builder_free_to_path(builder);
    gtk_snapshot_append_fill(canvas->snapshot, path, GSK_FILL_RULE_WINDING, &color);
}

/* The loss on held-out pictures: a dot where it was measured, straight from one to the next. */
static void draw_validations(const Canvas *canvas)
{
    const GArray *list = canvas->chart->validations;
    GskPathBuilder *builder = gsk_path_builder_new();
    bool begun = false, dots = (float)list->len * 10 < canvas->area.size.width;
    for (guint i = 0; i < list->len; i++) {
        const LkTaskValidation *one = &g_array_index(list, LkTaskValidation, i);
        if (!isfinite(one->loss))
            continue;
        float x = x_of(canvas, one->step), y = y_of(canvas, one->loss);
        if (begun)
            gsk_path_builder_line_to(builder, x, y);
        else
            gsk_path_builder_move_to(builder, x, y);
        begun = true;
        if (dots)
            dot(canvas, x, y, 3, canvas->validation);
    }
    stroke(canvas, builder, 1.8f, canvas->validation, 0);
}

static void draw_cursor(const Canvas *canvas)
{
    const LkLossChart *chart = canvas->chart;
    if (!chart->metrics->len)
        return;
    guint index = chart->cursor >= 0 ? (guint)chart->cursor : chart->metrics->len - 1;
    float x = x_of(canvas, g_array_index(chart->metrics, LkTaskMetric, index).step);
    float y = y_of(canvas, g_array_index(chart->smoothed, double, index));
    if (chart->cursor >= 0)
        line(canvas, x, canvas->area.origin.y, x, canvas->area.origin.y + canvas->area.size.height,
             faded(canvas->text, 0.5f), 0);
    dot(canvas, x, y, 4.5f, canvas->accent);
}

void lk_loss_chart_draw(LkLossChart *self, GtkSnapshot *snapshot)
{
    Canvas canvas = canvas_new(self, snapshot);
    draw_loss_axis(&canvas);
    draw_step_axis(&canvas);
    draw_raw(&canvas);
    draw_schedule(&canvas);
    draw_curve(&canvas, NULL, y_of_rate, 1.5f, canvas.rate);
    draw_curve(&canvas, self->smoothed, y_of, 2.4f, canvas.accent);
    draw_validations(&canvas);
    draw_cursor(&canvas);
}
