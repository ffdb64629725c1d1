/* A picture that fills its place with round corners, loaded off the main thread; a placeholder where there is none. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_COVER (lk_cover_get_type())
G_DECLARE_FINAL_TYPE(LkCover, lk_cover, LK, COVER, AdwBin)

/* Property `path`: of a picture, or NULL. It is decoration: what it shows is said in words beside it. */
GtkWidget *lk_cover_new(void);
void lk_cover_set_path(LkCover *self, const char *path);

G_END_DECLS
