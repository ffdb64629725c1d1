#include "app/dataset/picture_canvas.h"

#include "app/dataset/canvas_view.h"
#include "app/dataset/crop_guide.h"
#include "app/dataset/mask_layer.h"
#include "app/dataset/picture_marks.h"
#include "dataset/picture.h"

#include <math.h>
#include <string.h>

#define STEP   1.25 /* of a zoom key */
#define ROUND  12.0F
#define PIXELS 4.0 /* from this enlargement on pixels are squares */

/* Pixels of the viewer's buttons for zooming, which lie at the bottom's end. */
#define PILL ((float)150)

struct _LkPictureCanvas {
    GtkWidget parent_instance;
    LkThumbnails *thumbnails;
    LkPictureLoader *loader;
    LkPicture *picture;
    gint64 modified;                 /* of the file that is shown */
    GdkTexture *thumbnail, *texture; /* of it; either may be NULL */
    GCancellable *cancellable;
    char *error;
    gboolean blank; /* the list says that there is nothing to see */
    gboolean show_crop, show_mask;
    LkMaskLayer *mask;
    guint notify_idle;
    LkCanvasView view;
    double drag_x, drag_y; /* how far the present drag has moved the picture */
    double pinch_scale;    /* when the present pinch began */
    double pointer_x, pointer_y;
};

G_DEFINE_FINAL_TYPE(LkPictureCanvas, lk_picture_canvas, GTK_TYPE_WIDGET)

enum { PROP_PICTURE = 1, PROP_SHOW_CROP, PROP_SHOW_MASK, PROP_PERCENT, PROP_FITS, PROP_ERROR, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

static void notify(LkPictureCanvas *self, guint id)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[id]);
}

/* ---- the view ---------------------------------------------------------------------------------------- */

static void view_changed(LkPictureCanvas *self)
{
    const char *cursor = self->loader && lk_canvas_view_can_pan(&self->view) ? "grab" : NULL;
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), cursor);
    gtk_widget_queue_draw(GTK_WIDGET(self));
    notify(self, PROP_PERCENT);
    notify(self, PROP_FITS);
}

static void zoom_to(LkPictureCanvas *self, double scale, double x, double y)
{
    lk_canvas_view_zoom(&self->view, scale, x, y);
    view_changed(self);
}

void lk_picture_canvas_fit(LkPictureCanvas *self)
{
    lk_canvas_view_fit(&self->view);
    view_changed(self);
}

void lk_picture_canvas_set_percent(LkPictureCanvas *self, double percent)
{
    zoom_to(self, percent / 100 / self->view.density, self->view.width / 2, self->view.height / 2);
}

void lk_picture_canvas_zoom(LkPictureCanvas *self, int steps)
{
    zoom_to(self, self->view.scale * pow(STEP, steps), self->view.width / 2, self->view.height / 2);
}

double lk_picture_canvas_get_percent(LkPictureCanvas *self)
{
    return lk_canvas_view_percent(&self->view);
}

gboolean lk_picture_canvas_get_fits(LkPictureCanvas *self)
{
    return self->view.fit;
}

graphene_rect_t lk_picture_canvas_get_visible(LkPictureCanvas *self)
{
    graphene_rect_t picture = lk_canvas_view_rect(&self->view), visible;
    graphene_rect_t area = GRAPHENE_RECT_INIT(0, 0, (float)self->view.width, (float)self->view.height);
    return graphene_rect_intersection(&picture, &area, &visible) ? visible : GRAPHENE_RECT_INIT(0, 0, 0, 0);
}

/* ---- the picture ------------------------------------------------------------------------------------- */

const char *lk_picture_canvas_get_error(LkPictureCanvas *self)
{
    return self->error;
}

gboolean lk_picture_canvas_is_sharp(LkPictureCanvas *self)
{
    return self->texture != NULL;
}

LkPicture *lk_picture_canvas_get_picture(LkPictureCanvas *self)
{
    return self->picture;
}

