/* The pictures that were made, small, in one row: one is chosen. */
#pragma once

#include "app/test/test_history.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_HISTORY_STRIP (lk_history_strip_get_type())
G_DECLARE_FINAL_TYPE(LkHistoryStrip, lk_history_strip, LK, HISTORY_STRIP, AdwBin)

/* Signals: `chosen`: another picture is; `opened`: it is to be shown large. */

void lk_history_strip_set_history(LkHistoryStrip *self, LkTestHistory *history);
/** The chosen picture (borrowed), or NULL. */
LkTestPicture *lk_history_strip_get_chosen(LkHistoryStrip *self);
guint lk_history_strip_get_position(LkHistoryStrip *self);
void lk_history_strip_choose(LkHistoryStrip *self, guint position);

G_END_DECLS
