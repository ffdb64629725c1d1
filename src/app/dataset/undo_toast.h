/* "“branch” added to 12 captions [Undo]". */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

/** Says what was done in the toast overlay that `widget` is or is in, where `n` is not 0 with a button that takes it
 * back. It goes away when something else is done, which would be taken back instead. */
void lk_undo_toast(GtkWidget *widget, LkPictureList *list, guint n, const char *text);
