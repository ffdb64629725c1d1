#include "app/test/grid_cell.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _LkGridCell {
    GtkWidget parent_instance;
    LkTestPicture *picture;
    char *label;
    GtkWidget *icon; /* of a failure */
};

G_DEFINE_FINAL_TYPE(LkGridCell, lk_grid_cell, GTK_TYPE_WIDGET)

LkTestPicture *lk_grid_cell_get_picture(LkGridCell *self)
{
    return self->picture;
}

/* ---- words ------------------------------------------------------------------------------------------- */

static const char *state_words(LkTestPicture *picture)
{
    switch (lk_test_picture_get_state(picture)) {
    case LK_TEST_PICTURE_PLANNED:
        return _("not made yet");
    case LK_TEST_PICTURE_WAITING:
        return _("waiting");
    case LK_TEST_PICTURE_LOADING:
    case LK_TEST_PICTURE_DRAWING:
        return _("being drawn");
    case LK_TEST_PICTURE_FAILED:
        return lk_test_picture_get_error(picture);
    default:
        return _("done");
    }
}

static void update(LkGridCell *self)
{
    g_autofree char *words = g_strdup_printf(_("%s: %s"), self->label, state_words(self->picture));
    gboolean failed = lk_test_picture_get_state(self->picture) == LK_TEST_PICTURE_FAILED;
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), failed ? words : NULL);
    gtk_widget_set_child_visible(self->icon, failed);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void lk_grid_cell_set_chosen(LkGridCell *self, gboolean chosen)
{
    if (chosen)
        gtk_widget_add_css_class(GTK_WIDGET(self), "chosen");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), "chosen");
    gtk_widget_set_focusable(GTK_WIDGET(self), chosen); /* Tab passes a grid in one step */
    gtk_accessible_update_state(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_STATE_SELECTED, chosen, -1);
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

/* How much of it is done, as a bar at the bottom. */
static void draw_progress(LkGridCell *self, GtkSnapshot *snapshot, float width, float height)
{
    const LkPictureWish *wish = lk_test_picture_get_wish(self->picture);
    float part = (float)lk_test_picture_get_step(self->picture) / (float)MAX(wish ? wish->steps : 1, 1);
    g_autoptr(GdkRGBA) accent = adw_style_manager_get_accent_color_rgba(adw_style_manager_get_default());
    gtk_snapshot_append_color(snapshot, &(GdkRGBA){0, 0, 0, 0.35f}, &GRAPHENE_RECT_INIT(0, height - 4, width, 4));
    gtk_snapshot_append_color(snapshot, accent, &GRAPHENE_RECT_INIT(0, height - 4, width * part, 4));
}

static void lk_grid_cell_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkGridCell *self = LK_GRID_CELL(widget);
    float width = (float)gtk_widget_get_width(widget), height = (float)gtk_widget_get_height(widget);
    GdkPaintable *paintable = lk_test_picture_get_paintable(self->picture);
    LkTestPictureState state = lk_test_picture_get_state(self->picture);
    GskRoundedRect clip;
    gsk_rounded_rect_init_from_rect(&clip, &GRAPHENE_RECT_INIT(0, 0, width, height), 9);
    gtk_snapshot_push_rounded_clip(snapshot, &clip);
    if (paintable)
        gdk_paintable_snapshot(paintable, snapshot, width, height);
    if (state == LK_TEST_PICTURE_DRAWING)
        draw_progress(self, snapshot, width, height);
    gtk_snapshot_pop(snapshot);
    gtk_widget_snapshot_child(widget, self->icon, snapshot);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

GtkWidget *lk_grid_cell_new(LkTestPicture *picture, const char *label)
{
    LkGridCell *self = g_object_new(LK_TYPE_GRID_CELL, NULL);
    self->picture = g_object_ref(picture);
    self->label = g_strdup(label);
    g_signal_connect_object(picture, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    update(self);
    return GTK_WIDGET(self);
}

static void lk_grid_cell_dispose(GObject *object)
{
    LkGridCell *self = LK_GRID_CELL(object);
    g_clear_pointer(&self->icon, gtk_widget_unparent);
    g_clear_object(&self->picture);
    g_clear_pointer(&self->label, g_free);
    G_OBJECT_CLASS(lk_grid_cell_parent_class)->dispose(object);
}

static void lk_grid_cell_class_init(LkGridCellClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_grid_cell_dispose;
    widget_class->snapshot = lk_grid_cell_snapshot;
    gtk_widget_class_set_css_name(widget_class, "gridcell");
    gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GRID_CELL);
}

static void lk_grid_cell_init(LkGridCell *self)
{
    self->icon = g_object_new(GTK_TYPE_IMAGE, "icon-name", "dialog-error-symbolic", "halign", GTK_ALIGN_CENTER,
                              "valign", GTK_ALIGN_CENTER, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
    gtk_widget_add_css_class(self->icon, "error");
    gtk_widget_set_parent(self->icon, GTK_WIDGET(self));
}
