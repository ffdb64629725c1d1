#include "app/parameters/choosers.h"
#include "app/parameters/editor_private.h"

#include "format/toml.h"
#include "training/job.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkParameterEditor {
    AdwBin parent_instance;
    const LkParameter *parameter;
    const LkEditorKind *kind;
    gboolean showing; /* changes are ours, not the person's */
    char *text;       /* as it was last to be shown */
};

G_DEFINE_FINAL_TYPE(LkParameterEditor, lk_parameter_editor, ADW_TYPE_BIN)

enum { SIGNAL_EDITED, SIGNAL_CHOOSE, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

void lk_parameter_editor_edited(LkParameterEditor *self)
{
    if (self->showing)
        return;
    g_autofree char *text = lk_parameter_editor_get_text(self);
    g_signal_emit(self, signals[SIGNAL_EDITED], 0, text && *text ? text : NULL);
}

void lk_parameter_editor_choose(LkParameterEditor *self)
{
    g_signal_emit(self, signals[SIGNAL_CHOOSE], 0);
}

/* ---- switch ------------------------------------------------------------------------------------------ */

static GtkWidget *switch_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    GtkWidget *widget = gtk_switch_new();
    g_signal_connect_object(widget, "notify::active", G_CALLBACK(lk_parameter_editor_edited), editor,
                            G_CONNECT_SWAPPED);
    return widget;
}

static void switch_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    gtk_switch_set_active(GTK_SWITCH(widget),
                          text && (g_ascii_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0));
}

static char *switch_read(GtkWidget *widget, const LkParameter *parameter)
{
    return g_strdup(gtk_switch_get_active(GTK_SWITCH(widget)) ? "true" : "false");
}

static const LkEditorKind editor_switch = {.make = switch_make, .show = switch_show, .read = switch_read};

/* ---- whole numbers with buttons ---------------------------------------------------------------------- */

/* Scrolling over a field must scroll the page. */
static void remove_scrolling(GtkWidget *widget)
{
    g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(widget);
    for (guint i = g_list_model_get_n_items(controllers); i > 0; i--) {
        g_autoptr(GtkEventController) controller = g_list_model_get_item(controllers, i - 1);
        if (GTK_IS_EVENT_CONTROLLER_SCROLL(controller))
            gtk_widget_remove_controller(widget, controller);
    }
}

static GtkWidget *spin_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    double step = parameter->min >= 64 ? 64 : parameter->min >= 8 ? 8 : 1;
    GtkWidget *widget = gtk_spin_button_new_with_range(parameter->min, parameter->max, step);
    gtk_spin_button_set_digits(GTK_SPIN_BUTTON(widget), 0);
    gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(widget), TRUE);
    gtk_editable_set_width_chars(GTK_EDITABLE(widget), 4);
    gtk_editable_set_max_width_chars(GTK_EDITABLE(widget), 6);
    gtk_editable_set_alignment(GTK_EDITABLE(widget), 1);
    gtk_widget_add_css_class(widget, "numeric");
    remove_scrolling(widget);
    g_signal_connect_object(widget, "value-changed", G_CALLBACK(lk_parameter_editor_edited), editor, G_CONNECT_SWAPPED);
    return widget;
}

static void spin_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(widget), text ? g_ascii_strtod(text, NULL) : parameter->min);
}

static char *spin_read(GtkWidget *widget, const LkParameter *parameter)
{
    return g_strdup_printf("%d", gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(widget)));
}

static const LkEditorKind editor_spin = {.row_class = "spin", .make = spin_make, .show = spin_show, .read = spin_read};

/* ---- texts and numbers that are typed ---------------------------------------------------------------- */

GtkWidget *lk_editor_make_entry(LkParameterEditor *editor, int least, int most)
{
    GtkWidget *widget = gtk_entry_new();
    gtk_editable_set_width_chars(GTK_EDITABLE(widget), least);
    gtk_editable_set_max_width_chars(GTK_EDITABLE(widget), most);
    g_signal_connect_object(widget, "changed", G_CALLBACK(lk_parameter_editor_edited), editor, G_CONNECT_SWAPPED);
    return widget;
}

static GtkWidget *number_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    GtkWidget *widget = lk_editor_make_entry(editor, 8, 12);
    gtk_editable_set_alignment(GTK_EDITABLE(widget), 1);
    gtk_entry_set_input_purpose(GTK_ENTRY(widget), GTK_INPUT_PURPOSE_NUMBER);
    gtk_widget_add_css_class(widget, "numeric");
    return widget;
}

static GtkWidget *text_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    return lk_editor_make_entry(editor, 10, 24);
}

