/* The tags of several pictures as chips: those that all have solid, those that some have outlined with their number.
 * What is done with one is done to all the pictures, as one undo step. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SHARED_CHIPS (lk_shared_chips_get_type())
G_DECLARE_FINAL_TYPE(LkSharedChips, lk_shared_chips, LK, SHARED_CHIPS, AdwBin)

GtkWidget *lk_shared_chips_new(void);

/** Shows the tags of `pictures` (LkPicture; shared, not copied) of `list`; NULL for none. */
void lk_shared_chips_set_pictures(LkSharedChips *self, LkPictureList *list, GPtrArray *pictures);
/** Opens the entry for a new tag. */
void lk_shared_chips_add(LkSharedChips *self);

G_END_DECLS
