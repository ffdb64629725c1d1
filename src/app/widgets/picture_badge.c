#include "app/widgets/picture_badge.h"

enum { SPACING = 5 };

struct _LkPictureBadge {
    GtkWidget parent_instance;
    GtkImage *icon;      /* hidden where there is none */
    PangoLayout *layout; /* NULL: the text's size is not known yet */
    char *text;
};

G_DEFINE_FINAL_TYPE(LkPictureBadge, lk_picture_badge, GTK_TYPE_WIDGET)

GtkWidget *lk_picture_badge_new(void)
{
    return g_object_new(LK_TYPE_PICTURE_BADGE, NULL);
}

void lk_picture_badge_set(LkPictureBadge *self, const char *icon_name, const char *text)
{
    if (icon_name)
        gtk_image_set_from_icon_name(self->icon, icon_name);
    gtk_widget_set_visible(GTK_WIDGET(self->icon), icon_name != NULL);
    if (!g_set_str(&self->text, text))
        return;
    g_clear_object(&self->layout);
    gtk_widget_queue_resize(GTK_WIDGET(self));
}

const char *lk_picture_badge_get_text(LkPictureBadge *self)
{
    return self->text;
}

static PangoLayout *layout_of(LkPictureBadge *self)
{
    if (!self->layout)
        self->layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), self->text ? self->text : "");
    return self->layout;
}

static void lk_picture_badge_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                     int *natural, int *minimum_baseline, int *natural_baseline)
{
    LkPictureBadge *self = LK_PICTURE_BADGE(widget);
    int icon = 0, width, height;
    gboolean has_icon = gtk_widget_get_visible(GTK_WIDGET(self->icon));
    if (has_icon)
        gtk_widget_measure(GTK_WIDGET(self->icon), orientation, -1, &icon, NULL, NULL, NULL);
    pango_layout_get_pixel_size(layout_of(self), &width, &height);
    if (orientation == GTK_ORIENTATION_VERTICAL) {
        *minimum = *natural = MAX(icon, height);
        return;
    }
    *natural = icon + (self->text ? width : 0) + (has_icon && self->text ? SPACING : 0);
    *minimum = has_icon ? icon : *natural;
}

static void lk_picture_badge_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    LkPictureBadge *self = LK_PICTURE_BADGE(widget);
    if (!gtk_widget_get_visible(GTK_WIDGET(self->icon)))
        return;
    int icon;
    gtk_widget_measure(GTK_WIDGET(self->icon), GTK_ORIENTATION_HORIZONTAL, -1, &icon, NULL, NULL, NULL);
    gboolean right = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
    gtk_widget_size_allocate(GTK_WIDGET(self->icon), &(GtkAllocation){right ? width - icon : 0, 0, icon, height}, -1);
}

static void lk_picture_badge_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkPictureBadge *self = LK_PICTURE_BADGE(widget);
    int width = gtk_widget_get_width(widget), natural, text_width, text_height;
    if (gtk_widget_get_visible(GTK_WIDGET(self->icon)))
        gtk_widget_snapshot_child(widget, GTK_WIDGET(self->icon), snapshot);
    lk_picture_badge_measure(widget, GTK_ORIENTATION_HORIZONTAL, -1, &(int){0}, &natural, NULL, NULL);
    if (!self->text || width < natural)
        return;
    pango_layout_get_pixel_size(layout_of(self), &text_width, &text_height);
    GdkRGBA colour;
    gtk_widget_get_color(widget, &colour);
    gboolean right = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
    float x = right ? 0 : (float)(width - text_width), y = (float)(gtk_widget_get_height(widget) - text_height) / 2;
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x, y));
    gtk_snapshot_append_layout(snapshot, layout_of(self), &colour);
    gtk_snapshot_restore(snapshot);
}

/* Another font or size. */
static void lk_picture_badge_css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
    GTK_WIDGET_CLASS(lk_picture_badge_parent_class)->css_changed(widget, change);
    g_clear_object(&LK_PICTURE_BADGE(widget)->layout);
}

static void lk_picture_badge_dispose(GObject *object)
{
    LkPictureBadge *self = LK_PICTURE_BADGE(object);
    g_clear_pointer((GtkWidget **)&self->icon, gtk_widget_unparent);
    g_clear_object(&self->layout);
    g_clear_pointer(&self->text, g_free);
    G_OBJECT_CLASS(lk_picture_badge_parent_class)->dispose(object);
}

static void lk_picture_badge_class_init(LkPictureBadgeClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_picture_badge_dispose;
    widget_class->measure = lk_picture_badge_measure;
    widget_class->size_allocate = lk_picture_badge_size_allocate;
    widget_class->snapshot = lk_picture_badge_snapshot;
    widget_class->css_changed = lk_picture_badge_css_changed;
    gtk_widget_class_set_css_name(widget_class, "picturebadge");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void lk_picture_badge_init(LkPictureBadge *self)
{
    self->icon = GTK_IMAGE(
        g_object_new(GTK_TYPE_IMAGE, "visible", FALSE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL));
    gtk_widget_set_parent(GTK_WIDGET(self->icon), GTK_WIDGET(self));
    gtk_widget_set_can_target(GTK_WIDGET(self), FALSE);
}
