#include "app/parameters/choosers.h"

#include "format/toml.h"
#include "training/sample_prompts.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct Choice {
    const LkParameter *parameter;
    LkChosen chosen;
    GtkWidget *owner;
} Choice;

static Choice *choice_new(const LkParameter *parameter, LkChosen chosen, gpointer owner)
{
    Choice *choice = g_new0(Choice, 1);
    *choice = (Choice){parameter, chosen, g_object_ref(owner)};
    return choice;
}

static void choice_free(Choice *choice)
{
    g_object_unref(choice->owner);
    g_free(choice);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Choice, choice_free)

/* ---- files and folders ------------------------------------------------------------------------------- */

static void file_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Choice) choice = data;
    GtkFileDialog *dialog = GTK_FILE_DIALOG(source);
    g_autoptr(GFile) file = choice->parameter->type == LK_PARAMETER_FOLDER
                                ? gtk_file_dialog_select_folder_finish(dialog, result, NULL)
                                : gtk_file_dialog_open_finish(dialog, result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path)
        choice->chosen(choice->parameter, path, choice->owner);
}

static void choose_file(GtkWidget *parent, const LkParameter *parameter, const char *value, Choice *choice)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(parent));
    gtk_file_dialog_set_title(dialog, _(parameter->title));
    g_autoptr(GFile) initial = value ? g_file_new_for_path(value) : NULL;
    if (parameter->type == LK_PARAMETER_FOLDER) {
        gtk_file_dialog_set_initial_folder(dialog, initial);
        gtk_file_dialog_select_folder(dialog, window, NULL, file_cb, choice);
    } else {
        gtk_file_dialog_set_initial_file(dialog, initial);
        gtk_file_dialog_open(dialog, window, NULL, file_cb, choice);
    }
}

/* ---- prompts ----------------------------------------------------------------------------------------- */

gboolean lk_prompts_is_file(const char *value)
{
    static const char *const endings[] = {".txt", ".toml", ".json"};
    gboolean file = FALSE;
    for (size_t i = 0; value && i < G_N_ELEMENTS(endings); i++)
        file |= g_str_has_suffix(value, endings[i]);
    return file && value[0] != '[' && !strchr(value, '\n');
}

char *lk_prompts_from_lines(const char *lines)
{
    g_auto(GStrv) all = g_strsplit(lines, "\n", -1);
    GString *list = g_string_new("[");
    for (char **line = all; *line; line++) {
        g_strstrip(*line);
        if (!**line)
            continue;
        if (list->len > 1)
            g_string_append(list, ", ");
        lk_toml_append_quoted(list, *line);
    }
    g_string_append_c(list, ']');
    if (list->len > 2)
        return g_string_free_and_steal(list);
    g_string_free(list, TRUE);
    return NULL;
}

char *lk_prompts_to_lines(const char *value)
{
    if (value && value[0] != '[')
        return g_strdup(value);
    g_autofree char *document = g_strconcat("v = ", value ? value : "[]", NULL);
    g_autoptr(LkToml) toml = lk_toml_parse(document, strlen(document), "value", NULL);
    const LkTomlNode *node = toml ? lk_toml_get(lk_toml_root(toml), "v") : NULL;
    GString *lines = g_string_new(NULL);
    for (size_t i = 0; i < (node ? lk_toml_count(node) : 0); i++) {
        const char *line = lk_toml_string(lk_toml_at(node, i));
        g_string_append_printf(lines, "%s%s", i ? "\n" : "", line ? line : "");
    }
    return g_string_free_and_steal(lines);
}

/* The dialog's own state, freed with it. */
typedef struct Prompts {
    Choice *choice;
    AdwDialog *dialog;
    GtkTextBuffer *buffer;
    GtkWidget *done;
    GtkLabel *note;
} Prompts;

static void prompts_free(gpointer data, GObject *dialog)
{
    Prompts *prompts = data;
    choice_free(prompts->choice);
    g_free(prompts);
}

static char *get_lines(Prompts *prompts)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(prompts->buffer, &start, &end);
    return gtk_text_buffer_get_text(prompts->buffer, &start, &end, FALSE);
}

/* Says at once what is wrong with a line. */
static void check_cb(Prompts *prompts)
{
    g_autofree char *text = get_lines(prompts);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GError) error = NULL;
    gboolean empty = TRUE;
    for (char **line = lines; *line; line++)
        empty &= *g_strstrip(*line) == 0;
    g_autoptr(GPtrArray) parsed = empty ? NULL : lk_sample_prompts_parse_lines(lines, _("The text"), &error);
    gtk_widget_set_sensitive(prompts->done, empty || parsed);
    gtk_label_set_label(prompts->note, error ? error->message
                                             : _("One prompt a line. Options behind it: --n what to avoid, --w and --h "
                                                 "size, --d seed, --s steps, --l guidance, --ss sampler."));
    gtk_widget_set_css_classes(GTK_WIDGET(prompts->note),
                               (const char *[]){"caption", error ? "error" : "dimmed", NULL});
}

