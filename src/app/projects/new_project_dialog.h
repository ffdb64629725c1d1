/* Three short steps to a new project: what it is, on which base model, from which pictures. */
#pragma once

#include "app/core/project.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_NEW_PROJECT_DIALOG (lk_new_project_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkNewProjectDialog, lk_new_project_dialog, LK, NEW_PROJECT_DIALOG, AdwDialog)

/* Signal `created` (LkProject). */

/** `sources`: folders and pictures that the project shall have, NULL-terminated; may be NULL. */
LkNewProjectDialog *lk_new_project_dialog_new(const char *const *sources);

G_END_DECLS
