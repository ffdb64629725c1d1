#include "app/help/help_view.h"

#include <adwaita.h>

struct _LkHelpView {
    GtkBox parent_instance;
};

G_DEFINE_FINAL_TYPE(LkHelpView, lk_help_view, GTK_TYPE_BOX)

enum { SIGNAL_LINK, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* The web's links go the usual way, to the browser. */
static gboolean activate_link_cb(LkHelpView *self, const char *target)
{
    if (strstr(target, "://"))
        return FALSE;
    g_signal_emit(self, signals[SIGNAL_LINK], 0, target);
    return TRUE;
}

static GtkWidget *make_label(LkHelpView *self, const char *markup)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_markup(GTK_LABEL(label), markup);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    g_signal_connect_object(label, "activate-link", G_CALLBACK(activate_link_cb), self, G_CONNECT_SWAPPED);
    return label;
}

static GtkWidget *make_heading(LkHelpView *self, const char *markup, int level)
{
    static const char *const classes[] = {"title-1", "title-3", "heading"};
    GtkWidget *label = g_object_new(GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_HEADING, "xalign", 0.0,
                                    "wrap", TRUE, "use-markup", TRUE, "label", markup, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(label), GTK_ACCESSIBLE_PROPERTY_LEVEL, level, -1);
    gtk_widget_add_css_class(label, classes[CLAMP(level, 1, 3) - 1]);
    if (level > 1)
        gtk_widget_set_margin_top(label, 12);
    return label;
}

static GtkWidget *make_item(LkHelpView *self, const LkMarkdownBlock *block)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9), *mark = gtk_label_new(block->marker);
    gtk_widget_set_valign(mark, GTK_ALIGN_START);
    gtk_widget_set_margin_start(box, 6);
    gtk_widget_add_css_class(mark, "dimmed");
    gtk_widget_add_css_class(mark, "numeric");
    gtk_box_append(GTK_BOX(box), mark);
    GtkWidget *label = make_label(self, block->markup);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_box_append(GTK_BOX(box), label);
    return box;
}

static GtkWidget *make_code(const LkMarkdownBlock *block)
{
    GtkWidget *label = gtk_label_new(block->text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    g_autoptr(PangoAttrList) attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
    gtk_label_set_attributes(GTK_LABEL(label), attributes);
    gtk_widget_add_css_class(label, "monospace");
    gtk_widget_add_css_class(label, "prompt");
    return label;
}

static void row_activated_cb(LkHelpView *self, GtkListBoxRow *row)
{
    g_signal_emit(self, signals[SIGNAL_LINK], 0, g_object_get_data(G_OBJECT(row), "target"));
}

/* Items that are nothing but links are rows to press: the ways to other pages. */
static GtkWidget *make_link_list(LkHelpView *self)
{
    GtkWidget *list = gtk_list_box_new();
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
    gtk_widget_add_css_class(list, "boxed-list");
    g_signal_connect_object(list, "row-activated", G_CALLBACK(row_activated_cb), self, G_CONNECT_SWAPPED);
    return list;
}

static GtkWidget *make_link_row(const LkMarkdownBlock *block)
{
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), block->text);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), gtk_image_new_from_icon_name("go-next-symbolic"));
    g_object_set_data_full(G_OBJECT(row), "target", g_strdup(block->link), g_free);
    return row;
}

static GtkWidget *make_block(LkHelpView *self, const LkMarkdownBlock *block)
{
    switch (block->kind) {
    case LK_MARKDOWN_HEADING:
        return make_heading(self, block->markup, block->level);
    case LK_MARKDOWN_ITEM:
        return make_item(self, block);
    case LK_MARKDOWN_CODE:
        return make_code(block);
    default:
        return make_label(self, block->markup);
    }
}

void lk_help_view_set_topic(LkHelpView *self, const LkHelpTopic *topic)
{
    GtkWidget *child, *links = NULL;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(self))))
        gtk_box_remove(GTK_BOX(self), child);
    g_autofree char *title = g_markup_escape_text(topic->title, -1);
    gtk_box_append(GTK_BOX(self), make_heading(self, title, 1));
    for (guint i = 0; i < topic->blocks->len; i++) {
        const LkMarkdownBlock *block = topic->blocks->pdata[i];
        gboolean is_link = block->kind == LK_MARKDOWN_ITEM && block->link && !strstr(block->link, "://");
        if (is_link && !links)
            gtk_box_append(GTK_BOX(self), links = make_link_list(self));
        if (is_link)
            gtk_list_box_append(GTK_LIST_BOX(links), make_link_row(block));
        else
            gtk_box_append(GTK_BOX(self), make_block(self, block));
        links = is_link ? links : NULL;
    }
}

static void lk_help_view_class_init(LkHelpViewClass *klass)
{
    signals[SIGNAL_LINK] =
        g_signal_new("link", LK_TYPE_HELP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_help_view_init(LkHelpView *self)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
    gtk_box_set_spacing(GTK_BOX(self), 12);
}
