/* The pictures of a project as a dataset file that a job can name: for planning and training. */
#pragma once

#include "app/core/project.h"
#include "training/job.h"

typedef struct LkPlanPictures {
    char *path, *text; /* of the dataset file; its content */
    gint64 shown;      /* pictures that are trained, each counted with its repeats */
} LkPlanPictures;

void lk_plan_pictures_free(LkPlanPictures *pictures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPlanPictures, lk_plan_pictures_free)

/** Waits until the project's pictures are loaded, and writes the file into the user's cache off the main thread. */
void lk_plan_pictures_find(LkProject *project, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
/** NULL with words, also where there are none. */
LkPlanPictures *lk_plan_pictures_find_finish(GAsyncResult *result, GError **error);

/** Points a job at them. */
void lk_plan_pictures_apply(const LkPlanPictures *pictures, LkJob *job);
