/* The results page of a project. */
#pragma once

#include "app/core/task.h"
#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_RESULTS_PAGE (lk_results_page_get_type())
G_DECLARE_FINAL_TYPE(LkResultsPage, lk_results_page, LK, RESULTS_PAGE, LkPage)

/* Property `narrow` (bool): rows in one column. */

/** Shows the checkpoints of a task of the project. NULL: none. */
void lk_results_page_set_task(LkResultsPage *self, LkTask *task);

/** Measures all checkpoints of the shown task on a folder of pictures that no training has seen. */
void lk_results_page_measure(LkResultsPage *self, const char *pictures);

G_END_DECLS
