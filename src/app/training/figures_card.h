/* The figures of a training beside its chart: speed, learning rate, gradient norm, time, memory. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_FIGURES_CARD (lk_figures_card_get_type())
G_DECLARE_FINAL_TYPE(LkFiguresCard, lk_figures_card, LK, FIGURES_CARD, AdwBin)

/** Shows a task (NULL: none), and from then on what it tells. */
void lk_figures_card_set_task(LkFiguresCard *self, LkTask *task);

G_END_DECLS
