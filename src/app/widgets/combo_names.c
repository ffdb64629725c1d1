#include "app/widgets/combo_names.h"

/* What the chooser calls an item. Free with g_free. */
static char *title_of(GtkWidget *chooser, gpointer item)
{
    GtkExpression *expression = ADW_IS_COMBO_ROW(chooser) ? adw_combo_row_get_expression(ADW_COMBO_ROW(chooser))
                                                          : gtk_drop_down_get_expression(GTK_DROP_DOWN(chooser));
    g_auto(GValue) value = G_VALUE_INIT;
    if (expression && gtk_expression_evaluate(expression, item, &value))
        return g_value_dup_string(&value);
    return GTK_IS_STRING_OBJECT(item) ? g_strdup(gtk_string_object_get_string(item)) : g_strdup("");
}

enum { SHORT = 14 }; /* characters that are never shortened */

void lk_combo_set_label(GtkLabel *label, const char *text)
{
    gboolean shortened = g_utf8_strlen(text, -1) > SHORT;
    gtk_label_set_ellipsize(label, shortened ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
    gtk_label_set_width_chars(label, shortened ? SHORT - 4 : -1);
    gtk_label_set_label(label, text);
}

static GtkWidget *make_label(void)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    return label;
}

/* In the row only the title, in the list a check mark beside the chosen one. */
static void setup_cb(GtkSignalListItemFactory *factory, GtkListItem *item, GtkWidget *chooser)
{
    gtk_list_item_set_child(item, make_label());
}

static void setup_list_cb(GtkSignalListItemFactory *factory, GtkListItem *item, GtkWidget *chooser)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12), *label = make_label();
    GtkWidget *mark = g_object_new(GTK_TYPE_IMAGE, "icon-name", "object-select-symbolic", "accessible-role",
                                   GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), mark);
    gtk_list_item_set_child(item, box);
}

static void bind_cb(GtkSignalListItemFactory *factory, GtkListItem *item, GtkWidget *chooser)
{
    g_autofree char *title = title_of(chooser, gtk_list_item_get_item(item));
    GtkLabel *label = GTK_LABEL(gtk_list_item_get_child(item));
    if (ADW_IS_COMBO_ROW(chooser))
        lk_combo_set_label(label, title);
    else /* as wide as its place: two may stand side by side */
        gtk_label_set_label(label, title);
    gtk_list_item_set_accessible_label(item, title);
}

static void show_mark(GtkWidget *chooser, GParamSpec *pspec, GtkListItem *item)
{
    g_autoptr(GObject) chosen = NULL;
    g_object_get(chooser, "selected-item", &chosen, NULL);
    GtkWidget *mark = gtk_widget_get_last_child(gtk_list_item_get_child(item));
    gtk_widget_set_opacity(mark, gtk_list_item_get_item(item) == chosen ? 1 : 0);
}

static void bind_list_cb(GtkSignalListItemFactory *factory, GtkListItem *item, GtkWidget *chooser)
{
    g_autofree char *title = title_of(chooser, gtk_list_item_get_item(item));
    gtk_label_set_label(GTK_LABEL(gtk_widget_get_first_child(gtk_list_item_get_child(item))), title);
    gtk_list_item_set_accessible_label(item, title);
    g_signal_connect_object(chooser, "notify::selected-item", G_CALLBACK(show_mark), item, 0);
    show_mark(chooser, NULL, item);
}

static void unbind_list_cb(GtkSignalListItemFactory *factory, GtkListItem *item, GtkWidget *chooser)
{
    g_signal_handlers_disconnect_by_func(chooser, show_mark, item);
}

void lk_combo_name_items(GtkWidget *chooser)
{
    g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new();
    g_autoptr(GtkListItemFactory) list = gtk_signal_list_item_factory_new();
    g_signal_connect_object(factory, "setup", G_CALLBACK(setup_cb), chooser, 0);
    g_signal_connect_object(factory, "bind", G_CALLBACK(bind_cb), chooser, 0);
    g_signal_connect_object(list, "setup", G_CALLBACK(setup_list_cb), chooser, 0);
    g_signal_connect_object(list, "bind", G_CALLBACK(bind_list_cb), chooser, 0);
    g_signal_connect_object(list, "unbind", G_CALLBACK(unbind_list_cb), chooser, 0);
    g_object_set(chooser, "factory", factory, "list-factory", list, NULL);
}