static void set_error(LkPictureCanvas *self, const char *text)
{
    if (g_set_str(&self->error, text))
        notify(self, PROP_ERROR);
}

/* The size of what is there; the list may not know it yet. */
static void set_size_from(LkPictureCanvas *self, GdkTexture *texture)
{
    if (lk_picture_get_width(self->picture) > 0)
        lk_canvas_view_correct_picture(&self->view, lk_picture_get_width(self->picture),
                                       lk_picture_get_height(self->picture));
    else if (texture)
        lk_canvas_view_correct_picture(&self->view, gdk_texture_get_width(texture), gdk_texture_get_height(texture));
    view_changed(self);
}

static void cancel(LkPictureCanvas *self)
{
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
}

static void fail(LkPictureCanvas *self, const GError *error)
{
    set_error(self, lk_picture_reason(lk_picture_get_path(self->picture), error));
    g_clear_object(&self->thumbnail);
    g_clear_object(&self->texture);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void thumbnail_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* another picture is shown, or the widget is gone */
    LkPictureCanvas *self = data;
    if (texture) {
        g_set_object(&self->thumbnail, texture);
        set_size_from(self, texture);
    } else if (!self->texture) {
        fail(self, error);
    }
}

static void whole_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_picture_loader_load_finish(LK_PICTURE_LOADER(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    LkPictureCanvas *self = data;
    if (texture) {
        g_set_object(&self->texture, texture);
        set_error(self, NULL);
        set_size_from(self, texture);
    } else {
        fail(self, error);
    }
}

/* Begins to load; what is in memory is there at once. */
static void load(LkPictureCanvas *self)
{
    cancel(self);
    g_autofree char *reason = lk_picture_blank_reason(self->picture);
    set_error(self, reason);
    self->blank = reason != NULL;
    if (self->blank)
        return;
    const char *path = lk_picture_get_path(self->picture);
    self->cancellable = g_cancellable_new();
    g_set_object(&self->thumbnail, lk_thumbnails_peek(self->thumbnails, path));
    GdkTexture *whole = self->loader ? lk_picture_loader_peek(self->loader, path) : NULL;
    g_set_object(&self->texture, whole);
    if (!self->thumbnail && !self->texture)
        lk_thumbnails_load(self->thumbnails, path, self->cancellable, thumbnail_cb, self);
    if (self->loader && !self->texture)
        lk_picture_loader_load(self->loader, path, self->cancellable, whole_cb, self);
    set_size_from(self, self->texture ? self->texture : self->thumbnail);
}

static void picture_changed_cb(LkPictureCanvas *self)
{
    lk_mask_layer_set_picture(self->mask, self->picture);
    gint64 modified = lk_picture_get_modified(self->picture);
    g_autofree char *reason = lk_picture_blank_reason(self->picture);
    gboolean other = self->modified != 0 && modified != self->modified;
    self->modified = modified;
    if (other) {
        lk_thumbnails_forget(self->thumbnails, lk_picture_get_path(self->picture));
        if (self->loader)
            lk_picture_loader_forget(self->loader, lk_picture_get_path(self->picture));
    }
    if (other || (reason != NULL) != self->blank)
        load(self);
    else
        set_size_from(self, self->texture ? self->texture : self->thumbnail);
}

void lk_picture_canvas_set_picture(LkPictureCanvas *self, LkPicture *picture)
{
    if (self->picture == picture)
        return;
    cancel(self);
    if (self->picture)
        g_signal_handlers_disconnect_by_func(self->picture, picture_changed_cb, self);
    g_set_object(&self->picture, picture);
    g_clear_object(&self->thumbnail);
    g_clear_object(&self->texture);
    lk_canvas_view_set_picture(&self->view, 0, 0);
    if (picture) {
        lk_canvas_view_set_picture(&self->view, lk_picture_get_width(picture), lk_picture_get_height(picture));
        self->modified = lk_picture_get_modified(picture);
        g_signal_connect_object(picture, "notify", G_CALLBACK(picture_changed_cb), self, G_CONNECT_SWAPPED);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       lk_picture_get_name(picture), -1);
        load(self);
    } else {
        set_error(self, NULL);
    }
    if (self->mask)
        lk_mask_layer_set_picture(self->mask, picture);
    view_changed(self);
    notify(self, PROP_PICTURE);
}

