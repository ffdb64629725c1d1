/* A picture of the Test page: planned, being drawn, or a file of the project's folder "test". */
#pragma once

#include "sampling/infotext.h"
#include "worker/picture_maker.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_TEST_PICTURE (lk_test_picture_get_type())
G_DECLARE_FINAL_TYPE(LkTestPicture, lk_test_picture, LK, TEST_PICTURE, GObject)

typedef enum LkTestPictureState {
    LK_TEST_PICTURE_PLANNED, /* nobody has ordered it, or the order was taken back */
    LK_TEST_PICTURE_WAITING,
    LK_TEST_PICTURE_LOADING, /* base model and LoRAs */
    LK_TEST_PICTURE_DRAWING,
    LK_TEST_PICTURE_DONE,
    LK_TEST_PICTURE_FAILED,
} LkTestPictureState;

/* Property `path` (text: of its file, NULL before it is saved).
 * Signals: `changed`: anything of it; `saved`: its file is there; `save-failed` (text, a sentence). */

/** One that can be drawn (the wish is copied). */
LkTestPicture *lk_test_picture_new(const LkPictureWish *wish);
/** One that was drawn earlier; nothing of the file is read yet. */
LkTestPicture *lk_test_picture_new_file(const char *path);

LkTestPictureState lk_test_picture_get_state(LkTestPicture *self);
/** Ordered and not ended. */
gboolean lk_test_picture_is_busy(LkTestPicture *self);
int lk_test_picture_get_step(LkTestPicture *self);
/** What it is drawn from; NULL for files. */
const LkPictureWish *lk_test_picture_get_wish(LkTestPicture *self);
/** A text that is the same for two pictures that would come out the same; NULL for files. Borrowed. */
const char *lk_test_picture_get_key(LkTestPicture *self);
/** The picture, or how far it is; NULL while there is nothing to see. Borrowed. */
GdkPaintable *lk_test_picture_get_paintable(LkTestPicture *self);
/** The finished picture where it is in memory, else NULL. Borrowed. */
GdkTexture *lk_test_picture_get_texture(LkTestPicture *self);
/** Its settings; NULL before it is done or read, and where a file has none. */
const LkInfotext *lk_test_picture_get_infotext(LkTestPicture *self);
const char *lk_test_picture_get_parameters(LkTestPicture *self); /* the same as one text */
/** Seconds that drawing took; 0 where not known. */
double lk_test_picture_get_seconds(LkTestPicture *self);
/** Why it failed, or what is worth knowing; NULL: nothing. */
const char *lk_test_picture_get_error(LkTestPicture *self);
const char *lk_test_picture_get_remarks(LkTestPicture *self);
const char *lk_test_picture_get_path(LkTestPicture *self);

/** The same picture without LoRAs, or NULL. */
LkTestPicture *lk_test_picture_get_partner(LkTestPicture *self);
void lk_test_picture_set_partner(LkTestPicture *self, LkTestPicture *partner);

/** Orders it; it is written to `path` as soon as it is done. For planned and failed ones. */
void lk_test_picture_order(LkTestPicture *self, LkPictureMaker *maker, const char *path);
/** Takes the order back; it is planned again. */
void lk_test_picture_cancel(LkTestPicture *self, LkPictureMaker *maker);

/** Reads picture and settings of a file in a thread, unless they are in memory; `changed` follows. */
void lk_test_picture_load(LkTestPicture *self);
/** Drops what can be read again. */
void lk_test_picture_unload(LkTestPicture *self);

G_END_DECLS
