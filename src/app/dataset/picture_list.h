/* All pictures of a project: a GListModel of LkPicture, sorted by path in byte order. It reads them from the store,
 * keeps up with the files, and is the way every change of captions and choices goes.
 *
 * Main thread alone; what takes time happens on threads. The files are the truth: captions live beside the pictures,
 * and no picture file is ever moved, changed or deleted. */
#pragma once

#include "app/core/project.h"
#include "app/dataset/dataset_finding.h"
#include "app/dataset/import_summary.h"
#include "app/dataset/picture.h"
#include "dataset/dataset_config.h"
#include "dataset/tag_index.h"

#include <gdk/gdk.h>

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_LIST (lk_picture_list_get_type())
G_DECLARE_FINAL_TYPE(LkPictureList, lk_picture_list, LK, PICTURE_LIST, GObject)

/* Properties, read-only with notify:
 *   `project` (LkProject; NULL once that is gone)
 *   `loaded`: the store has answered and all its pictures are in the list
 *   `busy`, `done`, `total` (uint; total 0: not known yet), `progress-text` ("Adding pictures…"): what is read or added
 *   `can-undo`, `can-redo`, `undo-label`, `redo-label` (NULL where there is nothing)
 *   `unsaved` (uint): how many captions are not in their files
 *   `summary`: for the banner, "3 pictures need attention: 2 without caption, 1 smaller than its bucket"; "" when all
 * is well `checking`: the doctor has not seen all pictures yet Signals: `pictures-changed` (uint, LkPictureAspect):
 * something of pictures in the list has changed; filters and sort orders are to be looked at again. Once for many
 * changes. `tags-changed`: so has the tag index `save-failed` (text): captions could not be written; a sentence that
 * names them. They stay as typed and `unsaved`. `conflict` (text): a caption was changed here and by another program;
 * says which was kept `trigger-word-changed` (text old, text new, uint n): the project has another trigger word, and
 * `n` captions have the old one: see lk_picture_list_replace_trigger `failed` (GError): the store or a folder could not
 * be read */

typedef enum LkPictureAspect {
    LK_PICTURE_ASPECT_CAPTION = 1 << 0, /* caption, tokens */
    LK_PICTURE_ASPECT_CHOICES = 1 << 1, /* repeats, excluded, mask, regularisation */
    LK_PICTURE_ASPECT_FILE = 1 << 2,    /* size, bytes, missing, error */
    LK_PICTURE_ASPECT_BUCKET = 1 << 3,
    LK_PICTURE_ASPECT_PROBLEMS = 1 << 4,
} LkPictureAspect;

/** The list of a project, the same object for whoever asks while somebody holds it. It begins to load at once. Returns
 * a new reference: unref it when the page goes. */
LkPictureList *lk_picture_list_get(LkProject *project);
/** The same where somebody holds it (borrowed), else NULL. */
LkPictureList *lk_picture_list_peek(LkProject *project);

/** Borrowed; NULL once it is gone. */
LkProject *lk_picture_list_get_project(LkPictureList *self);
gboolean lk_picture_list_get_loaded(LkPictureList *self);
gboolean lk_picture_list_get_busy(LkPictureList *self);
/** The picture of a path (borrowed), or NULL. */
LkPicture *lk_picture_list_find(LkPictureList *self, const char *path);
/** Where it stands; GTK_INVALID_LIST_POSITION (G_MAXUINT) if it is not in the list. */
guint lk_picture_list_position(LkPictureList *self, LkPicture *picture);

/** Looks at the files again: new, changed and gone ones. It happens by itself after loading, and while folders can be
 * watched when they change; pages call it when the window gets the focus. */
void lk_picture_list_refresh(LkPictureList *self);
/** Stops reading or adding. What is done stays; pictures that were not reached stay as they were. A folder whose adding
 * was stopped gives no further pictures until it is added again. */
