#include "app/results/export_dialog.h"

#include "adapter/lora_export.h"
#include "app/application.h"
#include "app/core/export_folders.h"
#include "app/page.h"
#include "app/results/checkpoint_row.h"
#include "app/results/folder_list.h"
#include "app/widgets/combo_names.h"
#include "app/widgets/cover.h"

#include <glib/gi18n.h>
#include <string.h>

#define LK_TYPE_EXPORT_DIALOG (lk_export_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkExportDialog, lk_export_dialog, LK, EXPORT_DIALOG, AdwDialog)

/* What can be said in the file, by the keys of the model specification. */
static const struct {
    const char *key, *title;
} fields[] = {
    {"modelspec.title", N_("Title")},
    {"modelspec.author", N_("Author")},
    {"modelspec.description", N_("Description")},
    {"modelspec.license", N_("Licence")},
    {"modelspec.tags", N_("Tags")},
    {"modelspec.trigger_phrase", N_("Trigger phrase")},
    {"modelspec.usage_hint", N_("Usage hint")},
};

struct _LkExportDialog {
    AdwDialog parent_instance;
    LkCover *cover;
    GtkLabel *heading, *about, *prompt;
    GtkWidget *export_button;
    AdwEntryRow *name_row, *fields[G_N_ELEMENTS(fields)];
    AdwComboRow *format_row, *precision_row, *layout_row;
    LkFolderList *folders;
    AdwExpanderRow *metadata_row;
    LkProject *project;
    char *from;
    GtkWidget *parent; /* where the toast appears */
};

G_DEFINE_FINAL_TYPE(LkExportDialog, lk_export_dialog, ADW_TYPE_DIALOG)

/* ---- what is shown ----------------------------------------------------------------------------------- */

static char *file_name(LkExportDialog *self)
{
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->name_row))));
    return g_strdup_printf("%s.%s", name, adw_combo_row_get_selected(self->format_row) == 1 ? "pt" : "safetensors");
}

static void changed_cb(LkExportDialog *self)
{
    if (!self->from) /* the template is being built */
        return;
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->name_row))));
    gtk_widget_set_sensitive(self->export_button, *name && !strchr(name, '/'));
    const char *trigger = lk_project_get_trigger_word(self->project);
    g_autofree char *prompt = g_strdup_printf("%s%s<lora:%s:0.7>", trigger, *trigger ? ", " : "", name);
    gtk_label_set_label(self->prompt, prompt);
    gtk_widget_set_sensitive(GTK_WIDGET(self->metadata_row), adw_combo_row_get_selected(self->format_row) == 0);
}

static void copy_cb(LkExportDialog *self)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), gtk_label_get_label(self->prompt));
}

static void cancel_cb(LkExportDialog *self)
{
    adw_dialog_close(ADW_DIALOG(self));
}

/* ---- writing ----------------------------------------------------------------------------------------- */

typedef struct Export {
    char *from, *to;
    LkLoraFormat format;
    LkMetadata *changes;
} Export;

static void export_free(gpointer data)
{
    Export *export = data;
    g_free(export->from);
    g_free(export->to);
    lk_metadata_free(export->changes);
    g_free(export);
}

