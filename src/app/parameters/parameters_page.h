/* The parameters page of a project. */
#pragma once

#include "app/core/task.h"
#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_PARAMETERS_PAGE (lk_parameters_page_get_type())
G_DECLARE_FINAL_TYPE(LkParametersPage, lk_parameters_page, LK, PARAMETERS_PAGE, LkPage)

/** Makes the settings of a task those of the project, and says so. */
void lk_parameters_page_take_task(LkParametersPage *self, LkTask *task);
/** The same with changes (char * → char *), and trains as soon as it is known that they make it fit; where they do not,
 * the page says what else would help. */
void lk_parameters_page_train_with(LkParametersPage *self, LkTask *task, GHashTable *changes);

/** Shows the settings of a file, to be taken. */
void lk_parameters_page_import(LkParametersPage *self, const char *path);

G_END_DECLS
