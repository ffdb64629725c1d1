/* Where a caption is typed: the text with its trigger word in colour, and below whether it is saved and how many tokens
 * it has. What is typed is the picture's caption at once. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_CAPTION_FIELD (lk_caption_field_get_type())
G_DECLARE_FINAL_TYPE(LkCaptionField, lk_caption_field, LK, CAPTION_FIELD, AdwBin)

/* Property `lines` (int): how many lines it has room for at least. Undo is the list's: the text has none of its own. */

/** Shows a picture of `list`, as it is and becomes; NULL for none. */
void lk_caption_field_set_picture(LkCaptionField *self, LkPictureList *list, LkPicture *picture);
/** Gives it the keyboard, at the end of the text. */
void lk_caption_field_focus(LkCaptionField *self);

G_END_DECLS
