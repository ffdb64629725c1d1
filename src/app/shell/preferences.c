#include "app/shell/preferences.h"

#include "app/application.h"
#include "app/core/places.h"
#include "app/widgets/combo_names.h"
#include "system/sandbox.h"

#include <glib/gi18n.h>

#define LK_TYPE_PREFERENCES (lk_preferences_get_type())
G_DECLARE_FINAL_TYPE(LkPreferences, lk_preferences, LK, PREFERENCES, AdwPreferencesDialog)

struct _LkPreferences {
    AdwPreferencesDialog parent_instance;
    AdwComboRow *appearance_row, *language_row, *device_row;
    AdwSpinRow *share_row;
    GPtrArray *devices; /* char *: ids, as the rows of device_row */
    gboolean filling;
    AdwActionRow *projects_row;
};

G_DEFINE_FINAL_TYPE(LkPreferences, lk_preferences, ADW_TYPE_PREFERENCES_DIALOG)

static GSettings *settings(void)
{
    return lk_application_get_settings(lk_application_get());
}

static void show_folder(LkPreferences *self)
{
    g_autofree char *chosen = g_settings_get_string(settings(), "projects-folder");
    g_autofree char *folder = *chosen ? g_strdup(chosen) : lk_places_projects(lk_in_flatpak(NULL));
    g_autofree char *text = g_filename_display_name(folder);
    g_autofree char *markup = g_markup_escape_text(text, -1);
    adw_action_row_set_subtitle(self->projects_row, markup);
}

static void folder_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkPreferences) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (!path)
        return;
    g_settings_set_string(settings(), "projects-folder", path);
    show_folder(self);
}

static void change_folder_cb(LkPreferences *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Folder for Projects"));
    gtk_file_dialog_select_folder(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), NULL, folder_chosen_cb,
                                  g_object_ref(self));
}

static void appearance_cb(LkPreferences *self)
{
    g_settings_set_enum(settings(), "appearance", (int)adw_combo_row_get_selected(self->appearance_row));
}

/* ---- language ---------------------------------------------------------------------------------------- */

/* Each in its own words, so that one finds the way back. */
static const struct {
    const char *id, *name;
} languages[] = {{"en", "English"}, {"zh_CN", "简体中文"}, {"zh_TW", "繁體中文"}};

static void language_cb(LkPreferences *self)
{
    guint selected = adw_combo_row_get_selected(self->language_row);
    if (selected <= G_N_ELEMENTS(languages))
        g_settings_set_string(settings(), "language", selected ? languages[selected - 1].id : "");
}

static void fill_languages(LkPreferences *self)
{
    g_autofree char *wanted = g_settings_get_string(settings(), "language");
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    guint selected = 0;
    gtk_string_list_append(names, _("Follow System"));
    for (guint i = 0; i < G_N_ELEMENTS(languages); i++) {
        gtk_string_list_append(names, languages[i].name);
        if (g_str_equal(languages[i].id, wanted))
            selected = i + 1;
    }
    lk_combo_name_items(GTK_WIDGET(self->language_row));
    adw_combo_row_set_model(self->language_row, G_LIST_MODEL(names));
    adw_combo_row_set_selected(self->language_row, selected);
    g_signal_connect_object(self->language_row, "notify::selected", G_CALLBACK(language_cb), self, G_CONNECT_SWAPPED);
}

/* ---- what computes ----------------------------------------------------------------------------------- */

static void device_cb(LkPreferences *self)
{
    guint selected = adw_combo_row_get_selected(self->device_row);
    if (!self->filling && selected < self->devices->len)
        g_settings_set_string(settings(), "device", self->devices->pdata[selected]);
}

static void add_device(LkPreferences *self, GtkStringList *names, const char *id, const char *label)
{
    g_autofree char *wanted = g_settings_get_string(settings(), "device");
    gtk_string_list_append(names, label);
    g_ptr_array_add(self->devices, g_strdup(id));
    if (g_str_equal(wanted, id))
        adw_combo_row_set_selected(self->device_row, self->devices->len - 1);
}

/* What is there now; and what is chosen, even where it is not there any more. */
static void fill_devices(LkPreferences *self)
{
    LkDeviceStatus *status = lk_application_get_device(lk_application_get());
    const GArray *all = lk_device_status_get_all(status);
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    g_autofree char *wanted = g_settings_get_string(settings(), "device");
    self->filling = TRUE;
    g_ptr_array_set_size(self->devices, 0);
    adw_combo_row_set_model(self->device_row, G_LIST_MODEL(names));
    add_device(self, names, "auto", _("The Best There Is"));
    gboolean there = g_str_equal(wanted, "auto");
    for (guint i = 0; i < all->len; i++) {
        const LkDeviceChoice *choice = &g_array_index(all, LkDeviceChoice, i);
        g_autofree char *label = lk_device_label(choice);
        add_device(self, names, choice->id, label);
        there = there || g_str_equal(wanted, choice->id);
    }
    if (!there) {
        g_autofree char *label = g_strdup_printf(_("%s (not there)"), wanted);
        add_device(self, names, wanted, label);
    }
    self->filling = FALSE;
}

static void lk_preferences_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PREFERENCES);
    g_clear_pointer(&LK_PREFERENCES(object)->devices, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_preferences_parent_class)->dispose(object);
}

static void lk_preferences_class_init(LkPreferencesClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_preferences_dispose;
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/shell-preferences.ui");
    gtk_widget_class_bind_template_child(widget_class, LkPreferences, appearance_row);
    gtk_widget_class_bind_template_child(widget_class, LkPreferences, language_row);
    gtk_widget_class_bind_template_child(widget_class, LkPreferences, projects_row);
    gtk_widget_class_bind_template_child(widget_class, LkPreferences, device_row);
    gtk_widget_class_bind_template_child(widget_class, LkPreferences, share_row);
    gtk_widget_class_bind_template_callback(widget_class, change_folder_cb);
}

static void lk_preferences_init(LkPreferences *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    lk_combo_name_items(GTK_WIDGET(self->appearance_row));
    adw_combo_row_set_selected(self->appearance_row, (guint)g_settings_get_enum(settings(), "appearance"));
    g_signal_connect_object(self->appearance_row, "notify::selected", G_CALLBACK(appearance_cb), self,
                            G_CONNECT_SWAPPED);
    fill_languages(self);
    self->devices = g_ptr_array_new_with_free_func(g_free);
    lk_combo_name_items(GTK_WIDGET(self->device_row));
    fill_devices(self);
    g_signal_connect_object(self->device_row, "notify::selected", G_CALLBACK(device_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_application_get_device(lk_application_get()), "notify::checked",
                            G_CALLBACK(fill_devices), self, G_CONNECT_SWAPPED);
    g_settings_bind(settings(), "memory-share", adw_spin_row_get_adjustment(self->share_row), "value",
                    G_SETTINGS_BIND_DEFAULT);
    show_folder(self);
}

void lk_preferences_present(GtkWidget *parent)
{
    if (settings())
        adw_dialog_present(g_object_new(LK_TYPE_PREFERENCES, NULL), parent);
}
