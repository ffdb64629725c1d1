/* What training will take, in one look: steps, time, memory and where the memory goes. */
#pragma once

#include "app/parameters/planning.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SUMMARY_CARD (lk_summary_card_get_type())
G_DECLARE_FINAL_TYPE(LkSummaryCard, lk_summary_card, LK, SUMMARY_CARD, AdwBin)

/* Property `narrow` (bool): without legend, smaller margins. */

/** Follows a planning. */
void lk_summary_card_set_planning(LkSummaryCard *self, LkPlanning *planning);

/** The parts of a plan by LkMemoryPart. */
void lk_summary_card_parts(const LkTrainingPlan *plan, gint64 *parts);

G_END_DECLS
