#include "app/parameters/parameters_page.h"

struct _LkParametersPage {
    LkPage parent_instance;
};

G_DEFINE_FINAL_TYPE(LkParametersPage, lk_parameters_page, LK_TYPE_PAGE)

static void lk_parameters_page_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PARAMETERS_PAGE);
    G_OBJECT_CLASS(lk_parameters_page_parent_class)->dispose(object);
}

static void lk_parameters_page_class_init(LkParametersPageClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_parameters_page_dispose;
    gtk_widget_class_set_template_from_resource(GTK_WIDGET_CLASS(klass),
                                                "/io/github/lorikeet_lora/Lorikeet/ui/parameters-parameters_page.ui");
}

static void lk_parameters_page_init(LkParametersPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
