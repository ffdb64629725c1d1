#include "app/help/help_window.h"

#include "app/help/help_view.h"

#include <glib/gi18n.h>

struct _LkHelpWindow {
    AdwWindow parent_instance;
    AdwNavigationSplitView *split;
    GtkSearchEntry *search_entry;
    GtkListBox *topic_list;
    AdwNavigationPage *content_page;
    GtkScrolledWindow *scroller;
    GtkWidget *back_button;
    LkHelpView *view;
    LkHelpLibrary *library;
    const LkHelpTopic *topic;
    GPtrArray *history; /* LkHelpTopic: pages before this one */
};

G_DEFINE_FINAL_TYPE(LkHelpWindow, lk_help_window, ADW_TYPE_WINDOW)

/* ---- the list of topics ------------------------------------------------------------------------------ */

static const LkHelpTopic *row_topic(GtkListBoxRow *row)
{
    return g_object_get_data(G_OBJECT(row), "topic");
}

static void header_func(GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
    LkHelpWindow *self = data;
    gboolean searching = *gtk_editable_get_text(GTK_EDITABLE(self->search_entry)) != '\0';
    const char *section = row_topic(row)->section;
    if (searching || (before && g_str_equal(section, row_topic(before)->section))) {
        gtk_list_box_row_set_header(row, NULL);
        return;
    }
    GtkWidget *label = gtk_label_new(section);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_widget_add_css_class(label, "caption-heading");
    gtk_widget_add_css_class(label, "dimmed");
    gtk_widget_add_css_class(label, "section-title");
    gtk_list_box_row_set_header(row, label);
}

static GtkWidget *make_row(const LkHelpHit *hit)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *title = gtk_label_new(hit->topic->title);
    gtk_label_set_xalign(GTK_LABEL(title), 0);
    gtk_label_set_wrap(GTK_LABEL(title), TRUE);
    gtk_widget_set_margin_top(box, 6);
    gtk_widget_set_margin_bottom(box, 6);
    gtk_box_append(GTK_BOX(box), title);
    if (hit->excerpt) {
        GtkWidget *excerpt = gtk_label_new(NULL);
        gtk_label_set_markup(GTK_LABEL(excerpt), hit->excerpt);
        gtk_label_set_xalign(GTK_LABEL(excerpt), 0);
        gtk_label_set_wrap(GTK_LABEL(excerpt), TRUE);
        gtk_label_set_wrap_mode(GTK_LABEL(excerpt), PANGO_WRAP_WORD_CHAR);
        gtk_widget_add_css_class(excerpt, "caption");
        gtk_widget_add_css_class(excerpt, "dimmed");
        gtk_box_append(GTK_BOX(box), excerpt);
    }
    GtkWidget *row = gtk_list_box_row_new();
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, hit->topic->title, -1);
    g_object_set_data(G_OBJECT(row), "topic", (gpointer)hit->topic);
    return row;
}

static GtkListBoxRow *row_at(LkHelpWindow *self, int index)
{
    return gtk_list_box_get_row_at_index(self->topic_list, index);
}

/* When it has its place. */
static gboolean scroll_idle_cb(gpointer row)
{
    GtkWidget *viewport = gtk_widget_get_ancestor(row, GTK_TYPE_VIEWPORT);
    if (viewport)
        gtk_viewport_scroll_to(GTK_VIEWPORT(viewport), row, NULL);
    return G_SOURCE_REMOVE;
}

static void select_topic(LkHelpWindow *self)
{
    gtk_list_box_unselect_all(self->topic_list);
    GtkListBoxRow *row;
    for (int i = 0; (row = row_at(self, i)); i++)
        if (row_topic(row) == self->topic) {
            gtk_list_box_select_row(self->topic_list, row);
            g_idle_add_full(G_PRIORITY_LOW, scroll_idle_cb, g_object_ref(row), g_object_unref);
        }
}

static void fill_list(LkHelpWindow *self)
{
    const char *query = gtk_editable_get_text(GTK_EDITABLE(self->search_entry));
    g_autoptr(GPtrArray) hits = lk_help_library_search(self->library, query);
    GtkListBoxRow *row;
    while ((row = row_at(self, 0))) /* one by one: the placeholder stays */
        gtk_list_box_remove(self->topic_list, GTK_WIDGET(row));
    for (guint i = 0; i < hits->len; i++)
        gtk_list_box_append(self->topic_list, make_row(hits->pdata[i]));
    select_topic(self);
}

/* ---- the page ---------------------------------------------------------------------------------------- */

static void show_back(LkHelpWindow *self)
{
    gtk_widget_set_visible(self->back_button,
                           self->history->len || adw_navigation_split_view_get_collapsed(self->split));
}

static void show_topic(LkHelpWindow *self, const LkHelpTopic *topic)
{
    self->topic = topic;
    lk_help_view_set_topic(self->view, topic);
    adw_navigation_page_set_title(self->content_page, topic->title);
    gtk_adjustment_set_value(gtk_scrolled_window_get_vadjustment(self->scroller), 0);
    adw_navigation_split_view_set_show_content(self->split, TRUE);
    select_topic(self);
    show_back(self);
}

static void go_to(LkHelpWindow *self, const LkHelpTopic *topic)
{
    if (topic == self->topic)
        return;
    if (self->topic)
        g_ptr_array_add(self->history, (gpointer)self->topic);
    show_topic(self, topic);
}

