#include "app/dataset/caption_field.h"

#include "app/widgets/fraction_bar.h"
#include "text/trigger.h"

#include <glib/gi18n.h>
#include <string.h>

/* Milliseconds without a key after which what follows is another step to undo. */
enum { PAUSE = 1500 };

struct _LkCaptionField {
    AdwBin parent_instance;
    GtkWidget *scrolled, *too_long;
    GtkTextView *text;
    GtkTextBuffer *buffer;
    GtkLabel *state, *tokens;
    LkFractionBar *meter;
    GtkTextTag *trigger_tag;
    LkPictureList *list;
    LkPicture *picture;
    gboolean showing; /* the text becomes what the picture has, not the other way round */
    gboolean focused;
    guint pause_id;
    int lines;
};

G_DEFINE_FINAL_TYPE(LkCaptionField, lk_caption_field, ADW_TYPE_BIN)

enum { PROP_LINES = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

static char *get_text(LkCaptionField *self)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(self->buffer, &start, &end);
    return gtk_text_buffer_get_text(self->buffer, &start, &end, TRUE);
}

/* ---- trigger words in colour ------------------------------------------------------------------------- */

/* Whether what was found stands by itself: it does if it is the word also between its two neighbours. */
static gboolean stands_alone(const GtkTextIter *start, const GtkTextIter *end, const char *word)
{
    GtkTextIter before = *start, after = *end;
    gtk_text_iter_backward_char(&before);
    gtk_text_iter_forward_char(&after);
    g_autofree char *around = gtk_text_iter_get_text(&before, &after);
    return lk_caption_has_trigger(around, word, NULL);
}

static void highlight_word(LkCaptionField *self, const char *word)
{
    GtkTextIter at, start, end;
    gtk_text_buffer_get_start_iter(self->buffer, &at);
    while (gtk_text_iter_forward_search(&at, word, GTK_TEXT_SEARCH_CASE_INSENSITIVE, &start, &end, NULL)) {
        if (stands_alone(&start, &end, word))
            gtk_text_buffer_apply_tag(self->buffer, self->trigger_tag, &start, &end);
        at = end;
    }
}

static void highlight(LkCaptionField *self)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(self->buffer, &start, &end);
    gtk_text_buffer_remove_tag(self->buffer, self->trigger_tag, &start, &end);
    g_auto(GStrv) words = lk_trigger_words(self->list ? lk_picture_list_get_trigger_words(self->list) : "");
    for (char **word = words; *word; word++)
        highlight_word(self, *word);
}

static void update_colour(LkCaptionField *self)
{
    AdwStyleManager *style = adw_style_manager_get_default();
    g_autoptr(GdkRGBA) accent = adw_style_manager_get_accent_color_rgba(style);
    GdkRGBA colour;
    adw_rgba_to_standalone(accent, adw_style_manager_get_dark(style), &colour);
    g_object_set(self->trigger_tag, "foreground-rgba", &colour, NULL);
}

/* ---- the foot ---------------------------------------------------------------------------------------- */

static const char *state_of(LkPicture *picture)
{
    if (lk_picture_get_unsaved(picture))
        return _("Saving…");
    switch (lk_picture_get_caption_state(picture)) {
    case LK_PICTURE_CAPTION_NONE:
        return _("No caption yet");
    case LK_PICTURE_CAPTION_NOT_UTF8:
        return _("Not saved as UTF-8");
    default:
        return _("Saved");
    }
}

static void update_state(LkCaptionField *self)
{
    gtk_label_set_label(self->state, self->picture ? state_of(self->picture) : "");
}

static void update_tokens(LkCaptionField *self)
{
    int most = 0, count = -1;
    if (self->picture) {
        g_autofree char *text = get_text(self);
        count = lk_picture_list_count_tokens(self->list, text, &most);
    }
    gtk_widget_set_visible(GTK_WIDGET(self->meter), count >= 0);
    gtk_widget_set_visible(GTK_WIDGET(self->tokens), count >= 0);
    if (count < 0) {
        gtk_widget_set_visible(self->too_long, FALSE);
        return;
    }
    const gboolean over = count > most;
    g_autofree char *words = g_strdup_printf(ngettext("%d of %d token", "%d of %d tokens", (gulong)most), count, most);
    gtk_label_set_label(self->tokens, words);
    const char *why = over ? _("What is beyond the limit is not seen in training.") : NULL;
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->tokens), why);
    gtk_widget_set_tooltip_text(self->too_long, why);
    gtk_widget_set_visible(self->too_long, over);
    lk_fraction_bar_set_fraction(self->meter, most > 0 ? (double)count / most : 0);
    lk_fraction_bar_set_warning(self->meter, over);
    gtk_widget_remove_css_class(GTK_WIDGET(self->tokens), over ? "dimmed" : "warning");
    gtk_widget_add_css_class(GTK_WIDGET(self->tokens), over ? "warning" : "dimmed");
}

