/* The entry for the filter of the dataset: what is typed applies at once, what cannot be read is explained below, and
 * examples show what can be asked for. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_FILTER_FIELD (lk_filter_field_get_type())
G_DECLARE_FINAL_TYPE(LkFilterField, lk_filter_field, LK, FILTER_FIELD, AdwBin)

/* Property `narrow`: there is little room. Signal `left`: Escape, the keyboard should go back to the pictures. */

/** Shows and sets the filter of a view; once. */
void lk_filter_field_set_view(LkFilterField *self, LkDatasetView *view);
/** Gives it the keyboard, all text selected. */
void lk_filter_field_focus(LkFilterField *self);

G_END_DECLS
