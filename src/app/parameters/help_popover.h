/* What a parameter does, what is usual, when to try more or less of it, and what that costs with the present values. */
#pragma once

#include "training/parameters.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_HELP_POPOVER (lk_help_popover_get_type())
G_DECLARE_FINAL_TYPE(LkHelpPopover, lk_help_popover, LK, HELP_POPOVER, GtkPopover)

GtkWidget *lk_help_popover_new(const LkParameter *parameter);
/** The effect in words, once it is known: with which value ("With 4: "), memory, time. `value` NULL: there is nothing
 * to compare with, and the lines go. */
void lk_help_popover_set_effect(LkHelpPopover *self, const char *value, const char *memory, const char *time);

G_END_DECLS