static void export_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Export *export = data;
    GError *error = NULL;
    if (lk_lora_export(export->from, export->to, &export->format, export->changes, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

/* The dialog may have been closed meanwhile, and the window too. */
static void tell_failure(LkExportDialog *self, const GError *error)
{
    GtkWidget *over = gtk_widget_get_root(GTK_WIDGET(self)) ? GTK_WIDGET(self) : self->parent;
    gtk_widget_set_sensitive(self->export_button, TRUE);
    if (!gtk_widget_get_root(over))
        return;
    AdwDialog *alert = adw_alert_dialog_new(_("The LoRA Could Not Be Exported"), error->message);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(alert), "close", _("_Close"));
    adw_dialog_present(alert, over);
}

static void exported_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkExportDialog *self = LK_EXPORT_DIALOG(source);
    g_autoptr(GError) error = NULL;
    lk_application_end_writing();
    if (!g_task_propagate_boolean(G_TASK(result), &error)) {
        tell_failure(self, error);
        return;
    }
    const char *folder = lk_folder_list_get_folder(self->folders);
    lk_export_folders_remember(lk_application_get_settings(lk_application_get()), folder);
    g_autofree char *name = file_name(self);
    g_autofree char *text = g_strdup_printf(_("“%s” exported"), name);
    lk_page_toast(self->parent, text, _("_Open Folder"), "win.open-folder", g_variant_new_string(folder));
    if (gtk_widget_get_root(GTK_WIDGET(self)))
        adw_dialog_close(ADW_DIALOG(self));
}

static LkMetadata *read_fields(LkExportDialog *self)
{
    LkMetadata *changes = lk_metadata_new();
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        lk_metadata_set(changes, fields[i].key, gtk_editable_get_text(GTK_EDITABLE(self->fields[i])));
    return changes;
}

static void start_export(LkExportDialog *self)
{
    static const LkFileDType dtypes[] = {LK_FILE_F16, LK_FILE_BF16, LK_FILE_F32};
    static const LkLoraLayout layouts[] = {LK_LAYOUT_KOHYA, LK_LAYOUT_DIFFUSERS, LK_LAYOUT_COMFY};
    g_autofree char *name = file_name(self);
    Export *export = g_new0(Export, 1);
    *export = (Export){.from = g_strdup(self->from),
                       .to = g_build_filename(lk_folder_list_get_folder(self->folders), name, NULL),
                       .format = {.layout = layouts[adw_combo_row_get_selected(self->layout_row)],
                                  .dtype = dtypes[adw_combo_row_get_selected(self->precision_row)],
                                  .pt = adw_combo_row_get_selected(self->format_row) == 1},
                       .changes = read_fields(self)};
    gtk_widget_set_sensitive(self->export_button, FALSE);
    g_autoptr(GTask) task = g_task_new(self, NULL, exported_cb, NULL);
    g_task_set_task_data(task, export, export_free);
    lk_application_begin_writing();
    g_task_run_in_thread(task, export_thread);
}

static void replace_cb(LkExportDialog *self, const char *response)
{
    if (g_str_equal(response, "replace"))
        start_export(self);
}

static void export_cb(LkExportDialog *self)
{
    g_autofree char *name = file_name(self);
    g_autofree char *to = g_build_filename(lk_folder_list_get_folder(self->folders), name, NULL);
    if (!g_file_test(to, G_FILE_TEST_EXISTS)) {
        start_export(self);
        return;
    }
    g_autofree char *body = g_strdup_printf(_("“%s” is in that folder already."), name);
    AdwDialog *alert = adw_alert_dialog_new(_("Replace File?"), body);
    adw_alert_dialog_add_responses(ADW_ALERT_DIALOG(alert), "cancel", _("_Cancel"), "replace", _("_Replace"), NULL);
    adw_alert_dialog_set_response_appearance(ADW_ALERT_DIALOG(alert), "replace", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_close_response(ADW_ALERT_DIALOG(alert), "cancel");
    g_signal_connect_object(alert, "response", G_CALLBACK(replace_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_present(alert, GTK_WIDGET(self));
}

/* ---- what the file says ------------------------------------------------------------------------------ */

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    LkLoraFile *file = lk_lora_file_read(data, &error);
    if (file)
        g_task_return_pointer(task, file, (GDestroyNotify)lk_lora_file_free);
    else
        g_task_return_error(task, error);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkExportDialog *self = LK_EXPORT_DIALOG(source);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkLoraFile) file = g_task_propagate_pointer(G_TASK(result), &error);
    if (!file) {
        gtk_label_set_label(self->about, error->message);
        gtk_widget_set_sensitive(self->export_button, FALSE);
        return;
    }
    const LkMetadata *metadata = lk_lora_file_metadata(file);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *value = lk_metadata_get(metadata, fields[i].key);
        if (value)
            gtk_editable_set_text(GTK_EDITABLE(self->fields[i]), value);
    }
    size_t count = lk_lora_file_count(file);
    g_autofree char *about =
        g_strdup_printf(_("Rank %d · %zu modules · trained on %s"), count ? lk_lora_file_at(file, 0)->shape.dim : 0,
                        count, lk_project_get_family(self->project));
    gtk_label_set_label(self->about, about);
}

