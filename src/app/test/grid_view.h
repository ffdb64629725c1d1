/* An X/Y grid: headings of the axes, and a cell for every picture. Arrow keys move the choice, Enter and a double click
 * open. */
#pragma once

#include "app/test/grid_axis.h"
#include "app/test/test_picture.h"

G_BEGIN_DECLS

#define LK_TYPE_GRID_VIEW (lk_grid_view_get_type())
G_DECLARE_FINAL_TYPE(LkGridView, lk_grid_view, LK, GRID_VIEW, GtkWidget)

/* Signals: `chosen`: another cell is; `opened`: the chosen one is to be shown large. CSS node `pictures-grid`. */

/** Shows these pictures (LkTestPicture, row by row) under the titles of the axes. `ratio` is a picture's width by its
 * height. The chosen cell stays where there still is one. */
void lk_grid_view_set(LkGridView *self, const LkGridAxes *axes, GPtrArray *pictures, double ratio);

/** The chosen picture (borrowed), or NULL; and its place in the array. */
LkTestPicture *lk_grid_view_get_chosen(LkGridView *self);
guint lk_grid_view_get_position(LkGridView *self);
void lk_grid_view_choose(LkGridView *self, guint position);

G_END_DECLS
