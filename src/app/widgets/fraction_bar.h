/* A thin bar, filled to a fraction. It is decoration: the figure stands beside it in words. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_FRACTION_BAR (lk_fraction_bar_get_type())
G_DECLARE_FINAL_TYPE(LkFractionBar, lk_fraction_bar, LK, FRACTION_BAR, GtkWidget)

/* Property `fraction` (double, 0 to 1). CSS node `fractionbar`: the trough is its background, the filled part has its
 * text colour, and its size is its minimum size; with the class `warning` it is amber. */

GtkWidget *lk_fraction_bar_new(void);
/** What is beyond 0 and 1 is taken as these. */
void lk_fraction_bar_set_fraction(LkFractionBar *self, double fraction);
void lk_fraction_bar_set_warning(LkFractionBar *self, gboolean warning);

G_END_DECLS
