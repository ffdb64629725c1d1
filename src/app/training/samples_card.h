/* The sample pictures of a task by prompt and time, two of them compared. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SAMPLES_CARD (lk_samples_card_get_type())
G_DECLARE_FINAL_TYPE(LkSamplesCard, lk_samples_card, LK, SAMPLES_CARD, AdwBin)

/* Property `narrow` (bool): one column instead of two. */

/** Shows a task (NULL: none), and from then on what it makes. */
void lk_samples_card_set_task(LkSamplesCard *self, LkTask *task);

G_END_DECLS
