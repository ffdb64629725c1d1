/* The orders in which a dataset can be shown. */
#pragma once

#include "app/dataset/picture.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** One order; `name` is stable (for settings), `title` is for the menu and marked for translation. */
typedef struct LkPictureOrder {
    const char *name, *title;
    int (*compare)(LkPicture *a, LkPicture *b);
    gboolean by_file; /* it depends on the file, which may be known only later */
} LkPictureOrder;

/** The orders, the first one is the usual; *count is set. */
const LkPictureOrder *lk_picture_orders(gsize *count);
/** By its name; the first one for an unknown name. */
const LkPictureOrder *lk_picture_order_find(const char *name);

/** Sorts LkPicture. Pictures that are alike keep the order of their names. Returns a new reference. */
GtkSorter *lk_picture_order_to_sorter(const LkPictureOrder *order, gboolean descending);

/** As a person sorts file names: "b2" before "b10", "B" beside "b". Never 0 for different texts. */
int lk_compare_names(const char *a, const char *b);

G_END_DECLS
