#include "app/training/loss_chart_private.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

G_DEFINE_FINAL_TYPE(LkLossChart, lk_loss_chart, GTK_TYPE_WIDGET)

enum { PROP_LOG_SCALE = 1, PROP_SMOOTHING, PROP_CURSOR, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

enum { MARGIN_LEFT = 48, MARGIN_RIGHT = 12, MARGIN_TOP = 8, MARGIN_BOTTOM = 44 };

GtkWidget *lk_loss_chart_new(void)
{
    return g_object_new(LK_TYPE_LOSS_CHART, NULL);
}

/* ---- places ------------------------------------------------------------------------------------------ */

float lk_loss_chart_text_scale(LkLossChart *self)
{
    int dpi = 0; /* times 1024 */
    g_object_get(gtk_widget_get_settings(GTK_WIDGET(self)), "gtk-xft-dpi", &dpi, NULL);
    return dpi > 0 ? (float)dpi / (96 * 1024) : 1;
}

graphene_rect_t lk_loss_chart_plot_area(LkLossChart *self)
{
    float width = (float)gtk_widget_get_width(GTK_WIDGET(self)),
          height = (float)gtk_widget_get_height(GTK_WIDGET(self));
    float scale = lk_loss_chart_text_scale(self), left = MARGIN_LEFT * scale, below = MARGIN_BOTTOM * scale;
    return GRAPHENE_RECT_INIT(left, MARGIN_TOP, MAX(1, width - left - MARGIN_RIGHT),
                              MAX(1, height - MARGIN_TOP - below));
}

/* Steps on the axis: the training's length, or what has been trained where that is not known. */
static double axis_steps(LkLossChart *self)
{
    gint64 last = self->metrics->len ? g_array_index(self->metrics, LkTaskMetric, self->metrics->len - 1).step : 1;
    return (double)MAX(MAX(self->steps, last), 1);
}

double lk_loss_chart_step_at(LkLossChart *self, double place)
{
    return place * axis_steps(self);
}

double lk_loss_chart_place_of(LkLossChart *self, gint64 step)
{
    return (double)step / axis_steps(self);
}

/* ---- data -------------------------------------------------------------------------------------------- */

/* The mean of Adam: an exponential mean divided by the weight it has gathered, so that it does not begin at zero. */
static void smooth_from(LkLossChart *self, guint first)
{
    double decay = self->smoothing;
    g_array_set_size(self->smoothed, self->metrics->len);
    /* The sum before `first`, from the mean that was corrected with its weight. */
    double weight = first ? 1 - pow(decay, first) : 0;
    double sum = first ? g_array_index(self->smoothed, double, first - 1) * weight : 0;
    for (guint i = first; i < self->metrics->len; i++) {
        double loss = g_array_index(self->losses, double, i);
        if (!isfinite(loss)) { /* the curve goes on as it was */
            g_array_index(self->smoothed, double, i) = weight > 0 ? sum / weight : 0;
            continue;
        }
        sum = decay * sum + (1 - decay) * loss;
        weight = decay * weight + (1 - decay);
        g_array_index(self->smoothed, double, i) = sum / weight;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The axis leaves out the highest hundredth: single steps may be ten times the rest. */
static void fit_axis(LkLossChart *self)
{
    enum { MOST = 2000 };
    double sample[MOST];
    guint count = 0, stride = MAX(1, (self->losses->len + MOST - 1) / MOST); /* to the newest */
    for (guint i = 0; i < self->losses->len && count < MOST; i += stride) {
        double loss = g_array_index(self->losses, double, i);
        if (isfinite(loss) && loss > 0)
            sample[count++] = loss;
    }
    self->low = 0;
    self->high = 0.2;
    if (!count)
        return;
    qsort(sample, count, sizeof *sample, compare_doubles);
    double low = sample[count / 100], high = sample[count - 1 - count / 100];
    for (guint i = 0; i < self->validations->len; i++) { /* few, and all of them are to be seen */
        double loss = g_array_index(self->validations, LkTaskValidation, i).loss;
        if (isfinite(loss) && loss > 0) {
            low = fmin(low, loss);
            high = fmax(high, loss);
        }
    }
    self->high = high * 1.1;
    self->low = self->log_scale ? low * 0.8 : MAX(0, low - 0.15 * (high - low));
    if (self->high <= self->low)
        self->high = self->low * 1.5 + 1e-6;
}

static void fit_rates(LkLossChart *self)
{
    self->highest_rate = 0;
    for (guint i = 0; i < self->schedule->len; i++)
        self->highest_rate = fmax(self->highest_rate, g_array_index(self->schedule, double, i));
    for (guint i = 0; i < self->metrics->len; i++)
        self->highest_rate = fmax(self->highest_rate, g_array_index(self->metrics, LkTaskMetric, i).lr);
}

static void describe(LkLossChart *self)
{
    LkTaskMetric metric;
    double smoothed;
    if (!lk_loss_chart_get_reading(self, &metric, &smoothed))
        return;
    LkTaskValidation validation;
    g_autofree char *text =
        lk_loss_chart_get_validation(self, &validation)
            ? g_strdup_printf(_("Step %" PRId64
                                ", loss %.4f, smoothed %.4f, learning rate %g, validation loss %.4f after "
                                "step %" PRId64),
                              metric.step, metric.loss, smoothed, metric.lr, validation.loss, validation.step)
            : g_strdup_printf(_("Step %" PRId64 ", loss %.4f, smoothed %.4f, learning rate %g"), metric.step,
                              metric.loss, smoothed, metric.lr);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

void lk_loss_chart_update(LkLossChart *self, const LkTaskMetric *metrics, guint first, guint count)
{
    g_return_if_fail(LK_IS_LOSS_CHART(self));
    first = MIN(first, self->metrics->len);
    count = MAX(count, first);
    g_array_set_size(self->metrics, first);
    g_array_append_vals(self->metrics, metrics + first, count - first);
    g_array_set_size(self->losses, count);
    for (guint i = first; i < count; i++) {
        g_array_index(self->losses, double, i) = metrics[i].loss;
        self->highest_rate = fmax(self->highest_rate, metrics[i].lr);
    }
    smooth_from(self, first);
    fit_axis(self);
    if (self->cursor >= self->metrics->len)
        self->cursor = -1;
    describe(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void lk_loss_chart_set_validations(LkLossChart *self, const LkTaskValidation *list, guint count)
{
    g_array_set_size(self->validations, 0);
    g_array_append_vals(self->validations, list, count);
    fit_axis(self);
    describe(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

gboolean lk_loss_chart_get_validation(LkLossChart *self, LkTaskValidation *validation)
{
    LkTaskMetric metric;
    double smoothed;
    gboolean found = FALSE;
    if (!lk_loss_chart_get_reading(self, &metric, &smoothed))
        return FALSE;
    for (guint i = 0; i < self->validations->len; i++) {
        const LkTaskValidation *one = &g_array_index(self->validations, LkTaskValidation, i);
        if (one->step > metric.step)
            break;
        *validation = *one;
        found = TRUE;
    }
    return found;
}

void lk_loss_chart_set_length(LkLossChart *self, gint64 steps, gint64 epochs)
{
    self->steps = steps;
    self->epochs = epochs;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void lk_loss_chart_set_schedule(LkLossChart *self, const double *rates, guint count)
{
    g_array_set_size(self->schedule, 0);
    g_array_append_vals(self->schedule, rates, count);
    fit_rates(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

gboolean lk_loss_chart_get_reading(LkLossChart *self, LkTaskMetric *metric, double *smoothed)
{
    if (!self->metrics->len)
        return FALSE;
    guint index = self->cursor >= 0 ? (guint)self->cursor : self->metrics->len - 1;
    *metric = g_array_index(self->metrics, LkTaskMetric, index);
    *smoothed = g_array_index(self->smoothed, double, index);
    return TRUE;
}

const double *lk_loss_chart_get_losses(LkLossChart *self, gsize *count)
{
    *count = self->losses->len;
    return (const double *)self->losses->data;
}

/* ---- the cursor -------------------------------------------------------------------------------------- */

static void set_cursor(LkLossChart *self, gint64 cursor)
{
    if (self->cursor == cursor)
        return;
    self->cursor = cursor;
    describe(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CURSOR]);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* The measured step nearest to `step`: they are in order. */
static gint64 index_of(LkLossChart *self, double step)
{
    guint low = 0, high = self->metrics->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if ((double)g_array_index(self->metrics, LkTaskMetric, middle).step < step)
            low = middle + 1;
        else
            high = middle;
    }
    return (gint64)MIN(low, self->metrics->len - 1);
}

static void motion_cb(LkLossChart *self, double x, double y)
{
    graphene_rect_t area = lk_loss_chart_plot_area(self);
    if (!self->metrics->len || x < area.origin.x || x > area.origin.x + area.size.width) {
        set_cursor(self, -1);
        return;
    }
    set_cursor(self, index_of(self, lk_loss_chart_step_at(self, (x - area.origin.x) / area.size.width)));
}

static void leave_cb(LkLossChart *self)
{
    set_cursor(self, -1);
}

static gboolean key_cb(LkLossChart *self, guint key, guint code, GdkModifierType state)
{
    if (!self->metrics->len)
        return FALSE;
    gint64 last = (gint64)self->metrics->len - 1, now = self->cursor >= 0 ? self->cursor : last;
    gint64 far = MAX(1, last / 50); /* Ctrl: fifty presses lead from end to end */
    gint64 by = state & GDK_CONTROL_MASK ? far : 1;
    switch (key) {
    case GDK_KEY_Left:
        set_cursor(self, MAX(0, now - by));
        return TRUE;
    case GDK_KEY_Right:
        set_cursor(self, MIN(last, now + by));
        return TRUE;
    case GDK_KEY_Home:
        set_cursor(self, 0);
        return TRUE;
    case GDK_KEY_End:
        set_cursor(self, last);
        return TRUE;
    default:
        return FALSE;
    }
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_loss_chart_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    lk_loss_chart_draw(LK_LOSS_CHART(widget), snapshot);
}

static void lk_loss_chart_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                  int *natural, int *minimum_baseline, int *natural_baseline)
{
    bool horizontal = orientation == GTK_ORIENTATION_HORIZONTAL;
    *minimum = horizontal ? 240 : 180;
    *natural = horizontal ? 560 : 240;
}

static void lk_loss_chart_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkLossChart *self = LK_LOSS_CHART(object);
    switch (id) {
    case PROP_LOG_SCALE:
        g_value_set_boolean(value, self->log_scale);
        break;
    case PROP_SMOOTHING:
        g_value_set_double(value, self->smoothing);
        break;
    case PROP_CURSOR:
        g_value_set_int64(value, self->cursor);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_loss_chart_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkLossChart *self = LK_LOSS_CHART(object);
    switch (id) {
    case PROP_LOG_SCALE:
        self->log_scale = g_value_get_boolean(value);
        break;
    case PROP_SMOOTHING:
        self->smoothing = g_value_get_double(value);
        smooth_from(self, 0);
        break;
    case PROP_CURSOR:
        set_cursor(self, MIN(g_value_get_int64(value), (gint64)self->metrics->len - 1));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    fit_axis(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void lk_loss_chart_finalize(GObject *object)
{
    LkLossChart *self = LK_LOSS_CHART(object);
    g_array_unref(self->metrics);
    g_array_unref(self->losses);
    g_array_unref(self->smoothed);
    g_array_unref(self->validations);
    g_array_unref(self->schedule);
    G_OBJECT_CLASS(lk_loss_chart_parent_class)->finalize(object);
}

static void lk_loss_chart_class_init(LkLossChartClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_loss_chart_get_property;
    object_class->set_property = lk_loss_chart_set_property;
    object_class->finalize = lk_loss_chart_finalize;
    widget_class->snapshot = lk_loss_chart_snapshot;
    widget_class->measure = lk_loss_chart_measure;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_LOG_SCALE] = g_param_spec_boolean("log-scale", NULL, NULL, FALSE, flags);
    properties[PROP_SMOOTHING] = g_param_spec_double("smoothing", NULL, NULL, 0, 0.999, 0.95, flags);
    properties[PROP_CURSOR] =
        g_param_spec_int64("cursor", NULL, NULL, -1, G_MAXINT64, -1, flags | G_PARAM_EXPLICIT_NOTIFY);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(widget_class, "losschart");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void lk_loss_chart_init(LkLossChart *self)
{
    self->metrics = g_array_new(FALSE, FALSE, sizeof(LkTaskMetric));
    self->losses = g_array_new(FALSE, FALSE, sizeof(double));
    self->smoothed = g_array_new(FALSE, FALSE, sizeof(double));
    self->validations = g_array_new(FALSE, FALSE, sizeof(LkTaskValidation));
    self->schedule = g_array_new(FALSE, FALSE, sizeof(double));
    self->smoothing = 0.95;
    self->cursor = -1;
    fit_axis(self);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Loss over the steps"), -1);
    GtkEventController *motion = gtk_event_controller_motion_new();
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(motion_cb), self);
    g_signal_connect_swapped(motion, "leave", G_CALLBACK(leave_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), motion);
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(key_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), keys);
}
