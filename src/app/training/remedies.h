/* What helps a task that stopped for want of memory: changes to press, the smallest first. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_REMEDIES (lk_remedies_get_type())
G_DECLARE_FINAL_TYPE(LkRemedies, lk_remedies, LK, REMEDIES, AdwBin)

/* Property: `narrow` (bool), the buttons take less room. */

/** Shows what would help a task; nothing where it ended in another way. A press activates "project.train-with" with the
 * task's id and the changes, (xa{ss}). */
void lk_remedies_set_task(LkRemedies *self, LkTask *task);

G_END_DECLS
