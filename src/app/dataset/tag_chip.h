/* One tag as a chip: its text, and what can be done with it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_TAG_CHIP (lk_tag_chip_get_type())
G_DECLARE_FINAL_TYPE(LkTagChip, lk_tag_chip, LK, TAG_CHIP, GtkWidget)

typedef enum LkTagChipKind {
    LK_TAG_CHIP_PLAIN,
    LK_TAG_CHIP_PINNED,  /* the trigger word: stays */
    LK_TAG_CHIP_PARTIAL, /* only some of the pictures have it */
} LkTagChipKind;

/* CSS node `tagchip` with the class `pinned` or `partial`. Signals: `removed` (×, Delete, Backspace), `activated`
 * (double click, Enter, F2), `spread` (+, of a partial one: all pictures should have it), `moved` (int: by how many
 * places, from Ctrl and arrow keys). */

GtkWidget *lk_tag_chip_new(void);

/** What it shows. `count`: how many pictures have it, shown on partial ones. */
void lk_tag_chip_set(LkTagChip *self, const char *text, LkTagChipKind kind, guint count);
const char *lk_tag_chip_get_text(LkTagChip *self);
LkTagChipKind lk_tag_chip_get_kind(LkTagChip *self);

G_END_DECLS
