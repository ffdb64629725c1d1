#include "app/parameters/model_dialog.h"

#include "app/application.h"
#include "app/core/models.h"
#include "app/widgets/model_chooser.h"

#include <glib/gi18n.h>

#define LK_TYPE_MODEL_DIALOG (lk_model_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkModelDialog, lk_model_dialog, LK, MODEL_DIALOG, AdwDialog)

struct _LkModelDialog {
    AdwDialog parent_instance;
    LkProject *project;
    AdwPreferencesGroup *good, *bad;
    GtkCheckButton *first; /* the radio group */
    GCancellable *cancellable;
    char *added; /* the file that was just added: it is meant */
};

G_DEFINE_FINAL_TYPE(LkModelDialog, lk_model_dialog, ADW_TYPE_DIALOG)

static AdwActionRow *make_row(const LkModelInfo *info, const char *subtitle)
{
    g_autofree char *title = g_markup_escape_text(info->name, -1), *escaped = g_markup_escape_text(subtitle, -1);
    AdwActionRow *row = ADW_ACTION_ROW(adw_action_row_new());
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(row, escaped);
    gtk_widget_set_tooltip_text(GTK_WIDGET(row), info->path);
    return row;
}

static void chosen_cb(GtkCheckButton *check, LkModelDialog *self)
{
    const LkModelInfo *info = g_object_get_data(G_OBJECT(check), "model");
    if (!gtk_check_button_get_active(check))
        return;
    g_object_set(self->project, "base-model", info->path, "family", info->family, NULL);
    GSettings *settings = lk_application_get_settings(lk_application_get());
    if (settings)
        lk_models_remember(settings, info->path);
}

static void add_good(LkModelDialog *self, LkModelInfo *info)
{
    g_autofree char *size = g_format_size(info->bytes);
    AdwActionRow *row = make_row(info, size);
    GtkWidget *badge = gtk_label_new(info->family), *check = gtk_check_button_new();
    gtk_widget_add_css_class(badge, "family-badge");
    gtk_widget_set_valign(badge, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(check, GTK_ALIGN_CENTER);
    if (self->first)
        gtk_check_button_set_group(GTK_CHECK_BUTTON(check), self->first);
    else
        self->first = GTK_CHECK_BUTTON(check);
    gboolean meant = self->added ? g_str_equal(self->added, info->path)
                                 : g_str_equal(lk_project_get_base_model(self->project), info->path);
    gtk_check_button_set_active(GTK_CHECK_BUTTON(check), meant);
    adw_action_row_add_prefix(row, check);
    adw_action_row_add_suffix(row, badge);
    adw_action_row_set_activatable_widget(row, check);
    g_object_set_data_full(G_OBJECT(check), "model", info, (GDestroyNotify)lk_model_info_free);
    g_signal_connect_object(check, "toggled", G_CALLBACK(chosen_cb), self, 0);
    adw_preferences_group_add(self->good, GTK_WIDGET(row));
    if (meant)
        chosen_cb(GTK_CHECK_BUTTON(check), self);
}

static void add_bad(LkModelDialog *self, const LkModelInfo *info)
{
    AdwActionRow *row = make_row(info, info->problem);
    GtkWidget *icon = gtk_image_new_from_icon_name("dialog-warning-symbolic");
    gtk_widget_add_css_class(icon, "warning");
    adw_action_row_set_subtitle_lines(row, 0);
    adw_action_row_add_prefix(row, icon);
    adw_preferences_group_add(self->bad, GTK_WIDGET(row));
    gtk_widget_set_visible(GTK_WIDGET(self->bad), TRUE);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkModelInfo *info = lk_model_info_read_finish(result, NULL);
    if (!info)
        return; /* the dialog is gone */
    LkModelDialog *self = data;
    if (info->problem) {
        add_bad(self, info);
        lk_model_info_free(info);
    } else {
        add_good(self, info);
    }
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
