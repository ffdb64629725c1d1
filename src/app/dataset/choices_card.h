/* What the person chooses for one or several pictures: repeats, use in training; and what follows from elsewhere: the
 * bucket, a mask, a folder of regularisation pictures. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_CHOICES_CARD (lk_choices_card_get_type())
G_DECLARE_FINAL_TYPE(LkChoicesCard, lk_choices_card, LK, CHOICES_CARD, AdwBin)

/** Of which view the pictures are; once. */
void lk_choices_card_set_view(LkChoicesCard *self, LkDatasetView *view);
/** Shows these pictures (LkPicture; shared, not copied) as they are and become; NULL for none. */
void lk_choices_card_set_pictures(LkChoicesCard *self, GPtrArray *pictures);

G_END_DECLS
