/* All projects as cards; before the first one, what the program is for. */
#pragma once

#include "app/core/project.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PROJECTS_PAGE (lk_projects_page_get_type())
G_DECLARE_FINAL_TYPE(LkProjectsPage, lk_projects_page, LK, PROJECTS_PAGE, AdwNavigationPage)

/* Signal `open-project` (LkProject). */

G_END_DECLS
