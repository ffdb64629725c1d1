/* One task: how it stands, its settings, checkpoints, samples and log, and how to go on from it. */
#pragma once

#include "app/core/project.h"
#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TASK_PAGE (lk_task_page_get_type())
G_DECLARE_FINAL_TYPE(LkTaskPage, lk_task_page, LK, TASK_PAGE, AdwNavigationPage)

AdwNavigationPage *lk_task_page_new(LkProject *project, LkTask *task);
LkTask *lk_task_page_get_task(LkTaskPage *self);

G_END_DECLS
