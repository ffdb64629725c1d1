/* The inside of LkPictureList: the list itself is in picture_list.c; what else it does is in one file each, with state
 * of its own that is made with the list and let go of before it. */
#pragma once

#include "app/dataset/folder_walk.h"
#include "app/dataset/picture_list.h"
#include "app/dataset/picture_private.h"
#include "app/dataset/picture_rules.h"

/** A folder or file that pictures come from. */
typedef struct LkListSource {
    gint64 id;
    char *path;
    bool folder, recursive, regularisation, held;
    guint repeats, pictures;
} LkListSource;

typedef struct LkPictureScan LkPictureScan;     /* picture_scan.c: keeping up with the files */
typedef struct LkPictureEdits LkPictureEdits;   /* picture_edits.c: edits, undo, saving */
typedef struct LkPictureTags LkPictureTags;     /* picture_tags.c: the tag index */
typedef struct LkPictureDoctor LkPictureDoctor; /* picture_doctor.c: tokens, problems, findings */
typedef struct LkPictureWatch LkPictureWatch;   /* picture_watch.c: file monitors */

struct _LkPictureList {
    GObject parent_instance;
    LkProject *project; /* weak */
    LkStoreThread *store;
    gint64 project_id;
    char *folder;              /* of the project */
    GPtrArray *pictures;       /* LkPicture, sorted by path; the references are by_path's */
    GHashTable *by_path;       /* path → LkPicture (owned), also of those that are removed from the project */
    GArray *sources;           /* LkListSource */
    GHashTable *source_places; /* id → place in `sources` + 1 */
    LkPictureRules *rules;
    gboolean loaded;
    GPtrArray *loading; /* pictures of the store that are not in the list yet, NULL else */
    guint loading_at, loading_id;
    guint aspects, aspects_id; /* changes to be told, and the source that tells them */
    guint rules_id, rules_stage;
    bool counting;           /* number and cover of the project are to be set */
    gboolean busy, stopping; /* stopping: until it is not busy any more */
    guint done, total;
    const char *progress_text;
    guint unsaved;
    GList *imports; /* GCancellable of those that run (borrowed) */
    LkPictureScan *scan;
    LkPictureEdits *edits;
    LkPictureTags *tags;
    LkPictureDoctor *doctor;
    LkPictureWatch *watch;
};

enum {
    LK_LIST_PROP_PROJECT = 1,
    LK_LIST_PROP_LOADED,
    LK_LIST_PROP_BUSY,
    LK_LIST_PROP_DONE,
    LK_LIST_PROP_TOTAL,
    LK_LIST_PROP_PROGRESS_TEXT,
    LK_LIST_PROP_CAN_UNDO,
    LK_LIST_PROP_CAN_REDO,
    LK_LIST_PROP_UNDO_LABEL,
    LK_LIST_PROP_REDO_LABEL,
    LK_LIST_PROP_UNSAVED,
    LK_LIST_PROP_SUMMARY,
    LK_LIST_PROP_CHECKING,
    LK_LIST_PROP_LAST
};
void lk_picture_list_notify(LkPictureList *self, int property);

/* ---- picture_list.c ----------------------------------------------------------------------------------- */

/** Puts pictures (listed, references taken over) in their places; sorts the array. */
void lk_picture_list_insert(LkPictureList *self, GPtrArray *pictures);
/** Takes pictures out of the list; they stay known, as `removed` ones, unless `forget`. */
void lk_picture_list_take_out(LkPictureList *self, GPtrArray *pictures, bool forget);
/** The picture of a path, also one that is removed. */
LkPicture *lk_picture_list_lookup(LkPictureList *self, const char *path);
/** Aspects of pictures changed: told soon, once for all. */
void lk_picture_list_changed(LkPictureList *self, guint aspects);
void lk_picture_list_set_progress(LkPictureList *self, bool busy, const char *text, guint done, guint total);
void lk_picture_list_failed(LkPictureList *self, const GError *error);
/** Counts captions that are not saved up or down. */
void lk_picture_list_count_unsaved(LkPictureList *self, int more);
/** Texts for signals. */
void lk_picture_list_emit_text(LkPictureList *self, const char *signal, const char *text);

/* ---- picture_load.c ----------------------------------------------------------------------------------- */

/** Reads rows, sources and tags from the store, fills the list in small parts, then looks at the files. */
void lk_picture_list_load(LkPictureList *self);

/* ---- picture_sources.c -------------------------------------------------------------------------------- */

/** An empty list that owns its LkListSource. */
GArray *lk_list_sources_new(void);
/** NULL for none. */
LkListSource *lk_picture_list_source(LkPictureList *self, gint64 id);
/** Takes sources that the store answered with (LkSourceRecord); pictures keep theirs. */
void lk_picture_list_take_sources(LkPictureList *self, GPtrArray *records);
/** From now on further pictures of a folder are taken, or are not: its import was stopped. */
void lk_picture_list_hold_source(LkPictureList *self, gint64 id, bool held);
/** LkWalkSource for a thread; free with g_array_unref. */
GArray *lk_picture_list_copy_sources(LkPictureList *self);

