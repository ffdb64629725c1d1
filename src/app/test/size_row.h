/* A row for width and height of a picture, in steps of 64 pixels. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SIZE_ROW (lk_size_row_get_type())
G_DECLARE_FINAL_TYPE(LkSizeRow, lk_size_row, LK, SIZE_ROW, AdwActionRow)

/* Properties, with notify: `width-pixels`, `height-pixels` (int). */

G_END_DECLS
