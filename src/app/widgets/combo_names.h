/* Combo rows whose items have names for assistive technology: those of libadwaita's own factories have none. */
#pragma once

#include <adwaita.h>

/** Gives the row's items labels and names. They are strings (GtkStringObject) or have the property that the row's
 * expression reads; set that before. */
void lk_combo_name_items(AdwComboRow *row);
