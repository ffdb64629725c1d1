/* Combo rows whose items have names for assistive technology: those of libadwaita's own factories have none. */
#pragma once

#include <adwaita.h>

/** Gives the row's items labels and names. They are strings (GtkStringObject) or have the property that the row's
 * expression reads; set that before. */
void lk_combo_name_items(AdwComboRow *row);
/** Shows the chosen item in the row or button: a short text whole, a long one shortened where there is no room. */
void lk_combo_set_label(GtkLabel *label, const char *text);
