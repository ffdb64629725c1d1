#include "app/dataset/filter_help.h"

#include <adwaita.h>
#include <glib/gi18n.h>

enum { MOST_HEIGHT = 460, WIDTH = 330 };

struct _LkFilterHelp {
    GtkPopover parent_instance;
};

G_DEFINE_FINAL_TYPE(LkFilterHelp, lk_filter_help, GTK_TYPE_POPOVER)

enum { SIGNAL_CHOSEN, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static const struct {
    const char *example, *meaning;
} examples[] = {
    {"branch", N_("In the caption or the file name")},
    {"\"red flower\"", N_("Words with a space between")},
    {"tag:branch", N_("With this tag, whole")},
    {"-tag:branch", N_("Without this tag")},
    {"tag:*view", N_("With a tag that ends so")},
    {"no:caption", N_("Without a caption; also no:trigger, no:mask")},
    {"has:problem", N_("With something to look at")},
    {"problem:small", N_("Smaller than its bucket; also duplicate, lookalike, blurred")},
    {"tokens:>75", N_("Long captions; also tokens:20..40")},
    {"tags:<3", N_("With few tags")},
    {"width:<512", N_("Narrow pictures; also height")},
    {"bucket:640x384", N_("Trained at this size")},
    {"size:>2MB", N_("Large files")},
    {"repeats:>1", N_("Shown more often")},
    {"is:portrait", N_("Upright; also landscape, square")},
    {"is:excluded", N_("Left out of the training; also is:reg")},
    {"name:img_0*", N_("By the file name")},
    {"tag:sky OR tag:sea", N_("One or the other; terms side by side must both hold")},
};

GtkWidget *lk_filter_help_new(void)
{
    return g_object_new(LK_TYPE_FILTER_HELP, NULL);
}

static void row_activated_cb(LkFilterHelp *self, GtkListBoxRow *row)
{
    g_signal_emit(self, signals[SIGNAL_CHOSEN], 0, examples[gtk_list_box_row_get_index(row)].example);
}

static GtkWidget *make_row(const char *example, const char *meaning)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *what = gtk_label_new(example), *why = gtk_label_new(meaning);
    g_object_set(what, "xalign", 0.0, "css-classes", (const char *[]){"monospace", NULL}, NULL);
    g_object_set(why, "xalign", 0.0, "wrap", TRUE, "css-classes", (const char *[]){"caption", "dimmed", NULL}, NULL);
    gtk_box_append(GTK_BOX(box), what);
    gtk_box_append(GTK_BOX(box), why);
    GtkWidget *row = gtk_list_box_row_new();
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    g_autofree char *words = g_strdup_printf(_("%s: %s"), example, meaning);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    return row;
}

static void lk_filter_help_class_init(LkFilterHelpClass *klass)
{
    signals[SIGNAL_CHOSEN] = g_signal_new("chosen", LK_TYPE_FILTER_HELP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_filter_help_init(LkFilterHelp *self)
{
    GtkWidget *list = gtk_list_box_new();
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
    gtk_widget_add_css_class(list, "filter-help");
    gtk_accessible_update_property(GTK_ACCESSIBLE(list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Examples of Filters"), -1);
    for (gsize i = 0; i < G_N_ELEMENTS(examples); i++)
        gtk_list_box_append(GTK_LIST_BOX(list), make_row(examples[i].example, _(examples[i].meaning)));
    g_signal_connect_object(list, "row-activated", G_CALLBACK(row_activated_cb), self, G_CONNECT_SWAPPED);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    g_object_set(scrolled, "child", list, "hscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-height", TRUE,
                 "max-content-height", MOST_HEIGHT, "width-request", WIDTH, NULL);
    gtk_popover_set_child(GTK_POPOVER(self), scrolled);
    gtk_widget_add_css_class(GTK_WIDGET(self), "menu");
}
