/* One tag in the list of tags: its name, a bar, its count, and a sign if the filter wants or excludes it. */
#pragma once

#include "app/dataset/tag_list.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_TAG_ROW (lk_tag_row_get_type())
G_DECLARE_FINAL_TYPE(LkTagRow, lk_tag_row, LK, TAG_ROW, GtkWidget)

/* CSS node `tagrow` with the classes `wanted`, `unwanted`, `trigger`. */

GtkWidget *lk_tag_row_new(void);
/** NULL lets go of the one before. */
void lk_tag_row_set_item(LkTagRow *self, LkTagItem *item);
LkTagItem *lk_tag_row_get_item(LkTagRow *self);
/** The row in words, for a screen reader. Free with g_free. */
char *lk_tag_row_in_words(LkTagItem *item);

G_END_DECLS
