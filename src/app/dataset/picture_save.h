/* An edit's way to the disk, on the store's thread: undo history first, then caption files, then rows. So whatever was
 * touched can be undone, also where the program is killed in between; and the order of edits is the order on the disk.
 */
#pragma once

#include "app/dataset/picture_list.h"
#include "app/dataset/sidecar.h"
#include "project/history.h"

typedef enum LkSaveOutcome {
    LK_SAVE_DONE,
    LK_SAVE_FAILED, /* `error` says why; the file is as it was */
    LK_SAVE_OTHER,  /* another program's text was newer and was kept: it is in `sidecar` */
    LK_SAVE_SAME,   /* it was so already */
    LK_SAVE_GONE,   /* the project does not have the picture any more */
} LkSaveOutcome;

/** One change of one picture. */
typedef struct LkSaveItem {
    char *path;
    LkPictureField field;
    char *after;   /* NULL: there is no caption file, no mask */
    char *before;  /* the same; found out where it is written, for edits may wait for others */
    gint64 edited; /* when it was made, microseconds since 1970 */
    /* out: */
    LkSaveOutcome outcome;
    bool overwrote; /* another program's older text was replaced; undo brings it back (unless `label` is NULL) */
    char *error;
    LkSidecar sidecar; /* of a caption: what is in the file now */
} LkSaveItem;

/** What the history has of a step that is saved again and again while it grows. */
typedef struct LkSaveStep LkSaveStep;
LkSaveStep *lk_save_step_new(void);
LkSaveStep *lk_save_step_ref(LkSaveStep *step);
void lk_save_step_unref(LkSaveStep *step);

typedef struct LkSave {
    gint64 project;
    char *label;                  /* of the step; NULL: none is made (another try at writing) */
    LkSaveStep *step;             /* of one that grows (owned): what the history has of it is replaced; else NULL */
    char *extension;              /* of captions; NULL: .txt, then .caption */
    GArray *items;                /* LkSaveItem; filled by lk_save_step */
    LkHistoryDirection direction; /* of lk_save_step */
    LkHistoryState state;         /* out */
} LkSave;

LkSave *lk_save_new(gint64 project, const char *label, const char *extension);
void lk_save_free(LkSave *save);
void lk_save_add(LkSave *save, const char *path, LkPictureField field, const char *after, gint64 edited);

/** LkStoreFunc with an LkSave: writes its items. */
gpointer lk_save_edit(LkStore *store, gpointer save, GError **error);
/** LkStoreFunc with an LkSave: undoes or redoes the next step, whose changes become the items, `after` being what they
 * are set to. Captions that another program has changed since stay (LK_SAVE_OTHER). */
gpointer lk_save_step(LkStore *store, gpointer save, GError **error);

/** Tells the person by the list's signals what could not be written, and where another program was faster. `step`: it
 * was an undo or redo. */
void lk_save_report(const LkSave *save, bool step, LkPictureList *list);
