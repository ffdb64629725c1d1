#include "app/test/history_strip.h"

#include "app/widgets/cover.h"

#include <glib/gi18n.h>

enum { SIZE = 56 };

struct _LkHistoryStrip {
    AdwBin parent_instance;
    GtkSingleSelection *selection;
    GtkListView *list;
};

G_DEFINE_FINAL_TYPE(LkHistoryStrip, lk_history_strip, ADW_TYPE_BIN)

enum { SIGNAL_CHOSEN, SIGNAL_OPENED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

LkTestPicture *lk_history_strip_get_chosen(LkHistoryStrip *self)
{
    return gtk_single_selection_get_selected_item(self->selection);
}

guint lk_history_strip_get_position(LkHistoryStrip *self)
{
    return gtk_single_selection_get_selected(self->selection);
}

void lk_history_strip_choose(LkHistoryStrip *self, guint position)
{
    if (position < g_list_model_get_n_items(G_LIST_MODEL(self->selection)))
        gtk_list_view_scroll_to(self->list, position, GTK_LIST_SCROLL_SELECT, NULL);
}

/* ---- items ------------------------------------------------------------------------------------------- */

static void setup_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
    GtkWidget *cover = lk_cover_new();
    gtk_widget_set_size_request(cover, SIZE, SIZE);
    gtk_widget_set_valign(cover, GTK_ALIGN_CENTER);
    gtk_list_item_set_child(item, cover);
}

static void bind_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
    const char *path = lk_test_picture_get_path(gtk_list_item_get_item(item));
    g_autofree char *name = path ? g_filename_display_basename(path) : NULL;
    lk_cover_set_path(LK_COVER(gtk_list_item_get_child(item)), path);
    gtk_list_item_set_accessible_label(item, name ? name : _("Picture"));
    gtk_widget_set_tooltip_text(gtk_list_item_get_child(item), name);
}

static void unbind_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
    lk_cover_set_path(LK_COVER(gtk_list_item_get_child(item)), NULL);
}

static void selected_cb(LkHistoryStrip *self)
{
    g_signal_emit(self, signals[SIGNAL_CHOSEN], 0);
}

static void activate_cb(LkHistoryStrip *self)
{
    g_signal_emit(self, signals[SIGNAL_OPENED], 0);
}

void lk_history_strip_set_history(LkHistoryStrip *self, LkTestHistory *history)
{
    gtk_single_selection_set_model(self->selection, G_LIST_MODEL(history));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_history_strip_dispose(GObject *object)
{
    LkHistoryStrip *self = LK_HISTORY_STRIP(object);
    if (self->selection)
        g_signal_handlers_disconnect_by_data(self->selection, self);
    g_clear_object(&self->selection);
    G_OBJECT_CLASS(lk_history_strip_parent_class)->dispose(object);
}

static void lk_history_strip_class_init(LkHistoryStripClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_history_strip_dispose;
    signals[SIGNAL_CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_OPENED] =
        g_signal_new("opened", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_history_strip_init(LkHistoryStrip *self)
{
    self->selection = gtk_single_selection_new(NULL);
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(setup_cb), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_cb), NULL);
    g_signal_connect(factory, "unbind", G_CALLBACK(unbind_cb), NULL);
    self->list = GTK_LIST_VIEW(gtk_list_view_new(GTK_SELECTION_MODEL(g_object_ref(self->selection)), factory));
    gtk_list_view_set_tab_behavior(self->list, GTK_LIST_TAB_ITEM);
    gtk_orientable_set_orientation(GTK_ORIENTABLE(self->list), GTK_ORIENTATION_HORIZONTAL);
    gtk_widget_add_css_class(GTK_WIDGET(self->list), "history-strip");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Pictures Made So Far"),
                                   -1);
    g_signal_connect_swapped(self->selection, "notify::selected-item", G_CALLBACK(selected_cb), self);
    g_signal_connect_object(self->list, "activate", G_CALLBACK(activate_cb), self, G_CONNECT_SWAPPED);
    GtkWidget *scroller =
        g_object_new(GTK_TYPE_SCROLLED_WINDOW, "vscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-width", TRUE,
                     "halign", GTK_ALIGN_CENTER, "child", self->list, NULL);
    adw_bin_set_child(ADW_BIN(self), scroller);
}
