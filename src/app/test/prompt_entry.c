#include "app/test/prompt_entry.h"

#include "app/test/lora_tags.h"

#include <adwaita.h>
#include <string.h>

struct _LkPromptEntry {
    GtkWidget parent_instance;
    GtkWidget *scroller;
    GtkTextView *view;
    GtkTextBuffer *buffer;
    GtkTextTag *mark; /* of trigger words and LoRAs */
    char *text;       /* as in the buffer */
    char *trigger;
    int tag;
    gboolean editing; /* a change is half done */
};

G_DEFINE_FINAL_TYPE(LkPromptEntry, lk_prompt_entry, GTK_TYPE_WIDGET)

enum { PROP_TEXT = 1, PROP_LABEL, PROP_TRIGGER, PROP_TAG, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

const char *lk_prompt_entry_get_text(LkPromptEntry *self)
{
    return self->text;
}

int lk_prompt_entry_get_tag(LkPromptEntry *self)
{
    return self->tag;
}

/* ---- colour ------------------------------------------------------------------------------------------ */

/* Bytes of the text to places of the buffer. */
static void get_iters(LkPromptEntry *self, gsize start, gsize end, GtkTextIter *from, GtkTextIter *to)
{
    gtk_text_buffer_get_iter_at_offset(self->buffer, from,
                                       (int)g_utf8_pointer_to_offset(self->text, self->text + start));
    gtk_text_buffer_get_iter_at_offset(self->buffer, to, (int)g_utf8_pointer_to_offset(self->text, self->text + end));
}

static void colour(LkPromptEntry *self, gsize start, gsize end)
{
    GtkTextIter from, to;
    get_iters(self, start, end, &from, &to);
    gtk_text_buffer_apply_tag(self->buffer, self->mark, &from, &to);
}

/* A letter or number on either side makes it a part of another word. */
static gboolean is_word(const char *text, const char *start, gsize length)
{
    gunichar before = start > text ? g_utf8_get_char(g_utf8_prev_char(start)) : ' ';
    gunichar after = g_utf8_get_char(start + length);
    return !g_unichar_isalnum(before) && !(after && g_unichar_isalnum(after));
}

static void colour_word(LkPromptEntry *self, const char *word)
{
    gsize length = strlen(word);
    for (const char *at = self->text; length && (at = strstr(at, word)); at += length)
        if (is_word(self->text, at, length))
            colour(self, (gsize)(at - self->text), (gsize)(at - self->text) + length);
}

static void colour_all(LkPromptEntry *self, const GArray *spans)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(self->buffer, &start, &end);
    gtk_text_buffer_remove_tag(self->buffer, self->mark, &start, &end);
    for (guint i = 0; i < spans->len; i++) {
        const LkTagSpan *span = &g_array_index(spans, LkTagSpan, i);
        colour(self, span->start, span->end);
    }
    g_auto(GStrv) words = g_strsplit(self->trigger ? self->trigger : "", ",", -1);
    for (char **word = words; *word; word++)
        colour_word(self, g_strstrip(*word));
}

/* Text in the accent's colour that can be read on the card, in light and dark. */
static void accent_cb(LkPromptEntry *self)
{
    AdwStyleManager *manager = adw_style_manager_get_default();
    g_autoptr(GdkRGBA) accent = adw_style_manager_get_accent_color_rgba(manager);
    GdkRGBA standalone;
    adw_rgba_to_standalone(accent, adw_style_manager_get_dark(manager), &standalone);
    g_object_set(self->mark, "foreground-rgba", &standalone, NULL);
}

/* ---- the chosen tag ---------------------------------------------------------------------------------- */

static void set_tag(LkPromptEntry *self, int tag)
{
    if (self->tag == tag)
        return;
    self->tag = tag;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TAG]);
}

static gsize cursor_place(LkPromptEntry *self)
{
    GtkTextIter iter;
    gtk_text_buffer_get_iter_at_mark(self->buffer, &iter, gtk_text_buffer_get_insert(self->buffer));
    return (gsize)(g_utf8_offset_to_pointer(self->text, gtk_text_iter_get_offset(&iter)) - self->text);
}