void lk_picture_canvas_set_show_crop(LkPictureCanvas *self, gboolean show)
{
    if (self->show_crop == show)
        return;
    self->show_crop = show;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    notify(self, PROP_SHOW_CROP);
}

void lk_picture_canvas_set_show_mask(LkPictureCanvas *self, gboolean show)
{
    if (self->show_mask == show)
        return;
    self->show_mask = show;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    notify(self, PROP_SHOW_MASK);
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

static GskScalingFilter filter_for(LkPictureCanvas *self)
{
    double enlarged = self->view.scale * self->view.density;
    return enlarged >= PIXELS ? GSK_SCALING_FILTER_NEAREST
                              : (enlarged < 0.6 ? GSK_SCALING_FILTER_TRILINEAR : GSK_SCALING_FILTER_LINEAR);
}

static void snapshot_pixels(LkPictureCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *rect)
{
    if (self->texture) {
        gtk_snapshot_append_scaled_texture(snapshot, self->texture, filter_for(self), rect);
        return;
    }
    /* The more it is enlarged the more its pixels would show. */
    double enlarged = rect->size.width / gdk_texture_get_width(self->thumbnail);
    gboolean blur = self->loader && enlarged > 1.2;
    if (blur)
        gtk_snapshot_push_blur(snapshot, MIN(12, 3 * enlarged));
    gtk_snapshot_append_texture(snapshot, self->thumbnail, rect);
    if (blur)
        gtk_snapshot_pop(snapshot);
}

static void snapshot_crop(LkPictureCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *picture,
                          const graphene_rect_t *visible)
{
    LkBucketFit fit;
    if (!self->show_crop || !lk_picture_get_fit(self->picture, &fit))
        return;
    g_autofree char *text = lk_crop_guide_text(&fit, self->loader != NULL);
    lk_crop_guide_snapshot(GTK_WIDGET(self), snapshot, &fit, picture, visible, text, self->loader ? PILL : 0);
}

static void lk_picture_canvas_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkPictureCanvas *self = LK_PICTURE_CANVAS(widget);
    graphene_rect_t picture = lk_canvas_view_rect(&self->view), visible = lk_picture_canvas_get_visible(self);
    if (!self->picture || self->error || visible.size.width <= 0)
        return;
    GskRoundedRect frame;
    gsk_rounded_rect_init_from_rect(&frame, &visible, self->loader ? ROUND : ROUND - 3);
    gtk_snapshot_push_rounded_clip(snapshot, &frame);
    if (self->texture || self->thumbnail)
        snapshot_pixels(self, snapshot, &picture);
    else
        gtk_snapshot_append_color(snapshot, &(GdkRGBA){0.5F, 0.5F, 0.5F, 0.15F}, &visible);
    if (self->show_mask)
        lk_mask_layer_snapshot(self->mask, snapshot, &picture);
    snapshot_crop(self, snapshot, &picture, &visible);
    gtk_snapshot_pop(snapshot);
}

/* Whoever hears of a change may want another size, which nobody gets while sizes are given out. */
static gboolean notify_idle_cb(gpointer data)
{
    LkPictureCanvas *self = data;
    self->notify_idle = 0;
    view_changed(self);
    return G_SOURCE_REMOVE;
}

static void lk_picture_canvas_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    LkPictureCanvas *self = LK_PICTURE_CANVAS(widget);
    lk_canvas_view_set_area(&self->view, width, height, gtk_widget_get_scale_factor(widget));
    if (!self->notify_idle)
        self->notify_idle = g_idle_add_full(G_PRIORITY_HIGH_IDLE, notify_idle_cb, self, NULL);
}

