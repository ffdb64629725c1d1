#include "app/widgets/fraction_bar.h"

struct _LkFractionBar {
    GtkWidget parent_instance;
    double fraction;
};

G_DEFINE_FINAL_TYPE(LkFractionBar, lk_fraction_bar, GTK_TYPE_WIDGET)

enum { PROP_FRACTION = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

GtkWidget *lk_fraction_bar_new(void)
{
    return g_object_new(LK_TYPE_FRACTION_BAR, NULL);
}

void lk_fraction_bar_set_fraction(LkFractionBar *self, double fraction)
{
    fraction = CLAMP(fraction, 0, 1);
    if (fraction == self->fraction)
        return;
    self->fraction = fraction;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FRACTION]);
}

void lk_fraction_bar_set_warning(LkFractionBar *self, gboolean warning)
{
    if (warning)
        gtk_widget_add_css_class(GTK_WIDGET(self), "warning");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), "warning");
}

/* A little is never nothing: the filled part is at least round. */
static void lk_fraction_bar_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkFractionBar *self = LK_FRACTION_BAR(widget);
    float width = (float)gtk_widget_get_width(widget), height = (float)gtk_widget_get_height(widget);
    float filled = MIN(width, MAX(height, (float)self->fraction * width));
    if (self->fraction <= 0)
        return;
    float x = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL ? width - filled : 0;
    GskRoundedRect shape;
    gsk_rounded_rect_init_from_rect(&shape, &GRAPHENE_RECT_INIT(x, 0, filled, height), height / 2);
    GdkRGBA colour;
    gtk_widget_get_color(widget, &colour);
    gtk_snapshot_push_rounded_clip(snapshot, &shape);
    gtk_snapshot_append_color(snapshot, &colour, &shape.bounds);
    gtk_snapshot_pop(snapshot);
}

static void lk_fraction_bar_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_FRACTION)
        g_value_set_double(value, LK_FRACTION_BAR(object)->fraction);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_fraction_bar_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_FRACTION)
        lk_fraction_bar_set_fraction(LK_FRACTION_BAR(object), g_value_get_double(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_fraction_bar_class_init(LkFractionBarClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_fraction_bar_get_property;
    object_class->set_property = lk_fraction_bar_set_property;
    widget_class->snapshot = lk_fraction_bar_snapshot;
    properties[PROP_FRACTION] = g_param_spec_double(
        "fraction", NULL, NULL, 0, 1, 0, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(widget_class, "fractionbar");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void lk_fraction_bar_init(LkFractionBar *self)
{
    gtk_widget_set_valign(GTK_WIDGET(self), GTK_ALIGN_CENTER);
}
