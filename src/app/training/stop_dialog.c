#include "app/training/stop_dialog.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static void response_cb(AdwAlertDialog *dialog, const char *response, LkTask *task)
{
    LkRun *run = lk_task_get_run(task);
    if (run && g_str_equal(response, "save"))
        lk_run_stop_and_save(run);
    else if (run && g_str_equal(response, "discard"))
        lk_run_stop_discard(run);
}

void lk_stop_dialog_present(LkTask *task, GtkWidget *parent)
{
    g_autofree char *body =
        g_strdup_printf(_("%" PRId64 " of %" PRId64 " steps are done. What is saved can be continued at any time; what "
                          "is discarded cannot, but checkpoints that were saved before stay."),
                        lk_task_get_step(task), lk_task_get_steps(task));
    AdwDialog *dialog = adw_alert_dialog_new(_("Stop Training?"), body);
    AdwAlertDialog *alert = ADW_ALERT_DIALOG(dialog);
    adw_alert_dialog_add_responses(alert, "keep", _("_Keep Training"), "discard", _("_Discard"), "save",
                                   _("_Stop and Save"), NULL);
    adw_alert_dialog_set_response_appearance(alert, "discard", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_response_appearance(alert, "save", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(alert, "save");
    adw_alert_dialog_set_close_response(alert, "keep");
    g_signal_connect_object(dialog, "response", G_CALLBACK(response_cb), task, 0);
    adw_dialog_present(dialog, parent);
}
