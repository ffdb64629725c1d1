/* Rows of which one is chosen by a round button before its words. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/** A row with plain texts (no markup). */
AdwActionRow *lk_choice_row_new(const char *title, const char *subtitle);
/** Puts the round button before the row, in the group of `group` (NULL: the first of a group). Borrowed. */
GtkCheckButton *lk_choice_row_add_check(AdwActionRow *row, GtkCheckButton *group);

G_END_DECLS
