#include "app/training/training_page.h"

struct _LkTrainingPage {
    LkPage parent_instance;
};

G_DEFINE_FINAL_TYPE(LkTrainingPage, lk_training_page, LK_TYPE_PAGE)

static void lk_training_page_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TRAINING_PAGE);
    G_OBJECT_CLASS(lk_training_page_parent_class)->dispose(object);
}

static void lk_training_page_class_init(LkTrainingPageClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_training_page_dispose;
    gtk_widget_class_set_template_from_resource(GTK_WIDGET_CLASS(klass),
                                                "/io/github/lorikeet_lora/Lorikeet/ui/training-training_page.ui");
}

static void lk_training_page_init(LkTrainingPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
