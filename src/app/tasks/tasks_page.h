/* All tasks of a project, and each on a page of its own. */
#pragma once

#include "app/core/task.h"
#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_TASKS_PAGE (lk_tasks_page_get_type())
G_DECLARE_FINAL_TYPE(LkTasksPage, lk_tasks_page, LK, TASKS_PAGE, LkPage)

/** Shows the page of one task. */
void lk_tasks_page_show_task(LkTasksPage *self, LkTask *task);

G_END_DECLS
