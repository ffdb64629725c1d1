/* The folders and files that a project's pictures come from, and a folder of masks. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SOURCES_DIALOG (lk_sources_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkSourcesDialog, lk_sources_dialog, LK, SOURCES_DIALOG, AdwDialog)

/** `page` has the action "dataset.add-paths". */
AdwDialog *lk_sources_dialog_new(LkPictureList *list, GtkWidget *page);

G_END_DECLS
