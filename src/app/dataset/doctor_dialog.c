#include "app/dataset/doctor_dialog.h"

#include "app/dataset/bucket_bars.h"
#include "app/dataset/finding_row.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

struct _LkDoctorDialog {
    AdwDialog parent_instance;
    GtkWidget *toasts, *all_button, *fine, *checking;
    GtkLabel *totals;
    GtkListBox *findings;
    LkBucketBars *buckets;
    GtkWidget *page; /* borrowed */
    LkDatasetView *view;
    LkPictureList *list;
};

G_DEFINE_FINAL_TYPE(LkDoctorDialog, lk_doctor_dialog, ADW_TYPE_DIALOG)

/* ---- to the pictures --------------------------------------------------------------------------------- */

static void chosen_cb(LkDoctorDialog *self, const char *filter)
{
    lk_dataset_view_set_filter_text(self->view, filter);
    adw_dialog_close(ADW_DIALOG(self));
}

static void show_all_cb(LkDoctorDialog *self)
{
    g_autofree char *filter = lk_picture_list_get_problem_filter(self->list);
    chosen_cb(self, filter);
}

static void show_pictures_cb(LkDoctorDialog *self, LkFindingRow *row)
{
    g_autofree char *filter = lk_dataset_finding_to_filter(lk_finding_row_get_finding(row));
    chosen_cb(self, filter);
}

static void fix_cb(LkDoctorDialog *self, LkFindingRow *row)
{
    LkDatasetFinding *finding = lk_finding_row_get_finding(row);
    if (lk_dataset_finding_get_fix(finding) == LK_FIX_ADD_PICTURES) {
        adw_dialog_close(ADW_DIALOG(self));
        gtk_widget_activate_action(self->page, "dataset.add-pictures", NULL);
        return;
    }
    g_autofree char *label = g_strdup(lk_dataset_finding_get_fix_label(finding));
    if (!label || !lk_picture_list_fix(self->list, finding))
        return;
    /* translators: what a button said that was just pressed: "Leave Out 3 Pictures: done" */
    g_autofree char *text = g_strdup_printf(_("%s: done"), label);
    lk_undo_toast(self->toasts, self->list, 1, text);
}

/* ---- what is shown ----------------------------------------------------------------------------------- */

static GtkWidget *make_row(gpointer item, gpointer data)
{
    GtkWidget *row = lk_finding_row_new(item);
    g_signal_connect_object(row, "show-pictures", G_CALLBACK(show_pictures_cb), data, G_CONNECT_SWAPPED);
    g_signal_connect_object(row, "fix", G_CALLBACK(fix_cb), data, G_CONNECT_SWAPPED);
    return row;
}

static void update(LkDoctorDialog *self)
{
    const gboolean any = g_list_model_get_n_items(lk_picture_list_get_findings(self->list)) > 0;
    gboolean checking = FALSE;
    g_object_get(self->list, "checking", &checking, NULL);
    gtk_widget_set_visible(GTK_WIDGET(self->findings), any);
    gtk_widget_set_visible(self->fine, !any && !checking);
    gtk_widget_set_visible(self->checking, checking);
    gtk_widget_set_visible(self->all_button, lk_picture_list_get_n_problems(self->list) > 0);
}

static void update_totals(LkDoctorDialog *self)
{
    const LkPictureTotals totals = lk_picture_list_get_totals(self->list);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, ngettext("%'u picture", "%'u pictures", totals.pictures), totals.pictures);
    g_string_append(text, " · ");
    g_string_append_printf(text, ngettext("%'u is trained", "%'u are trained", totals.trained), totals.trained);
    if (totals.repeats != totals.trained) {
        const gulong repeats = (gulong)totals.repeats;
        g_string_append(text, _(", "));
        g_string_append_printf(text, ngettext("%'lu with repeats", "%'lu with repeats", repeats), repeats);
    }
    if (totals.regularisation) {
        g_string_append(text, " · ");
        g_string_append_printf(text,
                               ngettext("%'u for regularisation", "%'u for regularisation", totals.regularisation),
                               totals.regularisation);
    }
    if (totals.excluded) {
        g_string_append(text, " · ");
        g_string_append_printf(text, ngettext("%'u left out", "%'u left out", totals.excluded), totals.excluded);
    }
    if (totals.unusable) {
        g_string_append(text, " · ");
        g_string_append_printf(text, ngettext("%'u cannot be used", "%'u cannot be used", totals.unusable),
                               totals.unusable);
    }
    gtk_label_set_label(self->totals, text->str);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

AdwDialog *lk_doctor_dialog_new(LkDatasetView *view, GtkWidget *page)
{
    LkDoctorDialog *self = g_object_new(LK_TYPE_DOCTOR_DIALOG, NULL);
    self->page = page;
    self->view = g_object_ref(view);
    self->list = g_object_ref(lk_dataset_view_get_list(view));
    gtk_list_box_bind_model(self->findings, lk_picture_list_get_findings(self->list), make_row, self, NULL);
    lk_bucket_bars_set_list(self->buckets, self->list);
    g_signal_connect_object(lk_picture_list_get_findings(self->list), "items-changed", G_CALLBACK(update), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "notify::checking", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "notify::summary", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "pictures-changed", G_CALLBACK(update_totals), self, G_CONNECT_SWAPPED);
    update(self);
    update_totals(self);
    return ADW_DIALOG(self);
}

static void lk_doctor_dialog_dispose(GObject *object)
{
    LkDoctorDialog *self = LK_DOCTOR_DIALOG(object);
    if (self->findings) /* the list may live a little longer, and the findings go on changing */
        gtk_list_box_bind_model(self->findings, NULL, NULL, NULL, NULL);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_DOCTOR_DIALOG);
    g_clear_object(&self->view);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_doctor_dialog_parent_class)->dispose(object);
}

static void lk_doctor_dialog_class_init(LkDoctorDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_doctor_dialog_dispose;
    g_type_ensure(LK_TYPE_BUCKET_BARS);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-doctor_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, totals);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, all_button);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, findings);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, fine);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, checking);
    gtk_widget_class_bind_template_child(widget_class, LkDoctorDialog, buckets);
    gtk_widget_class_bind_template_callback(widget_class, show_all_cb);
    gtk_widget_class_bind_template_callback(widget_class, chosen_cb);
}

static void lk_doctor_dialog_init(LkDoctorDialog *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
