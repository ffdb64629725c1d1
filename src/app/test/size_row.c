#include "app/test/size_row.h"

#include <glib/gi18n.h>

enum { STEP = 64, LEAST = 64, MOST = 2048 };

struct _LkSizeRow {
    AdwActionRow parent_instance;
    GtkWidget *button;
    GtkAdjustment *sides[2];
};

G_DEFINE_FINAL_TYPE(LkSizeRow, lk_size_row, ADW_TYPE_ACTION_ROW)

enum { WIDTH, HEIGHT };
enum { PROP_WIDTH = 1, PROP_HEIGHT, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

static int side(LkSizeRow *self, int which)
{
    return (int)gtk_adjustment_get_value(self->sides[which]);
}

static void show_size(LkSizeRow *self)
{
    g_autofree char *text = g_strdup_printf("%d × %d", side(self, WIDTH), side(self, HEIGHT));
    gtk_menu_button_set_label(GTK_MENU_BUTTON(self->button), text);
}

/* What is typed between the steps goes to the nearest. */
static void side_cb(LkSizeRow *self, GtkAdjustment *adjustment)
{
    int value = (int)gtk_adjustment_get_value(adjustment), near = (value + STEP / 2) / STEP * STEP;
    if (near != value) {
        gtk_adjustment_set_value(adjustment, CLAMP(near, LEAST, MOST));
        return;
    }
    show_size(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[adjustment == self->sides[WIDTH] ? PROP_WIDTH : PROP_HEIGHT]);
}

/* ---- the popover ------------------------------------------------------------------------------------- */

static void swap_cb(LkSizeRow *self)
{
    int width = side(self, WIDTH), height = side(self, HEIGHT);
    gtk_adjustment_set_value(self->sides[WIDTH], height);
    gtk_adjustment_set_value(self->sides[HEIGHT], width);
}

static void square_cb(LkSizeRow *self)
{
    gtk_adjustment_set_value(self->sides[HEIGHT], side(self, WIDTH));
}

static void add_side(LkSizeRow *self, GtkGrid *grid, int which, const char *title)
{
    GtkWidget *label = gtk_label_new_with_mnemonic(title);
    GtkWidget *spin = gtk_spin_button_new(self->sides[which], STEP, 0);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), spin);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_grid_attach(grid, label, 0, which, 1, 1);
    gtk_grid_attach(grid, spin, 1, which, 1, 1);
}

static GtkWidget *make_button(LkSizeRow *self, const char *label, GCallback callback)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);
    gtk_widget_set_hexpand(button, TRUE);
    g_signal_connect_object(button, "clicked", callback, self, G_CONNECT_SWAPPED);
    return button;
}

static GtkWidget *make_popover(LkSizeRow *self)
{
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 18);
    add_side(self, GTK_GRID(grid), WIDTH, _("_Width"));
    add_side(self, GTK_GRID(grid), HEIGHT, _("_Height"));
    GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    gtk_box_append(GTK_BOX(buttons), make_button(self, _("S_wap"), G_CALLBACK(swap_cb)));
    gtk_box_append(GTK_BOX(buttons), make_button(self, _("S_quare"), G_CALLBACK(square_cb)));
    gtk_grid_attach(GTK_GRID(grid), buttons, 0, 2, 2, 1);
    GtkWidget *popover = gtk_popover_new();
    gtk_popover_set_child(GTK_POPOVER(popover), grid);
    return popover;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_size_row_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_WIDTH || id == PROP_HEIGHT)
        g_value_set_int(value, side(LK_SIZE_ROW(object), id == PROP_WIDTH ? WIDTH : HEIGHT));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_size_row_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkSizeRow *self = LK_SIZE_ROW(object);
    if (id == PROP_WIDTH || id == PROP_HEIGHT)
        gtk_adjustment_set_value(self->sides[id == PROP_WIDTH ? WIDTH : HEIGHT], g_value_get_int(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_size_row_finalize(GObject *object)
{
    LkSizeRow *self = LK_SIZE_ROW(object);
    for (int which = WIDTH; which <= HEIGHT; which++) {
        g_signal_handlers_disconnect_by_data(self->sides[which], self);
        g_object_unref(self->sides[which]);
    }
    G_OBJECT_CLASS(lk_size_row_parent_class)->finalize(object);
}

static void lk_size_row_class_init(LkSizeRowClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_size_row_get_property;
    object_class->set_property = lk_size_row_set_property;
    object_class->finalize = lk_size_row_finalize;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
    properties[PROP_WIDTH] = g_param_spec_int("width-pixels", NULL, NULL, LEAST, MOST, 512, flags);
    properties[PROP_HEIGHT] = g_param_spec_int("height-pixels", NULL, NULL, LEAST, MOST, 512, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_size_row_init(LkSizeRow *self)
{
    for (int which = WIDTH; which <= HEIGHT; which++) {
        self->sides[which] = g_object_ref_sink(gtk_adjustment_new(512, LEAST, MOST, STEP, 4 * STEP, 0));
        g_signal_connect_swapped(self->sides[which], "value-changed", G_CALLBACK(side_cb), self);
    }
    self->button = gtk_menu_button_new();
    gtk_menu_button_set_always_show_arrow(GTK_MENU_BUTTON(self->button), TRUE);
    gtk_menu_button_set_popover(GTK_MENU_BUTTON(self->button), make_popover(self));
    gtk_widget_set_valign(self->button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(self->button, "flat");
    gtk_widget_add_css_class(self->button, "numeric");
    gtk_widget_add_css_class(self->button, "row-value");
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), self->button);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(self), self->button);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), _("Size"));
    show_size(self);
}
