/* A place for files and pictures from outside: dropped on it, or pasted. While something hovers over it a frame shows
 * that it may be let go. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_DROP_AREA (lk_drop_area_get_type())
G_DECLARE_FINAL_TYPE(LkDropArea, lk_drop_area, LK, DROP_AREA, GtkWidget)

/* Properties: `child` (GtkWidget); `text` (what letting go will do, "Drop to Add Pictures").
 * Signals: `files` (GStrv: paths of files and folders of this computer), `texture` (GdkTexture: a picture that is no
 * file), `refused` (text, a sentence: there was nothing that can be used). */

void lk_drop_area_set_child(LkDropArea *self, GtkWidget *child);

/** Takes what is in the clipboard; one of the signals follows. */
void lk_drop_area_paste(LkDropArea *self);

G_END_DECLS
