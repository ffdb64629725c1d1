/* Two pictures in one place with a divider that is dragged: left of it the one, right of it the other. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_COMPARE (lk_compare_get_type())
G_DECLARE_FINAL_TYPE(LkCompare, lk_compare, LK, COMPARE, GtkWidget)

/* Property `position` (double, 0 to 1): where the divider is. Moved by pointer and arrow keys. */

GtkWidget *lk_compare_new(void);
/** The pictures and what is written on them; each may be NULL. With one picture there is no divider. */
void lk_compare_set_left(LkCompare *self, GdkPaintable *picture, const char *label);
void lk_compare_set_right(LkCompare *self, GdkPaintable *picture, const char *label);

G_END_DECLS
