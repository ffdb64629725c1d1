#include "app/training/loss_table.h"

#include "project/metrics.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

/* A row: one step, as GObject for the list. */
#define LK_TYPE_LOSS_ROW (lk_loss_row_get_type())
G_DECLARE_FINAL_TYPE(LkLossRow, lk_loss_row, LK, LOSS_ROW, GObject)

struct _LkLossRow {
    GObject parent_instance;
    LkTaskMetric metric;
    double validation; /* measured after this step; NAN: it was not */
};

G_DEFINE_FINAL_TYPE(LkLossRow, lk_loss_row, G_TYPE_OBJECT)

static void lk_loss_row_class_init(LkLossRowClass *klass)
{
}

static void lk_loss_row_init(LkLossRow *self)
{
}

static char *format_step(const LkLossRow *row)
{
    return g_strdup_printf("%" PRId64, row->metric.step);
}

static char *format_epoch(const LkLossRow *row)
{
    return g_strdup_printf("%" PRId64, row->metric.epoch);
}

static char *format_loss(const LkLossRow *row)
{
    return g_strdup_printf("%.5f", row->metric.loss);
}

static char *format_rate(const LkLossRow *row)
{
    return g_strdup_printf("%.4g", row->metric.lr);
}

static char *format_norm(const LkLossRow *row)
{
    return g_strdup_printf("%.4f", row->metric.grad_norm);
}

static char *format_seconds(const LkLossRow *row)
{
    return g_strdup_printf("%.3f", row->metric.seconds);
}

static char *format_validation(const LkLossRow *row)
{
    return isfinite(row->validation) ? g_strdup_printf("%.5f", row->validation) : g_strdup("");
}

typedef char *(*Format)(const LkLossRow *row);

static const struct {
    const char *title;
    Format format;
    gboolean wide; /* only where there is room */
} columns[] = {
    {N_("Step"), format_step},
    {N_("Epoch"), format_epoch},
    {N_("Loss"), format_loss},
    {N_("Learning Rate"), format_rate},
    {N_("Gradient Norm"), format_norm, TRUE},
    {N_("Seconds"), format_seconds, TRUE},
    {N_("Validation Loss"), format_validation},
};

enum { MOST_ROWS = 2000 }; /* more is read by nobody; every n-th step then */

static void setup_cb(GtkListItemFactory *factory, GtkListItem *item)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 1);
    gtk_widget_add_css_class(label, "numeric");
    gtk_list_item_set_child(item, label);
}

static void bind_cb(GtkListItemFactory *factory, GtkListItem *item, gpointer data)
{
    LkLossRow *row = gtk_list_item_get_item(item);
    g_autofree char *text = columns[GPOINTER_TO_UINT(data)].format(row);
    gtk_label_set_label(GTK_LABEL(gtk_list_item_get_child(item)), text);
}

/* Every n-th step where there are many, and every step after which held-out pictures were measured. */
static GListModel *make_rows(const GArray *metrics, const GArray *validations)
{
    GListStore *store = g_list_store_new(LK_TYPE_LOSS_ROW);
    guint stride = MAX(1, (metrics->len + MOST_ROWS - 1) / MOST_ROWS), next = 0;
    for (guint i = 0; i < metrics->len; i++) {
        const LkTaskMetric *metric = &g_array_index(metrics, LkTaskMetric, i);
        while (next < validations->len && g_array_index(validations, LkTaskValidation, next).step < metric->step)
            next++;
        bool measured =
            next < validations->len && g_array_index(validations, LkTaskValidation, next).step == metric->step;
        if (i % stride != 0 && !measured)
            continue;
        g_autoptr(LkLossRow) row = g_object_new(LK_TYPE_LOSS_ROW, NULL);
        row->metric = *metric;
        row->validation = measured ? g_array_index(validations, LkTaskValidation, next).loss : NAN;
        g_list_store_append(store, row);
    }
    return G_LIST_MODEL(store);
}

/* Titles stand above their numbers, at the right; GTK has them at the left only. */
static void align_titles(GtkWidget *widget)
{
    if (GTK_IS_LABEL(widget)) {
        gtk_label_set_xalign(GTK_LABEL(widget), 1);
        gtk_widget_set_hexpand(widget, TRUE);
        gtk_widget_set_halign(widget, GTK_ALIGN_END);
    }
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child))
        align_titles(child);
}

void lk_loss_table_present(const GArray *metrics, const GArray *validations, GtkWidget *parent)
{
    AdwBreakpoint *narrow = adw_breakpoint_new(adw_breakpoint_condition_parse("max-width: 560sp"));
    GtkWidget *view =
        gtk_column_view_new(GTK_SELECTION_MODEL(gtk_single_selection_new(make_rows(metrics, validations))));
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
        if (columns[i].format == format_validation && !validations->len)
            continue;
        GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
        g_signal_connect(factory, "setup", G_CALLBACK(setup_cb), NULL);
        g_signal_connect(factory, "bind", G_CALLBACK(bind_cb), GUINT_TO_POINTER(i));
        g_autoptr(GtkColumnViewColumn) column = gtk_column_view_column_new(_(columns[i].title), factory);
        gtk_column_view_column_set_expand(column, TRUE);
        gtk_column_view_append_column(GTK_COLUMN_VIEW(view), column);
        if (columns[i].wide)
            adw_breakpoint_add_setters(narrow, G_OBJECT(column), "visible", FALSE, NULL);
    }
    gtk_column_view_set_tab_behavior(GTK_COLUMN_VIEW(view), GTK_LIST_TAB_ITEM);
    align_titles(gtk_widget_get_first_child(view)); /* the header */
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Loss over the steps"), -1);
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), view);
    GtkWidget *toolbar = adw_toolbar_view_new();
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(toolbar), adw_header_bar_new());
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(toolbar), scroller);
    AdwDialog *dialog = adw_dialog_new();
    adw_dialog_set_title(dialog, _("Loss over the Steps"));
    gtk_widget_set_size_request(GTK_WIDGET(dialog), 340, 200);
    adw_dialog_set_content_width(dialog, 780);
    adw_dialog_set_content_height(dialog, 560);
    adw_dialog_set_child(dialog, toolbar);
    adw_dialog_add_breakpoint(dialog, narrow);
    adw_dialog_present(dialog, parent);
}
