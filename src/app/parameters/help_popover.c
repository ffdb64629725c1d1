#include "app/parameters/help_popover.h"

#include "app/help/context.h"

#include <glib/gi18n.h>

struct _LkHelpPopover {
    GtkPopover parent_instance;
    GtkWidget *effect; /* box: which value, memory, time */
    GtkLabel *value, *memory, *time;
    GtkWidget *spinner;
};

G_DEFINE_FINAL_TYPE(LkHelpPopover, lk_help_popover, GTK_TYPE_POPOVER)

static GtkWidget *make_label(const char *text, const char *css_class, gboolean dimmed)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_natural_wrap_mode(GTK_LABEL(label), GTK_NATURAL_WRAP_WORD);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 46);
    if (css_class)
        gtk_widget_add_css_class(label, css_class);
    if (dimmed)
        gtk_widget_add_css_class(label, "dimmed");
    return label;
}

/* A small heading with its text; nothing where there is none. */
static void add_section(GtkBox *box, const char *heading, const char *text)
{
    if (!text)
        return;
    GtkWidget *section = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_box_append(GTK_BOX(section), make_label(heading, "caption-heading", TRUE));
    gtk_box_append(GTK_BOX(section), make_label(_(text), NULL, FALSE));
    gtk_box_append(box, section);
}

static GtkLabel *add_figure(AdwWrapBox *box, const char *icon)
{
    GtkWidget *pair = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    gtk_box_append(GTK_BOX(pair), gtk_image_new_from_icon_name(icon));
    GtkWidget *label = gtk_label_new(NULL);
    gtk_widget_add_css_class(label, "numeric");
    gtk_box_append(GTK_BOX(pair), label);
    gtk_widget_add_css_class(pair, "caption");
    gtk_widget_add_css_class(pair, "dimmed");
    adw_wrap_box_append(box, pair);
    return GTK_LABEL(label);
}

static void add_effect(LkHelpPopover *self, GtkBox *box)
{
    self->effect = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    GtkWidget *value = make_label(_("Working out what it costs…"), "caption-heading", TRUE);
    GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    self->value = GTK_LABEL(value);
    self->spinner = adw_spinner_new();
    gtk_box_append(GTK_BOX(line), self->spinner);
    gtk_box_append(GTK_BOX(line), value);
    gtk_box_append(GTK_BOX(self->effect), line);
    GtkWidget *figures = adw_wrap_box_new();
    adw_wrap_box_set_child_spacing(ADW_WRAP_BOX(figures), 12);
    self->memory = add_figure(ADW_WRAP_BOX(figures), "drive-harddisk-solidstate-symbolic");
    self->time = add_figure(ADW_WRAP_BOX(figures), "document-open-recent-symbolic");
    gtk_box_append(GTK_BOX(self->effect), figures);
    gtk_box_append(box, self->effect);
}

void lk_help_popover_set_effect(LkHelpPopover *self, const char *value, const char *memory, const char *time)
{
    gtk_widget_set_visible(self->effect, value != NULL);
    gtk_widget_set_visible(self->spinner, FALSE);
    if (!value)
        return;
    g_autofree char *memory_text = g_strdup_printf(_("Memory: %s"), memory);
    g_autofree char *time_text = g_strdup_printf(_("Time: %s"), time);
    gtk_label_set_label(self->value, value);
    gtk_label_set_label(self->memory, memory_text);
    gtk_label_set_label(self->time, time_text);
}

/* Subtitle and help belong together: the first says what it is. */
static char *whole_help(const LkParameter *parameter)
{
    return g_strdup_printf(_("%s. %s"), _(parameter->subtitle), _(parameter->help));
}

static void more_cb(LkHelpPopover *self, GtkWidget *button)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "app.help", "s", g_object_get_data(G_OBJECT(button), "topic"));
    gtk_popover_popdown(GTK_POPOVER(self));
}

static GtkWidget *make_more(LkHelpPopover *self, const LkParameter *parameter)
{
    GtkWidget *button = gtk_button_new_with_label(_("Read More in the Help"));
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_halign(button, GTK_ALIGN_START);
    g_object_set_data(G_OBJECT(button), "topic", (gpointer)lk_help_topic_of_parameter(parameter));
    g_signal_connect_object(button, "clicked", G_CALLBACK(more_cb), self, G_CONNECT_SWAPPED);
    return button;
}

GtkWidget *lk_help_popover_new(const LkParameter *parameter)
{
    LkHelpPopover *self = g_object_new(LK_TYPE_HELP_POPOVER, NULL);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_box_append(GTK_BOX(head), make_label(_(parameter->title), "title-4", FALSE));
    GtkWidget *key = make_label(parameter->key, "monospace", TRUE);
    gtk_widget_add_css_class(key, "caption");
    gtk_label_set_selectable(GTK_LABEL(key), TRUE);
    gtk_widget_set_can_focus(key, FALSE);
    gtk_box_append(GTK_BOX(head), key);
    gtk_box_append(GTK_BOX(box), head);
    g_autofree char *help = whole_help(parameter);
    gtk_box_append(GTK_BOX(box), make_label(help, NULL, FALSE));
    add_section(GTK_BOX(box), _("Usual range"), parameter->usual);
    add_section(GTK_BOX(box), _("Try lower when…"), parameter->lower);
    add_section(GTK_BOX(box), _("Try higher when…"), parameter->higher);
    add_effect(self, GTK_BOX(box));
    add_section(GTK_BOX(box), _("What to watch for"), parameter->watch);
    gtk_box_append(GTK_BOX(box), make_more(self, parameter));
    gtk_widget_add_css_class(box, "parameter-help");
    GtkWidget *scroll = gtk_scrolled_window_new();
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroll), TRUE);
    gtk_scrolled_window_set_propagate_natural_width(GTK_SCROLLED_WINDOW(scroll), TRUE);
    gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroll), 540);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), box);
    gtk_popover_set_child(GTK_POPOVER(self), scroll);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _(parameter->title),
                                   GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, help, -1);
    return GTK_WIDGET(self);
}

static void lk_help_popover_class_init(LkHelpPopoverClass *klass)
{
}

static void lk_help_popover_init(LkHelpPopover *self)
{
    gtk_popover_set_position(GTK_POPOVER(self), GTK_POS_BOTTOM);
    gtk_widget_set_halign(GTK_WIDGET(self), GTK_ALIGN_END);
}
