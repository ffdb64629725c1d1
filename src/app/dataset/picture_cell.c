#include "app/dataset/picture_cell.h"

#include "app/dataset/picture_marks.h"
#include "app/widgets/picture_badge.h"
#include "dataset/picture.h"

#include <string.h>

enum { EDGE = 6, BETWEEN = 4, MOST_BARE = 110 };

struct _LkPictureCell {
    GtkWidget parent_instance;
    LkThumbnails *thumbnails;
    LkPicture *picture;
    GdkTexture *texture;
    int texture_side, asked_side; /* what was asked for when it came, and is asked for now */
    GCancellable *cancellable;    /* of the thumbnail that is asked for */
    char *failure;                /* why there is no thumbnail */
    int side;                     /* of the square, in logical pixels; 0: not known yet */
    gint64 modified;              /* of the file whose thumbnail is shown or asked for */
    GtkWidget *check;
    LkPictureBadge *badges[LK_PICTURE_MARKS]; /* made when first needed */
    GtkWidget *blank, *reason;                /* icon and words where there is no picture; likewise */
};

G_DEFINE_FINAL_TYPE(LkPictureCell, lk_picture_cell, GTK_TYPE_WIDGET)

GtkWidget *lk_picture_cell_new(LkThumbnails *thumbnails)
{
    LkPictureCell *self = g_object_new(LK_TYPE_PICTURE_CELL, NULL);
    self->thumbnails = g_object_ref(thumbnails);
    return GTK_WIDGET(self);
}

LkPicture *lk_picture_cell_get_picture(LkPictureCell *self)
{
    return self->picture;
}

GdkTexture *lk_picture_cell_get_texture(LkPictureCell *self)
{
    return self->texture;
}

/* ---- what is written on it --------------------------------------------------------------------------- */

static void show_badge(LkPictureCell *self, guint index, const LkPictureMark *mark)
{
    LkPictureBadge *badge = self->badges[index];
    if (!mark) {
        if (badge)
            gtk_widget_set_visible(GTK_WIDGET(badge), FALSE);
        return;
    }
    if (!badge) {
        badge = self->badges[index] = LK_PICTURE_BADGE(lk_picture_badge_new());
        gtk_widget_insert_after(GTK_WIDGET(badge), GTK_WIDGET(self), NULL);
    }
    if (mark->warning)
        gtk_widget_add_css_class(GTK_WIDGET(badge), "warning");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(badge), "warning");
    lk_picture_badge_set(badge, mark->icon, mark->text);
    gtk_widget_set_visible(GTK_WIDGET(badge), TRUE);
}

static void make_blank(LkPictureCell *self)
{
    self->blank = g_object_new(GTK_TYPE_IMAGE, "icon-name", "dialog-error-symbolic", "pixel-size", 24, NULL);
    self->reason = g_object_new(GTK_TYPE_LABEL, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "lines", 4,
                                "ellipsize", PANGO_ELLIPSIZE_END, "justify", GTK_JUSTIFY_CENTER, "css-classes",
                                (const char *[]){"caption", NULL}, NULL);
    gtk_widget_insert_after(self->blank, GTK_WIDGET(self), NULL);
    gtk_widget_insert_after(self->reason, GTK_WIDGET(self), self->blank);
}

static void show_reason(LkPictureCell *self, const char *reason)
{
    if (!reason && !self->blank)
        return;
    if (!self->blank)
        make_blank(self);
    gtk_label_set_label(GTK_LABEL(self->reason), reason ? reason : "");
    gtk_widget_set_visible(self->blank, reason != NULL);
    gtk_widget_set_visible(self->reason, reason != NULL);
}

static void update_words(LkPictureCell *self)
{
    LkPictureMark marks[LK_PICTURE_MARKS];
    guint count = self->picture && !self->failure ? lk_picture_marks(self->picture, marks) : 0;
    for (guint i = 0; i < LK_PICTURE_MARKS; i++)
        show_badge(self, i, i < count ? &marks[i] : NULL);
    for (guint i = 0; i < count; i++)
        lk_picture_mark_clear(&marks[i]);
    g_autofree char *known = self->picture ? lk_picture_blank_reason(self->picture) : NULL;
    show_reason(self, known ? known : self->failure);
    if (self->picture && lk_picture_get_excluded(self->picture))
        gtk_widget_add_css_class(GTK_WIDGET(self), "excluded");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), "excluded");
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- the thumbnail ----------------------------------------------------------------------------------- */

static void set_texture(LkPictureCell *self, GdkTexture *texture)
{
    if (g_set_object(&self->texture, texture))
        gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void cancel(LkPictureCell *self)
{
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
}

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the cell shows another picture, or is gone */
    LkPictureCell *self = data;
    g_clear_object(&self->cancellable);
    self->texture_side = self->asked_side;
    set_texture(self, texture);
    g_set_str(&self->failure, error ? lk_picture_reason(lk_picture_get_path(self->picture), error) : NULL);
    update_words(self);
}

