#include "app/parameters/import_dialog.h"

#include "app/core/job_draft.h"
#include "app/page.h"
#include "training/presets.h"

#include <glib/gi18n.h>

/* ---- taking ------------------------------------------------------------------------------------------ */

static bool covers(const char *key)
{
    return lk_preset_covers(key) || g_str_equal(key, LK_SETTING_PRESET);
}

void lk_import_apply_to(const LkImport *import, LkProject *project, LkParameterHistory *history)
{
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, import->values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (!lk_job_draft_is_given_by_project(key))
            g_hash_table_insert(values, key, value);
    g_autofree char *label = g_strdup_printf(_("Settings of %s"), lk_import_format_name(import->format));
    lk_parameter_history_replace(history, label, values, covers);
    const char *model = g_hash_table_lookup(import->values, "pretrained_model_name_or_path");
    const char *trigger = g_hash_table_lookup(import->values, "trigger_words");
    if (model && !*lk_project_get_base_model(project))
        g_object_set(project, "base-model", model, NULL);
    if (trigger && !*lk_project_get_trigger_word(project))
        g_object_set(project, "trigger-word", trigger, NULL);
}

/* ---- the report -------------------------------------------------------------------------------------- */

typedef struct Report {
    LkImport *import;
    LkProject *project;
    LkParameterHistory *history;
    GtkWidget *parent;
    AdwDialog *dialog;
} Report;

static void report_free(Report *report)
{
    lk_import_free(report->import);
    g_object_unref(report->project);
    g_object_unref(report->history);
    g_object_unref(report->parent);
    g_free(report);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

static Report *report_new(GtkWidget *parent, LkProject *project, LkParameterHistory *history)
{
    Report *report = g_new0(Report, 1);
    *report =
        (Report){.project = g_object_ref(project), .history = g_object_ref(history), .parent = g_object_ref(parent)};
    return report;
}

/* In the order of their weight. */
static const struct {
    LkImportKind kind;
    const char *title, *icon, *style;
    gboolean open;
} kinds[] = {
    {LK_IMPORT_UNSUPPORTED, N_("Not Supported"), "dialog-warning-symbolic", "warning", TRUE},
    {LK_IMPORT_CHANGED, N_("Changed"), "document-edit-symbolic", NULL, TRUE},
    {LK_IMPORT_TAKEN, N_("Taken"), "object-select-symbolic", NULL, FALSE},
    {LK_IMPORT_IDLE, N_("Not Needed"), "view-conceal-symbolic", NULL, FALSE},
};

static GtkWidget *make_line(const LkImportLine *line)
{
    const LkParameter *parameter = line->key ? lk_parameter_find(line->key) : NULL;
    GtkWidget *row = adw_action_row_new();
    g_autofree char *title = line->value ? g_strdup_printf("%s = %s", line->name, line->value) : g_strdup(line->name);
    g_autofree char *result = parameter ? g_strdup_printf(_("%s: %s"), _(parameter->title), line->result) : NULL;
    g_autofree char *text =
        result && line->why ? g_strdup_printf(_("%s. %s"), result, line->why) : g_strdup(result ? result : line->why);
    g_autofree char *title_markup = g_markup_escape_text(title, -1), *text_markup = g_markup_escape_text(text, -1);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title_markup);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), text_markup);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    return row;
}

static GtkWidget *make_kind(const LkImport *import, guint index)
{
    guint count = lk_import_count(import, kinds[index].kind);
    if (!count)
        return NULL;
    GtkWidget *row = adw_expander_row_new(), *number = gtk_label_new(NULL);
    GtkWidget *icon = gtk_image_new_from_icon_name(kinds[index].icon);
    g_autofree char *text = g_strdup_printf("%u", count);
    gtk_label_set_label(GTK_LABEL(number), text);
    gtk_widget_add_css_class(number, "dimmed");
    gtk_widget_add_css_class(number, "numeric");
    if (kinds[index].style)
        gtk_widget_add_css_class(icon, kinds[index].style);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _(kinds[index].title));
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, _(kinds[index].title), -1);
    adw_expander_row_add_prefix(ADW_EXPANDER_ROW(row), icon);
    adw_expander_row_add_suffix(ADW_EXPANDER_ROW(row), number);
    adw_expander_row_set_expanded(ADW_EXPANDER_ROW(row), kinds[index].open);
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        if (line->kind == kinds[index].kind)
            adw_expander_row_add_row(ADW_EXPANDER_ROW(row), make_line(line));
    }
    return row;
}

static void take_cb(GtkButton *button, Report *report)
{
    lk_import_apply_to(report->import, report->project, report->history);
    lk_page_toast(report->parent, _("Settings taken. Ctrl+Z brings the old ones back."), NULL, NULL, NULL);
    adw_dialog_close(report->dialog);
}

static void cancel_cb(GtkButton *button, Report *report)
{
    adw_dialog_close(report->dialog);
}

