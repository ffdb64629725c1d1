#include "app/results/folder_list.h"

#include "app/application.h"
#include "app/core/export_folders.h"
#include "app/core/places.h"
#include "app/widgets/choice_row.h"
#include "system/sandbox.h"

#include <glib/gi18n.h>

struct _LkFolderList {
    AdwBin parent_instance;
    GtkListBox *list;
    GtkCheckButton *group; /* not shown: makes even a single folder a radio button */
    char *folder;
};

G_DEFINE_FINAL_TYPE(LkFolderList, lk_folder_list, ADW_TYPE_BIN)

static GSettings *settings(void)
{
    return lk_application_get_settings(lk_application_get());
}

const char *lk_folder_list_get_folder(LkFolderList *self)
{
    return self->folder;
}

static const char *folder_of(GtkWidget *row)
{
    return g_object_get_data(G_OBJECT(row), "folder");
}

static GtkWidget *find_row(LkFolderList *self, const char *path)
{
    GtkListBoxRow *row;
    for (int i = 0; (row = gtk_list_box_get_row_at_index(self->list, i)); i++)
        if (g_strcmp0(folder_of(GTK_WIDGET(row)), path) == 0)
            return GTK_WIDGET(row);
    return NULL;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static void toggled_cb(GtkCheckButton *check, LkFolderList *self)
{
    GtkWidget *row = gtk_widget_get_ancestor(GTK_WIDGET(check), GTK_TYPE_LIST_BOX_ROW);
    if (gtk_check_button_get_active(check))
        g_set_str(&self->folder, folder_of(row));
}

static void choose_row(GtkWidget *row)
{
    gtk_check_button_set_active(g_object_get_data(G_OBJECT(row), "check"), TRUE);
}

/* Where nothing is remembered. */
static void choose_usual(LkFolderList *self)
{
    g_autofree char *folder = lk_places_exports(lk_in_flatpak(NULL));
    lk_folder_list_choose(self, folder);
}

/* The next one is chosen where it was the chosen one; a folder to go to always stays. */
static void forget_cb(GtkWidget *button, LkFolderList *self)
{
    GtkWidget *row = gtk_widget_get_ancestor(button, GTK_TYPE_LIST_BOX_ROW);
    g_autofree char *path = g_strdup(folder_of(row));
    lk_export_folders_forget(settings(), path);
    gtk_list_box_remove(self->list, row);
    GtkListBoxRow *first = gtk_list_box_get_row_at_index(self->list, 0);
    if (!folder_of(GTK_WIDGET(first)))
        choose_usual(self);
    else if (g_str_equal(path, self->folder))
        choose_row(GTK_WIDGET(first));
}

static GtkWidget *make_row(LkFolderList *self, const char *path)
{
    g_autofree char *shown = g_filename_display_name(path);
    AdwActionRow *row = lk_choice_row_new(lk_folder_kind_title(lk_folder_kind(path)), shown);
    GtkCheckButton *check = lk_choice_row_add_check(row, self->group);
    GtkWidget *forget = gtk_button_new_from_icon_name("edit-clear-symbolic");
    gtk_widget_set_tooltip_text(forget, _("Forget This Folder"));
    gtk_widget_set_valign(forget, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(forget, "flat");
    adw_action_row_add_suffix(row, forget);
    adw_action_row_set_subtitle_lines(row, 2);
    gtk_widget_set_tooltip_text(GTK_WIDGET(row), shown);
    g_object_set_data(G_OBJECT(row), "check", check);
    g_object_set_data_full(G_OBJECT(row), "folder", g_strdup(path), g_free);
    g_signal_connect_object(check, "toggled", G_CALLBACK(toggled_cb), self, 0);
    g_signal_connect_object(forget, "clicked", G_CALLBACK(forget_cb), self, 0);
    return GTK_WIDGET(row);
}

void lk_folder_list_choose(LkFolderList *self, const char *path)
{
    g_autofree char *folder = lk_folder_for_loras(path);
    GtkWidget *row = find_row(self, folder);
    if (!row) {
        row = make_row(self, folder);
        gtk_list_box_insert(self->list, row, 0);
    }
    choose_row(row);
}

/* ---- any other --------------------------------------------------------------------------------------- */

static void chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkFolderList) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path)
        lk_folder_list_choose(self, path);
}

static void other_cb(LkFolderList *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autoptr(GFile) folder = g_file_new_for_path(self->folder);
    gtk_file_dialog_set_title(dialog, _("Save LoRA In"));
    gtk_file_dialog_set_initial_folder(dialog, folder);
    gtk_file_dialog_select_folder(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), NULL, chosen_cb,
                                  g_object_ref(self));
}

static GtkWidget *make_other(LkFolderList *self)
{
    GtkWidget *row = adw_button_row_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("_Other Folder…"));
    adw_preferences_row_set_use_underline(ADW_PREFERENCES_ROW(row), TRUE);
    adw_button_row_set_start_icon_name(ADW_BUTTON_ROW(row), "folder-open-symbolic");
    gtk_widget_set_tooltip_text(row, _("The main folder of WebUI or ComfyUI will do: Lorikeet finds its LoRAs"));
    g_signal_connect_object(row, "activated", G_CALLBACK(other_cb), self, G_CONNECT_SWAPPED);
    return row;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_folder_list_dispose(GObject *object)
{
    LkFolderList *self = LK_FOLDER_LIST(object);
    g_clear_pointer(&self->folder, g_free);
    g_clear_object(&self->group);
    G_OBJECT_CLASS(lk_folder_list_parent_class)->dispose(object);
}

static void lk_folder_list_class_init(LkFolderListClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_folder_list_dispose;
}

/* Folders that are not there just now (a drive that is not mounted) stay remembered, but are not offered. */
static void lk_folder_list_init(LkFolderList *self)
{
    g_auto(GStrv) folders = lk_export_folders(settings());
    self->group = g_object_ref_sink(GTK_CHECK_BUTTON(gtk_check_button_new()));
    self->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_list_box_set_selection_mode(self->list, GTK_SELECTION_NONE);
    gtk_widget_add_css_class(GTK_WIDGET(self->list), "boxed-list");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Save In"), -1);
    for (char **folder = folders; *folder; folder++)
        if (g_file_test(*folder, G_FILE_TEST_IS_DIR))
            gtk_list_box_append(self->list, make_row(self, *folder));
    GtkListBoxRow *first = gtk_list_box_get_row_at_index(self->list, 0);
    gtk_list_box_append(self->list, make_other(self));
    if (first)
        choose_row(GTK_WIDGET(first));
    else
        choose_usual(self);
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->list));
}
