/* Two sets of parameters side by side: what differs between this project, presets, and tasks. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"
#include "training/job.h"

#include <adwaita.h>

/** One parameter that differs; NULL values are unset. */
typedef struct LkDifference {
    const LkParameter *parameter;
    char *left, *right;
} LkDifference;

void lk_difference_free(LkDifference *difference);
/** What differs between two jobs, in the order of the table; folders and files of pictures and results do not count.
 * LkDifference, free with g_ptr_array_unref. */
GPtrArray *lk_differences(const LkJob *left, const LkJob *right);

/** Begins with the project's own parameters on the left, or with those of `task` (may be NULL) beside the project's. */
void lk_compare_dialog_present(GtkWidget *parent, LkProject *project, LkTask *task);
