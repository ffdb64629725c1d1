#include "app/training/log_dialog.h"

#include "app/page.h"

#include <glib/gi18n.h>

#define LK_TYPE_LOG_DIALOG (lk_log_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkLogDialog, lk_log_dialog, LK, LOG_DIALOG, AdwDialog)

struct _LkLogDialog {
    AdwDialog parent_instance;
    LkTask *task;
    GtkTextBuffer *buffer;
    GtkTextView *view;
    GtkSearchEntry *entry;
    GtkStack *stack; /* the text, or that there is none */
    char *words;     /* case-folded */
};

G_DEFINE_FINAL_TYPE(LkLogDialog, lk_log_dialog, ADW_TYPE_DIALOG)

static bool is_wanted(LkLogDialog *self, const LkTaskLogLine *line)
{
    if (!self->words || !*self->words)
        return true;
    g_autofree char *folded = g_utf8_casefold(line->text, -1);
    return strstr(folded, self->words) != NULL;
}

static void append(LkLogDialog *self, const LkTaskLogLine *line)
{
    if (!is_wanted(self, line))
        return;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(line->time / G_USEC_PER_SEC);
    g_autofree char *clock = g_date_time_format(time, "%H:%M:%S");
    g_autofree char *text =
        g_strdup_printf("%s  %s%s\n", clock, line->level >= LK_TASK_LOG_WARNING ? _("Attention: ") : "", line->text);
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(self->buffer, &end);
    gtk_text_buffer_insert(self->buffer, &end, text, -1);
    gtk_stack_set_visible_child_name(self->stack, "text");
}

static void fill(LkLogDialog *self)
{
    const GArray *log = lk_task_get_log(self->task);
    gtk_text_buffer_set_text(self->buffer, "", 0);
    gtk_stack_set_visible_child_name(self->stack, "nothing");
    for (guint i = 0; i < log->len; i++)
        append(self, &g_array_index(log, LkTaskLogLine, i));
}

static void line_cb(LkLogDialog *self, guint index)
{
    append(self, &g_array_index(lk_task_get_log(self->task), LkTaskLogLine, index));
}

static void search_cb(LkLogDialog *self)
{
    g_free(self->words);
    self->words = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(self->entry)), -1);
    fill(self);
}

static char *all_text(LkLogDialog *self)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(self->buffer, &start, &end);
    return gtk_text_buffer_get_text(self->buffer, &start, &end, FALSE);
}

static void copy_cb(LkLogDialog *self)
{
    g_autofree char *text = all_text(self);
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), text);
}

static void saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkLogDialog) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_save_finish(GTK_FILE_DIALOG(source), result, NULL);
    if (!file)
        return;
    g_autofree char *text = all_text(self);
    g_autoptr(GError) error = NULL;
    if (g_file_replace_contents(file, text, strlen(text), NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
        return;
    AdwDialog *alert = adw_alert_dialog_new(_("The Log Could Not Be Saved"), error->message);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(alert), "close", _("_Close"));
    adw_dialog_present(alert, GTK_WIDGET(self));
}

static void save_cb(LkLogDialog *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autofree char *title = lk_task_make_title(self->task);
    g_autofree char *name = g_strdup_printf("%s.log", g_strdelimit(title, "/\\", '-'));
    gtk_file_dialog_set_initial_name(dialog, name);
    gtk_file_dialog_save(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), NULL, saved_cb, g_object_ref(self));
}

static GtkWidget *make_button(LkLogDialog *self, const char *icon, const char *tooltip, GCallback callback)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_set_tooltip_text(button, tooltip);
    g_signal_connect_swapped(button, "clicked", callback, self);
    return button;
}

static void lk_log_dialog_dispose(GObject *object)
{
    LkLogDialog *self = LK_LOG_DIALOG(object);
    g_clear_object(&self->task);
    g_clear_pointer(&self->words, g_free);
    G_OBJECT_CLASS(lk_log_dialog_parent_class)->dispose(object);
}

static void lk_log_dialog_class_init(LkLogDialogClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_log_dialog_dispose;
}

static void lk_log_dialog_init(LkLogDialog *self)
{
    GtkWidget *header = adw_header_bar_new();
    adw_header_bar_pack_start(ADW_HEADER_BAR(header),
                              make_button(self, "edit-copy-symbolic", _("Copy"), G_CALLBACK(copy_cb)));
    adw_header_bar_pack_start(ADW_HEADER_BAR(header),
                              make_button(self, "document-save-as-symbolic", _("Save…"), G_CALLBACK(save_cb)));
    self->entry = GTK_SEARCH_ENTRY(gtk_search_entry_new());
    gtk_search_entry_set_placeholder_text(self->entry, _("Filter"));
    gtk_widget_set_margin_start(GTK_WIDGET(self->entry), 12);
    gtk_widget_set_margin_end(GTK_WIDGET(self->entry), 12);
    gtk_widget_set_margin_bottom(GTK_WIDGET(self->entry), 6);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Filter"), -1);
    g_signal_connect_swapped(self->entry, "search-changed", G_CALLBACK(search_cb), self);
    self->view = GTK_TEXT_VIEW(gtk_text_view_new());
    self->buffer = gtk_text_view_get_buffer(self->view);
    gtk_text_view_set_editable(self->view, FALSE);
    gtk_text_view_set_monospace(self->view, TRUE);
    gtk_text_view_set_wrap_mode(self->view, GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_left_margin(self->view, 12);
    gtk_text_view_set_right_margin(self->view, 12);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Log"), -1);
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(self->view));
    gtk_widget_set_vexpand(scroller, TRUE);
    GtkWidget *nothing = adw_status_page_new();
    adw_status_page_set_icon_name(ADW_STATUS_PAGE(nothing), "system-search-symbolic");
    adw_status_page_set_title(ADW_STATUS_PAGE(nothing), _("Nothing Logged"));
    gtk_widget_add_css_class(nothing, "compact");
    self->stack = GTK_STACK(gtk_stack_new());
    gtk_stack_add_named(self->stack, scroller, "text");
    gtk_stack_add_named(self->stack, nothing, "nothing");
    GtkWidget *toolbar = adw_toolbar_view_new();
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(toolbar), header);
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(toolbar), GTK_WIDGET(self->entry));
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(toolbar), GTK_WIDGET(self->stack));
    adw_dialog_set_title(ADW_DIALOG(self), _("Log"));
    adw_dialog_set_content_width(ADW_DIALOG(self), 720);
    adw_dialog_set_content_height(ADW_DIALOG(self), 520);
    adw_dialog_set_child(ADW_DIALOG(self), toolbar);
}

void lk_log_dialog_present(LkTask *task, GtkWidget *parent)
{
    LkLogDialog *self = g_object_new(LK_TYPE_LOG_DIALOG, NULL);
    self->task = g_object_ref(task);
    g_signal_connect_object(task, "log", G_CALLBACK(line_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(task, "details", G_CALLBACK(fill), self, G_CONNECT_SWAPPED);
    fill(self);
    adw_dialog_present(ADW_DIALOG(self), parent);
}
