/* A row that shows how far reading or adding pictures is, and can stop it. It appears when that takes longer than a
 * moment. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_IMPORT_ROW (lk_import_row_get_type())
G_DECLARE_FINAL_TYPE(LkImportRow, lk_import_row, LK, IMPORT_ROW, AdwBin)

/* Property `revealed` (read-only, with notify). */

void lk_import_row_set_list(LkImportRow *self, LkPictureList *list);
gboolean lk_import_row_get_revealed(LkImportRow *self);

G_END_DECLS
