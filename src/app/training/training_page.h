/* The training page of a project: what trains or has trained, as it goes on. */
#pragma once

#include "app/core/task.h"
#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_TRAINING_PAGE (lk_training_page_get_type())
G_DECLARE_FINAL_TYPE(LkTrainingPage, lk_training_page, LK, TRAINING_PAGE, LkPage)

/** Shows a task of the project instead of the one that trains or the newest. NULL: none. */
void lk_training_page_set_task(LkTrainingPage *self, LkTask *task);

G_END_DECLS