static void choose_tag(LkPromptEntry *self, const GArray *spans)
{
    int here = lk_tag_spans_at(spans, cursor_place(self));
    if (spans->len == 0)
        set_tag(self, -1);
    else if (here >= 0)
        set_tag(self, here);
    else
        set_tag(self, CLAMP(self->tag, 0, (int)spans->len - 1));
}

static void cursor_cb(LkPromptEntry *self)
{
    if (self->editing)
        return;
    g_autoptr(GArray) spans = lk_tag_spans_find(self->text);
    choose_tag(self, spans);
}

static void changed_cb(LkPromptEntry *self)
{
    GtkTextIter start, end;
    if (self->editing)
        return;
    gtk_text_buffer_get_bounds(self->buffer, &start, &end);
    g_free(self->text);
    self->text = gtk_text_buffer_get_text(self->buffer, &start, &end, FALSE);
    g_autoptr(GArray) spans = lk_tag_spans_find(self->text);
    colour_all(self, spans);
    choose_tag(self, spans);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TEXT]);
}

/* ---- changing it ------------------------------------------------------------------------------------- */

void lk_prompt_entry_set_text(LkPromptEntry *self, const char *text)
{
    if (g_strcmp0(self->text, text ? text : "") != 0)
        gtk_text_buffer_set_text(self->buffer, text ? text : "", -1);
}

void lk_prompt_entry_set_trigger(LkPromptEntry *self, const char *trigger)
{
    if (!g_set_str(&self->trigger, trigger))
        return;
    g_autoptr(GArray) spans = lk_tag_spans_find(self->text);
    colour_all(self, spans);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TRIGGER]);
}

/* Replaces the part in which the new text differs, so that cursor and undo behave as if it had been typed. */
static void replace(LkPromptEntry *self, const char *text)
{
    gsize old_length = strlen(self->text), length = strlen(text), start = 0, tail = 0;
    while (self->text[start] && self->text[start] == text[start])
        start++;
    while (tail < MIN(old_length, length) - start && self->text[old_length - 1 - tail] == text[length - 1 - tail])
        tail++;
    if (start == old_length && start == length)
        return;
    GtkTextIter from, to;
    start = (gsize)(g_utf8_find_prev_char(self->text, self->text + start + 1) - self->text); /* whole characters */
    while (tail > 0 && ((guchar)text[length - tail] & 0xc0) == 0x80)
        tail--;
    get_iters(self, start, old_length - tail, &from, &to);
    self->editing = TRUE; /* nobody sees half a tag */
    gtk_text_buffer_begin_user_action(self->buffer);
    gtk_text_buffer_delete(self->buffer, &from, &to);
    gtk_text_buffer_insert(self->buffer, &from, text + start, (int)(length - tail - start));
    gtk_text_buffer_end_user_action(self->buffer);
    self->editing = FALSE;
    changed_cb(self);
}

void lk_prompt_entry_set_strength(LkPromptEntry *self, double strength)
{
    g_autofree char *text = self->tag < 0 ? NULL : lk_tags_set_strength(self->text, (guint)self->tag, strength);
    if (text)
        replace(self, text);
}

void lk_prompt_entry_set_name(LkPromptEntry *self, const char *name)
{
    g_autofree char *text = self->tag < 0 ? NULL : lk_tags_set_name(self->text, (guint)self->tag, name);
    if (text)
        replace(self, text);
}