/* The list knows of pictures without pixels before anybody tries. */
static gboolean has_pixels(LkPictureCell *self)
{
    return self->picture && !lk_picture_get_error(self->picture) && !lk_picture_get_missing(self->picture);
}

/* In pixels of the screen, as far as thumbnails have them. */
static int wanted_side(LkPictureCell *self)
{
    return MIN(LK_THUMBNAIL_SIDE, self->side * gtk_widget_get_scale_factor(GTK_WIDGET(self)));
}

/* One from before the grid was zoomed is shown, but another one is wanted; a small picture has no more pixels. */
static gboolean is_sharp(LkPictureCell *self)
{
    int side = wanted_side(self);
    return self->texture &&
           (self->texture_side == side || (gdk_texture_get_width(self->texture) < side && self->texture_side > side));
}

gboolean lk_picture_cell_is_waiting(LkPictureCell *self)
{
    return self->side > 0 && has_pixels(self) && !is_sharp(self) && !self->cancellable && !self->failure;
}

static void ask(LkPictureCell *self)
{
    self->cancellable = g_cancellable_new();
    self->asked_side = wanted_side(self);
    lk_thumbnails_load_square(self->thumbnails, lk_picture_get_path(self->picture), self->asked_side, self->cancellable,
                              loaded_cb, self);
}

void lk_picture_cell_load(LkPictureCell *self)
{
    if (lk_picture_cell_is_waiting(self))
        ask(self);
}

void lk_picture_cell_set_side(LkPictureCell *self, int side)
{
    if (self->side == side)
        return;
    self->side = side;
    cancel(self);
    gtk_widget_queue_resize(GTK_WIDGET(self));
}

/* Another file under the same name: what is shown stays until the new one is there. */
static void file_changed(LkPictureCell *self)
{
    gint64 modified = lk_picture_get_modified(self->picture);
    gboolean other = self->modified != 0 && modified != self->modified;
    self->modified = modified;
    if (!other)
        return;
    cancel(self);
    g_clear_pointer(&self->failure, g_free);
    lk_thumbnails_forget(self->thumbnails, lk_picture_get_path(self->picture));
    if (has_pixels(self) && self->side > 0)
        ask(self);
}

static void picture_changed_cb(LkPictureCell *self)
{
    file_changed(self);
    if (!has_pixels(self)) {
        cancel(self);
        set_texture(self, NULL);
    }
    update_words(self);
    lk_picture_cell_load(self); /* one that could not be read and now can */
}

void lk_picture_cell_set_picture(LkPictureCell *self, LkPicture *picture)
{
    if (self->picture == picture)
        return;
    cancel(self);
    if (self->picture)
        g_signal_handlers_disconnect_by_func(self->picture, picture_changed_cb, self);
    g_set_object(&self->picture, picture);
    g_clear_pointer(&self->failure, g_free);
    self->texture_side = wanted_side(self);
    set_texture(self, has_pixels(self) ? lk_thumbnails_peek_square(self->thumbnails, lk_picture_get_path(picture),
                                                                   self->texture_side)
                                       : NULL);
    if (!picture)
        return; /* about to show another one */
    self->modified = lk_picture_get_modified(picture);
    g_signal_connect_object(picture, "notify", G_CALLBACK(picture_changed_cb), self, G_CONNECT_SWAPPED);
    update_words(self);
}

/* ---- a square with things in its corners ------------------------------------------------------------- */

/* All cells are as large as the grid says, so that pictures are drawn pixel for pixel; what lies on one never makes it
 * larger. */
static void lk_picture_cell_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                    int *natural, int *minimum_baseline, int *natural_baseline)
{
    int side = MAX(1, LK_PICTURE_CELL(widget)->side);
    *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 1 : side;
    *natural = side;
}

static void place(GtkWidget *child, int x, int y, int width, int height)
{
    gtk_widget_size_allocate(child, &(GtkAllocation){x, y, width, height}, -1);
}

static void place_badges(LkPictureCell *self, int width, int height)
{
    gboolean right = gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL;
    int used = EDGE;
    for (guint i = 0; i < LK_PICTURE_MARKS; i++) {
        GtkWidget *badge = GTK_WIDGET(self->badges[i]);
        if (!badge || !gtk_widget_get_visible(badge))
            continue;
        int least, wanted, high, room = width - used - EDGE;
        gtk_widget_measure(badge, GTK_ORIENTATION_HORIZONTAL, -1, &least, &wanted, NULL, NULL);
        gtk_widget_measure(badge, GTK_ORIENTATION_VERTICAL, -1, &high, NULL, NULL, NULL);
        gboolean fits = least <= room && high + 2 * EDGE <= height;
        gtk_widget_set_child_visible(badge, fits);
        if (!fits)
            continue;
        int wide = wanted <= room ? wanted : least;
        place(badge, right ? width - used - wide : used, height - EDGE - high, wide, high);
        used += wide + BETWEEN;
    }
}

