/* One open project: its pages on the right, and on the left what leads to them. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PROJECT_VIEW (lk_project_view_get_type())
G_DECLARE_FINAL_TYPE(LkProjectView, lk_project_view, LK, PROJECT_VIEW, AdwNavigationPage)

/* Action `project.show-task` (page, task's number in the store): a task of this project on the page "training",
 * "results" or "tasks"; on "parameters" its settings become the project's. */

LkProjectView *lk_project_view_new(LkProject *project);
LkProject *lk_project_view_get_project(LkProjectView *self);

/** "dataset", "parameters", "training", "test", "results" or "tasks"; other names are passed over. */
void lk_project_view_show_page(LkProjectView *self, const char *name);

/** A task of this project on the page of that name: see `project.show-task`. */
void lk_project_view_show_task(LkProjectView *self, const char *name, LkTask *task);

/** Pictures and folders of pictures for this project: shown in its dataset. */
void lk_project_view_add_files(LkProjectView *self, const char *const *paths);

/** Settings of a job's file for this project: shown, and taken if the person says so. */
void lk_project_view_import(LkProjectView *self, const char *path);

G_END_DECLS
