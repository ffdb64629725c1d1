/* What a person is told after an import. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

/** Says what became of an import: in a message on `toasts`, with the names of files that are no pictures or copies; or
 * where it was stopped in its middle, by asking what shall become of the pictures that came in. `page` has the action
 * "dataset.add-paths". The message (borrowed, until it is gone), NULL where there is none. */
AdwToast *lk_import_tell(GtkWidget *page, AdwToastOverlay *toasts, LkPictureList *list, const LkImportSummary *summary,
                         const GError *error);

G_END_DECLS
