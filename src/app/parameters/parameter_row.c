#include "app/parameters/parameter_row.h"

#include "training/job.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkParameterRow {
    AdwActionRow parent_instance;
    const LkParameter *parameter;
    LkParameterEditor *editor;
    GtkWidget *reset, *help;
    char *haystack; /* what a search looks at, folded */
};

G_DEFINE_FINAL_TYPE(LkParameterRow, lk_parameter_row, ADW_TYPE_ACTION_ROW)

enum { SIGNAL_EDITED, SIGNAL_RESET, SIGNAL_CHOOSE, SIGNAL_HELP, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

const LkParameter *lk_parameter_row_get_parameter(LkParameterRow *self)
{
    return self->parameter;
}

/* ---- search ------------------------------------------------------------------------------------------ */

char *lk_parameter_fold(const char *text)
{
    g_autofree char *decomposed = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
    g_autofree char *folded = g_utf8_casefold(decomposed ? decomposed : "", -1);
    GString *plain = g_string_new(NULL);
    for (const char *c = folded; *c; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        if (!g_unichar_ismark(character))
            g_string_append_unichar(plain, character);
    }
    return g_string_free_and_steal(plain);
}

static char *make_haystack(const LkParameter *parameter)
{
    const char *const texts[] = {parameter->title, parameter->subtitle, parameter->help, parameter->usual};
    g_autoptr(GString) all = g_string_new(parameter->key);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i])
            g_string_append_printf(all, "\n%s\n%s", texts[i], _(texts[i]));
    return lk_parameter_fold(all->str);
}

gboolean lk_parameter_row_matches(LkParameterRow *self, char **words)
{
    if (!self->haystack)
        self->haystack = make_haystack(self->parameter);
    for (; *words; words++)
        if (**words && !strstr(self->haystack, *words))
            return FALSE;
    return TRUE;
}

/* ---- value ------------------------------------------------------------------------------------------- */

void lk_parameter_row_set_value(LkParameterRow *self, const char *text, gboolean changed, const char *base)
{
    lk_parameter_editor_set_text(self->editor, text);
    gtk_widget_set_visible(self->reset, changed);
    g_autofree char *tooltip = base && *base && !strchr(base, '\n') && strlen(base) < 60
                                   ? g_strdup_printf(_("Back to %s"), base)
                                   : g_strdup(_("Take the change back"));
    gtk_widget_set_tooltip_text(self->reset, tooltip);
    lk_parameter_editor_set_placeholder(self->editor, base ? base : _("Unset"));
}

char *lk_parameter_row_get_value(LkParameterRow *self)
{
    return lk_parameter_editor_get_text(self->editor);
}

GtkWidget *lk_parameter_row_get_focus(LkParameterRow *self)
{
    return lk_parameter_editor_get_focus(self->editor);
}

/* ---- problems ---------------------------------------------------------------------------------------- */

char *lk_parameter_message(const char *text)
{
    GString *message = g_string_new(NULL);
    for (const char *c = text; *c;) {
        size_t length = strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789_");
        g_autofree char *word = g_strndup(c, length);
        const LkParameter *parameter = length && (strchr(word, '_') || c == text) ? lk_parameter_find(word) : NULL;
        if (parameter && parameter->title)
            g_string_append_printf(message, _("“%s”"), _(parameter->title));
        else
            g_string_append(message, word);
        c += length;
        if (length && !*c)
            break;
        const char *next = *c ? g_utf8_next_char(c) : c;
        if (*c)
            g_string_append_len(message, c, next - c);
        c = next;
    }
    return g_string_free_and_steal(message);
}

/* "0.5 is not a number from 0 to 0.1. Usual: …": what the job says, without the key, which is the row's title. */
static char *say_problem(LkParameterRow *self, const LkProblem *problem)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (problem->value && problem->allowed)
        g_string_append_printf(text, _("“%s” cannot be used; it must be %s."), problem->value, problem->allowed);
    else {
        g_autofree char *message = lk_parameter_message(problem->text);
        g_string_append(text, message);
    }
    if (problem->kind == LK_PROBLEM_ERROR && problem->allowed && self->parameter->usual)
        g_string_append_printf(text, " %s%s", _("Usual: "), _(self->parameter->usual));
    return g_strdup(text->str);
}

