/* What a picture's cell says about it in few words: what needs attention, and what the person chose for it. */
#pragma once

#include "app/dataset/picture.h"

/** One mark; the texts are static and translated, or belong to it. */
typedef struct LkPictureMark {
    const char *icon; /* NULL: none */
    char *text;
    gboolean warning; /* amber */
} LkPictureMark;

enum { LK_PICTURE_MARKS = 2 };

/** Fills `marks`, the more important one first, and returns how many there are. Clear each with lk_picture_mark_clear.
 * A picture that cannot be read has none: its reason takes the whole cell. */
guint lk_picture_marks(LkPicture *picture, LkPictureMark marks[LK_PICTURE_MARKS]);
void lk_picture_mark_clear(LkPictureMark *mark);

/** The reason why there is nothing to see, a sentence, or NULL (free with g_free). */
char *lk_picture_blank_reason(LkPicture *picture);

/** The picture in words, for a screen reader: name, marks, reason. Free with g_free. */
char *lk_picture_in_words(LkPicture *picture);
