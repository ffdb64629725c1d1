/* Combo rows and drop-down buttons whose items have names for assistive technology: those of the toolkit's own
 * factories have none. */
#pragma once

#include <adwaita.h>

/** Gives the items of `chooser`, an AdwComboRow or a GtkDropDown, labels and names. They are strings (GtkStringObject)
 * or have the property that its expression reads; set that before. */
void lk_combo_name_items(GtkWidget *chooser);
/** Shows the chosen item in the row or button: a short text whole, a long one shortened where there is no room. */
void lk_combo_set_label(GtkLabel *label, const char *text);
