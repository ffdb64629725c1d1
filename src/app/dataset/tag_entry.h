/* An entry for tags: while one types, the tags that the project has already are offered below, with how many captions
 * have them. Several tags may be typed with commas between; the last one is completed. */
#pragma once

#include "app/dataset/picture_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TAG_ENTRY (lk_tag_entry_get_type())
G_DECLARE_FINAL_TYPE(LkTagEntry, lk_tag_entry, LK, TAG_ENTRY, AdwBin)

/* Property `text` (never NULL, with notify); `placeholder` (also its accessible name); `immediate`: a click on an offer
 * is an answer, not only text to go on with, and the most frequent tags are offered before anything is typed.
 * Signal `activate`: the person has answered (Enter, or a click on an offer if `immediate`). */

/** Whose tags are offered (borrowed until another one or NULL is set). */
void lk_tag_entry_set_list(LkTagEntry *self, LkPictureList *list);
/** The tags of this caption are not offered; NULL for none. */
void lk_tag_entry_set_caption(LkTagEntry *self, const char *caption);

const char *lk_tag_entry_get_text(LkTagEntry *self);
/** The cursor goes to its end. */
void lk_tag_entry_set_text(LkTagEntry *self, const char *text);
/** Gives it the keyboard, all text selected. */
void lk_tag_entry_focus(LkTagEntry *self);

G_END_DECLS
