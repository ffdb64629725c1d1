/* One picture of a project, as the dataset page shows it: what its file is, its caption, the person's choices, and what
 * is wrong with it. Kept small, for a project may have 100,000.
 *
 * Only LkPictureList makes and changes pictures; to change one, ask lk_picture_list_edit. Main thread alone. */
#pragma once

#include "dataset/filter.h"
#include "dataset/finding.h"
#include "dataset/sniff.h"
#include "project/pictures.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE (lk_picture_get_type())
G_DECLARE_FINAL_TYPE(LkPicture, lk_picture, LK, PICTURE, GObject)

/* Properties, all read-only and with notify: `path`, `name` (text); `caption` (text, never NULL), `caption-state` (int,
 * LkPictureCaptionState), `unsaved`, `tokens` (int, below 0: not counted yet); `width`, `height` (int, 0: not known),
 * `bytes`, `modified` (int64); `repeats` and `own-repeats` (uint), `excluded`, `regularisation`, `mask` (path, may be
 * NULL); `problems` (uint64), `error` (text, may be NULL), `missing`; `bucket-width`, `bucket-height` (int, 0: not
 * known), `cut` (double). */

const char *lk_picture_get_path(LkPicture *self);
/** The last part of the path as UTF-8 for the eye. */
const char *lk_picture_get_name(LkPicture *self);

/** The whole text of the caption file, lines and all, without the line end at its end; "" where there is none. */
const char *lk_picture_get_caption(LkPicture *self);
LkPictureCaptionState lk_picture_get_caption_state(LkPicture *self);
/** The caption that is shown is not in its file yet; for longer than a moment only where writing failed. */
gboolean lk_picture_get_unsaved(LkPicture *self);
/** Tokens of the caption as trained (with prefix, suffix, trigger words); below 0 while not counted. */
int lk_picture_get_tokens(LkPicture *self);

/** As shown, after the EXIF turn; 0 where not known. */
int lk_picture_get_width(LkPicture *self);
int lk_picture_get_height(LkPicture *self);
gint64 lk_picture_get_bytes(LkPicture *self);
/** When the file was last changed, in nanoseconds since 1970. With the path it tells a thumbnail's age. */
gint64 lk_picture_get_modified(LkPicture *self);

/** How often an epoch shows it: its own number, or its source's. At least 1. */
guint lk_picture_get_repeats(LkPicture *self);
/** Its own number; 0: as its source. */
guint lk_picture_get_own_repeats(LkPicture *self);
gboolean lk_picture_get_excluded(LkPicture *self);
/** It is of a source of regularisation pictures. */
gboolean lk_picture_get_regularisation(LkPicture *self);
/** Path of its mask, or NULL. */
const char *lk_picture_get_mask(LkPicture *self);
/** Whether its own transparency is its mask, which goes before a file; `mask` is notified. */
gboolean lk_picture_get_own_mask(LkPicture *self);

/** What is wrong or remarkable: bits by lk_finding_bit. */
guint64 lk_picture_get_problems(LkPicture *self);
gboolean lk_picture_has_problem(LkPicture *self, LkFindingKind kind);
/** Why it cannot be read, a sentence; NULL where it can. */
const char *lk_picture_get_error(LkPicture *self);
/** Its file is gone. */
gboolean lk_picture_get_missing(LkPicture *self);
/** What the file is: type, transparency and so on; type is LK_PICTURE_UNKNOWN while not looked at. `width` and `height`
 * are as shown, `bytes` is the file's size. */
LkPictureInfo lk_picture_get_info(LkPicture *self);

/** The size it is trained at with the project's resolution; 0 × 0 where not known or it has none. */
LkSize lk_picture_get_bucket(LkPicture *self);
/** Where scaling and cutting put it; false where there is no bucket. */
gboolean lk_picture_get_fit(LkPicture *self, LkBucketFit *fit);
/** How much of the picture the cut to its bucket loses, in per cent. */
double lk_picture_get_cut(LkPicture *self);

/** Whether the filter lets it through. `triggers`: the project's trigger words, or NULL. */
gboolean lk_picture_matches(LkPicture *self, const LkFilter *filter, const char *triggers);

G_END_DECLS