/* What means the same is left as it was typed: "1e-4" does not become "0.0001" under the cursor. */
static gboolean means_same(const LkParameter *parameter, const char *typed, const char *text)
{
    g_autoptr(LkJob) a = lk_job_new(""), b = lk_job_new("");
    if (!*typed || !text)
        return !*typed && !text;
    if (!lk_job_set(a, parameter->key, typed, NULL) || !lk_job_set(b, parameter->key, text, NULL))
        return FALSE;
    g_autofree char *one = lk_job_get(a, parameter), *other = lk_job_get(b, parameter);
    return g_strcmp0(one, other) == 0;
}

static void entry_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    const char *typed = gtk_editable_get_text(GTK_EDITABLE(widget));
    gboolean focus = gtk_widget_get_focus_child(widget) != NULL &&
                     (gtk_widget_get_state_flags(widget) & GTK_STATE_FLAG_FOCUS_WITHIN);
    gboolean typing = focus && (!*typed || means_same(parameter, typed, text));
    if (strcmp(typed, text ? text : "") != 0 && !typing)
        gtk_editable_set_text(GTK_EDITABLE(widget), text ? text : "");
}

static char *entry_read(GtkWidget *widget, const LkParameter *parameter)
{
    char *text = g_strdup(gtk_editable_get_text(GTK_EDITABLE(widget)));
    /* Spaces around a number mean nothing, those of a prefix do. */
    return parameter->type == LK_PARAMETER_STRING ? text : g_strstrip(text);
}

static void entry_placeholder(GtkWidget *widget, const char *text)
{
    gtk_entry_set_placeholder_text(GTK_ENTRY(widget), text);
}

static const LkEditorKind editor_number = {
    .make = number_make, .show = entry_show, .read = entry_read, .placeholder = entry_placeholder};
static const LkEditorKind editor_text = {
    .make = text_make, .show = entry_show, .read = entry_read, .placeholder = entry_placeholder};

/* ---- lists, shown with spaces between ---------------------------------------------------------------- */

/* name=value, and what follows it up to the next name. */
static GPtrArray *split_items(const char *text)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        if (items->len == 0 || strchr(*word, '='))
            g_ptr_array_add(items, g_strdup(*word));
        else {
            char *last = items->pdata[items->len - 1];
            items->pdata[items->len - 1] = g_strconcat(last, " ", *word, NULL);
            g_free(last);
        }
    }
    return items;
}

static char *list_of_text(const char *text)
{
    if (text[0] == '[' || !*text)
        return g_strdup(text);
    g_autoptr(GPtrArray) items = split_items(text);
    GString *list = g_string_new("[");
    for (guint i = 0; i < items->len; i++) {
        g_string_append(list, i ? ", " : "");
        lk_toml_append_quoted(list, items->pdata[i]);
    }
    g_string_append_c(list, ']');
    return g_string_free_and_steal(list);
}

/* The other way; as it is where it would not come back the same. */
static char *text_of_list(const char *list)
{
    g_autofree char *document = g_strconcat("v = ", list, NULL);
    g_autoptr(LkToml) toml = lk_toml_parse(document, strlen(document), "value", NULL);
    const LkTomlNode *node = toml ? lk_toml_get(lk_toml_root(toml), "v") : NULL;
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < (node ? lk_toml_count(node) : 0); i++) {
        const char *item = lk_toml_string(lk_toml_at(node, i));
        g_string_append_printf(text, "%s%s", i ? " " : "", item ? item : "");
    }
    g_autofree char *again = list_of_text(text->str);
    if (strcmp(again, list) == 0)
        return g_string_free_and_steal(text);
    g_string_free(text, TRUE);
    return g_strdup(list);
}

static void list_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    g_autofree char *plain = text && text[0] == '[' ? text_of_list(text) : g_strdup(text);
    entry_show(widget, parameter, plain);
}

static char *list_read(GtkWidget *widget, const LkParameter *parameter)
{
    g_autofree char *text = entry_read(widget, parameter);
    return list_of_text(text);
}

static const LkEditorKind editor_list = {
    .make = text_make, .show = list_show, .read = list_read, .placeholder = entry_placeholder};

/* ---- what is chosen in a dialog ---------------------------------------------------------------------- */

/* The value is kept beside the label, which shows a part of it. */
static GtkWidget *button_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    GtkWidget *widget = gtk_button_new();
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_MIDDLE);
    gtk_label_set_width_chars(GTK_LABEL(label), 4);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 24);
    gtk_button_set_child(GTK_BUTTON(widget), label);
    g_signal_connect_object(widget, "clicked", G_CALLBACK(lk_parameter_editor_choose), editor, G_CONNECT_SWAPPED);
    return widget;
}

static char *count_prompts(const char *value)
{
    g_autofree char *text = lk_prompts_to_lines(value);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint count = 0;
    for (char **line = lines; *line; line++)
        count += *g_strstrip(*line) != 0 && **line != '#';
    return g_strdup_printf(ngettext("%u Prompt…", "%u Prompts…", count), count);
}

