/* One picture's caption as chips: its comma parts, the same text that the caption editor shows. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TAG_CHIPS (lk_tag_chips_get_type())
G_DECLARE_FINAL_TYPE(LkTagChips, lk_tag_chips, LK, TAG_CHIPS, AdwBin)

GtkWidget *lk_tag_chips_new(void);

/** Shows a picture of `list`, as it is and becomes; NULL for none. */
void lk_tag_chips_set_picture(LkTagChips *self, LkPictureList *list, LkPicture *picture);
/** Opens the entry for a new tag. */
void lk_tag_chips_add(LkTagChips *self);

G_END_DECLS
