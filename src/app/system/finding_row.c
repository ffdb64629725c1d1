#include "app/system/finding_row.h"

#include "app/page.h"

#include <glib/gi18n.h>

/* By LkSystemState; the words of the row say the same. */
static const struct {
    const char *icon, *style, *word;
} states[] = {
    {"object-select-symbolic", "success", N_("fine")},
    {"dialog-warning-symbolic", "warning", N_("attention")},
    {"dialog-error-symbolic", "error", N_("missing")},
};

static void copy_cb(GtkWidget *button)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(button), g_object_get_data(G_OBJECT(button), "command"));
    lk_page_toast(button, _("Command copied"), NULL, NULL, NULL);
}

static GtkWidget *make_command(const char *command)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new(command);
    GtkWidget *copy = gtk_button_new_from_icon_name("edit-copy-symbolic");
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_CHAR);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_widget_add_css_class(label, "monospace");
    gtk_widget_add_css_class(label, "prompt");
    gtk_widget_set_tooltip_text(copy, _("Copy Command"));
    gtk_widget_set_valign(copy, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(copy, "flat");
    g_object_set_data_full(G_OBJECT(copy), "command", g_strdup(command), g_free);
    g_signal_connect(copy, "clicked", G_CALLBACK(copy_cb), NULL);
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), copy);
    return box;
}

static void add_label(GtkWidget *box, const char *text, const char *style)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(label), style != NULL);
    if (style)
        gtk_widget_add_css_class(label, style);
    gtk_box_append(GTK_BOX(box), label);
}

GtkWidget *lk_system_row_new(LkSystemState state, const char *title, const char *text, const char *fix,
                             const char *command)
{
    GtkWidget *row = adw_preferences_row_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *icon = gtk_image_new_from_icon_name(states[state].icon);
    GtkWidget *words = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    gtk_widget_add_css_class(icon, states[state].style);
    gtk_accessible_update_property(GTK_ACCESSIBLE(icon), GTK_ACCESSIBLE_PROPERTY_LABEL, _(states[state].word), -1);
    gtk_widget_set_hexpand(words, TRUE);
    gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
    add_label(words, title, NULL);
    add_label(words, text, "caption");
    if (fix)
        add_label(words, fix, "caption");
    gtk_widget_add_css_class(gtk_widget_get_next_sibling(gtk_widget_get_first_child(words)), "dimmed");
    if (command)
        gtk_box_append(GTK_BOX(words), make_command(command));
    gtk_box_append(GTK_BOX(box), icon);
    gtk_box_append(GTK_BOX(box), words);
    gtk_widget_add_css_class(box, "system-row");
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                   GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, _(states[state].word), -1);
    return row;
}
