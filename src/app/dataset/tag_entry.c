#include "app/dataset/tag_entry.h"

#include <glib/gi18n.h>
#include <string.h>

enum { OFFERS = 6 };

struct _LkTagEntry {
    AdwBin parent_instance;
    GtkEntry *entry;
    GtkListBox *offers;
    LkPictureList *list;
    char *caption;
    gboolean immediate;
    gboolean filling; /* an offer becomes the text */
    gboolean focused;
    gboolean filled; /* the text is an offer that was taken: nothing more to offer */
};

G_DEFINE_FINAL_TYPE(LkTagEntry, lk_tag_entry, ADW_TYPE_BIN)

enum { PROP_TEXT = 1, PROP_PLACEHOLDER, PROP_IMMEDIATE, PROP_LAST };
static GParamSpec *properties[PROP_LAST];
enum { SIGNAL_ACTIVATE, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- offers ------------------------------------------------------------------------------------------ */

/* What is typed of the last tag, and where it begins. */
static const char *last_part(const char *text)
{
    const char *comma = strrchr(text, ',');
    const char *part = comma ? comma + 1 : text;
    while (g_ascii_isspace(*part))
        part++;
    return part;
}

/* The typed letters stand out, as far as they can be found by their characters. */
static void embolden(GtkLabel *label, const char *tag, const char *typed)
{
    g_autofree char *where = g_utf8_casefold(tag, -1), *what = g_utf8_casefold(typed, -1);
    const char *found = *what && strlen(where) == strlen(tag) ? strstr(where, what) : NULL;
    if (!found)
        return;
    g_autoptr(PangoAttrList) attributes = pango_attr_list_new();
    PangoAttribute *bold = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
    bold->start_index = (guint)(found - where);
    bold->end_index = bold->start_index + (guint)strlen(what);
    pango_attr_list_insert(attributes, bold);
    gtk_label_set_attributes(label, attributes);
}

static GtkWidget *make_row(const LkTagCount *offer, const char *typed)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *name = gtk_label_new(offer->tag);
    g_object_set(name, "xalign", 0.0, "hexpand", TRUE, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
    embolden(GTK_LABEL(name), offer->tag, typed);
    g_autofree char *number = g_strdup_printf("%'u", offer->count);
    GtkWidget *count = gtk_label_new(number);
    gtk_widget_add_css_class(count, "dimmed");
    gtk_widget_add_css_class(count, "numeric");
    gtk_box_append(GTK_BOX(box), name);
    gtk_box_append(GTK_BOX(box), count);
    GtkWidget *row = gtk_list_box_row_new();
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_widget_set_focusable(row, FALSE);
    g_autofree char *words =
        g_strdup_printf(ngettext("%s, in %'u caption", "%s, in %'u captions", offer->count), offer->tag, offer->count);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    g_object_set_data_full(G_OBJECT(row), "tag", g_strdup(offer->tag), g_free);
    return row;
}

static void update_offers(LkTagEntry *self)
{
    if (!self->offers)
        return;
    gtk_list_box_remove_all(self->offers);
    const char *typed = last_part(lk_tag_entry_get_text(self));
    g_autoptr(GArray) found = NULL;
    if (self->list && !self->filled && self->focused && (*typed || self->immediate))
        found = lk_tag_index_complete(lk_picture_list_get_tags(self->list), typed, self->caption, OFFERS);
    for (guint i = 0; found && i < found->len; i++)
        gtk_list_box_append(self->offers, make_row(&g_array_index(found, LkTagCount, i), typed));
    gtk_widget_set_visible(GTK_WIDGET(self->offers), found && found->len > 0);
}

static void take_offer(LkTagEntry *self, GtkListBoxRow *row)
{
    const char *text = lk_tag_entry_get_text(self), *tag = g_object_get_data(G_OBJECT(row), "tag");
    g_autofree char *before = g_strndup(text, (gsize)(last_part(text) - text));
    g_autofree char *whole = g_strconcat(before, tag, NULL);
    self->filling = TRUE;
    lk_tag_entry_set_text(self, whole);
    self->filling = FALSE;
    if (self->immediate)
        g_signal_emit(self, signals[SIGNAL_ACTIVATE], 0);
}

static void row_activated_cb(LkTagEntry *self, GtkListBoxRow *row)
{
    take_offer(self, row);
}

/* ---- keys -------------------------------------------------------------------------------------------- */

/* The keyboard stays in the entry; arrows walk through the offers and back into the text. */
static void walk(LkTagEntry *self, int step)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->offers);
    int index = row ? gtk_list_box_row_get_index(row) : (step > 0 ? -1 : 0);
    row = index + step >= 0 ? gtk_list_box_get_row_at_index(self->offers, index + step) : NULL;
    if (row || step < 0)
        gtk_list_box_select_row(self->offers, row);
}

