/* Leaving pictures out of the training, and taking them in again: one undo step with words for it. */
#pragma once

#include "app/dataset/picture_list.h"

/** Leaves all of `pictures` (LkPicture) out; where all of them are out already, takes them in. Returns a sentence for a
 * toast (free with g_free), NULL if nothing changed. */
char *lk_leave_out_toggle(LkPictureList *list, GPtrArray *pictures);
/** Leaves all of `pictures` out, or takes all in. Returns how many changed. */
guint lk_leave_out_edit(LkPictureList *list, GPtrArray *pictures, gboolean left_out);
void lk_leave_out_set(LkPictureList *list, LkPicture *picture, gboolean left_out);
