#include "app/parameters/model_dialog.h"

#include "app/application.h"
#include "app/core/models.h"
#include "app/widgets/choice_row.h"
#include "app/widgets/model_chooser.h"
#include "app/widgets/model_row.h"

#include <glib/gi18n.h>

#define LK_TYPE_MODEL_DIALOG (lk_model_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkModelDialog, lk_model_dialog, LK, MODEL_DIALOG, AdwDialog)

struct _LkModelDialog {
    AdwDialog parent_instance;
    LkProject *project;
    AdwPreferencesGroup *good, *bad;
    GtkCheckButton *group; /* not shown: makes even a single model a radio button */
    GCancellable *cancellable;
    char *added; /* the file that was just added: it is meant */
};

G_DEFINE_FINAL_TYPE(LkModelDialog, lk_model_dialog, ADW_TYPE_DIALOG)

static void chosen_cb(GtkCheckButton *check, LkModelDialog *self)
{
    AdwActionRow *row = ADW_ACTION_ROW(gtk_widget_get_ancestor(GTK_WIDGET(check), ADW_TYPE_ACTION_ROW));
    const LkModelInfo *info = lk_model_row_get_info(row);
    if (!gtk_check_button_get_active(check))
        return;
    g_object_set(self->project, "base-model", info->path, "family", info->family, NULL);
    GSettings *settings = lk_application_get_settings(lk_application_get());
    if (settings)
        lk_models_remember(settings, info->path);
}

static void add_good(LkModelDialog *self, AdwActionRow *row)
{
    const char *path = lk_model_row_get_info(row)->path;
    GtkCheckButton *check = lk_choice_row_add_check(row, self->group);
    gboolean meant = g_str_equal(self->added ? self->added : lk_project_get_base_model(self->project), path);
    gtk_check_button_set_active(check, meant);
    g_signal_connect_object(check, "toggled", G_CALLBACK(chosen_cb), self, 0);
    adw_preferences_group_add(self->good, GTK_WIDGET(row));
    if (meant)
        chosen_cb(check, self);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkModelInfo *info = lk_model_info_read_finish(result, NULL);
    if (!info)
        return; /* the dialog is gone */
    LkModelDialog *self = data;
    AdwActionRow *row = lk_model_row_new(info);
    if (!info->problem) {
        add_good(self, row);
        return;
    }
    adw_preferences_group_add(self->bad, GTK_WIDGET(row));
    gtk_widget_set_visible(GTK_WIDGET(self->bad), TRUE);
}

static void file_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkModelDialog) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (!path)
        return;
    g_set_str(&self->added, path);
    lk_model_info_read(path, self->cancellable, read_cb, self);
}

static void add_cb(LkModelDialog *self)
{
    lk_model_chooser_open(GTK_WIDGET(self), self->cancellable, file_cb, g_object_ref(self));
}

/* The project's own model too, where it is not in the list any more. */
static void read_known(LkModelDialog *self)
{
    GSettings *settings = lk_application_get_settings(lk_application_get());
    g_auto(GStrv) models = settings ? g_settings_get_strv(settings, "models") : g_new0(char *, 1);
    const char *own = lk_project_get_base_model(self->project);
    if (*own && !g_strv_contains((const char *const *)models, own))
        lk_model_info_read(own, self->cancellable, read_cb, self);
    for (char **path = models; *path; path++)
        lk_model_info_read(*path, self->cancellable, read_cb, self);
}

void lk_model_dialog_present(GtkWidget *parent, LkProject *project)
{
    LkModelDialog *self = g_object_new(LK_TYPE_MODEL_DIALOG, NULL);
    self->project = g_object_ref(project);
    read_known(self);
    adw_dialog_present(ADW_DIALOG(self), parent);
}

static void lk_model_dialog_dispose(GObject *object)
{
    LkModelDialog *self = LK_MODEL_DIALOG(object);
    g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->project);
    g_clear_object(&self->group);
    G_OBJECT_CLASS(lk_model_dialog_parent_class)->dispose(object);
}

static void lk_model_dialog_finalize(GObject *object)
{
    g_object_unref(LK_MODEL_DIALOG(object)->cancellable);
    g_free(LK_MODEL_DIALOG(object)->added);
    G_OBJECT_CLASS(lk_model_dialog_parent_class)->finalize(object);
}

static void lk_model_dialog_class_init(LkModelDialogClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_model_dialog_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_model_dialog_finalize;
}

static void lk_model_dialog_init(LkModelDialog *self)
{
    self->cancellable = g_cancellable_new();
    adw_dialog_set_title(ADW_DIALOG(self), _("Base Model"));
    adw_dialog_set_content_width(ADW_DIALOG(self), 520);
    adw_dialog_set_content_height(ADW_DIALOG(self), 480);
    self->group = g_object_ref_sink(GTK_CHECK_BUTTON(gtk_check_button_new()));
    GtkWidget *view = adw_toolbar_view_new(), *header = adw_header_bar_new(), *page = adw_preferences_page_new();
    GtkWidget *add = gtk_button_new_with_mnemonic(_("_Add File…"));
    adw_header_bar_pack_start(ADW_HEADER_BAR(header), add);
    g_signal_connect_object(add, "clicked", G_CALLBACK(add_cb), self, G_CONNECT_SWAPPED);
    self->good = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_description(
        self->good,
        _("The LoRA is trained for this model and works on its relatives too. Models are never downloaded."));
    self->bad = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_title(self->bad, _("Cannot Be Used"));
    gtk_widget_set_visible(GTK_WIDGET(self->bad), FALSE);
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), self->good);
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), self->bad);
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), header);
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), page);
    adw_dialog_set_child(ADW_DIALOG(self), view);
}
