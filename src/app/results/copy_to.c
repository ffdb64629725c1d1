#include "app/results/copy_to.h"

#include "app/application.h"
#include "app/core/export_folders.h"
#include "app/page.h"

#include <glib/gi18n.h>

typedef struct Copy {
    GtkWidget *parent;
    char *folder;
    GFile *from, *to;
} Copy;

static void copy_free(Copy *copy)
{
    g_object_unref(copy->parent);
    g_free(copy->folder);
    g_clear_object(&copy->from);
    g_clear_object(&copy->to);
    g_free(copy);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Copy, copy_free)

static GSettings *settings(void)
{
    return lk_application_get_settings(lk_application_get());
}

static void start(Copy *copy, GFileCopyFlags flags);

/* ---- what came of it --------------------------------------------------------------------------------- */

static void replace_cb(AdwAlertDialog *alert, const char *response, Copy *copy)
{
    g_object_steal_data(G_OBJECT(alert), "copy");
    if (g_str_equal(response, "replace"))
        start(copy, G_FILE_COPY_OVERWRITE);
    else
        copy_free(copy);
}

static void ask(Copy *copy)
{
    g_autofree char *path = g_file_get_path(copy->to);
    g_autofree char *name = g_filename_display_basename(path);
    g_autofree char *body = g_strdup_printf(_("“%s” is in that folder already."), name);
    AdwDialog *alert = adw_alert_dialog_new(_("Replace File?"), body);
    adw_alert_dialog_add_responses(ADW_ALERT_DIALOG(alert), "cancel", _("_Cancel"), "replace", _("_Replace"), NULL);
    adw_alert_dialog_set_response_appearance(ADW_ALERT_DIALOG(alert), "replace", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_close_response(ADW_ALERT_DIALOG(alert), "cancel");
    g_object_set_data_full(G_OBJECT(alert), "copy", copy, (GDestroyNotify)copy_free);
    g_signal_connect(alert, "response", G_CALLBACK(replace_cb), copy);
    adw_dialog_present(alert, copy->parent);
}

static void copied_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Copy) copy = data;
    g_autoptr(GError) error = NULL;
    lk_application_end_writing();
    if (!g_file_copy_finish(G_FILE(source), result, &error)) {
        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_EXISTS))
            ask(g_steal_pointer(&copy));
        else
            lk_page_toast(copy->parent, error->message, NULL, NULL, NULL);
        return;
    }
    lk_export_folders_remember(settings(), copy->folder);
    g_autofree char *path = g_file_get_path(copy->to);
    g_autofree char *name = g_filename_display_basename(path);
    LkFolderKind kind = lk_folder_kind(copy->folder);
    g_autofree char *text = kind == LK_FOLDER_PLAIN
                                ? g_strdup_printf(_("“%s” copied"), name)
                                : g_strdup_printf(_("“%s” copied to %s"), name, lk_folder_kind_title(kind));
    lk_page_toast(copy->parent, text, _("_Open Folder"), "win.open-folder", g_variant_new_string(copy->folder));
}

static void start(Copy *copy, GFileCopyFlags flags)
{
    lk_application_begin_writing();
    g_file_copy_async(copy->from, copy->to, flags, G_PRIORITY_DEFAULT, NULL, NULL, NULL, copied_cb, copy);
}

/* ---- where to ---------------------------------------------------------------------------------------- */

static void copy_to(Copy *copy, const char *folder)
{
    copy->folder = lk_folder_for_loras(folder);
    g_autofree char *name = g_file_get_basename(copy->from);
    g_autofree char *path = g_build_filename(copy->folder, name, NULL);
    copy->to = g_file_new_for_path(path);
    start(copy, G_FILE_COPY_NONE);
}

static void chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Copy) copy = data;
    g_autoptr(GFile) file = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path)
        copy_to(g_steal_pointer(&copy), path);
}

void lk_copy_to_folder(GtkWidget *parent, const char *from, const char *folder)
{
    Copy *copy = g_new0(Copy, 1);
    *copy = (Copy){.parent = g_object_ref(parent), .from = g_file_new_for_path(from)};
    if (folder) {
        copy_to(copy, folder);
        return;
    }
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Copy LoRA To"));
    gtk_file_dialog_select_folder(dialog, GTK_WINDOW(gtk_widget_get_root(parent)), NULL, chosen_cb, copy);
}

/* ---- the menu ---------------------------------------------------------------------------------------- */

/* "~/pictures/lo…/models/loras": a menu is as wide as its longest line, and may not be wider than the screen. */
static char *brief_place(const char *folder)
{
    enum { MOST = 32, END = 16, BEGIN = MOST - END - 1 }; /* letters */
    const char *home = g_get_home_dir(), *rest = folder + strlen(home);
    gboolean own = g_str_has_prefix(folder, home) && (*rest == G_DIR_SEPARATOR || !*rest);
    g_autofree char *name = g_filename_display_name(own ? rest : folder);
    g_autofree char *shown = own ? g_strconcat("~", name, NULL) : g_strdup(name);
    glong length = g_utf8_strlen(shown, -1);
    if (length <= MOST)
        return g_steal_pointer(&shown);
    g_autofree char *begin = g_utf8_substring(shown, 0, BEGIN), *end = g_utf8_substring(shown, length - END, length);
    return g_strconcat(begin, "…", end, NULL);
}

static gboolean only_one(char **folders, LkFolderKind kind)
{
    guint count = 0;
    for (char **folder = folders; *folder; folder++)
        count += lk_folder_kind(*folder) == kind;
    return count == 1;
}

/* "Copy to ComfyUI"; two of a kind are told apart by their place. */
static char *label_of(const char *folder, char **folders)
{
    g_autofree char *place = brief_place(folder);
    LkFolderKind kind = lk_folder_kind(folder);
    const char *title = lk_folder_kind_title(kind);
    char *label = kind == LK_FOLDER_PLAIN   ? g_strdup_printf(_("Copy to %s"), place)
                  : only_one(folders, kind) ? g_strdup_printf(_("Copy to %s"), title)
                                            : g_strdup_printf(_("Copy to %s (%s)"), title, place);
    g_auto(GStrv) parts = g_strsplit(label, "_", -1); /* an underscore would mark a key */
    g_free(label);
    return g_strjoinv("__", parts);
}

GMenu *lk_copy_to_menu(const char *action)
{
    GMenu *menu = g_menu_new();
    g_auto(GStrv) folders = lk_export_folders(settings());
    for (char **folder = folders; *folder; folder++) {
        if (!g_file_test(*folder, G_FILE_TEST_IS_DIR))
            continue;
        g_autofree char *label = label_of(*folder, folders);
        g_autoptr(GMenuItem) item = g_menu_item_new(label, NULL);
        g_menu_item_set_action_and_target(item, action, "s", *folder);
        g_menu_append_item(menu, item);
    }
    g_autoptr(GMenuItem) other = g_menu_item_new(_("_Copy to Another Folder…"), NULL);
    g_menu_item_set_action_and_target(other, action, "s", "");
    g_menu_append_item(menu, other);
    return menu;
}