static void add_fields(LkExportDialog *self)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        self->fields[i] = ADW_ENTRY_ROW(adw_entry_row_new());
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->fields[i]), _(fields[i].title));
        adw_expander_row_add_row(self->metadata_row, GTK_WIDGET(self->fields[i]));
    }
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_export_dialog_dispose(GObject *object)
{
    LkExportDialog *self = LK_EXPORT_DIALOG(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_EXPORT_DIALOG);
    g_clear_object(&self->project);
    g_clear_object(&self->parent);
    g_clear_pointer(&self->from, g_free);
    G_OBJECT_CLASS(lk_export_dialog_parent_class)->dispose(object);
}

static void lk_export_dialog_class_init(LkExportDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_export_dialog_dispose;
    g_type_ensure(LK_TYPE_COVER);
    g_type_ensure(LK_TYPE_FOLDER_LIST);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/results-export_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, cover);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, heading);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, about);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, prompt);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, export_button);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, name_row);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, format_row);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, precision_row);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, layout_row);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, folders);
    gtk_widget_class_bind_template_child(widget_class, LkExportDialog, metadata_row);
    gtk_widget_class_bind_template_callback(widget_class, changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
    gtk_widget_class_bind_template_callback(widget_class, export_cb);
    gtk_widget_class_bind_template_callback(widget_class, copy_cb);
}

static void lk_export_dialog_init(LkExportDialog *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    AdwComboRow *rows[] = {self->format_row, self->precision_row, self->layout_row};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        lk_combo_name_items(GTK_WIDGET(rows[i]));
    add_fields(self);
}

/* The newest sample of the first prompt that is not later than the checkpoint. */
static const char *sample_for(LkTask *task, const LkTaskCheckpoint *checkpoint)
{
    const GPtrArray *samples = lk_task_get_samples(task);
    const char *path = NULL;
    for (guint i = 0; i < samples->len; i++) {
        const LkTaskSample *sample = samples->pdata[i];
        if (sample->prompt_index == 0 && sample->step <= checkpoint->step)
            path = sample->path;
    }
    return path;
}

void lk_export_dialog_present(LkProject *project, LkTask *task, const LkTaskCheckpoint *checkpoint, GtkWidget *parent)
{
    LkExportDialog *self = g_object_new(LK_TYPE_EXPORT_DIALOG, NULL);
    self->project = g_object_ref(project);
    self->from = g_strdup(checkpoint->path);
    self->parent = g_object_ref(parent);
    g_autofree char *when = lk_checkpoint_title(checkpoint);
    /* translators: project and checkpoint: "Rainbow Lorikeet, Epoch 8" */
    g_autofree char *heading = g_strdup_printf(_("%s, %s"), lk_project_get_name(project), when);
    gtk_label_set_label(self->heading, heading);
    lk_cover_set_path(self->cover, sample_for(task, checkpoint));
    gtk_editable_set_text(GTK_EDITABLE(self->name_row), lk_task_get_output_name(task));
    changed_cb(self);
    g_autoptr(GTask) reading = g_task_new(self, NULL, read_cb, NULL);
    g_task_set_task_data(reading, g_strdup(checkpoint->path), g_free);
    g_task_run_in_thread(reading, read_thread);
    adw_dialog_present(ADW_DIALOG(self), parent);
}
