/* One project in the grid of projects: cover, name, what it holds, and a menu. */
#pragma once

#include "app/core/project.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PROJECT_CARD (lk_project_card_get_type())
G_DECLARE_FINAL_TYPE(LkProjectCard, lk_project_card, LK, PROJECT_CARD, AdwBin)

GtkWidget *lk_project_card_new(void);
/** NULL empties it. */
void lk_project_card_set_project(LkProjectCard *self, LkProject *project);

G_END_DECLS
