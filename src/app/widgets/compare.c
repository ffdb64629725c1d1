#include "app/widgets/compare.h"

#include <glib/gi18n.h>

enum { LEFT, RIGHT, SIDES };

struct _LkCompare {
    GtkWidget parent_instance;
    GdkPaintable *pictures[SIDES];
    char *labels[SIDES];
    double position;
};

static void lk_compare_range_init(GtkAccessibleRangeInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(LkCompare, lk_compare, GTK_TYPE_WIDGET,
                              G_IMPLEMENT_INTERFACE(GTK_TYPE_ACCESSIBLE_RANGE, lk_compare_range_init))

enum { PROP_POSITION = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

GtkWidget *lk_compare_new(void)
{
    return g_object_new(LK_TYPE_COMPARE, NULL);
}

/* ---- what is shown ----------------------------------------------------------------------------------- */

static void describe(LkCompare *self)
{
    g_autofree char *text =
        self->labels[LEFT] && self->labels[RIGHT]
            ? g_strdup_printf(_("%s on the left, %s on the right"), self->labels[LEFT], self->labels[RIGHT])
            : g_strdup(self->labels[LEFT] ? self->labels[LEFT] : self->labels[RIGHT]);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text ? text : "",
                                   GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, self->position, -1);
}

static void set_side(LkCompare *self, int side, GdkPaintable *picture, const char *label)
{
    g_set_object(&self->pictures[side], picture);
    g_set_str(&self->labels[side], label);
    describe(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void lk_compare_set_left(LkCompare *self, GdkPaintable *picture, const char *label)
{
    set_side(self, LEFT, picture, label);
}

void lk_compare_set_right(LkCompare *self, GdkPaintable *picture, const char *label)
{
    set_side(self, RIGHT, picture, label);
}

static void set_position(LkCompare *self, double position)
{
    position = CLAMP(position, 0, 1);
    if (self->position == position)
        return;
    self->position = position;
    describe(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_POSITION]);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

/* The picture as large as fits, in the middle. */
static graphene_rect_t fit(GdkPaintable *picture, float width, float height)
{
    double ratio = gdk_paintable_get_intrinsic_aspect_ratio(picture);
    float w = width, h = height;
    if (ratio > 0 && width > height * (float)ratio)
        w = height * (float)ratio;
    else if (ratio > 0)
        h = width / (float)ratio;
    return GRAPHENE_RECT_INIT((width - w) / 2, (height - h) / 2, w, h);
}

static void draw_side(LkCompare *self, GtkSnapshot *snapshot, int side, const graphene_rect_t *clip)
{
    graphene_rect_t place = fit(self->pictures[side], (float)gtk_widget_get_width(GTK_WIDGET(self)),
                                (float)gtk_widget_get_height(GTK_WIDGET(self)));
    gtk_snapshot_push_clip(snapshot, clip);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &place.origin);
    gdk_paintable_snapshot(self->pictures[side], snapshot, place.size.width, place.size.height);
    gtk_snapshot_restore(snapshot);
    gtk_snapshot_pop(snapshot);
}

enum { MARGIN = 8, PADDING = 8 }; /* around a label's plate and inside it */

/* What a side is called, no wider than the whole; NULL where it has no name. */
static PangoLayout *make_label(LkCompare *self, int side)
{
    if (!self->labels[side])
        return NULL;
    PangoLayout *layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), self->labels[side]);
    int most = gtk_widget_get_width(GTK_WIDGET(self)) - 2 * (MARGIN + PADDING);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_width(layout, MAX(0, most) * PANGO_SCALE);
    return layout;
}

static void draw_label(LkCompare *self, GtkSnapshot *snapshot, int side, PangoLayout *layout, bool below)
{
    PangoRectangle text;
    pango_layout_get_pixel_extents(layout, NULL, &text);
    float width = (float)text.width, height = (float)text.height;
    float x = side == LEFT ? MARGIN : (float)gtk_widget_get_width(GTK_WIDGET(self)) - width - MARGIN - 2 * PADDING;
    float y = below ? (float)gtk_widget_get_height(GTK_WIDGET(self)) - height - MARGIN - 6 : MARGIN;
    GskRoundedRect plate;
    gsk_rounded_rect_init_from_rect(&plate, &GRAPHENE_RECT_INIT(x, y, width + 2 * PADDING, height + 6), 99);
    gtk_snapshot_push_rounded_clip(snapshot, &plate);
    gtk_snapshot_append_color(snapshot, &(GdkRGBA){0, 0, 0, 0.65f}, &plate.bounds);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + PADDING, y + 3));
    gtk_snapshot_append_layout(snapshot, layout, &(GdkRGBA){1, 1, 1, 1});
    gtk_snapshot_restore(snapshot);
}

/* Side by side; the right one at the bottom where one is longer than its half. */
static void draw_labels(LkCompare *self, GtkSnapshot *snapshot)
{
    g_autoptr(PangoLayout) left = make_label(self, LEFT);
    g_autoptr(PangoLayout) right = make_label(self, RIGHT);
    int half = gtk_widget_get_width(GTK_WIDGET(self)) / 2 - MARGIN - 2 * PADDING, one = 0, other = 0;
    if (left)
        pango_layout_get_pixel_size(left, &one, NULL);
    if (right)
        pango_layout_get_pixel_size(right, &other, NULL);
    if (left)
        draw_label(self, snapshot, LEFT, left, false);
    if (right)
        draw_label(self, snapshot, RIGHT, right, left && MAX(one, other) > half);
}

