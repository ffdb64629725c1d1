#include "app/dataset/caption_panel.h"

#include "app/dataset/caption_field.h"
#include "app/dataset/tag_chips.h"

struct _LkCaptionPanel {
    AdwBin parent_instance;
    LkCaptionField *field;
    LkTagChips *chips;
};

G_DEFINE_FINAL_TYPE(LkCaptionPanel, lk_caption_panel, ADW_TYPE_BIN)

GtkWidget *lk_caption_panel_new(int lines)
{
    LkCaptionPanel *self = g_object_new(LK_TYPE_CAPTION_PANEL, NULL);
    g_object_set(self->field, "lines", lines, NULL);
    return GTK_WIDGET(self);
}

void lk_caption_panel_set_picture(LkCaptionPanel *self, LkPictureList *list, LkPicture *picture)
{
    lk_caption_field_set_picture(self->field, list, picture);
    lk_tag_chips_set_picture(self->chips, list, picture);
}

void lk_caption_panel_edit(LkCaptionPanel *self)
{
    lk_caption_field_focus(self->field);
}

void lk_caption_panel_add_tag(LkCaptionPanel *self)
{
    lk_tag_chips_add(self->chips);
}

static void lk_caption_panel_class_init(LkCaptionPanelClass *klass)
{
}

static void lk_caption_panel_init(LkCaptionPanel *self)
{
    self->field = g_object_new(LK_TYPE_CAPTION_FIELD, NULL);
    self->chips = LK_TAG_CHIPS(lk_tag_chips_new());
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->field));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->chips));
    adw_bin_set_child(ADW_BIN(self), box);
}