static void done_cb(Prompts *prompts)
{
    g_autofree char *text = get_lines(prompts), *value = lk_prompts_from_lines(text);
    prompts->choice->chosen(prompts->choice->parameter, value, prompts->choice->owner);
    adw_dialog_close(prompts->dialog);
}

static void prompts_file_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(AdwDialog) dialog = data;
    g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
    Prompts *prompts = g_object_get_data(G_OBJECT(dialog), "prompts");
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (!path)
        return;
    prompts->choice->chosen(prompts->choice->parameter, path, prompts->choice->owner);
    adw_dialog_close(dialog);
}

/* The file's name is the value: it is read anew when training begins. */
static void from_file_cb(Prompts *prompts)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
    gtk_file_filter_set_name(filter, _("Text Files"));
    gtk_file_filter_add_suffix(filter, "txt");
    g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
    g_list_store_append(filters, filter);
    gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
    gtk_file_dialog_set_title(dialog, _("File of Prompts"));
    gtk_file_dialog_open(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(prompts->dialog))), NULL, prompts_file_cb,
                         g_object_ref(prompts->dialog));
}

static GtkWidget *make_text(Prompts *prompts, const char *value)
{
    GtkWidget *view = gtk_text_view_new(), *scroll = gtk_scrolled_window_new(), *frame = gtk_frame_new(NULL);
    prompts->buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
    g_autofree char *lines = lk_prompts_to_lines(lk_prompts_is_file(value) ? NULL : value);
    gtk_text_buffer_set_enable_undo(prompts->buffer, TRUE);
    gtk_text_buffer_set_text(prompts->buffer, lines, -1);
    gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 9);
    gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(view), 9);
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 9);
    gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 9);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Sample Prompts"), -1);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroll), 180);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), view);
    gtk_widget_set_vexpand(scroll, TRUE);
    gtk_frame_set_child(GTK_FRAME(frame), scroll);
    g_signal_connect_swapped(prompts->buffer, "changed", G_CALLBACK(check_cb), prompts);
    return frame;
}

static void choose_prompts(GtkWidget *parent, const char *value, Choice *choice)
{
    Prompts *prompts = g_new0(Prompts, 1);
    prompts->choice = choice;
    prompts->dialog = adw_dialog_new();
    adw_dialog_set_title(prompts->dialog, _("Sample Prompts"));
    adw_dialog_set_content_width(prompts->dialog, 560);
    g_object_set_data(G_OBJECT(prompts->dialog), "prompts", prompts);
    g_object_weak_ref(G_OBJECT(prompts->dialog), prompts_free, prompts);
    GtkWidget *view = adw_toolbar_view_new(), *header = adw_header_bar_new();
    GtkWidget *from_file = gtk_button_new_with_mnemonic(_("From _File…"));
    GtkWidget *cancel = gtk_button_new_with_mnemonic(_("_Cancel"));
    gtk_widget_set_halign(from_file, GTK_ALIGN_START);
    prompts->done = gtk_button_new_with_mnemonic(_("_Done"));
    gtk_widget_add_css_class(prompts->done, "suggested-action");
    adw_header_bar_set_show_end_title_buttons(ADW_HEADER_BAR(header), FALSE);
    adw_header_bar_pack_start(ADW_HEADER_BAR(header), cancel);
    adw_header_bar_pack_end(ADW_HEADER_BAR(header), prompts->done);
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), header);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9), *note = gtk_label_new(NULL);
    gtk_widget_add_css_class(box, "dialog-content");
    gtk_label_set_wrap(GTK_LABEL(note), TRUE);
    gtk_label_set_xalign(GTK_LABEL(note), 0);
    prompts->note = GTK_LABEL(note);
    gtk_box_append(GTK_BOX(box), make_text(prompts, value));
    gtk_box_append(GTK_BOX(box), note);
    gtk_box_append(GTK_BOX(box), from_file);
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), box);
    adw_dialog_set_child(prompts->dialog, view);
    g_signal_connect_object(cancel, "clicked", G_CALLBACK(adw_dialog_close), prompts->dialog, G_CONNECT_SWAPPED);
    g_signal_connect_swapped(prompts->done, "clicked", G_CALLBACK(done_cb), prompts);
    g_signal_connect_swapped(from_file, "clicked", G_CALLBACK(from_file_cb), prompts);
    check_cb(prompts);
    adw_dialog_present(prompts->dialog, parent);
}

void lk_choose_value(GtkWidget *parent, const LkParameter *parameter, const char *value, LkChosen chosen,
                     gpointer owner)
{
    Choice *choice = choice_new(parameter, chosen, owner);
    if (parameter->type == LK_PARAMETER_PROMPTS)
        choose_prompts(parent, value, choice);
    else
        choose_file(parent, parameter, value, choice);
}
