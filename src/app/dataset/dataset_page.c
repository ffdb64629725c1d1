#include "app/dataset/dataset_page.h"

struct _LkDatasetPage {
    LkPage parent_instance;
};

G_DEFINE_FINAL_TYPE(LkDatasetPage, lk_dataset_page, LK_TYPE_PAGE)

void lk_dataset_page_add_files(LkDatasetPage *self, const char *const *paths)
{
}

static void lk_dataset_page_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_DATASET_PAGE);
    G_OBJECT_CLASS(lk_dataset_page_parent_class)->dispose(object);
}

static void lk_dataset_page_class_init(LkDatasetPageClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_dataset_page_dispose;
    gtk_widget_class_set_template_from_resource(GTK_WIDGET_CLASS(klass),
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-dataset_page.ui");
}

static void lk_dataset_page_init(LkDatasetPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