void lk_picture_list_cancel(LkPictureList *self);
/** Whether something is under way that lk_picture_list_cancel would stop; may change with the property progress-text.
 */
gboolean lk_picture_list_get_can_cancel(LkPictureList *self);

/* ---- pictures in and out ------------------------------------------------------------------------------ */

/** Adds files and folders (with those below; one source each). kohya's folders named like 10_name become sources with
 * that many repeats. Progress is in the properties, lk_picture_list_cancel stops it. */
void lk_picture_list_add_paths(LkPictureList *self, const char *const *paths, GAsyncReadyCallback callback,
                               gpointer user_data);
/** NULL with an error where nothing could be done (the store). */
LkImportSummary *lk_picture_list_add_finish(LkPictureList *self, GAsyncResult *result, GError **error);
/** After an import that was stopped: everything that it brought leaves the project again, folders included; the files
 * stay. */
void lk_picture_list_take_back(LkPictureList *self, const LkImportSummary *summary);
/** Writes a picture from the clipboard as PNG into the folder "pictures" of the project's folder and adds it; finish as
 * above. */
void lk_picture_list_add_texture(LkPictureList *self, GdkTexture *texture, GAsyncReadyCallback callback,
                                 gpointer user_data);

/** A folder or file that pictures come from. */
typedef struct LkPictureSource {
    gint64 id;
    const char *path; /* as the file system has it */
    gboolean folder, recursive, regularisation;
    gboolean held; /* adding it was stopped: what else is in it comes when it is added again */
    guint repeats;
    guint pictures; /* how many of the list are from it */
} LkPictureSource;

/** The sources in the order they were added: GArray of LkPictureSource, valid until the next call; free with
 * g_array_unref. Signal `pictures-changed` (CHOICES) also says that they changed. */
GArray *lk_picture_list_get_sources(LkPictureList *self);
void lk_picture_list_set_source_repeats(LkPictureList *self, gint64 source, guint repeats);
void lk_picture_list_set_source_regularisation(LkPictureList *self, gint64 source, gboolean regularisation);
/** Takes a source and its pictures out of the project; the files stay. Not an undo step. */
void lk_picture_list_remove_source(LkPictureList *self, gint64 source);
/** Takes pictures out of the project, one undo step; the files stay. */
void lk_picture_list_remove_pictures(LkPictureList *self, LkPicture *const *pictures, guint n);

/* ---- editing ------------------------------------------------------------------------------------------ */

typedef enum LkPictureField {
    LK_PICTURE_FIELD_CAPTION,
    LK_PICTURE_FIELD_EXCLUDED, /* "0", "1" */
    LK_PICTURE_FIELD_REPEATS,  /* own repeats: "0" (as the source) to "999999" */
    LK_PICTURE_FIELD_MASK,    /* a path, "" for none. For training the mask needs the picture's name (without extension)
                               */
    LK_PICTURE_FIELD_REMOVED, /* "0", "1": taken out of the project; see lk_picture_list_remove_pictures */
    LK_PICTURE_FIELDS,
} LkPictureField;

typedef struct LkPictureChange {
    LkPicture *picture;
    LkPictureField field;
    const char *value;
} LkPictureChange;

/** Makes changes at once and writes them (caption files, store, undo history) on a thread: one undo step with `label`
 * ("Add tag “branch” to 12 Pictures", translated). Changes that change nothing are left out; without any left there is
 * no step. Everything is copied. Returns how many pictures changed.
 *
 * A change of the same field of the same picture with the same label within two seconds joins the step before. */
guint lk_picture_list_edit(LkPictureList *self, const char *label, const LkPictureChange *changes, guint n);

/** While the person types in a picture's caption all its edits (by lk_picture_list_edit with one change) are one step;
 * the file is written whenever the typing rests. Nested or double calls do no harm. */
void lk_picture_list_begin_typing(LkPictureList *self, LkPicture *picture);
void lk_picture_list_end_typing(LkPictureList *self);