/* ---- typing ------------------------------------------------------------------------------------------ */

static void end_typing(LkCaptionField *self)
{
    g_clear_handle_id(&self->pause_id, g_source_remove);
    if (self->picture)
        lk_picture_list_end_typing(self->list);
}

static gboolean pause_cb(gpointer data)
{
    LkCaptionField *self = data;
    self->pause_id = 0;
    end_typing(self);
    return G_SOURCE_REMOVE;
}

static void typed(LkCaptionField *self)
{
    g_autofree char *text = get_text(self);
    g_autofree char *label = g_strdup_printf(_("Edit the Caption of “%s”"), lk_picture_get_name(self->picture));
    lk_picture_list_begin_typing(self->list, self->picture);
    const LkPictureChange change = {self->picture, LK_PICTURE_FIELD_CAPTION, text};
    lk_picture_list_edit(self->list, label, &change, 1);
    g_clear_handle_id(&self->pause_id, g_source_remove);
    self->pause_id = g_timeout_add(PAUSE, pause_cb, self);
}

static void changed_cb(LkCaptionField *self)
{
    if (self->picture && !self->showing)
        typed(self);
    highlight(self);
    update_tokens(self);
}

static void focus_in_cb(LkCaptionField *self)
{
    self->focused = TRUE;
    gtk_widget_add_css_class(gtk_widget_get_parent(self->scrolled), "focused");
}

static void focus_out_cb(LkCaptionField *self)
{
    self->focused = FALSE;
    gtk_widget_remove_css_class(gtk_widget_get_parent(self->scrolled), "focused");
    end_typing(self);
}

/* The whole frame is the field. */
static void clicked_cb(LkCaptionField *self)
{
    if (!self->focused)
        gtk_widget_grab_focus(GTK_WIDGET(self->text));
}

/* ---- the picture ------------------------------------------------------------------------------------- */

/* Line ends at the end are typed, but not kept. */
static gsize kept_length(const char *text)
{
    gsize length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    return length;
}

/* Only what differs is replaced, so that the cursor stays where it is. */
static void show_text(LkCaptionField *self, const char *text)
{
    g_autofree char *old = get_text(self);
    const gsize length = kept_length(old);
    if (strlen(text) == length && strncmp(text, old, length) == 0)
        return;
    const char *a = old, *b = text;
    while (*a && *b && g_utf8_get_char(a) == g_utf8_get_char(b)) {
        a = g_utf8_next_char(a);
        b = g_utf8_next_char(b);
    }
    const char *a_end = old + strlen(old), *b_end = text + strlen(text);
    while (a_end > a && b_end > b &&
           g_utf8_get_char(g_utf8_prev_char(a_end)) == g_utf8_get_char(g_utf8_prev_char(b_end))) {
        a_end = g_utf8_prev_char(a_end);
        b_end = g_utf8_prev_char(b_end);
    }
    GtkTextIter start, end;
    gtk_text_buffer_get_iter_at_offset(self->buffer, &start, (int)g_utf8_pointer_to_offset(old, a));
    gtk_text_buffer_get_iter_at_offset(self->buffer, &end, (int)g_utf8_pointer_to_offset(old, a_end));
    self->showing = TRUE;
    gtk_text_buffer_begin_user_action(self->buffer);
    gtk_text_buffer_delete(self->buffer, &start, &end);
    gtk_text_buffer_insert(self->buffer, &start, b, (int)(b_end - b));
    gtk_text_buffer_end_user_action(self->buffer);
    self->showing = FALSE;
}

static void caption_cb(LkCaptionField *self)
{
    show_text(self, lk_picture_get_caption(self->picture));
}

/* After other parameters the buckets are new, and maybe trigger words and the most tokens. */
static void pictures_changed_cb(LkCaptionField *self, guint aspects)
{
    if (!(aspects & LK_PICTURE_ASPECT_BUCKET))
        return;
    highlight(self);
    update_tokens(self);
}