void lk_prompt_entry_add_tag(LkPromptEntry *self, const char *name, double strength)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(self->text);
    for (guint i = 0; i < spans->len; i++)
        if (g_str_equal(g_array_index(spans, LkTagSpan, i).name, name)) {
            set_tag(self, (int)i);
            return;
        }
    g_autofree char *tag = lk_tag_text(name, strength), *before = g_strdup(self->text);
    g_strchomp(before);
    g_autofree char *text = g_strdup_printf("%s%s%s", before, *before ? " " : "", tag);
    replace(self, text);
    set_tag(self, (int)spans->len);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_prompt_entry_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkPromptEntry *self = LK_PROMPT_ENTRY(object);
    switch (id) {
    case PROP_TEXT:
        g_value_set_string(value, self->text);
        break;
    case PROP_TRIGGER:
        g_value_set_string(value, self->trigger);
        break;
    case PROP_TAG:
        g_value_set_int(value, self->tag);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_prompt_entry_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkPromptEntry *self = LK_PROMPT_ENTRY(object);
    switch (id) {
    case PROP_TEXT:
        lk_prompt_entry_set_text(self, g_value_get_string(value));
        break;
    case PROP_LABEL:
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       g_value_get_string(value), -1);
        break;
    case PROP_TRIGGER:
        lk_prompt_entry_set_trigger(self, g_value_get_string(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static gboolean lk_prompt_entry_grab_focus(GtkWidget *widget)
{
    return gtk_widget_grab_focus(GTK_WIDGET(LK_PROMPT_ENTRY(widget)->view));
}

static void lk_prompt_entry_dispose(GObject *object)
{
    LkPromptEntry *self = LK_PROMPT_ENTRY(object);
    g_clear_pointer(&self->scroller, gtk_widget_unparent);
    g_clear_object(&self->buffer);
    G_OBJECT_CLASS(lk_prompt_entry_parent_class)->dispose(object);
}

static void lk_prompt_entry_finalize(GObject *object)
{
    LkPromptEntry *self = LK_PROMPT_ENTRY(object);
    g_free(self->text);
    g_free(self->trigger);
    G_OBJECT_CLASS(lk_prompt_entry_parent_class)->finalize(object);
}

static void lk_prompt_entry_class_init(LkPromptEntryClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_prompt_entry_get_property;
    object_class->set_property = lk_prompt_entry_set_property;
    object_class->dispose = lk_prompt_entry_dispose;
    object_class->finalize = lk_prompt_entry_finalize;
    widget_class->grab_focus = lk_prompt_entry_grab_focus;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
    properties[PROP_TEXT] = g_param_spec_string("text", NULL, NULL, NULL, flags);
    properties[PROP_LABEL] = g_param_spec_string("label", NULL, NULL, NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
    properties[PROP_TRIGGER] = g_param_spec_string("trigger", NULL, NULL, NULL, flags);
    properties[PROP_TAG] =
        g_param_spec_int("tag", NULL, NULL, -1, G_MAXINT, -1, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(widget_class, "promptentry");
    gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void lk_prompt_entry_init(LkPromptEntry *self)
{
    enum { TALLEST = 240, MARGIN = 9 };
    self->text = g_strdup("");
    self->tag = -1;
    self->view = GTK_TEXT_VIEW(g_object_new(GTK_TYPE_TEXT_VIEW, "wrap-mode", GTK_WRAP_WORD_CHAR, "accepts-tab", FALSE,
                                            "top-margin", MARGIN, "bottom-margin", MARGIN, "left-margin", MARGIN + 3,
                                            "right-margin", MARGIN + 3, NULL));
    self->buffer = g_object_ref(gtk_text_view_get_buffer(self->view));
    self->mark = gtk_text_buffer_create_tag(self->buffer, NULL, "weight", PANGO_WEIGHT_BOLD, NULL);
    self->scroller =
        g_object_new(GTK_TYPE_SCROLLED_WINDOW, "hscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-height", TRUE,
                     "max-content-height", TALLEST, "child", self->view, NULL);
    gtk_widget_set_parent(self->scroller, GTK_WIDGET(self));
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
    g_signal_connect_swapped(self->buffer, "changed", G_CALLBACK(changed_cb), self);
    g_signal_connect_swapped(self->buffer, "notify::cursor-position", G_CALLBACK(cursor_cb), self);
    AdwStyleManager *manager = adw_style_manager_get_default();
    g_signal_connect_object(manager, "notify::dark", G_CALLBACK(accent_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(manager, "notify::accent-color", G_CALLBACK(accent_cb), self, G_CONNECT_SWAPPED);
    accent_cb(self);
}