static gboolean key_cb(LkTagEntry *self, guint key, guint code, GdkModifierType modifiers)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->offers);
    if (modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
        return GDK_EVENT_PROPAGATE;
    switch (key) {
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
        walk(self, 1);
        return GDK_EVENT_STOP;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
        walk(self, -1);
        return GDK_EVENT_STOP;
    case GDK_KEY_Escape:
        gtk_list_box_select_row(self->offers, NULL);
        return row ? GDK_EVENT_STOP : GDK_EVENT_PROPAGATE;
    case GDK_KEY_Tab:
        if (row)
            take_offer(self, row);
        return row ? GDK_EVENT_STOP : GDK_EVENT_PROPAGATE;
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

static void activate_cb(LkTagEntry *self)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->offers);
    if (row)
        take_offer(self, row);
    else
        g_signal_emit(self, signals[SIGNAL_ACTIVATE], 0);
}

/* Offers are for where one types: several entries of a popover have no room for all theirs. And they wait until one
 * types: a popover that is opened again with its last text must not grow while it is placed, or GTK closes it. */
static void focus_in_cb(LkTagEntry *self)
{
    self->focused = TRUE;
    self->filled = !self->immediate;
    update_offers(self);
}

static void focus_out_cb(LkTagEntry *self)
{
    self->focused = FALSE;
    update_offers(self);
}

static void changed_cb(LkTagEntry *self)
{
    self->filled = self->filling;
    update_offers(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TEXT]);
}

/* ---- asking and setting ------------------------------------------------------------------------------ */

void lk_tag_entry_set_list(LkTagEntry *self, LkPictureList *list)
{
    if (self->list == list)
        return;
    if (self->list)
        g_signal_handlers_disconnect_by_func(self->list, update_offers, self);
    g_set_object(&self->list, list);
    if (list)
        g_signal_connect_object(list, "tags-changed", G_CALLBACK(update_offers), self, G_CONNECT_SWAPPED);
    update_offers(self);
}

void lk_tag_entry_set_caption(LkTagEntry *self, const char *caption)
{
    if (g_set_str(&self->caption, caption))
        update_offers(self);
}

const char *lk_tag_entry_get_text(LkTagEntry *self)
{
    return gtk_editable_get_text(GTK_EDITABLE(self->entry));
}

void lk_tag_entry_set_text(LkTagEntry *self, const char *text)
{
    gtk_editable_set_text(GTK_EDITABLE(self->entry), text);
    gtk_editable_set_position(GTK_EDITABLE(self->entry), -1);
}

void lk_tag_entry_focus(LkTagEntry *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self->entry));
}

static void set_placeholder(LkTagEntry *self, const char *text)
{
    gtk_entry_set_placeholder_text(self->entry, text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_tag_entry_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkTagEntry *self = LK_TAG_ENTRY(object);
    switch (id) {
    case PROP_TEXT:
        g_value_set_string(value, lk_tag_entry_get_text(self));
        break;
    case PROP_PLACEHOLDER:
        g_value_set_string(value, gtk_entry_get_placeholder_text(self->entry));
        break;
    case PROP_IMMEDIATE:
        g_value_set_boolean(value, self->immediate);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_tag_entry_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkTagEntry *self = LK_TAG_ENTRY(object);
    switch (id) {
    case PROP_TEXT:
        lk_tag_entry_set_text(self, g_value_get_string(value) ? g_value_get_string(value) : "");
        break;
    case PROP_PLACEHOLDER:
        set_placeholder(self, g_value_get_string(value));
        break;
    case PROP_IMMEDIATE:
        self->immediate = g_value_get_boolean(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_tag_entry_dispose(GObject *object)
{
    LkTagEntry *self = LK_TAG_ENTRY(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TAG_ENTRY);
    lk_tag_entry_set_list(self, NULL);
    g_clear_pointer(&self->caption, g_free);
    G_OBJECT_CLASS(lk_tag_entry_parent_class)->dispose(object);
}

static void lk_tag_entry_class_init(LkTagEntryClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_tag_entry_get_property;
    object_class->set_property = lk_tag_entry_set_property;
    object_class->dispose = lk_tag_entry_dispose;
    const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_TEXT] = g_param_spec_string("text", NULL, NULL, "", flags | G_PARAM_EXPLICIT_NOTIFY);
    properties[PROP_PLACEHOLDER] = g_param_spec_string("placeholder", NULL, NULL, NULL, flags);
    properties[PROP_IMMEDIATE] = g_param_spec_boolean("immediate", NULL, NULL, FALSE, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    signals[SIGNAL_ACTIVATE] =
        g_signal_new("activate", LK_TYPE_TAG_ENTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-tag_entry.ui");
    gtk_widget_class_bind_template_child(widget_class, LkTagEntry, entry);
    gtk_widget_class_bind_template_child(widget_class, LkTagEntry, offers);
    gtk_widget_class_bind_template_callback(widget_class, changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, focus_in_cb);
    gtk_widget_class_bind_template_callback(widget_class, focus_out_cb);
    gtk_widget_class_bind_template_callback(widget_class, activate_cb);
    gtk_widget_class_bind_template_callback(widget_class, key_cb);
    gtk_widget_class_bind_template_callback(widget_class, row_activated_cb);
}

static void lk_tag_entry_init(LkTagEntry *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    set_placeholder(self, _("Tag"));
}
