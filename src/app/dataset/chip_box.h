/* Tags as chips that fill lines, with a button at the end to add one. It shows what it is told and says what the person
 * wants; whose tags they are it does not know. */
#pragma once

#include "app/dataset/picture_list.h"
#include "app/dataset/tag_chip.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_CHIP_BOX (lk_chip_box_get_type())
G_DECLARE_FINAL_TYPE(LkChipBox, lk_chip_box, LK, CHIP_BOX, AdwBin)

typedef struct LkChip {
    const char *text;
    LkTagChipKind kind;
    guint count; /* of a partial one */
} LkChip;

/* Signals, with the chip's place: `removed` (uint), `spread` (uint), `replaced` (uint, text: what was typed in its
 * place), `moved` (uint from, uint to; only with lk_chip_box_set_movable), `added` (text). */

GtkWidget *lk_chip_box_new(void);

/** The tags to show, copied. Chips that stay the same keep the keyboard. */
void lk_chip_box_set_chips(LkChipBox *self, const LkChip *chips, guint n);
guint lk_chip_box_get_n_chips(LkChipBox *self);
/** The chip at a place (borrowed), or NULL. */
LkTagChip *lk_chip_box_get_chip(LkChipBox *self, guint place);
/** A note behind the chips, such as how many more there are; NULL for none. */
void lk_chip_box_set_note(LkChipBox *self, const char *text);

/** Chips can be put into another order, by dragging and by keys. */
void lk_chip_box_set_movable(LkChipBox *self, gboolean movable);
/** Whose tags are offered while one types; `caption`: whose tags are not (may be NULL). */
void lk_chip_box_set_offers(LkChipBox *self, LkPictureList *list, const char *caption);
/** Gives the keyboard to a chip; to the nearest where there is none at that place. */
void lk_chip_box_focus(LkChipBox *self, guint place);
/** Opens the entry for a new tag. */
void lk_chip_box_add(LkChipBox *self);

G_END_DECLS
