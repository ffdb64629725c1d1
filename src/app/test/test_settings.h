/* What the Test page makes pictures with, as properties that rows are bound to; remembered with the project. */
#pragma once

#include "app/core/project.h"
#include "sampling/infotext.h"
#include "worker/drawing.h"

G_BEGIN_DECLS

#define LK_TYPE_TEST_SETTINGS (lk_test_settings_get_type())
G_DECLARE_FINAL_TYPE(LkTestSettings, lk_test_settings, LK, TEST_SETTINGS, GObject)

/* Properties, all readable and writable, with notify:
 *   prompt, negative   texts; the prompt with its <lora:…> tags
 *   sampler            a name that lk_sampler_find knows
 *   steps (int), cfg (double), seed (uint64), width, height (int, multiples of 64)
 *   keep-seed          bool: FALSE draws a new seed for every picture
 *   mode               "picture", "compare" or "grid"
 *   columns, rows      names of LkAxisKind
 *   strengths, seeds, prompts   values of the axes as they are typed
 *   checkpoints        names of the checkpoints in the grid, a line each; "" for all of the newest task
 *   folders            where a LoRA's name is looked for first, a folder a line: those chosen last */

/** With the project's values: its resolution, and what else its parameters say of pictures. What was remembered is read
 * from the store; `loaded` says when it is there (also where that failed). From then on changes are remembered. */
LkTestSettings *lk_test_settings_new(LkProject *project);

/** Whether what was remembered is there, and whether there was any. */
gboolean lk_test_settings_get_loaded(LkTestSettings *self);
gboolean lk_test_settings_get_any(LkTestSettings *self);

const char *lk_test_settings_get_prompt(LkTestSettings *self);
const char *lk_test_settings_get_text(LkTestSettings *self, const char *property);
guint64 lk_test_settings_get_seed(LkTestSettings *self);
/** Draws a new seed, as WebUI does below 2^32. */
void lk_test_settings_shuffle(LkTestSettings *self);
/** Puts a folder first among `folders`. */
void lk_test_settings_prefer_folder(LkTestSettings *self, const char *folder);

/** A wish with all that is set here; its texts are borrowed until the next change. Base model, device and precision are
 * the project's. Prompt and seed are for whoever asks. */
LkPictureWish lk_test_settings_wish(LkTestSettings *self);

/** Takes a picture's settings over and keeps its seed. Returns what of them cannot be used here, in sentences; NULL
 * where all is in place. Free with g_free. */
char *lk_test_settings_apply(LkTestSettings *self, const LkInfotext *infotext);

/** Writes what waits to be remembered now. */
void lk_test_settings_flush(LkTestSettings *self);

G_END_DECLS