/* ---- picture_fit.c ------------------------------------------------------------------------------------ */

/** The bucket that the picture falls into. */
void lk_picture_list_fit(LkPictureList *self, LkPicture *picture);
/** Begins to follow the project's parameters. */
void lk_picture_list_watch_parameters(LkPictureList *self);

/* ---- picture_scan.c ----------------------------------------------------------------------------------- */

/** Called on the main thread after a look at the files, which found so many that are new or changed. */
typedef void (*LkScanDone)(LkPictureList *self, bool cancelled, guint found, void *data);
/** Takes part in a look: called for each picture that is new to the list (or back in it), before it is inserted. */
typedef void (*LkScanNew)(LkPicture *picture, void *data);

LkPictureScan *lk_picture_scan_new(LkPictureList *list);
void lk_picture_scan_free(LkPictureScan *scan);
/** Looks at the files of all or (taken over) some places, now or after the look that runs. */
void lk_picture_scan_start(LkPictureScan *scan, GArray *places, const char *text, LkScanNew added, LkScanDone done,
                           void *data);
/** An import has ended: others may look again. */
void lk_picture_scan_wake(LkPictureScan *scan);
void lk_picture_scan_cancel(LkPictureScan *scan);
bool lk_picture_scan_is_running(LkPictureScan *scan);
/** Writes rows of pictures: what their files are, and captions that are in their files. */
void lk_picture_list_store(LkPictureList *list, GPtrArray *pictures);

/* ---- picture_edits.c ---------------------------------------------------------------------------------- */

LkPictureEdits *lk_picture_edits_new(LkPictureList *list);
/** Writes what is still open. */
void lk_picture_edits_free(LkPictureEdits *edits);
void lk_picture_edits_take_state(LkPictureEdits *edits, guint undo, guint redo, const char *undo_label,
                                 const char *redo_label);
bool lk_picture_edits_can(LkPictureEdits *edits, bool redo);
const char *lk_picture_edits_label(LkPictureEdits *edits, bool redo);
/** A caption file has other text than the picture: takes it, unless what was typed here is newer; says so where both
 * changed. */
void lk_picture_edits_take_caption(LkPictureEdits *edits, LkPicture *picture, const char *text, gint64 modified,
                                   LkPictureCaptionState state);

/* ---- picture_tags.c ----------------------------------------------------------------------------------- */

LkPictureTags *lk_picture_tags_new(LkPictureList *list);
void lk_picture_tags_free(LkPictureTags *tags);
/** Takes an index that was made on another thread. */
void lk_picture_tags_take(LkPictureTags *tags, LkTagIndex *index);
/** A caption in the list became another; NULL: was not there, is no longer. */
void lk_picture_tags_change(LkPictureTags *tags, const char *before, const char *after);
LkTagIndex *lk_picture_tags_get(LkPictureTags *tags);

/* ---- picture_trigger.c --------------------------------------------------------------------------------- */

/** Begins to tell of a new trigger word. */
void lk_picture_list_watch_trigger(LkPictureList *self);

/* ---- picture_doctor.c --------------------------------------------------------------------------------- */

LkPictureDoctor *lk_picture_doctor_new(LkPictureList *list);
void lk_picture_doctor_free(LkPictureDoctor *doctor);
/** A picture is new or changed: tokens and problems are found out again soon, and the file is decoded once if it was
 * not. */
void lk_picture_doctor_touch(LkPictureDoctor *doctor, LkPicture *picture);
/** All of them, after other parameters. */
void lk_picture_doctor_touch_all(LkPictureDoctor *doctor);
/** A picture is leaving the list, or its place in training changed (excluded): compare anew. */
void lk_picture_doctor_recount(LkPictureDoctor *doctor);
/** Goes on with what waits: after a look at the files. */
void lk_picture_doctor_wake(LkPictureDoctor *doctor);
GListModel *lk_picture_doctor_findings(LkPictureDoctor *doctor);
/** Tags that a finding about the whole dataset names; NULL for none (borrowed until the next comparison). */
const char *const *lk_picture_doctor_tags(LkPictureDoctor *doctor, LkFindingKind kind);
const char *lk_picture_doctor_summary(LkPictureDoctor *doctor);
guint lk_picture_doctor_problems(LkPictureDoctor *doctor);
gboolean lk_picture_doctor_checking(LkPictureDoctor *doctor);

/* ---- picture_watch.c ---------------------------------------------------------------------------------- */

LkPictureWatch *lk_picture_watch_new(LkPictureList *list);
void lk_picture_watch_free(LkPictureWatch *watch);
/** Watches these folders (char *), or none where they are too many; `all`: and no others. They were looked at since the
 * time `since` (microseconds, g_get_real_time()); where one changed before it was watched it is looked at again. */
void lk_picture_watch_set(LkPictureWatch *watch, GPtrArray *folders, bool all, gint64 since);
/** Looks away while thousands of files are written by ourselves, and afterwards looks at what changed meanwhile. */
void lk_picture_watch_pause(LkPictureWatch *watch);
void lk_picture_watch_resume(LkPictureWatch *watch);
