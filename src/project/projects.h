/* Projects: pictures, captions and settings that belong together, and the tasks that trained from them. */
#pragma once

#include "project/store.h"

typedef struct LkProjectRecord {
    gint64 id;
    char *name;
    char *folder;       /* where outputs go */
    char *goal;         /* "character", "style", "object" or "concept" */
    char *base_model;   /* path or "" */
    char *family;       /* of the base model, as the app names it, or "" */
    char *trigger_word; /* or "" */
    char *cover;        /* path of a picture, or NULL */
    gint64 created, opened, deleted;
    guint pictures, checkpoints, tasks; /* how many it has; deleted tasks and their checkpoints are not counted */
} LkProjectRecord;

typedef enum LkProjectField {
    LK_PROJECT_NAME,
    LK_PROJECT_FOLDER,
    LK_PROJECT_GOAL,
    LK_PROJECT_BASE_MODEL,
    LK_PROJECT_FAMILY,
    LK_PROJECT_TRIGGER_WORD,
    LK_PROJECT_COVER, /* NULL: none */
} LkProjectField;

void lk_project_record_free(LkProjectRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkProjectRecord, lk_project_record_free)

/** All projects that are not deleted, the one opened last first: LkProjectRecord, free with g_ptr_array_unref. */
GPtrArray *lk_projects_list(LkStore *store, GError **error);
/** The projects that are marked as deleted, the last one first. */
GPtrArray *lk_projects_list_deleted(LkStore *store, GError **error);
/** One project, deleted or not. NULL on failure, LK_ERROR_USAGE if there is none. */
LkProjectRecord *lk_projects_get(LkStore *store, gint64 id, GError **error);

/** Makes a project and returns its number, 0 on failure. A name may be used twice; it must not be empty. NULL for text
 * is "". */
gint64 lk_projects_create(LkStore *store, const char *name, const char *goal, const char *folder, GError **error);
/** A copy under another name and output folder with sources, pictures (captions, repeats, exclusions, masks) and
 * settings, without tasks and undo history. Returns its number, 0 on failure. */
gint64 lk_projects_duplicate(LkStore *store, gint64 id, const char *name, const char *folder, GError **error);

bool lk_projects_rename(LkStore *store, gint64 id, const char *name, GError **error);
/** Sets one text. */
bool lk_projects_set(LkStore *store, gint64 id, LkProjectField field, const char *value, GError **error);
/** Notes that the project is opened now. */
bool lk_projects_touch(LkStore *store, gint64 id, GError **error);

/** Marks as deleted; nothing is lost before lk_projects_purge. */
bool lk_projects_delete(LkStore *store, gint64 id, GError **error);
bool lk_projects_undelete(LkStore *store, gint64 id, GError **error);
/** Removes projects that were marked before `before`, with all that belongs to them. Files stay. *count (may be NULL)
 * is how many. */
bool lk_projects_purge(LkStore *store, gint64 before, guint *count, GError **error);
