#include "app/test/test_page.h"

struct _LkTestPage {
    LkPage parent_instance;
};

G_DEFINE_FINAL_TYPE(LkTestPage, lk_test_page, LK_TYPE_PAGE)

static void lk_test_page_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TEST_PAGE);
    G_OBJECT_CLASS(lk_test_page_parent_class)->dispose(object);
}

static void lk_test_page_class_init(LkTestPageClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_test_page_dispose;
    gtk_widget_class_set_template_from_resource(GTK_WIDGET_CLASS(klass),
                                                "/io/github/lorikeet_lora/Lorikeet/ui/test-test_page.ui");
}

static void lk_test_page_init(LkTestPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
