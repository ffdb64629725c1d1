/* A prompt being written: several lines, with trigger word and <lora:…> tags in colour. Tab leaves it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_PROMPT_ENTRY (lk_prompt_entry_get_type())
G_DECLARE_FINAL_TYPE(LkPromptEntry, lk_prompt_entry, LK, PROMPT_ENTRY, GtkWidget)

/* Properties: `text`; `label` (what it is, for assistive technology); `trigger` (trigger words with commas between
 * them); `tag` (int, read-only: the tag that strength and checkpoint are of: that at the cursor, else the one chosen
 * last, else the first; -1: none). CSS node `promptentry`. */

const char *lk_prompt_entry_get_text(LkPromptEntry *self);
void lk_prompt_entry_set_text(LkPromptEntry *self, const char *text);
void lk_prompt_entry_set_trigger(LkPromptEntry *self, const char *trigger);
int lk_prompt_entry_get_tag(LkPromptEntry *self);

/** Changes the strength or the name of the tag, if there is one; the cursor stays. */
void lk_prompt_entry_set_strength(LkPromptEntry *self, double strength);
void lk_prompt_entry_set_name(LkPromptEntry *self, const char *name);
/** Writes a new tag behind the text (or chooses the one with this name, if there is one) and makes it the chosen one.
 */
void lk_prompt_entry_add_tag(LkPromptEntry *self, const char *name, double strength);

G_END_DECLS