static void set_subtitle(LkParameterRow *self, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self), escaped);
}

void lk_parameter_row_set_problem(LkParameterRow *self, const LkProblem *problem)
{
    gboolean error = problem && problem->kind == LK_PROBLEM_ERROR;
    if (error)
        gtk_widget_add_css_class(GTK_WIDGET(self), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), "error");
    g_autofree char *text = problem ? say_problem(self, problem) : g_strdup(_(self->parameter->subtitle));
    set_subtitle(self, text);
    GtkWidget *focus = lk_parameter_editor_get_focus(self->editor);
    gtk_accessible_update_state(GTK_ACCESSIBLE(focus), GTK_ACCESSIBLE_STATE_INVALID,
                                error ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(focus), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

/* ---- the row ----------------------------------------------------------------------------------------- */

static void edited_cb(LkParameterRow *self, const char *text)
{
    g_signal_emit(self, signals[SIGNAL_EDITED], 0, text);
}

static void choose_cb(LkParameterRow *self)
{
    g_signal_emit(self, signals[SIGNAL_CHOOSE], 0);
}

static void reset_cb(LkParameterRow *self)
{
    gtk_widget_grab_focus(lk_parameter_editor_get_focus(self->editor)); /* the button goes */
    g_signal_emit(self, signals[SIGNAL_RESET], 0);
}

void lk_parameter_row_show_help(LkParameterRow *self)
{
    g_signal_emit(self, signals[SIGNAL_HELP], 0, self->help);
}

static GtkWidget *make_button(const char *icon, const char *tooltip)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_add_css_class(button, "circular");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(button, tooltip);
    return button;
}

static void add_parts(LkParameterRow *self)
{
    AdwActionRow *row = ADW_ACTION_ROW(self);
    adw_action_row_add_suffix(row, GTK_WIDGET(self->editor));
    self->reset = make_button("edit-undo-symbolic", NULL);
    gtk_widget_set_visible(self->reset, FALSE);
    adw_action_row_add_suffix(row, self->reset);
    g_autofree char *tooltip = g_strdup_printf(_("About %s"), _(self->parameter->title));
    self->help = make_button("help-about-symbolic", tooltip);
    gtk_widget_add_css_class(self->help, "parameter-help-button");
    adw_action_row_add_suffix(row, self->help);
    g_signal_connect_object(self->editor, "edited", G_CALLBACK(edited_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->editor, "choose", G_CALLBACK(choose_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->reset, "clicked", G_CALLBACK(reset_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->help, "clicked", G_CALLBACK(lk_parameter_row_show_help), self, G_CONNECT_SWAPPED);
}

LkParameterRow *lk_parameter_row_new(const LkParameter *parameter)
{
    LkParameterRow *self = g_object_new(LK_TYPE_PARAMETER_ROW, NULL);
    self->parameter = parameter;
    self->editor = lk_parameter_editor_new(parameter);
    g_autofree char *title = g_markup_escape_text(_(parameter->title), -1);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), title);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(self), 0);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(self), lk_parameter_editor_get_focus(self->editor));
    if (lk_parameter_editor_get_row_class(self->editor))
        gtk_widget_add_css_class(GTK_WIDGET(self), lk_parameter_editor_get_row_class(self->editor));
    add_parts(self);
    lk_parameter_row_set_problem(self, NULL);
    return self;
}

static void lk_parameter_row_finalize(GObject *object)
{
    g_free(LK_PARAMETER_ROW(object)->haystack);
    G_OBJECT_CLASS(lk_parameter_row_parent_class)->finalize(object);
}

static void lk_parameter_row_class_init(LkParameterRowClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_parameter_row_finalize;
    GType type = G_TYPE_FROM_CLASS(klass);
    signals[SIGNAL_EDITED] =
        g_signal_new("edited", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[SIGNAL_RESET] = g_signal_new("reset", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_CHOOSE] = g_signal_new("choose", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_HELP] =
        g_signal_new("help", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, GTK_TYPE_WIDGET);
}

static void lk_parameter_row_init(LkParameterRow *self)
{
}
