/* A picture's caption in both its forms: the text, and below it the same as chips. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_CAPTION_PANEL (lk_caption_panel_get_type())
G_DECLARE_FINAL_TYPE(LkCaptionPanel, lk_caption_panel, LK, CAPTION_PANEL, AdwBin)

/** `lines`: how many lines of text there is room for at least. */
GtkWidget *lk_caption_panel_new(int lines);

/** Shows a picture of `list`; NULL for none. */
void lk_caption_panel_set_picture(LkCaptionPanel *self, LkPictureList *list, LkPicture *picture);
/** Gives the keyboard to the text. */
void lk_caption_panel_edit(LkCaptionPanel *self);
/** Opens the entry for a new tag. */
void lk_caption_panel_add_tag(LkCaptionPanel *self);

G_END_DECLS