static void draw_divider(GtkSnapshot *snapshot, float x, float height)
{
    static const GdkRGBA white = {1, 1, 1, 1}, black = {0, 0, 0, 0.75f};
    gtk_snapshot_append_color(snapshot, &white, &GRAPHENE_RECT_INIT(x - 1, 0, 2, height));
    GskPathBuilder *builder = gsk_path_builder_new();
    gsk_path_builder_add_circle(builder, &GRAPHENE_POINT_INIT(x, height / 2), 14);
    g_autoptr(GskPath) knob = gsk_path_builder_free_to_path(builder);
    gtk_snapshot_append_fill(snapshot, knob, GSK_FILL_RULE_WINDING, &white);
    builder = gsk_path_builder_new();
    for (int side = -1; side <= 1; side += 2) {
        gsk_path_builder_move_to(builder, x + (float)side * 3, height / 2 - 4);
        gsk_path_builder_line_to(builder, x + (float)side * 7, height / 2);
        gsk_path_builder_line_to(builder, x + (float)side * 3, height / 2 + 4);
    }
    g_autoptr(GskPath) arrows = gsk_path_builder_free_to_path(builder);
    GskStroke *pen = gsk_stroke_new(2);
    gtk_snapshot_append_stroke(snapshot, arrows, pen, &black);
    gsk_stroke_free(pen);
}

static void lk_compare_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkCompare *self = LK_COMPARE(widget);
    float width = (float)gtk_widget_get_width(widget), height = (float)gtk_widget_get_height(widget);
    bool both = self->pictures[LEFT] && self->pictures[RIGHT];
    float x = width * (float)(both ? self->position : self->pictures[LEFT] ? 1 : 0);
    if (self->pictures[LEFT])
        draw_side(self, snapshot, LEFT, &GRAPHENE_RECT_INIT(0, 0, x, height));
    if (self->pictures[RIGHT])
        draw_side(self, snapshot, RIGHT, &GRAPHENE_RECT_INIT(x, 0, width - x, height));
    if (both)
        draw_divider(snapshot, x, height);
    draw_labels(self, snapshot); /* one that is longer than its half is read all the same */
}

static void lk_compare_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                               int *minimum_baseline, int *natural_baseline)
{
    *minimum = 120;
    *natural = 262;
}

/* ---- moving the divider ------------------------------------------------------------------------------ */

static void drag_begin_cb(LkCompare *self, double x, double y)
{
    gtk_widget_grab_focus(GTK_WIDGET(self));
    set_position(self, x / MAX(1, gtk_widget_get_width(GTK_WIDGET(self))));
}

static void drag_update_cb(LkCompare *self, double dx, double dy, GtkGestureDrag *gesture)
{
    double x, y;
    gtk_gesture_drag_get_start_point(gesture, &x, &y);
    set_position(self, (x + dx) / MAX(1, gtk_widget_get_width(GTK_WIDGET(self))));
}

static gboolean key_cb(LkCompare *self, guint key, guint code, GdkModifierType state)
{
    switch (key) {
    case GDK_KEY_Left:
        set_position(self, self->position - 0.05);
        return TRUE;
    case GDK_KEY_Right:
        set_position(self, self->position + 0.05);
        return TRUE;
    case GDK_KEY_Home:
        set_position(self, 0);
        return TRUE;
    case GDK_KEY_End:
        set_position(self, 1);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean set_current_value(GtkAccessibleRange *range, double value)
{
    set_position(LK_COMPARE(range), value);
    return TRUE;
}

static void lk_compare_range_init(GtkAccessibleRangeInterface *iface)
{
    iface->set_current_value = set_current_value;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_compare_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_POSITION)
        g_value_set_double(value, LK_COMPARE(object)->position);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_compare_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_POSITION)
        set_position(LK_COMPARE(object), g_value_get_double(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_compare_finalize(GObject *object)
{
    LkCompare *self = LK_COMPARE(object);
    for (int side = 0; side < SIDES; side++) {
        g_clear_object(&self->pictures[side]);
        g_free(self->labels[side]);
    }
    G_OBJECT_CLASS(lk_compare_parent_class)->finalize(object);
}

static void lk_compare_class_init(LkCompareClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_compare_get_property;
    object_class->set_property = lk_compare_set_property;
    object_class->finalize = lk_compare_finalize;
    widget_class->snapshot = lk_compare_snapshot;
    widget_class->measure = lk_compare_measure;
    properties[PROP_POSITION] = g_param_spec_double(
        "position", NULL, NULL, 0, 1, 0.5, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(widget_class, "compare");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
}

static void lk_compare_init(LkCompare *self)
{
    self->position = 0.5;
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "col-resize");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Comparison of two pictures"),
                                   GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 0.0, GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, 1.0,
                                   GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, 0.5, -1);
    GtkGesture *drag = gtk_gesture_drag_new();
    g_signal_connect_swapped(drag, "drag-begin", G_CALLBACK(drag_begin_cb), self);
    g_signal_connect_swapped(drag, "drag-update", G_CALLBACK(drag_update_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(key_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), keys);
}
