/* One bulk edit on its way through many captions: counted on a thread while the person still types, made as one undo
 * step when they say so. */
#pragma once

#include "app/dataset/picture_list.h"
#include "dataset/caption_edit.h"

G_BEGIN_DECLS

#define LK_TYPE_CAPTION_RUN (lk_caption_run_get_type())
G_DECLARE_FINAL_TYPE(LkCaptionRun, lk_caption_run, LK, CAPTION_RUN, GObject)

/* Signals: `counted`: the preview is whole; `applied` (uint: how many captions changed; text: a sentence that says so).
 * Captions that change meanwhile are counted again. */

/** Begins to count. `pictures` (LkPicture) is shared, not copied; the texts of `edit` are copied, its trigger words are
 * the list's. NULL with LK_ERROR_USAGE where the edit cannot be done. */
LkCaptionRun *lk_caption_run_new(LkPictureList *list, GPtrArray *pictures, const LkCaptionEdit *edit, GError **error);

gboolean lk_caption_run_is_counted(LkCaptionRun *self);
/** What would change; whole once it is counted. */
const LkCaptionPreview *lk_caption_run_get_preview(LkCaptionRun *self);

/** The first caption that would change, before and after (borrowed); false if there is none. */
gboolean lk_caption_run_get_example(LkCaptionRun *self, const char **before, const char **after);

/** Makes the changes, now or as soon as they are counted; once. It lives until then. */
void lk_caption_run_apply(LkCaptionRun *self);
/** Stops counting: nobody wants to know any more. Not after lk_caption_run_apply. */
void lk_caption_run_cancel(LkCaptionRun *self);

G_END_DECLS
