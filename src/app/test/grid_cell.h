/* One picture of an X/Y grid, as far as it is. */
#pragma once

#include "app/test/test_picture.h"

G_BEGIN_DECLS

#define LK_TYPE_GRID_CELL (lk_grid_cell_get_type())
G_DECLARE_FINAL_TYPE(LkGridCell, lk_grid_cell, LK, GRID_CELL, GtkWidget)

/* CSS node `gridcell`, with the class `chosen` for the one that is described below the grid. */

/** `label`: which cell it is ("Epoch 8, 0.8"). */
GtkWidget *lk_grid_cell_new(LkTestPicture *picture, const char *label);
LkTestPicture *lk_grid_cell_get_picture(LkGridCell *self);
void lk_grid_cell_set_chosen(LkGridCell *self, gboolean chosen);

G_END_DECLS
