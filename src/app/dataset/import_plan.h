/* From what was dropped or chosen to sources: which folders and files are to be added, and which are there. For a
 * thread. */
#pragma once

#include "app/dataset/folder_walk.h"
#include "app/dataset/import_summary.h"

/** A source to be added. */
typedef struct LkImportSource {
    char *path;
    bool folder, recursive;
    guint repeats;
} LkImportSource;

typedef struct LkImportPlan {
    GArray *sources;       /* LkImportSource, owned */
    GArray *places;        /* LkWalkPlace: where to look for the pictures afterwards */
    GPtrArray *unreadable; /* LkImportProblem, owned */
} LkImportPlan;

/** `known`: LkWalkSource that the project has. A folder or file that one of them covers becomes a place alone. kohya's
 * layout (folders named 10_name) becomes a source for each such folder, with its repeats; what else is there is taken
 * as well. */
LkImportPlan *lk_import_plan_new(const char *const *paths, const GArray *known, GCancellable *cancellable);
void lk_import_plan_free(LkImportPlan *plan);

/** Appends a problem (copied) to a list of an LkImportSummary or a plan. */
void lk_import_problems_add(GPtrArray *problems, const char *path, const char *text);