static void lk_picture_canvas_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                      int *natural, int *minimum_baseline, int *natural_baseline)
{
    *minimum = *natural = 48;
}

/* ---- input ------------------------------------------------------------------------------------------- */

static void motion_cb(LkPictureCanvas *self, double x, double y)
{
    self->pointer_x = x;
    self->pointer_y = y;
}

/* A wheel zooms; two fingers on a touchpad move a picture that is larger than its place, and zoom with Ctrl. */
static gboolean scroll_cb(LkPictureCanvas *self, double dx, double dy, GtkEventControllerScroll *controller)
{
    GdkModifierType state = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(controller));
    gboolean smooth = gtk_event_controller_scroll_get_unit(controller) == GDK_SCROLL_UNIT_SURFACE;
    if (smooth && !(state & GDK_CONTROL_MASK)) {
        lk_canvas_view_pan(&self->view, -dx, -dy);
        view_changed(self);
        return GDK_EVENT_STOP;
    }
    double steps = smooth ? dy / 40 : dy;
    zoom_to(self, self->view.scale * pow(STEP, -steps), self->pointer_x, self->pointer_y);
    return GDK_EVENT_STOP;
}

static void drag_begin_cb(LkPictureCanvas *self, double x, double y, GtkGesture *gesture)
{
    self->drag_x = self->drag_y = 0;
    if (!lk_canvas_view_can_pan(&self->view)) {
        gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_DENIED);
        return;
    }
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "grabbing");
}

static void drag_update_cb(LkPictureCanvas *self, double x, double y, GtkGesture *gesture)
{
    gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_CLAIMED);
    lk_canvas_view_pan(&self->view, x - self->drag_x, y - self->drag_y);
    self->drag_x = x;
    self->drag_y = y;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void drag_end_cb(LkPictureCanvas *self)
{
    view_changed(self);
}

static void pinch_begin_cb(LkPictureCanvas *self)
{
    self->pinch_scale = self->view.scale;
}

static void pinch_cb(LkPictureCanvas *self, double factor, GtkGesture *gesture)
{
    double x = self->view.width / 2, y = self->view.height / 2;
    gtk_gesture_get_bounding_box_center(gesture, &x, &y);
    gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_CLAIMED);
    zoom_to(self, self->pinch_scale * factor, x, y);
}

/* The whole, or every pixel of it. */
static void pressed_cb(LkPictureCanvas *self, int presses, double x, double y)
{
    if (presses != 2)
        return;
    if (self->view.fit)
        zoom_to(self, 1 / self->view.density, x, y);
    else
        lk_picture_canvas_fit(self);
}

static void connect(LkPictureCanvas *self, gpointer controller, const char *signal, GCallback callback)
{
    g_signal_connect_object(controller, signal, callback, self, G_CONNECT_SWAPPED);
}

static void add_input(LkPictureCanvas *self)
{
    GtkWidget *widget = GTK_WIDGET(self);
    GtkEventController *motion = gtk_event_controller_motion_new();
    connect(self, motion, "enter", G_CALLBACK(motion_cb));
    connect(self, motion, "motion", G_CALLBACK(motion_cb));
    gtk_widget_add_controller(widget, motion);
    GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
    connect(self, scroll, "scroll", G_CALLBACK(scroll_cb));
    gtk_widget_add_controller(widget, scroll);
    GtkGesture *drag = gtk_gesture_drag_new();
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(drag), 0);
    connect(self, drag, "drag-begin", G_CALLBACK(drag_begin_cb));
    connect(self, drag, "drag-update", G_CALLBACK(drag_update_cb));
    connect(self, drag, "drag-end", G_CALLBACK(drag_end_cb));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(drag));
    GtkGesture *pinch = gtk_gesture_zoom_new();
    connect(self, pinch, "begin", G_CALLBACK(pinch_begin_cb));
    connect(self, pinch, "scale-changed", G_CALLBACK(pinch_cb));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(pinch));
    GtkGesture *click = gtk_gesture_click_new();
    connect(self, click, "pressed", G_CALLBACK(pressed_cb));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

