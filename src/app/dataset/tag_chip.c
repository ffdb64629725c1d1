#include "app/dataset/tag_chip.h"

#include <glib/gi18n.h>

struct _LkTagChip {
    GtkWidget parent_instance;
    GtkWidget *pin, *label, *count, *spread, *remove;
    LkTagChipKind kind;
    guint pictures;
};

G_DEFINE_FINAL_TYPE(LkTagChip, lk_tag_chip, GTK_TYPE_WIDGET)

enum { SIGNAL_REMOVED, SIGNAL_ACTIVATED, SIGNAL_SPREAD, SIGNAL_MOVED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

GtkWidget *lk_tag_chip_new(void)
{
    return g_object_new(LK_TYPE_TAG_CHIP, NULL);
}

const char *lk_tag_chip_get_text(LkTagChip *self)
{
    return gtk_label_get_label(GTK_LABEL(self->label));
}

LkTagChipKind lk_tag_chip_get_kind(LkTagChip *self)
{
    return self->kind;
}

/* ---- what it shows ----------------------------------------------------------------------------------- */

static void set_kind(LkTagChip *self, LkTagChipKind kind)
{
    static const char *const classes[] = {NULL, "pinned", "partial"};
    if (classes[self->kind])
        gtk_widget_remove_css_class(GTK_WIDGET(self), classes[self->kind]);
    self->kind = kind;
    if (classes[kind])
        gtk_widget_add_css_class(GTK_WIDGET(self), classes[kind]);
    gtk_widget_set_visible(self->pin, kind == LK_TAG_CHIP_PINNED);
    gtk_widget_set_visible(self->count, kind == LK_TAG_CHIP_PARTIAL);
    gtk_widget_set_visible(self->spread, kind == LK_TAG_CHIP_PARTIAL);
    gtk_widget_set_visible(self->remove, kind != LK_TAG_CHIP_PINNED);
}

static void set_words(LkTagChip *self)
{
    const char *text = lk_tag_chip_get_text(self);
    g_autofree char *name = NULL;
    if (self->kind == LK_TAG_CHIP_PINNED)
        name = g_strdup_printf(_("%s, trigger word"), text);
    else if (self->kind == LK_TAG_CHIP_PARTIAL)
        name = g_strdup_printf(ngettext("%s, in %'u of the captions", "%s, in %'u of the captions", self->pictures),
                               text, self->pictures);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name ? name : text, -1);
    g_autofree char *remove = g_strdup_printf(_("Remove “%s”"), text);
    g_autofree char *spread = g_strdup_printf(_("Add “%s” to All"), text);
    gtk_widget_set_tooltip_text(self->remove, remove);
    gtk_widget_set_tooltip_text(self->spread, spread);
}

void lk_tag_chip_set(LkTagChip *self, const char *text, LkTagChipKind kind, guint count)
{
    const gboolean same =
        kind == self->kind && count == self->pictures && g_str_equal(text, lk_tag_chip_get_text(self));
    if (same)
        return;
    gtk_label_set_label(GTK_LABEL(self->label), text);
    self->pictures = count;
    g_autofree char *number = g_strdup_printf("%'u", count);
    gtk_label_set_label(GTK_LABEL(self->count), number);
    set_kind(self, kind);
    set_words(self);
}

/* The whole of a tag that had to be shortened. */
static gboolean query_tooltip_cb(LkTagChip *self, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
    if (!pango_layout_is_ellipsized(gtk_label_get_layout(GTK_LABEL(self->label))))
        return FALSE;
    gtk_tooltip_set_text(tooltip, lk_tag_chip_get_text(self));
    return TRUE;
}

/* ---- what is done with it ---------------------------------------------------------------------------- */

static void emit_removed(LkTagChip *self)
{
    if (self->kind != LK_TAG_CHIP_PINNED)
        g_signal_emit(self, signals[SIGNAL_REMOVED], 0);
    else
        gtk_widget_error_bell(GTK_WIDGET(self));
}

static void emit_spread(LkTagChip *self)
{
    g_signal_emit(self, signals[SIGNAL_SPREAD], 0);
}

/* A drag that begins on the chip takes the press away from here. */
static void released_cb(LkTagChip *self, int presses, double x, double y)
{
    if (!gtk_widget_contains(GTK_WIDGET(self), x, y))
        return;
    gtk_widget_grab_focus(GTK_WIDGET(self));
    if (presses == 2)
        g_signal_emit(self, signals[SIGNAL_ACTIVATED], 0);
}

static void remove_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    emit_removed(LK_TAG_CHIP(widget));
}

static void activate_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_signal_emit(widget, signals[SIGNAL_ACTIVATED], 0);
}

