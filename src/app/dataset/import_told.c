#include "app/dataset/import_told.h"

#include <glib/gi18n.h>

/* ---- a message --------------------------------------------------------------------------------------- */

static void show_details(GtkWidget *page, const char *heading, const char *details)
{
    AdwDialog *dialog = adw_alert_dialog_new(heading, NULL);
    GtkWidget *label = gtk_label_new(details);
    g_object_set(label, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "xalign", 0.0, "selectable", TRUE, NULL);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    g_object_set(scrolled, "child", label, "propagate-natural-height", TRUE, "max-content-height", 400, NULL);
    adw_alert_dialog_set_extra_child(ADW_ALERT_DIALOG(dialog), scrolled);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(dialog), "close", _("_Close"));
    adw_dialog_present(dialog, page);
}

static void details_clicked_cb(AdwToast *one, GtkWidget *page)
{
    const char *details = g_object_get_data(G_OBJECT(one), "details");
    show_details(page, adw_toast_get_title(one), details);
}

static AdwToast *show_message(GtkWidget *page, AdwToastOverlay *toasts, const char *text, char *details)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    AdwToast *one = adw_toast_new(escaped);
    if (details && *details) {
        adw_toast_set_button_label(one, _("_Details"));
        adw_toast_set_timeout(one, 0);
        g_signal_connect_object(one, "button-clicked", G_CALLBACK(details_clicked_cb), page, 0);
    }
    g_object_set_data_full(G_OBJECT(one), "details", details, g_free);
    adw_toast_overlay_add_toast(toasts, one);
    return one;
}

/* ---- a question -------------------------------------------------------------------------------------- */

/* What the answer is about; the dialog has it. */
typedef struct Stopped {
    GtkWidget *page; /* not owned: it has presented the dialog */
    LkPictureList *list;
    LkImportSummary *summary;
} Stopped;

static void stopped_free(gpointer data, GClosure *closure)
{
    Stopped *stopped = data;
    g_object_unref(stopped->list);
    lk_import_summary_free(stopped->summary);
    g_free(stopped);
}

static void response_cb(AdwAlertDialog *dialog, const char *response, Stopped *stopped)
{
    if (g_str_equal(response, "remove")) {
        lk_picture_list_take_back(stopped->list, stopped->summary);
    } else if (g_str_equal(response, "rest")) {
        const char *const *paths = (const char *const *)stopped->summary->paths;
        g_autoptr(GVariant) target = g_variant_ref_sink(g_variant_new_bytestring_array(paths, -1));
        gtk_widget_activate_action_variant(stopped->page, "dataset.add-paths", target);
    }
}

static char *say_stopped(const LkImportSummary *summary)
{
    const guint n = summary->fresh->len;
    g_autofree char *of_all = g_strdup_printf(
        ngettext("%'u of %'u pictures was added.", "%'u of %'u pictures were added.", n), n, summary->found);
    g_autofree char *some = g_strdup_printf(ngettext("%'u picture was added.", "%'u pictures were added.", n), n);
    return g_strdup_printf(_("%s The others stay out of the project until you add them. Files are not touched, "
                             "whatever you choose."),
                           summary->found > n ? of_all : some);
}

static void ask(GtkWidget *page, LkPictureList *list, const LkImportSummary *summary)
{
    g_autofree char *body = say_stopped(summary);
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(adw_alert_dialog_new(_("Adding Was Stopped"), body));
    adw_alert_dialog_add_responses(dialog, "remove", _("_Remove Them"), "rest", _("Add the R_est"), "keep",
                                   _("_Keep These"), NULL);
    adw_alert_dialog_set_response_appearance(dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
    adw_alert_dialog_set_default_response(dialog, "keep");
    adw_alert_dialog_set_close_response(dialog, "keep");
    Stopped *stopped = g_new0(Stopped, 1);
    *stopped = (Stopped){page, g_object_ref(list), lk_import_summary_copy(summary)};
    g_signal_connect_data(dialog, "response", G_CALLBACK(response_cb), stopped, stopped_free, 0);
    adw_dialog_present(ADW_DIALOG(dialog), page);
}

AdwToast *lk_import_tell(GtkWidget *page, AdwToastOverlay *toasts, LkPictureList *list, const LkImportSummary *summary,
                         const GError *error)
{
    /* Cancel while duplicates were looked for came too late for a question: all are there. */
    gboolean some = summary && summary->cancelled && summary->fresh->len && summary->paths;
    if (some && (!summary->found || summary->added < summary->found)) {
        ask(page, list, summary);
        return NULL;
    }
    g_autofree char *text = summary ? lk_import_summary_to_text(summary) : g_strdup(error->message);
    return show_message(page, toasts, text, summary ? lk_import_summary_to_details(summary) : NULL);
}
