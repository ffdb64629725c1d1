/* The row that says with which preset the parameters began and how many differ, and lets the person take another one,
 * save the present values as one, or tidy up. */
#pragma once

#include "app/parameters/form.h"

G_BEGIN_DECLS

#define LK_TYPE_PRESET_ROW (lk_preset_row_get_type())
G_DECLARE_FINAL_TYPE(LkPresetRow, lk_preset_row, LK, PRESET_ROW, AdwActionRow)

/* It reads and writes the setting LK_SETTING_PRESET and tells the form what the preset's values are. */

GtkWidget *lk_preset_row_new(LkProject *project, LkForm *form, LkPlanning *planning, LkParameterHistory *history);

/** Opens the dialog that saves the present values under a name. */
void lk_preset_row_save(LkPresetRow *self);
/** Opens the list of own presets. */
void lk_preset_row_manage(LkPresetRow *self);

G_END_DECLS
