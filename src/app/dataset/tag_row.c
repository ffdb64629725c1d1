#include "app/dataset/tag_row.h"

#include "app/widgets/fraction_bar.h"

#include <glib/gi18n.h>

struct _LkTagRow {
    GtkWidget parent_instance;
    GtkWidget *sign, *name, *bar, *count;
    LkTagItem *item;
};

G_DEFINE_FINAL_TYPE(LkTagRow, lk_tag_row, GTK_TYPE_WIDGET)

GtkWidget *lk_tag_row_new(void)
{
    return g_object_new(LK_TYPE_TAG_ROW, NULL);
}

LkTagItem *lk_tag_row_get_item(LkTagRow *self)
{
    return self->item;
}

char *lk_tag_row_in_words(LkTagItem *item)
{
    const guint count = lk_tag_item_get_count(item);
    g_autofree char *words =
        g_strdup_printf(ngettext("%s, in %'u caption", "%s, in %'u captions", count), lk_tag_item_get_tag(item), count);
    switch (lk_tag_item_get_state(item)) {
    case LK_FILTER_TAG_WANTED:
        /* translators: a tag and its count, then what the filter does with it */
        return g_strdup_printf(_("%s; only pictures with it are shown"), words);
    case LK_FILTER_TAG_UNWANTED:
        return g_strdup_printf(_("%s; pictures with it are hidden"), words);
    default:
        return g_steal_pointer(&words);
    }
}

static void set_class(LkTagRow *self, const char *name, gboolean on)
{
    if (on)
        gtk_widget_add_css_class(GTK_WIDGET(self), name);
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), name);
}

static void update(LkTagRow *self)
{
    const LkFilterTag state = lk_tag_item_get_state(self->item);
    gtk_label_set_label(GTK_LABEL(self->name), lk_tag_item_get_tag(self->item));
    g_autofree char *number = g_strdup_printf("%'u", lk_tag_item_get_count(self->item));
    gtk_label_set_label(GTK_LABEL(self->count), number);
    lk_fraction_bar_set_fraction(LK_FRACTION_BAR(self->bar), lk_tag_item_get_share(self->item));
    gtk_widget_set_visible(self->sign, state != LK_FILTER_TAG_FREE);
    gtk_image_set_from_icon_name(GTK_IMAGE(self->sign),
                                 state == LK_FILTER_TAG_UNWANTED ? "view-conceal-symbolic" : "object-select-symbolic");
    set_class(self, "wanted", state == LK_FILTER_TAG_WANTED);
    set_class(self, "unwanted", state == LK_FILTER_TAG_UNWANTED);
    set_class(self, "trigger", lk_tag_item_get_trigger(self->item));
}

void lk_tag_row_set_item(LkTagRow *self, LkTagItem *item)
{
    if (self->item)
        g_signal_handlers_disconnect_by_func(self->item, update, self);
    g_set_object(&self->item, item);
    if (!item)
        return;
    g_signal_connect_object(item, "notify", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    update(self);
}

static void lk_tag_row_dispose(GObject *object)
{
    LkTagRow *self = LK_TAG_ROW(object);
    lk_tag_row_set_item(self, NULL);
    GtkWidget **parts[] = {&self->sign, &self->name, &self->bar, &self->count};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        g_clear_pointer(parts[i], gtk_widget_unparent);
    G_OBJECT_CLASS(lk_tag_row_parent_class)->dispose(object);
}

static void lk_tag_row_class_init(LkTagRowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_tag_row_dispose;
    gtk_widget_class_set_css_name(widget_class, "tagrow");
    gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BOX_LAYOUT);
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void lk_tag_row_init(LkTagRow *self)
{
    GtkWidget *widget = GTK_WIDGET(self);
    self->sign = gtk_image_new();
    self->name = g_object_new(GTK_TYPE_LABEL, "xalign", 0.0, "hexpand", TRUE, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
    gtk_widget_add_css_class(self->name, "tag-name");
    self->bar = lk_fraction_bar_new();
    gtk_widget_add_css_class(self->bar, "tag-bar");
    self->count = g_object_new(GTK_TYPE_LABEL, "xalign", 1.0, "width-chars", 3, "css-classes",
                               (const char *[]){"numeric", "dimmed", NULL}, NULL);
    GtkWidget *parts[] = {self->sign, self->name, self->bar, self->count};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        gtk_widget_set_parent(parts[i], widget);
}
