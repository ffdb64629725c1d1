#include "app/dataset/finding_row.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _LkFindingRow {
    GtkListBoxRow parent_instance;
    GtkImage *icon;
    GtkLabel *text, *advice;
    GtkWidget *buttons;
    GtkButton *show_button, *fix_button;
    LkDatasetFinding *finding;
};

G_DEFINE_FINAL_TYPE(LkFindingRow, lk_finding_row, GTK_TYPE_LIST_BOX_ROW)

enum { SIGNAL_SHOW, SIGNAL_FIX, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* How serious it is, as a sign, a colour and a word. */
static const struct {
    const char *icon, *style, *word;
} severities[] = {
    [LK_SEVERITY_INFO] = {"help-about-symbolic", "dimmed", N_("Note")},
    [LK_SEVERITY_WARNING] = {"dialog-warning-symbolic", "warning", N_("Warning")},
    [LK_SEVERITY_ERROR] = {"dialog-error-symbolic", "error", N_("Error")},
};

LkDatasetFinding *lk_finding_row_get_finding(LkFindingRow *self)
{
    return self->finding;
}

/* With large text a whole sentence does not fit beside the sign in one line. */
static void set_button(GtkButton *button, const char *text)
{
    gtk_button_set_label(button, text);
    GtkLabel *label = GTK_LABEL(gtk_button_get_child(button));
    gtk_label_set_wrap(label, TRUE);
    gtk_label_set_justify(label, GTK_JUSTIFY_CENTER);
}

static void update(LkFindingRow *self)
{
    const LkSeverity severity = lk_dataset_finding_get_severity(self->finding);
    const char *advice = lk_dataset_finding_get_advice(self->finding);
    const char *fix = lk_dataset_finding_get_fix_label(self->finding);
    const guint count = lk_dataset_finding_get_n_pictures(self->finding);
    gtk_image_set_from_icon_name(self->icon, severities[severity].icon);
    gtk_widget_add_css_class(GTK_WIDGET(self->icon), severities[severity].style);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _(severities[severity].word), -1);
    gtk_label_set_label(self->text, lk_dataset_finding_get_text(self->finding));
    gtk_label_set_label(self->advice, advice);
    gtk_widget_set_visible(GTK_WIDGET(self->advice), *advice);
    g_autofree char *show = g_strdup_printf(ngettext("Show %'u Picture", "Show %'u Pictures", count), count);
    set_button(self->show_button, show);
    gtk_widget_set_visible(GTK_WIDGET(self->show_button), count > 0);
    set_button(self->fix_button, fix ? fix : "");
    gtk_widget_set_visible(GTK_WIDGET(self->fix_button), fix != NULL);
    gtk_widget_set_visible(self->buttons, count > 0 || fix);
}

static void show_cb(LkFindingRow *self)
{
    g_signal_emit(self, signals[SIGNAL_SHOW], 0);
}

static void fix_cb(LkFindingRow *self)
{
    g_signal_emit(self, signals[SIGNAL_FIX], 0);
}

GtkWidget *lk_finding_row_new(LkDatasetFinding *finding)
{
    LkFindingRow *self = g_object_new(LK_TYPE_FINDING_ROW, NULL);
    self->finding = g_object_ref(finding);
    g_signal_connect_object(finding, "notify", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    update(self);
    return GTK_WIDGET(self);
}

static void lk_finding_row_dispose(GObject *object)
{
    LkFindingRow *self = LK_FINDING_ROW(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_FINDING_ROW);
    g_clear_object(&self->finding);
    G_OBJECT_CLASS(lk_finding_row_parent_class)->dispose(object);
}

static void lk_finding_row_class_init(LkFindingRowClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_finding_row_dispose;
    signals[SIGNAL_SHOW] =
        g_signal_new("show-pictures", LK_TYPE_FINDING_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_FIX] =
        g_signal_new("fix", LK_TYPE_FINDING_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-finding_row.ui");
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, icon);
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, text);
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, advice);
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, buttons);
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, show_button);
    gtk_widget_class_bind_template_child(widget_class, LkFindingRow, fix_button);
    gtk_widget_class_bind_template_callback(widget_class, show_cb);
    gtk_widget_class_bind_template_callback(widget_class, fix_cb);
}

static void lk_finding_row_init(LkFindingRow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