static void button_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    gboolean prompts = parameter->type == LK_PARAMETER_PROMPTS && text && !lk_prompts_is_file(text);
    g_autofree char *shown = !text     ? g_strdup(_("Choose…"))
                             : prompts ? count_prompts(text)
                                       : g_filename_display_basename(text);
    gtk_label_set_label(GTK_LABEL(gtk_button_get_child(GTK_BUTTON(widget))), shown);
    gtk_widget_set_tooltip_text(widget, prompts ? NULL : text);
    g_object_set_data_full(G_OBJECT(widget), "value", g_strdup(text), g_free);
}

static char *button_read(GtkWidget *widget, const LkParameter *parameter)
{
    return g_strdup(g_object_get_data(G_OBJECT(widget), "value"));
}

static const LkEditorKind editor_button = {.make = button_make, .show = button_show, .read = button_read};

/* ---- which kind -------------------------------------------------------------------------------------- */

/* Buttons suit numbers that are counted; a seed or a number of a hundred million steps is typed. */
static gboolean is_counted(const LkParameter *parameter)
{
    return parameter->type == LK_PARAMETER_INT && parameter->max > parameter->min && parameter->max <= 1e6;
}

static const LkEditorKind *kind_of(const LkParameter *parameter)
{
    static const LkEditorKind *const kinds[] = {
        [LK_PARAMETER_BOOL] = &editor_switch,        [LK_PARAMETER_INT] = &editor_number,
        [LK_PARAMETER_INT64] = &editor_number,       [LK_PARAMETER_FLOAT] = &editor_number,
        [LK_PARAMETER_COUNT] = &editor_number,       [LK_PARAMETER_STRING] = &editor_text,
        [LK_PARAMETER_ENUM] = &lk_editor_choice,     [LK_PARAMETER_LIST] = &editor_list,
        [LK_PARAMETER_FILE] = &editor_button,        [LK_PARAMETER_FOLDER] = &editor_button,
        [LK_PARAMETER_RESOLUTION] = &lk_editor_size, [LK_PARAMETER_PROMPTS] = &editor_button,
    };
    if (parameter->choices)
        return &lk_editor_choice;
    return is_counted(parameter) ? &editor_spin : kinds[parameter->type];
}

/* ---- the editor -------------------------------------------------------------------------------------- */

void lk_parameter_editor_set_text(LkParameterEditor *self, const char *text)
{
    g_set_str(&self->text, text);
    self->showing = TRUE;
    self->kind->show(adw_bin_get_child(ADW_BIN(self)), self->parameter, text);
    self->showing = FALSE;
}

/* A field that was left empty, or in other words, shows what counts. */
static void left_cb(LkParameterEditor *self)
{
    g_autofree char *text = g_strdup(self->text);
    lk_parameter_editor_set_text(self, text);
}

char *lk_parameter_editor_get_text(LkParameterEditor *self)
{
    return self->kind->read(adw_bin_get_child(ADW_BIN(self)), self->parameter);
}

void lk_parameter_editor_set_placeholder(LkParameterEditor *self, const char *text)
{
    if (self->kind->placeholder)
        self->kind->placeholder(adw_bin_get_child(ADW_BIN(self)), text);
}

const char *lk_parameter_editor_get_row_class(LkParameterEditor *self)
{
    return self->kind->row_class;
}

GtkWidget *lk_parameter_editor_get_focus(LkParameterEditor *self)
{
    GtkWidget *widget = adw_bin_get_child(ADW_BIN(self));
    return self->kind->focus ? self->kind->focus(widget) : widget;
}

LkParameterEditor *lk_parameter_editor_new(const LkParameter *parameter)
{
    LkParameterEditor *self = g_object_new(LK_TYPE_PARAMETER_EDITOR, "valign", GTK_ALIGN_CENTER, NULL);
    self->parameter = parameter;
    self->kind = kind_of(parameter);
    self->showing = TRUE;
    GtkWidget *widget = self->kind->make(self, parameter);
    gtk_widget_set_valign(widget, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, _(parameter->title), -1);
    adw_bin_set_child(ADW_BIN(self), widget);
    self->showing = FALSE;
    GtkEventController *focus = gtk_event_controller_focus_new();
    g_signal_connect_object(focus, "leave", G_CALLBACK(left_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self), focus);
    return self;
}

static void lk_parameter_editor_finalize(GObject *object)
{
    g_free(LK_PARAMETER_EDITOR(object)->text);
    G_OBJECT_CLASS(lk_parameter_editor_parent_class)->finalize(object);
}

static void lk_parameter_editor_class_init(LkParameterEditorClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_parameter_editor_finalize;
    signals[SIGNAL_EDITED] = g_signal_new("edited", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[SIGNAL_CHOOSE] =
        g_signal_new("choose", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_parameter_editor_init(LkParameterEditor *self)
{
}
