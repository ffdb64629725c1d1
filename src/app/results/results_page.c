#include "app/results/results_page.h"

struct _LkResultsPage {
    LkPage parent_instance;
};

G_DEFINE_FINAL_TYPE(LkResultsPage, lk_results_page, LK_TYPE_PAGE)

static void lk_results_page_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_RESULTS_PAGE);
    G_OBJECT_CLASS(lk_results_page_parent_class)->dispose(object);
}

static void lk_results_page_class_init(LkResultsPageClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_results_page_dispose;
    gtk_widget_class_set_template_from_resource(GTK_WIDGET_CLASS(klass),
                                                "/io/github/lorikeet_lora/Lorikeet/ui/results-results_page.ui");
}

static void lk_results_page_init(LkResultsPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
