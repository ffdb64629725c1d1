/* A small pill on a picture: an icon, a few words, or both. Where there is no room for the words the icon stays. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_BADGE (lk_picture_badge_get_type())
G_DECLARE_FINAL_TYPE(LkPictureBadge, lk_picture_badge, LK, PICTURE_BADGE, GtkWidget)

/* CSS node `picturebadge`; with the class `warning` it is amber. It is decoration: who shows it says it in words to
 * assistive technology. */

GtkWidget *lk_picture_badge_new(void);
/** Either may be NULL (not both). Without an icon there is no short form: the badge needs its whole width. */
void lk_picture_badge_set(LkPictureBadge *self, const char *icon_name, const char *text);
const char *lk_picture_badge_get_text(LkPictureBadge *self);

G_END_DECLS
