#include "app/dataset/dataset_pane.h"

#include "app/dataset/picture_pane.h"
#include "app/dataset/tags_pane.h"

struct _LkDatasetPane {
    AdwBin parent_instance;
    AdwToggleGroup *pages;
    LkPicturePane *picture;
    LkTagsPane *tags;
};

G_DEFINE_FINAL_TYPE(LkDatasetPane, lk_dataset_pane, ADW_TYPE_BIN)

GtkWidget *lk_dataset_pane_new(LkDatasetView *view, LkThumbnails *thumbnails)
{
    LkDatasetPane *self = g_object_new(LK_TYPE_DATASET_PANE, NULL);
    lk_picture_pane_set_view(self->picture, view, thumbnails);
    lk_tags_pane_set_view(self->tags, view);
    return GTK_WIDGET(self);
}

void lk_dataset_pane_edit_caption(LkDatasetPane *self)
{
    adw_toggle_group_set_active_name(self->pages, "picture");
    lk_picture_pane_edit_caption(self->picture);
}

void lk_dataset_pane_add_tag(LkDatasetPane *self)
{
    adw_toggle_group_set_active_name(self->pages, "picture");
    lk_picture_pane_add_tag(self->picture);
}

static void lk_dataset_pane_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_DATASET_PANE);
    G_OBJECT_CLASS(lk_dataset_pane_parent_class)->dispose(object);
}

static void lk_dataset_pane_class_init(LkDatasetPaneClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_dataset_pane_dispose;
    g_type_ensure(LK_TYPE_PICTURE_PANE);
    g_type_ensure(LK_TYPE_TAGS_PANE);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-dataset_pane.ui");
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPane, pages);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPane, picture);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPane, tags);
}

static void lk_dataset_pane_init(LkDatasetPane *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