/* The icon, and below it the reason where it has room for more than two letters a line. */
static void place_blank(LkPictureCell *self, int width, int height)
{
    if (!self->blank || !gtk_widget_get_visible(self->blank))
        return;
    int icon, least, words = 0, room = MAX(1, width - 2 * EDGE);
    gtk_widget_measure(self->blank, GTK_ORIENTATION_HORIZONTAL, -1, &icon, NULL, NULL, NULL);
    gtk_widget_measure(self->reason, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
    if (least <= room)
        gtk_widget_measure(self->reason, GTK_ORIENTATION_VERTICAL, room, &words, NULL, NULL, NULL);
    gboolean both = width >= MOST_BARE && words > 0 && icon + EDGE + words <= height - 2 * EDGE;
    int top = (height - icon - (both ? EDGE + words : 0)) / 2;
    gtk_widget_set_child_visible(self->reason, both);
    place(self->blank, (width - icon) / 2, MAX(0, top), icon, icon);
    if (both)
        place(self->reason, EDGE, top + icon + EDGE, room, words);
}

static void lk_picture_cell_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    LkPictureCell *self = LK_PICTURE_CELL(widget);
    gboolean right = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
    int check;
    gtk_widget_measure(self->check, GTK_ORIENTATION_HORIZONTAL, -1, &check, NULL, NULL, NULL);
    place(self->check, right ? EDGE : width - EDGE - check, EDGE, check, check);
    place_badges(self, width, height);
    place_blank(self, width, height);
}

/* The middle of the picture, as large as the cell. */
static void snapshot_picture(LkPictureCell *self, GtkSnapshot *snapshot, float width, float height)
{
    float from_width = (float)gdk_texture_get_width(self->texture);
    float from_height = (float)gdk_texture_get_height(self->texture);
    float scale = MAX(width / from_width, height / from_height);
    float to_width = from_width * scale, to_height = from_height * scale;
    graphene_rect_t whole = GRAPHENE_RECT_INIT((width - to_width) / 2, (height - to_height) / 2, to_width, to_height);
    gboolean pale = lk_picture_get_excluded(self->picture);
    if (pale)
        gtk_snapshot_push_opacity(snapshot, 0.45);
    gtk_snapshot_append_texture(snapshot, self->texture, &whole);
    if (pale)
        gtk_snapshot_pop(snapshot);
}

static void lk_picture_cell_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    LkPictureCell *self = LK_PICTURE_CELL(widget);
    if (self->texture && self->picture)
        snapshot_picture(self, snapshot, (float)gtk_widget_get_width(widget), (float)gtk_widget_get_height(widget));
    GTK_WIDGET_CLASS(lk_picture_cell_parent_class)->snapshot(widget, snapshot);
}

static gboolean lk_picture_cell_query_tooltip(GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
    LkPicture *picture = LK_PICTURE_CELL(widget)->picture;
    if (!picture)
        return FALSE;
    g_autofree char *reason = lk_picture_blank_reason(picture);
    g_autofree char *size = g_strdup_printf("%d × %d", lk_picture_get_width(picture), lk_picture_get_height(picture));
    const char *below = reason ? reason : lk_picture_get_width(picture) > 0 ? size : NULL;
    g_autofree char *text = g_strjoin(below ? "\n" : "", lk_picture_get_name(picture), below, NULL);
    gtk_tooltip_set_text(tooltip, text);
    return TRUE;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_picture_cell_dispose(GObject *object)
{
    LkPictureCell *self = LK_PICTURE_CELL(object);
    lk_picture_cell_set_picture(self, NULL);
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(self))))
        gtk_widget_unparent(child);
    self->check = self->blank = self->reason = NULL;
    memset(self->badges, 0, sizeof self->badges);
    g_clear_object(&self->thumbnails);
    G_OBJECT_CLASS(lk_picture_cell_parent_class)->dispose(object);
}

static void lk_picture_cell_class_init(LkPictureCellClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_picture_cell_dispose;
    widget_class->measure = lk_picture_cell_measure;
    widget_class->size_allocate = lk_picture_cell_size_allocate;
    widget_class->snapshot = lk_picture_cell_snapshot;
    widget_class->query_tooltip = lk_picture_cell_query_tooltip;
    gtk_widget_class_set_css_name(widget_class, "picturecell");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void lk_picture_cell_init(LkPictureCell *self)
{
    gtk_widget_set_halign(GTK_WIDGET(self), GTK_ALIGN_CENTER);
    gtk_widget_set_valign(GTK_WIDGET(self), GTK_ALIGN_CENTER);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN); /* so that its round corners count */
    gtk_widget_set_has_tooltip(GTK_WIDGET(self), TRUE);
    self->check = g_object_new(GTK_TYPE_IMAGE, "icon-name", "object-select-symbolic", "css-name", "check",
                               "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, "can-target", FALSE, NULL);
    gtk_widget_set_parent(self->check, GTK_WIDGET(self));
}
