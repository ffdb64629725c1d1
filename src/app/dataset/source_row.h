/* A place that pictures come from, with the choices for all of its pictures. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SOURCE_ROW (lk_source_row_get_type())
G_DECLARE_FINAL_TYPE(LkSourceRow, lk_source_row, LK, SOURCE_ROW, AdwExpanderRow)

GtkWidget *lk_source_row_new(LkPictureList *list, const LkPictureSource *source);
/** The same place, as it is now. */
void lk_source_row_update(LkSourceRow *self, const LkPictureSource *source);
gint64 lk_source_row_get_id(LkSourceRow *self);

G_END_DECLS
