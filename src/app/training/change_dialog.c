#include "app/training/change_dialog.h"

#include "app/page.h"
#include "training/parameters.h"

#include <glib/gi18n.h>

#define LK_TYPE_CHANGE_DIALOG (lk_change_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkChangeDialog, lk_change_dialog, LK, CHANGE_DIALOG, AdwDialog)

/* Of all that a run lets be changed, what the dialog has rows for; the prompts have a text view of their own. */
static const char *const keys[] = {"learning_rate", "save_every_n_epochs", "save_every_n_steps",
                                   "sample_every_n_epochs", "sample_every_n_steps"};

struct _LkChangeDialog {
    AdwDialog parent_instance;
    LkRun *run;
    AdwEntryRow *rows[G_N_ELEMENTS(keys)];
    char *before[G_N_ELEMENTS(keys)];
    GtkTextBuffer *prompts;
    char *prompts_before;
    GtkLabel *problem;
    GtkWidget *parent; /* where the toast appears */
};

G_DEFINE_FINAL_TYPE(LkChangeDialog, lk_change_dialog, ADW_TYPE_DIALOG)

/* ---- prompts: a line each ---------------------------------------------------------------------------- */

static char *text_of(GtkTextBuffer *buffer)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
}

static char *prompts_as_text(const LkJob *job)
{
    if (job->sample_prompts.lines)
        return g_strjoinv("\n", job->sample_prompts.lines);
    char *text = NULL;
    if (job->sample_prompts.file)
        g_file_get_contents(job->sample_prompts.file, &text, NULL, NULL);
    return text ? text : g_strdup("");
}

/* ["a", "b"], as lk_job_set takes it; empty lines are left out. */
static char *prompts_as_list(const char *text)
{
    GString *list = g_string_new("[");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!*g_strstrip(*line))
            continue;
        g_string_append(list, list->len > 1 ? ", \"" : "\"");
        for (const char *p = *line; *p; p++) {
            if (*p == '"' || *p == '\\')
                g_string_append_c(list, '\\');
            g_string_append_c(list, *p);
        }
        g_string_append_c(list, '"');
    }
    g_string_append_c(list, ']');
    return g_string_free(list, FALSE);
}

/* ---- applying ---------------------------------------------------------------------------------------- */

/* Everything that differs; stops at the first that is refused, with its words. */
static bool apply_all(LkChangeDialog *self, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *text = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->rows[i]))));
        if (g_strcmp0(text, self->before[i]) == 0)
            continue;
        if (!lk_run_change(self->run, keys[i], text, error))
            return false;
        g_set_str(&self->before[i], text);
    }
    g_autofree char *prompts = text_of(self->prompts);
    if (g_strcmp0(prompts, self->prompts_before) == 0)
        return true;
    g_autofree char *list = prompts_as_list(prompts);
    return lk_run_change(self->run, "sample_prompts", list, error);
}

static void apply_cb(LkChangeDialog *self)
{
    g_autoptr(GError) error = NULL;
    if (!apply_all(self, &error)) {
        gtk_label_set_label(self->problem, error->message);
        gtk_widget_set_visible(GTK_WIDGET(self->problem), TRUE);
        return;
    }
    lk_page_toast(self->parent, _("Changed from the next step on"), NULL, NULL, NULL);
    adw_dialog_close(ADW_DIALOG(self));
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkWidget *make_header(LkChangeDialog *self)
{
    GtkWidget *header = adw_header_bar_new();
    adw_header_bar_set_show_end_title_buttons(ADW_HEADER_BAR(header), FALSE);
    GtkWidget *cancel = gtk_button_new_with_mnemonic(_("_Cancel")), *apply = gtk_button_new_with_mnemonic(_("_Apply"));
    gtk_widget_add_css_class(apply, "suggested-action");
    g_signal_connect_swapped(cancel, "clicked", G_CALLBACK(adw_dialog_close), self);
    g_signal_connect_swapped(apply, "clicked", G_CALLBACK(apply_cb), self);
    adw_header_bar_pack_start(ADW_HEADER_BAR(header), cancel);
    adw_header_bar_pack_end(ADW_HEADER_BAR(header), apply);
    return header;
}

static GtkWidget *make_prompts(LkChangeDialog *self)
{
    GtkWidget *view = gtk_text_view_new();
    self->prompts = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
    gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 9);
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 12);
    gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 12);
    gtk_widget_set_size_request(view, -1, 110);
    gtk_widget_add_css_class(view, "card");
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Sample prompts"), -1);
    return view;
}

static void lk_change_dialog_dispose(GObject *object)
{
    LkChangeDialog *self = LK_CHANGE_DIALOG(object);
    g_clear_object(&self->run);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        g_clear_pointer(&self->before[i], g_free);
    g_clear_pointer(&self->prompts_before, g_free);
    G_OBJECT_CLASS(lk_change_dialog_parent_class)->dispose(object);
}

static void lk_change_dialog_class_init(LkChangeDialogClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_change_dialog_dispose;
}

static void lk_change_dialog_init(LkChangeDialog *self)
{
    AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    AdwPreferencesGroup *samples = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_description(group, _("Changes take effect with the next step. They are kept with the "
                                                   "training: a resumed run has them as well."));
    self->problem = GTK_LABEL(gtk_label_new(NULL));
    gtk_label_set_wrap(self->problem, TRUE);
    gtk_widget_add_css_class(GTK_WIDGET(self->problem), "error");
    gtk_widget_set_visible(GTK_WIDGET(self->problem), FALSE);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        self->rows[i] = ADW_ENTRY_ROW(adw_entry_row_new());
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->rows[i]), _(lk_parameter_find(keys[i])->title));
        adw_preferences_group_add(group, GTK_WIDGET(self->rows[i]));
    }
    adw_preferences_group_set_title(samples, _("Sample Prompts"));
    adw_preferences_group_set_description(samples,
                                          _("One a line, with kohya’s options such as --w 512 --h 768 --d 1."));
    adw_preferences_group_add(samples, make_prompts(self));
    adw_preferences_group_add(samples, GTK_WIDGET(self->problem));
    adw_preferences_page_add(page, group);
    adw_preferences_page_add(page, samples);
    GtkWidget *toolbar = adw_toolbar_view_new();
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(toolbar), make_header(self));
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(toolbar), GTK_WIDGET(page));
    adw_dialog_set_title(ADW_DIALOG(self), _("Change While Training"));
    adw_dialog_set_content_width(ADW_DIALOG(self), 520);
    adw_dialog_set_content_height(ADW_DIALOG(self), 640);
    adw_dialog_set_child(ADW_DIALOG(self), toolbar);
}

void lk_change_dialog_present(LkTask *task, GtkWidget *parent)
{
    LkRun *run = lk_task_get_run(task);
    if (!run)
        return;
    LkChangeDialog *self = g_object_new(LK_TYPE_CHANGE_DIALOG, NULL);
    self->run = g_object_ref(run);
    self->parent = parent;
    const LkJob *job = lk_run_get_changed_job(run);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        char *value = lk_job_get(job, lk_parameter_find(keys[i]));
        self->before[i] = value ? value : g_strdup("");
        gtk_editable_set_text(GTK_EDITABLE(self->rows[i]), self->before[i]);
    }
    self->prompts_before = prompts_as_text(job);
    gtk_text_buffer_set_text(self->prompts, self->prompts_before, -1);
    adw_dialog_present(ADW_DIALOG(self), parent);
}
