/* Pictures of the Test page, large, one after another. */
#pragma once

#include "app/test/lora_list.h"
#include "app/test/test_picture.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_DIALOG (lk_picture_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkPictureDialog, lk_picture_dialog, LK, PICTURE_DIALOG, AdwDialog)

/* Signal `shown` (uint position): this one is shown now. */

/** Of a list of LkTestPicture, beginning with the one at `position`. Titles are made with `loras` and `folders`. */
LkPictureDialog *lk_picture_dialog_new(GListModel *pictures, guint position, LkLoraList *loras, const char *folders);

G_END_DECLS
