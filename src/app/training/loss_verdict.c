#include "app/training/loss_verdict.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <inttypes.h>

/* Whether the held-out pictures tell of learning by heart; *step: after which their loss was lowest. */
static gboolean is_by_heart(LkTask *task, gint64 *step)
{
    const GArray *list = lk_task_get_validations(task);
    g_autofree double *losses = g_new(double, list->len + 1);
    gsize best;
    for (guint i = 0; i < list->len; i++)
        losses[i] = g_array_index(list, LkTaskValidation, i).loss;
    if (!lk_verdict_by_heart(losses, list->len, &best))
        return FALSE;
    *step = g_array_index(list, LkTaskValidation, best).step;
    return TRUE;
}

LkVerdict lk_loss_verdict(LkLossChart *chart, LkTask *task)
{
    gsize count;
    gint64 step;
    const double *losses = lk_loss_chart_get_losses(chart, &count);
    LkVerdict verdict = lk_verdict_judge(losses, count).verdict;
    return task && !lk_verdict_is_bad(verdict) && is_by_heart(task, &step) ? LK_VERDICT_BY_HEART : verdict;
}

static void response_cb(GtkWidget *parent, const char *response)
{
    if (g_str_equal(response, "help"))
        gtk_widget_activate_action(parent, "app.help", "s", "loss");
}

void lk_loss_verdict_present(LkVerdict verdict, LkTask *task, GtkWidget *parent)
{
    AdwDialog *dialog = adw_alert_dialog_new(_("What the Loss Says"), NULL);
    gint64 step;
    if (verdict == LK_VERDICT_BY_HEART && task && is_by_heart(task, &step))
        /* translators: sentences about the loss, and one more about the loss on held-out pictures */
        adw_alert_dialog_format_body(ADW_ALERT_DIALOG(dialog), _("%s It was lowest after step %'" PRId64 "."),
                                     _(lk_verdict_advice(verdict)), step);
    else
        adw_alert_dialog_set_body(ADW_ALERT_DIALOG(dialog), _(lk_verdict_advice(verdict)));
    adw_alert_dialog_add_responses(ADW_ALERT_DIALOG(dialog), "help", _("_Read More"), "close", _("_Close"), NULL);
    adw_alert_dialog_set_close_response(ADW_ALERT_DIALOG(dialog), "close");
    adw_alert_dialog_set_default_response(ADW_ALERT_DIALOG(dialog), "close");
    g_signal_connect_object(dialog, "response", G_CALLBACK(response_cb), parent, G_CONNECT_SWAPPED);
    adw_dialog_present(dialog, parent);
}
