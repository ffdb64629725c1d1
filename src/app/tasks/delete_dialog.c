#include "app/tasks/delete_dialog.h"

#include "app/application.h"
#include "app/core/folder_size.h"
#include "app/page.h"

#include <glib/gi18n.h>

/* ---- the message with Undo --------------------------------------------------------------------------- */

static LkTaskCenter *center(void)
{
    return lk_application_get_tasks(lk_application_get());
}

static void undo_cb(AdwToast *toast, LkTask *task)
{
    lk_task_center_undelete(center(), task);
}

/* Also after Undo: then nothing is left to be done. */
static void dismissed_cb(AdwToast *toast, LkTask *task)
{
    if (center())
        lk_task_center_trash(center(), task);
}

static void tell(AdwToastOverlay *toasts, LkTask *task)
{
    g_autofree char *name = lk_task_make_title(task), *text = g_strdup_printf(_("%s deleted"), name);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    AdwToast *toast = adw_toast_new(escaped);
    adw_toast_set_button_label(toast, _("_Undo"));
    adw_toast_set_timeout(toast, lk_toast_seconds());
    adw_toast_set_priority(toast, ADW_TOAST_PRIORITY_HIGH);
    g_signal_connect_object(toast, "button-clicked", G_CALLBACK(undo_cb), task, 0);
    g_signal_connect_object(toast, "dismissed", G_CALLBACK(dismissed_cb), task, 0);
    adw_toast_overlay_add_toast(toasts, toast);
}

/* ---- the question ------------------------------------------------------------------------------------ */

static void response_cb(AdwAlertDialog *dialog, const char *response, LkTask *task)
{
    AdwToastOverlay *toasts = g_object_get_data(G_OBJECT(dialog), "toasts");
    if (g_str_equal(response, "cancel") || !lk_task_center_can_delete(center(), task))
        return;
    lk_task_center_delete(center(), task, g_str_equal(response, "files"));
    if (toasts)
        tell(toasts, task);
}

static void show_size(AdwAlertDialog *dialog, LkTask *task, gint64 bytes)
{
    g_autofree char *size = g_format_size_full((guint64)bytes, G_FORMAT_SIZE_DEFAULT);
    g_autofree char *folder = g_filename_display_name(lk_task_get_output_dir(task));
    g_autofree char *body =
        g_strdup_printf(_("Its checkpoints, samples and log take %s in “%s”. Files that are deleted "
                          "go to the trash."),
                        size, folder);
    adw_alert_dialog_set_body(dialog, body);
}

static void size_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(AdwAlertDialog) dialog = data;
    gint64 bytes = lk_folder_size_finish(result);
    if (bytes >= 0)
        show_size(dialog, g_object_get_data(G_OBJECT(dialog), "task"), bytes);
}

void lk_delete_dialog_present(LkTask *task, GtkWidget *parent)
{
    g_autofree char *name = lk_task_make_title(task), *heading = g_strdup_printf(_("Delete %s?"), name);
    g_autofree char *folder = g_filename_display_name(lk_task_get_output_dir(task));
    g_autofree char *body = g_strdup_printf(_("Its checkpoints, samples and log are in “%s”. Files that are deleted go "
                                              "to the trash."),
                                            folder);
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(adw_alert_dialog_new(heading, body));
    adw_alert_dialog_add_responses(dialog, "cancel", _("_Cancel"), "keep", _("Delete, _Keep the Files"), "files",
                                   _("_Delete with Its Files"), NULL);
    adw_alert_dialog_set_response_appearance(dialog, "files", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_close_response(dialog, "cancel");
    adw_alert_dialog_set_default_response(dialog, "cancel");
    g_object_set_data_full(G_OBJECT(dialog), "task", g_object_ref(task), g_object_unref);
    AdwToastOverlay *toasts = lk_page_toasts(parent);
    if (toasts)
        g_object_set_data_full(G_OBJECT(dialog), "toasts", g_object_ref(toasts), g_object_unref);
    g_signal_connect_object(dialog, "response", G_CALLBACK(response_cb), task, 0);
    lk_folder_size(lk_task_get_output_dir(task), NULL, size_cb, g_object_ref(dialog));
    adw_dialog_present(ADW_DIALOG(dialog), parent);
}