static void present(Report *report, const char *name)
{
    AdwDialog *dialog = adw_dialog_new();
    report->dialog = dialog;
    g_object_set_data_full(G_OBJECT(dialog), "report", report, (GDestroyNotify)report_free);
    adw_dialog_set_content_width(dialog, 560);
    adw_dialog_set_content_height(dialog, 600);
    adw_dialog_set_title(dialog, name);
    GtkWidget *view = adw_toolbar_view_new(), *header = adw_header_bar_new(), *page = adw_preferences_page_new();
    GtkWidget *take = gtk_button_new_with_mnemonic(_("_Take")), *cancel = gtk_button_new_with_mnemonic(_("_Cancel"));
    gtk_widget_add_css_class(take, "suggested-action");
    gtk_button_set_can_shrink(GTK_BUTTON(take), TRUE); /* large text in a narrow window */
    gtk_button_set_can_shrink(GTK_BUTTON(cancel), TRUE);
    g_signal_connect(take, "clicked", G_CALLBACK(take_cb), report);
    g_signal_connect(cancel, "clicked", G_CALLBACK(cancel_cb), report);
    adw_header_bar_set_show_end_title_buttons(ADW_HEADER_BAR(header), FALSE);
    adw_header_bar_set_show_start_title_buttons(ADW_HEADER_BAR(header), FALSE);
    adw_header_bar_pack_start(ADW_HEADER_BAR(header), cancel);
    adw_header_bar_pack_end(ADW_HEADER_BAR(header), take);
    g_autofree char *title = g_strdup_printf(_("Settings of %s"), lk_import_format_name(report->import->format));
    adw_header_bar_set_title_widget(ADW_HEADER_BAR(header), adw_window_title_new(title, name));
    GtkWidget *group = adw_preferences_group_new();
    adw_preferences_group_set_description(
        ADW_PREFERENCES_GROUP(group), _("These take the place of the project's parameters. Names, prompts and other "
                                        "texts that the file does not have stay as they are."));
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        GtkWidget *row = make_kind(report->import, i);
        if (row)
            adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
    }
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), header);
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), page);
    adw_dialog_set_child(dialog, view);
    adw_dialog_set_default_widget(dialog, take);
    adw_dialog_present(dialog, report->parent);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    LkImport *import = lk_import_read(data, &error);
    if (import)
        g_task_return_pointer(task, import, (GDestroyNotify)lk_import_free);
    else
        g_task_return_error(task, error);
}

static void show_error(GtkWidget *parent, const char *heading, const GError *error)
{
    AdwDialog *dialog = adw_alert_dialog_new(heading, error->message);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(dialog), "close", _("_Close"));
    adw_dialog_present(dialog, parent);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Report) report = data;
    g_autoptr(GError) error = NULL;
    report->import = g_task_propagate_pointer(G_TASK(result), &error);
    if (!report->import) {
        show_error(report->parent, _("The Settings Could Not Be Read"), error);
        return;
    }
    g_autofree char *name = g_filename_display_basename(g_task_get_task_data(G_TASK(result)));
    present(g_steal_pointer(&report), name);
}

void lk_import_open(GtkWidget *parent, LkProject *project, LkParameterHistory *history, const char *path)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, read_cb, report_new(parent, project, history));
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, read_thread);
}

static void chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Report) report = data;
    g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path)
        lk_import_open(report->parent, report->project, report->history, path);
}

void lk_import_choose(GtkWidget *parent, LkProject *project, LkParameterHistory *history)
{
    static const char *const suffixes[] = {"toml", "json", "yaml", "yml"};
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
    g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
    gtk_file_filter_set_name(filter, _("Settings (TOML, JSON, YAML)"));
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
        gtk_file_filter_add_suffix(filter, suffixes[i]);
    g_list_store_append(filters, filter);
    gtk_file_dialog_set_title(dialog, _("Import Settings"));
    gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
    gtk_file_dialog_open(dialog, GTK_WINDOW(gtk_widget_get_root(parent)), NULL, chosen_cb,
                         report_new(parent, project, history));
}

/* ---- writing ----------------------------------------------------------------------------------------- */

char *lk_export_text(LkProject *project)
{
    g_autoptr(LkJob) job = lk_job_draft_new(project, NULL);
    /* Where pictures and results are is another matter on every machine. */
    static const char *const own[] = {"train_data_dir", "dataset_config", "output_dir"};
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        lk_job_reset(job, lk_parameter_find(own[i]));
    return lk_job_to_toml(job);
}

static void written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GtkWidget) parent = data;
    g_autoptr(GError) error = NULL;
    if (!g_file_replace_contents_finish(G_FILE(source), result, NULL, &error)) {
        show_error(parent, _("The Settings Could Not Be Saved"), error);
        return;
    }
    lk_page_toast(parent, _("Settings saved"), NULL, NULL, NULL);
}

typedef struct Export {
    GtkWidget *parent;
    LkProject *project;
} Export;

static void export_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Export *export = data;
    g_autoptr(GtkWidget) parent = export->parent;
    g_autoptr(LkProject) project = export->project;
    g_autoptr(GFile) file = gtk_file_dialog_save_finish(GTK_FILE_DIALOG(source), result, NULL);
    if (!file)
        return;
    g_autofree char *text = lk_export_text(project);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_file_replace_contents_bytes_async(file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL, written_cb,
                                        g_steal_pointer(&parent));
}

void lk_export_choose(GtkWidget *parent, LkProject *project)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autofree char *name = lk_job_draft_base_value(project, "output_name", NULL);
    g_autofree char *file = g_strconcat(name, ".lorikeet.toml", NULL);
    gtk_file_dialog_set_title(dialog, _("Export Settings"));
    gtk_file_dialog_set_initial_name(dialog, file);
    Export *export = g_new0(Export, 1);
    *export = (Export){g_object_ref(parent), g_object_ref(project)};
    gtk_file_dialog_save(dialog, GTK_WINDOW(gtk_widget_get_root(parent)), NULL, export_cb, export);
}
