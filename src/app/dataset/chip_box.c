#include "app/dataset/chip_box.h"

#include "app/dataset/tag_entry.h"

#include <glib/gi18n.h>

enum { GAP = 6, ENTRY_WIDTH = 250 };

struct _LkChipBox {
    AdwBin parent_instance;
    AdwWrapBox *wrap;
    GPtrArray *chips; /* LkTagChip (borrowed); the first n_chips are shown, the rest are hidden for later */
    guint n_chips;
    GtkLabel *note;
    GtkMenuButton *add_button;
    LkTagEntry *add_entry, *edit_entry;
    GtkPopover *edit_popover;
    guint edited; /* the place of the chip in whose place is typed */
    gboolean movable;
    LkTagChip *marked;     /* where what is dragged would go (borrowed) */
    gboolean marked_after; /* … behind it, not before it */
};

G_DEFINE_FINAL_TYPE(LkChipBox, lk_chip_box, ADW_TYPE_BIN)

enum { SIGNAL_REMOVED, SIGNAL_SPREAD, SIGNAL_REPLACED, SIGNAL_MOVED, SIGNAL_ADDED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

GtkWidget *lk_chip_box_new(void)
{
    return g_object_new(LK_TYPE_CHIP_BOX, NULL);
}

guint lk_chip_box_get_n_chips(LkChipBox *self)
{
    return self->n_chips;
}

LkTagChip *lk_chip_box_get_chip(LkChipBox *self, guint place)
{
    return place < self->n_chips ? self->chips->pdata[place] : NULL;
}

static guint place_of(LkChipBox *self, LkTagChip *chip)
{
    guint place = 0;
    g_ptr_array_find(self->chips, chip, &place);
    return place;
}

/* ---- what chips say ---------------------------------------------------------------------------------- */

static void removed_cb(LkChipBox *self, LkTagChip *chip)
{
    g_signal_emit(self, signals[SIGNAL_REMOVED], 0, place_of(self, chip));
}

static void spread_cb(LkChipBox *self, LkTagChip *chip)
{
    g_signal_emit(self, signals[SIGNAL_SPREAD], 0, place_of(self, chip));
}

static void move(LkChipBox *self, guint from, guint to)
{
    if (from != to)
        g_signal_emit(self, signals[SIGNAL_MOVED], 0, from, to);
}

static void moved_cb(LkChipBox *self, int step, LkTagChip *chip)
{
    const int from = (int)place_of(self, chip), to = from + step;
    if (self->movable && to >= 0 && to < (int)self->n_chips)
        move(self, (guint)from, (guint)to);
    else
        gtk_widget_error_bell(GTK_WIDGET(self));
}

/* Another tag is typed in the place of one. */
static void activated_cb(LkChipBox *self, LkTagChip *chip)
{
    graphene_rect_t bounds;
    if (lk_tag_chip_get_kind(chip) == LK_TAG_CHIP_PINNED ||
        !gtk_widget_compute_bounds(GTK_WIDGET(chip), GTK_WIDGET(self), &bounds))
        return;
    self->edited = place_of(self, chip);
    const GdkRectangle place = {(int)bounds.origin.x, (int)bounds.origin.y, (int)bounds.size.width,
                                (int)bounds.size.height};
    gtk_popover_set_pointing_to(self->edit_popover, &place);
    lk_tag_entry_set_text(self->edit_entry, lk_tag_chip_get_text(chip));
    gtk_popover_popup(self->edit_popover);
    lk_tag_entry_focus(self->edit_entry);
}

static void edit_entry_cb(LkChipBox *self)
{
    g_autofree char *text = g_strdup(lk_tag_entry_get_text(self->edit_entry));
    const guint place = self->edited;
    gtk_popover_popdown(self->edit_popover);
    lk_chip_box_focus(self, place);
    if (place < self->n_chips)
        g_signal_emit(self, signals[SIGNAL_REPLACED], 0, place, text);
}

/* The entry stays, for the next tag. */
static void add_entry_cb(LkChipBox *self)
{
    g_autofree char *text = g_strstrip(g_strdup(lk_tag_entry_get_text(self->add_entry)));
    lk_tag_entry_set_text(self->add_entry, "");
    if (*text)
        g_signal_emit(self, signals[SIGNAL_ADDED], 0, text);
    else
        gtk_menu_button_popdown(self->add_button);
}

/* ---- dragging ---------------------------------------------------------------------------------------- */

static GdkContentProvider *prepare_cb(GtkDragSource *source, double x, double y, LkTagChip *chip)
{
    LkChipBox *self = LK_CHIP_BOX(gtk_widget_get_ancestor(GTK_WIDGET(chip), LK_TYPE_CHIP_BOX));
    if (!self->movable || lk_tag_chip_get_kind(chip) != LK_TAG_CHIP_PLAIN)
        return NULL;
    g_autoptr(GdkPaintable) picture = gtk_widget_paintable_new(GTK_WIDGET(chip));
    g_autoptr(GdkPaintable) still = gdk_paintable_get_current_image(picture);
    gtk_drag_source_set_icon(source, still, (int)x, (int)y);
    return gdk_content_provider_new_typed(LK_TYPE_TAG_CHIP, chip);
}

static void mark(LkChipBox *self, LkTagChip *chip, gboolean after)
{
    if (self->marked) {
        gtk_widget_remove_css_class(GTK_WIDGET(self->marked), "drop-before");
        gtk_widget_remove_css_class(GTK_WIDGET(self->marked), "drop-after");
    }
    self->marked = chip;
    self->marked_after = after;
    if (chip)
        gtk_widget_add_css_class(GTK_WIDGET(chip), after ? "drop-after" : "drop-before");
}

/* The chip nearest to a point, and whether the point is in its second half. */
static LkTagChip *nearest(LkChipBox *self, double x, double y, gboolean *after)
{
    LkTagChip *best = NULL;
    float least = G_MAXFLOAT;
    for (guint i = 0; i < self->n_chips; i++) {
        graphene_rect_t bounds;
        if (!gtk_widget_compute_bounds(self->chips->pdata[i], GTK_WIDGET(self), &bounds))
            continue;
        graphene_point_t middle;
        graphene_rect_get_center(&bounds, &middle);
        const float dx = MAX(0, ABS((float)x - middle.x) - bounds.size.width / 2);
        const float dy = MAX(0, ABS((float)y - middle.y) - bounds.size.height / 2);
        const float distance = dx + 4 * dy; /* rather one of the same line */
        if (distance >= least)
            continue;
        least = distance;
        best = self->chips->pdata[i];
        *after = ((float)x > middle.x) != (gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL);
    }
    return best;
}

static GdkDragAction motion_cb(LkChipBox *self, double x, double y)
{
    gboolean after = FALSE;
    LkTagChip *chip = nearest(self, x, y, &after);
    /* Nothing goes before what is pinned. */
    if (chip && lk_tag_chip_get_kind(chip) == LK_TAG_CHIP_PINNED)
        after = TRUE;
    mark(self, chip, after);
    return chip ? GDK_ACTION_MOVE : 0;
}

static void leave_cb(LkChipBox *self)
{
    mark(self, NULL, FALSE);
}

static gboolean accept_cb(LkChipBox *self, GdkDrop *drop)
{
    return self->movable && gdk_drop_get_drag(drop) &&
           gdk_content_formats_contain_gtype(gdk_drop_get_formats(drop), LK_TYPE_TAG_CHIP);
}

static gboolean drop_cb(LkChipBox *self, const GValue *value, double x, double y)
{
    LkTagChip *chip = g_value_get_object(value);
    motion_cb(self, x, y);
    guint from = 0, to = 0;
    const gboolean ours = g_ptr_array_find(self->chips, chip, &from) && from < self->n_chips && self->marked;
    if (ours) {
        to = place_of(self, self->marked) + (self->marked_after ? 1 : 0);
        to -= to > from; /* its own place becomes free */
    }
    leave_cb(self);
    if (ours)
        move(self, from, to);
    return ours;
}

static void add_drop_target(LkChipBox *self)
{
    GtkDropTarget *target = gtk_drop_target_new(LK_TYPE_TAG_CHIP, GDK_ACTION_MOVE);
    gtk_drop_target_set_preload(target, TRUE);
    g_signal_connect_object(target, "accept", G_CALLBACK(accept_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "enter", G_CALLBACK(motion_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "motion", G_CALLBACK(motion_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "leave", G_CALLBACK(leave_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "drop", G_CALLBACK(drop_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}

/* ---- chips ------------------------------------------------------------------------------------------- */

static LkTagChip *make_chip(LkChipBox *self)
{
    GtkWidget *chip = lk_tag_chip_new();
    g_signal_connect_object(chip, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(chip, "spread", G_CALLBACK(spread_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(chip, "activated", G_CALLBACK(activated_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(chip, "moved", G_CALLBACK(moved_cb), self, G_CONNECT_SWAPPED);
    GtkDragSource *source = gtk_drag_source_new();
    gtk_drag_source_set_actions(source, GDK_ACTION_MOVE);
    g_signal_connect_object(source, "prepare", G_CALLBACK(prepare_cb), chip, 0);
    gtk_widget_add_controller(chip, GTK_EVENT_CONTROLLER(source));
    GtkWidget *before = self->chips->len ? self->chips->pdata[self->chips->len - 1] : NULL;
    adw_wrap_box_insert_child_after(self->wrap, chip, before);
    g_ptr_array_add(self->chips, chip);
    return LK_TAG_CHIP(chip);
}

void lk_chip_box_set_chips(LkChipBox *self, const LkChip *chips, guint n)
{
    GtkWidget *focus = gtk_widget_get_focus_child(GTK_WIDGET(self->wrap));
    guint place = 0;
    const gboolean focused = focus && g_ptr_array_find(self->chips, focus, &place);
    mark(self, NULL, FALSE);
    for (guint i = 0; i < n; i++) {
        LkTagChip *chip = i < self->chips->len ? self->chips->pdata[i] : make_chip(self);
        lk_tag_chip_set(chip, chips[i].text, chips[i].kind, chips[i].count);
        gtk_widget_set_visible(GTK_WIDGET(chip), TRUE);
    }
    self->n_chips = n;
    if (focused && place >= n)
        lk_chip_box_focus(self, place);
    for (guint i = n; i < self->chips->len; i++)
        gtk_widget_set_visible(self->chips->pdata[i], FALSE);
}

void lk_chip_box_set_note(LkChipBox *self, const char *text)
{
    gtk_label_set_label(self->note, text ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(self->note), text != NULL);
}

void lk_chip_box_set_movable(LkChipBox *self, gboolean movable)
{
    self->movable = movable;
}

void lk_chip_box_set_offers(LkChipBox *self, LkPictureList *list, const char *caption)
{
    lk_tag_entry_set_list(self->add_entry, list);
    lk_tag_entry_set_list(self->edit_entry, list);
    lk_tag_entry_set_caption(self->add_entry, caption);
    lk_tag_entry_set_caption(self->edit_entry, caption);
}

void lk_chip_box_focus(LkChipBox *self, guint place)
{
    GtkWidget *target =
        self->n_chips ? self->chips->pdata[MIN(place, self->n_chips - 1)] : GTK_WIDGET(self->add_button);
    gtk_widget_grab_focus(target);
}

void lk_chip_box_add(LkChipBox *self)
{
    gtk_menu_button_popup(self->add_button);
    lk_tag_entry_focus(self->add_entry);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static GtkPopover *make_popover(LkTagEntry **entry, const char *placeholder)
{
    GtkPopover *popover = GTK_POPOVER(gtk_popover_new());
    *entry = g_object_new(LK_TYPE_TAG_ENTRY, "immediate", TRUE, "placeholder", placeholder, "width-request",
                          ENTRY_WIDTH, NULL);
    gtk_popover_set_child(popover, GTK_WIDGET(*entry));
    gtk_widget_add_css_class(GTK_WIDGET(popover), "tag-popover");
    return popover;
}

static void make_add_button(LkChipBox *self)
{
    self->add_button = GTK_MENU_BUTTON(gtk_menu_button_new());
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name("list-add-symbolic"));
    gtk_box_append(GTK_BOX(box), gtk_label_new(_("Add Tag")));
    gtk_menu_button_set_child(self->add_button, box);
    gtk_widget_add_css_class(GTK_WIDGET(self->add_button), "add-chip");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->add_button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Add Tag"), -1);
    GtkPopover *popover = make_popover(&self->add_entry, _("New Tag"));
    gtk_menu_button_set_popover(self->add_button, GTK_WIDGET(popover));
    g_signal_connect_object(self->add_entry, "activate", G_CALLBACK(add_entry_cb), self, G_CONNECT_SWAPPED);
}

static void lk_chip_box_dispose(GObject *object)
{
    LkChipBox *self = LK_CHIP_BOX(object);
    g_clear_pointer((GtkWidget **)&self->edit_popover, gtk_widget_unparent);
    G_OBJECT_CLASS(lk_chip_box_parent_class)->dispose(object);
}

static void lk_chip_box_finalize(GObject *object)
{
    g_ptr_array_unref(LK_CHIP_BOX(object)->chips);
    G_OBJECT_CLASS(lk_chip_box_parent_class)->finalize(object);
}

static guint new_signal(const char *name, guint count, GType first, GType second)
{
    return g_signal_new(name, LK_TYPE_CHIP_BOX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, count, first,
                        second);
}

static void lk_chip_box_class_init(LkChipBoxClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_chip_box_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_chip_box_finalize;
    signals[SIGNAL_REMOVED] = new_signal("removed", 1, G_TYPE_UINT, 0);
    signals[SIGNAL_SPREAD] = new_signal("spread", 1, G_TYPE_UINT, 0);
    signals[SIGNAL_REPLACED] = new_signal("replaced", 2, G_TYPE_UINT, G_TYPE_STRING);
    signals[SIGNAL_MOVED] = new_signal("moved", 2, G_TYPE_UINT, G_TYPE_UINT);
    signals[SIGNAL_ADDED] = new_signal("added", 1, G_TYPE_STRING, 0);
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void lk_chip_box_init(LkChipBox *self)
{
    self->chips = g_ptr_array_new();
    self->wrap = ADW_WRAP_BOX(g_object_new(ADW_TYPE_WRAP_BOX, "child-spacing", GAP, "line-spacing", GAP,
                                           "accessible-role", GTK_ACCESSIBLE_ROLE_LIST, NULL));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->wrap), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Tags"), -1);
    self->note = GTK_LABEL(gtk_label_new(NULL));
    g_object_set(self->note, "visible", FALSE, "css-classes", (const char *[]){"caption", "dimmed", NULL}, NULL);
    make_add_button(self);
    adw_wrap_box_append(self->wrap, GTK_WIDGET(self->note));
    adw_wrap_box_append(self->wrap, GTK_WIDGET(self->add_button));
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->wrap));
    self->edit_popover = make_popover(&self->edit_entry, _("Tag"));
    g_signal_connect_object(self->edit_entry, "activate", G_CALLBACK(edit_entry_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_set_parent(GTK_WIDGET(self->edit_popover), GTK_WIDGET(self));
    add_drop_target(self);
}