static void let_go(LkCaptionField *self)
{
    end_typing(self);
    if (self->picture) {
        g_signal_handlers_disconnect_by_data(self->picture, self);
        g_signal_handlers_disconnect_by_data(self->list, self);
    }
    g_clear_object(&self->picture);
    g_clear_object(&self->list);
}

void lk_caption_field_set_picture(LkCaptionField *self, LkPictureList *list, LkPicture *picture)
{
    if (self->picture == picture && self->list == list)
        return;
    let_go(self);
    gtk_widget_set_sensitive(GTK_WIDGET(self), picture != NULL);
    /* Nothing of another picture's text is to be kept. */
    self->showing = TRUE;
    gtk_text_buffer_set_text(self->buffer, picture ? lk_picture_get_caption(picture) : "", -1);
    self->showing = FALSE;
    if (picture) {
        self->list = g_object_ref(list);
        self->picture = g_object_ref(picture);
        g_signal_connect_object(picture, "notify::caption", G_CALLBACK(caption_cb), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(picture, "notify::caption-state", G_CALLBACK(update_state), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(picture, "notify::unsaved", G_CALLBACK(update_state), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    }
    highlight(self);
    update_tokens(self);
    update_state(self);
}

void lk_caption_field_focus(LkCaptionField *self)
{
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(self->buffer, &end);
    gtk_text_buffer_place_cursor(self->buffer, &end);
    gtk_widget_grab_focus(GTK_WIDGET(self->text));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

/* Room for so many lines of the font in use. */
static void update_height(LkCaptionField *self)
{
    PangoContext *context = gtk_widget_get_pango_context(GTK_WIDGET(self->text));
    PangoFontMetrics *metrics = pango_context_get_metrics(context, NULL, NULL);
    const int line = PANGO_PIXELS_CEIL(pango_font_metrics_get_height(metrics));
    pango_font_metrics_unref(metrics);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(self->scrolled), self->lines * line + 15);
}

static void lk_caption_field_css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
    GTK_WIDGET_CLASS(lk_caption_field_parent_class)->css_changed(widget, change);
    update_height(LK_CAPTION_FIELD(widget));
}

static void lk_caption_field_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_LINES)
        g_value_set_int(value, LK_CAPTION_FIELD(object)->lines);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_caption_field_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkCaptionField *self = LK_CAPTION_FIELD(object);
    if (id == PROP_LINES) {
        self->lines = g_value_get_int(value);
        update_height(self);
    } else {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_caption_field_dispose(GObject *object)
{
    LkCaptionField *self = LK_CAPTION_FIELD(object);
    let_go(self);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_CAPTION_FIELD);
    G_OBJECT_CLASS(lk_caption_field_parent_class)->dispose(object);
}

static void bind_template(GtkWidgetClass *widget_class)
{
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-caption_field.ui");
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, scrolled);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, too_long);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, text);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, buffer);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, state);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, meter);
    gtk_widget_class_bind_template_child(widget_class, LkCaptionField, tokens);
    gtk_widget_class_bind_template_callback(widget_class, changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, focus_in_cb);
    gtk_widget_class_bind_template_callback(widget_class, focus_out_cb);
    gtk_widget_class_bind_template_callback(widget_class, clicked_cb);
}

static void lk_caption_field_class_init(LkCaptionFieldClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_caption_field_get_property;
    object_class->set_property = lk_caption_field_set_property;
    object_class->dispose = lk_caption_field_dispose;
    widget_class->css_changed = lk_caption_field_css_changed;
    properties[PROP_LINES] =
        g_param_spec_int("lines", NULL, NULL, 1, 20, 3, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_FRACTION_BAR);
    bind_template(widget_class);
}

static void lk_caption_field_init(LkCaptionField *self)
{
    self->lines = 3;
    gtk_widget_init_template(GTK_WIDGET(self));
    self->trigger_tag = gtk_text_buffer_create_tag(self->buffer, NULL, "weight", PANGO_WEIGHT_BOLD, NULL);
    AdwStyleManager *style = adw_style_manager_get_default();
    g_signal_connect_object(style, "notify::dark", G_CALLBACK(update_colour), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(style, "notify::accent-color-rgba", G_CALLBACK(update_colour), self, G_CONNECT_SWAPPED);
    update_colour(self);
    update_height(self);
    gtk_widget_set_sensitive(GTK_WIDGET(self), FALSE);
}
