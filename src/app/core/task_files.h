/* The files that a task begins with: a new folder in its project's, with the job as lorikeet-cli would take it. */
#pragma once

#include "project/tasks.h"
#include "training/job.h"

/** What a task is to be. */
typedef struct LkTaskDraft {
    gint64 project;
    char *folder; /* of the project */
    LkJob *job;
    char *dataset; /* TOML text; NULL: the job names its pictures itself */
    char *name;    /* the user's; NULL: none */
    char *device;  /* "auto" at first */
} LkTaskDraft;

/** Copies everything. */
LkTaskDraft *lk_task_draft_new(gint64 project, const char *folder, const LkJob *job, const char *dataset);
void lk_task_draft_free(LkTaskDraft *draft);

/** What became of it. */
typedef struct LkTaskFiles {
    LkTaskRecord *record;
    LkJob *job; /* with its folders, as written to the job's file */
} LkTaskFiles;

void lk_task_files_free(LkTaskFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTaskFiles, lk_task_files_free)

/** Makes the task's record and its folder "FOLDER/task-N" with job.toml and dataset.toml. On the store's thread. NULL
 * with words; then nothing is left of it. */
LkTaskFiles *lk_task_files_make(LkStore *store, const LkTaskDraft *draft, GError **error);
