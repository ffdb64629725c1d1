/* Where a project's pictures come from: folders and single files. Nothing here touches a file on disk. */
#pragma once

#include "project/store.h"

typedef enum LkSourceKind {
    LK_SOURCE_FOLDER,
    LK_SOURCE_FILE,
} LkSourceKind;

typedef struct LkSourceRecord {
    gint64 id, project;
    LkSourceKind kind;
    char *path;
    bool recursive;      /* folders below it too */
    bool regularisation; /* kohya's is_reg: pictures of the class, against forgetting */
    bool held;           /* adding it was stopped: no further pictures are taken from it */
    guint repeats;       /* at least 1 */
    gint64 added;
    guint pictures; /* how many rows of pictures.h it has */
} LkSourceRecord;

void lk_source_record_free(LkSourceRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkSourceRecord, lk_source_record_free)

/** The sources of a project in the order they were added: LkSourceRecord, free with g_ptr_array_unref. */
GPtrArray *lk_sources_list(LkStore *store, gint64 project, GError **error);
/** One source. NULL on failure, LK_ERROR_USAGE if there is none. */
LkSourceRecord *lk_sources_get(LkStore *store, gint64 id, GError **error);

/** Adds a source; reads project, kind, path, recursive, regularisation and repeats (0: 1) of `draft`. Returns its
 * number, 0 on failure: LK_ERROR_USAGE if the project has this path already. */
gint64 lk_sources_add(LkStore *store, const LkSourceRecord *draft, GError **error);

bool lk_sources_set_repeats(LkStore *store, gint64 id, guint repeats, GError **error);
bool lk_sources_set_recursive(LkStore *store, gint64 id, bool recursive, GError **error);
bool lk_sources_set_regularisation(LkStore *store, gint64 id, bool regularisation, GError **error);
bool lk_sources_set_held(LkStore *store, gint64 id, bool held, GError **error);

/** The folder or file was moved: its path, and the paths of its pictures and of masks below it, become the new ones;
 * captions, choices and undo history stay with them. */
bool lk_sources_relocate(LkStore *store, gint64 id, const char *path, GError **error);

/** Removes a source and its pictures' rows. */
bool lk_sources_remove(LkStore *store, gint64 id, GError **error);