GtkWidget *lk_picture_canvas_new(LkThumbnails *thumbnails, LkPictureLoader *loader)
{
    LkPictureCanvas *self = g_object_new(LK_TYPE_PICTURE_CANVAS, NULL);
    self->thumbnails = g_object_ref(thumbnails);
    self->mask = lk_mask_layer_new(GTK_WIDGET(self), thumbnails, loader);
    if (loader) {
        self->loader = g_object_ref(loader);
        gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
        add_input(self);
    }
    return GTK_WIDGET(self);
}

static void lk_picture_canvas_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkPictureCanvas *self = LK_PICTURE_CANVAS(object);
    switch (id) {
    case PROP_PICTURE:
        g_value_set_object(value, self->picture);
        break;
    case PROP_SHOW_CROP:
        g_value_set_boolean(value, self->show_crop);
        break;
    case PROP_SHOW_MASK:
        g_value_set_boolean(value, self->show_mask);
        break;
    case PROP_PERCENT:
        g_value_set_double(value, lk_picture_canvas_get_percent(self));
        break;
    case PROP_FITS:
        g_value_set_boolean(value, self->view.fit);
        break;
    case PROP_ERROR:
        g_value_set_string(value, self->error);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_picture_canvas_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkPictureCanvas *self = LK_PICTURE_CANVAS(object);
    if (id == PROP_PICTURE)
        lk_picture_canvas_set_picture(self, g_value_get_object(value));
    else if (id == PROP_SHOW_CROP)
        lk_picture_canvas_set_show_crop(self, g_value_get_boolean(value));
    else if (id == PROP_SHOW_MASK)
        lk_picture_canvas_set_show_mask(self, g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_picture_canvas_dispose(GObject *object)
{
    LkPictureCanvas *self = LK_PICTURE_CANVAS(object);
    lk_picture_canvas_set_picture(self, NULL);
    g_clear_pointer(&self->mask, lk_mask_layer_free);
    g_clear_handle_id(&self->notify_idle, g_source_remove);
    g_clear_object(&self->thumbnails);
    g_clear_object(&self->loader);
    g_clear_pointer(&self->error, g_free);
    G_OBJECT_CLASS(lk_picture_canvas_parent_class)->dispose(object);
}

static void lk_picture_canvas_class_init(LkPictureCanvasClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_picture_canvas_get_property;
    object_class->set_property = lk_picture_canvas_set_property;
    object_class->dispose = lk_picture_canvas_dispose;
    widget_class->snapshot = lk_picture_canvas_snapshot;
    widget_class->size_allocate = lk_picture_canvas_size_allocate;
    widget_class->measure = lk_picture_canvas_measure;
    GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    GParamFlags set = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
    properties[PROP_PICTURE] = g_param_spec_object("picture", NULL, NULL, LK_TYPE_PICTURE, set);
    properties[PROP_SHOW_CROP] = g_param_spec_boolean("show-crop", NULL, NULL, TRUE, set);
    properties[PROP_SHOW_MASK] = g_param_spec_boolean("show-mask", NULL, NULL, TRUE, set);
    properties[PROP_PERCENT] = g_param_spec_double("percent", NULL, NULL, 0, G_MAXDOUBLE, 100, get);
    properties[PROP_FITS] = g_param_spec_boolean("fits", NULL, NULL, TRUE, get);
    properties[PROP_ERROR] = g_param_spec_string("error", NULL, NULL, NULL, get);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(widget_class, "picturecanvas");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void lk_picture_canvas_init(LkPictureCanvas *self)
{
    self->show_crop = self->show_mask = TRUE;
    self->view = lk_canvas_view_new();
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}
