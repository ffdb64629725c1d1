/* What changes from column to column and from row to row of an X/Y grid: the kinds, and their values. */
#pragma once

#include "app/test/grid_axis.h"
#include "app/test/lora_list.h"
#include "app/test/test_settings.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_AXES_CARD (lk_axes_card_get_type())
G_DECLARE_FINAL_TYPE(LkAxesCard, lk_axes_card, LK, AXES_CARD, AdwBin)

/* Signal `changed`: other axes or values. */

void lk_axes_card_set(LkAxesCard *self, LkTestSettings *settings, LkLoraList *loras);

/** The axes as they are set (clear with lk_grid_axes_clear); false with a sentence where values cannot be used. */
gboolean lk_axes_card_read(LkAxesCard *self, LkGridAxes *axes, GError **error);

G_END_DECLS