static void link_cb(LkHelpWindow *self, const char *target)
{
    const LkHelpTopic *topic = lk_help_library_find(self->library, target);
    if (!topic)
        return;
    go_to(self, topic);
    gtk_widget_grab_focus(GTK_WIDGET(self->scroller)); /* what had it is gone */
}

static void row_activated_cb(LkHelpWindow *self, GtkListBoxRow *row)
{
    go_to(self, row_topic(row));
    adw_navigation_split_view_set_show_content(self->split, TRUE);
}

static void search_changed_cb(LkHelpWindow *self)
{
    fill_list(self);
}

static void search_activate_cb(LkHelpWindow *self)
{
    fill_list(self); /* typing may be ahead of the list */
    if (row_at(self, 0))
        row_activated_cb(self, row_at(self, 0));
}

static void stop_search_cb(LkHelpWindow *self)
{
    if (*gtk_editable_get_text(GTK_EDITABLE(self->search_entry)))
        gtk_editable_set_text(GTK_EDITABLE(self->search_entry), "");
    else
        gtk_window_close(GTK_WINDOW(self));
}

static void collapsed_cb(LkHelpWindow *self)
{
    if (self->history)
        show_back(self);
}

/* To the page before; on a narrow window, from the first one to the list. */
static void back_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkHelpWindow *self = LK_HELP_WINDOW(widget);
    if (self->history->len)
        show_topic(self, g_ptr_array_steal_index(self->history, self->history->len - 1));
    else if (adw_navigation_split_view_get_collapsed(self->split))
        adw_navigation_split_view_set_show_content(self->split, FALSE);
    if (adw_navigation_split_view_get_show_content(self->split))
        gtk_widget_grab_focus(GTK_WIDGET(self->scroller));
}

static void search_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkHelpWindow *self = LK_HELP_WINDOW(widget);
    adw_navigation_split_view_set_show_content(self->split, FALSE);
    gtk_widget_grab_focus(GTK_WIDGET(self->search_entry));
}

void lk_help_window_show_topic(LkHelpWindow *self, const char *id)
{
    const GPtrArray *topics = lk_help_library_get_topics(self->library);
    const LkHelpTopic *topic = lk_help_library_find(self->library, id);
    if (!topic && topics->len)
        topic = topics->pdata[0];
    if (topic)
        go_to(self, topic);
    adw_navigation_split_view_set_show_content(self->split, TRUE);
    gtk_window_present(GTK_WINDOW(self));
    gtk_widget_grab_focus(GTK_WIDGET(self->scroller));
}

LkHelpWindow *lk_help_window_new(GtkWindow *parent)
{
    LkHelpWindow *self = g_object_new(LK_TYPE_HELP_WINDOW, NULL);
    g_signal_connect_object(parent, "destroy", G_CALLBACK(gtk_window_destroy), self, G_CONNECT_SWAPPED);
    return self;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_help_window_dispose(GObject *object)
{
    LkHelpWindow *self = LK_HELP_WINDOW(object);
    if (self->topic_list)
        gtk_list_box_set_header_func(self->topic_list, NULL, NULL, NULL); /* it asks the entry, which goes first */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_HELP_WINDOW);
    G_OBJECT_CLASS(lk_help_window_parent_class)->dispose(object);
}

static void lk_help_window_finalize(GObject *object)
{
    LkHelpWindow *self = LK_HELP_WINDOW(object);
    g_clear_pointer(&self->history, g_ptr_array_unref);
    g_clear_pointer(&self->library, lk_help_library_free);
    G_OBJECT_CLASS(lk_help_window_parent_class)->finalize(object);
}

static void lk_help_window_class_init(LkHelpWindowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_help_window_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_help_window_finalize;
    g_type_ensure(LK_TYPE_HELP_VIEW);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/help-help_window.ui");
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, split);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, search_entry);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, topic_list);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, content_page);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, scroller);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, back_button);
    gtk_widget_class_bind_template_child(widget_class, LkHelpWindow, view);
    gtk_widget_class_bind_template_callback(widget_class, collapsed_cb);
    gtk_widget_class_bind_template_callback(widget_class, row_activated_cb);
    gtk_widget_class_bind_template_callback(widget_class, search_activate_cb);
    gtk_widget_class_bind_template_callback(widget_class, search_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, stop_search_cb);
    gtk_widget_class_install_action(widget_class, "help.back", NULL, back_action);
    gtk_widget_class_install_action(widget_class, "help.search", NULL, search_action);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Left, GDK_ALT_MASK, "help.back", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "help.search", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void lk_help_window_init(LkHelpWindow *self)
{
    self->history = g_ptr_array_new();
    self->library = lk_help_library_new(lk_help_language());
    gtk_widget_init_template(GTK_WIDGET(self));
    GtkWidget *nothing = gtk_label_new(_("Nothing in the help has all of these words."));
    gtk_label_set_wrap(GTK_LABEL(nothing), TRUE);
    gtk_widget_add_css_class(nothing, "dimmed");
    gtk_widget_add_css_class(nothing, "section-title");
    gtk_list_box_set_placeholder(self->topic_list, nothing);
    gtk_list_box_set_header_func(self->topic_list, header_func, self, NULL);
    g_signal_connect_object(self->view, "link", G_CALLBACK(link_cb), self, G_CONNECT_SWAPPED);
    fill_list(self);
}