static void move_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const int step = g_variant_get_int32(parameter);
    const gboolean right_to_left = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
    g_signal_emit(widget, signals[SIGNAL_MOVED], 0, right_to_left ? -step : step);
}

static void spread_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    if (LK_TAG_CHIP(widget)->kind == LK_TAG_CHIP_PARTIAL)
        emit_spread(LK_TAG_CHIP(widget));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static GtkWidget *small_button(LkTagChip *self, const char *icon, GCallback clicked)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_set_focusable(button, FALSE); /* keys on the chip do the same */
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_add_css_class(button, "circular");
    g_signal_connect_object(button, "clicked", clicked, self, G_CONNECT_SWAPPED);
    gtk_widget_set_parent(button, GTK_WIDGET(self));
    return button;
}

static void lk_tag_chip_dispose(GObject *object)
{
    LkTagChip *self = LK_TAG_CHIP(object);
    GtkWidget **parts[] = {&self->pin, &self->label, &self->count, &self->spread, &self->remove};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        g_clear_pointer(parts[i], gtk_widget_unparent);
    G_OBJECT_CLASS(lk_tag_chip_parent_class)->dispose(object);
}

static void add_keys(GtkWidgetClass *widget_class)
{
    gtk_widget_class_install_action(widget_class, "chip.remove", NULL, remove_action);
    gtk_widget_class_install_action(widget_class, "chip.activate", NULL, activate_action);
    gtk_widget_class_install_action(widget_class, "chip.spread", NULL, spread_action);
    gtk_widget_class_install_action(widget_class, "chip.move", "i", move_action);
    static const struct {
        guint key;
        const char *action;
    } keys[] = {
        {GDK_KEY_Delete, "chip.remove"},   {GDK_KEY_KP_Delete, "chip.remove"},  {GDK_KEY_BackSpace, "chip.remove"},
        {GDK_KEY_Return, "chip.activate"}, {GDK_KEY_KP_Enter, "chip.activate"}, {GDK_KEY_space, "chip.activate"},
        {GDK_KEY_F2, "chip.activate"},     {GDK_KEY_plus, "chip.spread"},       {GDK_KEY_KP_Add, "chip.spread"}};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        gtk_widget_class_add_binding_action(widget_class, keys[i].key, 0, keys[i].action, NULL);
    /* With Shift as well, for where Ctrl and arrows go to another picture. */
    static const GdkModifierType with[] = {GDK_CONTROL_MASK, GDK_CONTROL_MASK | GDK_SHIFT_MASK};
    for (gsize i = 0; i < G_N_ELEMENTS(with); i++) {
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Left, with[i], "chip.move", "i", -1);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Right, with[i], "chip.move", "i", 1);
    }
}

static void lk_tag_chip_class_init(LkTagChipClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_tag_chip_dispose;
    signals[SIGNAL_REMOVED] =
        g_signal_new("removed", LK_TYPE_TAG_CHIP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_ACTIVATED] =
        g_signal_new("activated", LK_TYPE_TAG_CHIP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_SPREAD] =
        g_signal_new("spread", LK_TYPE_TAG_CHIP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_MOVED] =
        g_signal_new("moved", LK_TYPE_TAG_CHIP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
    add_keys(widget_class);
    gtk_widget_class_set_css_name(widget_class, "tagchip");
    gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BOX_LAYOUT);
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void lk_tag_chip_init(LkTagChip *self)
{
    GtkWidget *widget = GTK_WIDGET(self);
    self->pin = g_object_new(GTK_TYPE_IMAGE, "icon-name", "view-pin-symbolic", "accessible-role",
                             GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
    self->label = g_object_new(GTK_TYPE_LABEL, "ellipsize", PANGO_ELLIPSIZE_END, "hexpand", TRUE, "xalign", 0.0,
                               "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
    self->count = g_object_new(GTK_TYPE_LABEL, "css-classes", (const char *[]){"dimmed", "numeric", NULL},
                               "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
    gtk_widget_set_parent(self->pin, widget);
    gtk_widget_set_parent(self->label, widget);
    gtk_widget_set_parent(self->count, widget);
    self->spread = small_button(self, "list-add-symbolic", G_CALLBACK(emit_spread));
    self->remove = small_button(self, "window-close-symbolic", G_CALLBACK(emit_removed));
    set_kind(self, LK_TAG_CHIP_PLAIN);
    gtk_widget_set_focusable(widget, TRUE);
    gtk_widget_set_has_tooltip(widget, TRUE);
    g_signal_connect(self, "query-tooltip", G_CALLBACK(query_tooltip_cb), NULL);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect_object(click, "released", G_CALLBACK(released_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));
}