void lk_picture_list_undo(LkPictureList *self);
void lk_picture_list_redo(LkPictureList *self);
gboolean lk_picture_list_get_can_undo(LkPictureList *self);
gboolean lk_picture_list_get_can_redo(LkPictureList *self);
/** Of the next step, as given to lk_picture_list_edit; NULL for none. */
const char *lk_picture_list_get_undo_label(LkPictureList *self);
const char *lk_picture_list_get_redo_label(LkPictureList *self);

/** Tries again to write captions whose writing failed. */
void lk_picture_list_retry_saving(LkPictureList *self);

/* ---- tags, tokens, trigger words ---------------------------------------------------------------------- */

/** Tags of the captions of all pictures in the list (borrowed; up to date as of the last `tags-changed`). */
LkTagIndex *lk_picture_list_get_tags(LkPictureList *self);

/** The trigger words that captions are checked for: the job's `trigger_words`, else the project's. Never NULL. */
const char *lk_picture_list_get_trigger_words(LkPictureList *self);
/** How many captions would change by lk_picture_list_add_trigger. */
guint lk_picture_list_count_without_trigger(LkPictureList *self);
/** Puts the trigger words in front of captions that lack them: `pictures`, or (NULL) all that are trained and have a
 * caption. One undo step. Returns how many changed. */
guint lk_picture_list_add_trigger(LkPictureList *self, LkPicture *const *pictures, guint n);
/** How many captions have the trigger word `old`. */
guint lk_picture_list_count_trigger(LkPictureList *self, const char *old);
/** Replaces trigger word `old` by `with` ("" removes it) as a tag in all captions, in the place where it stands. One
 * undo step. Returns how many changed. */
guint lk_picture_list_replace_trigger(LkPictureList *self, const char *old, const char *with);
/** How many tokens a caption has as trained; the most that the text encoder reads in *most (may be NULL). For the meter
 * while typing: a fraction of a millisecond. */
int lk_picture_list_count_tokens(LkPictureList *self, const char *caption, int *most);

/* ---- doctor ------------------------------------------------------------------------------------------- */

/** GListModel of LkDatasetFinding (borrowed): errors first, then warnings, then the rest. */
GListModel *lk_picture_list_get_findings(LkPictureList *self);
const char *lk_picture_list_get_summary(LkPictureList *self);
/** How many pictures need attention (have a warning or an error and are trained). */
guint lk_picture_list_get_n_problems(LkPictureList *self);
/** Words for the filter that show exactly these pictures: "problem:caption-missing OR problem:…", "" for none. Free
 * with g_free. */
char *lk_picture_list_get_problem_filter(LkPictureList *self);
/** Does what a finding's `fix-label` says, where it is about captions or choices as one undo step. False where the
 * finding has no fix. */
gboolean lk_picture_list_fix(LkPictureList *self, LkDatasetFinding *finding);

/* ---- training ----------------------------------------------------------------------------------------- */

/** Figures of what is trained: pictures that are not excluded, removed, missing or unreadable. */
typedef struct LkPictureTotals {
    guint pictures, trained, regularisation, excluded, unusable, captioned;
    guint64 repeats; /* trained ones counted with their repeats, without regularisation */
} LkPictureTotals;
LkPictureTotals lk_picture_list_get_totals(LkPictureList *self);

/** Exactly the pictures that are shown and not excluded, with their repeats: subsets by folder, repeats, masks and
 * regularisation, `files` where a folder is not used whole. Options are those of the project's parameters. NULL with
 * LK_ERROR_USAGE where nothing is left to train on. */
LkDatasetConfig *lk_picture_list_to_dataset_config(LkPictureList *self, GError **error);
/** The same as the text of a dataset TOML file for `dataset_config`. Free with g_free. */
char *lk_picture_list_to_dataset_toml(LkPictureList *self, GError **error);

G_END_DECLS
