/* One task of the queue: what it is, and for those that wait their place, changed by dragging, by keys or by menu. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_QUEUE_ROW (lk_queue_row_get_type())
G_DECLARE_FINAL_TYPE(LkQueueRow, lk_queue_row, LK, QUEUE_ROW, AdwActionRow)

/* Actions: `queue.move-up` (Alt+Up), `queue.move-down` (Alt+Down), `queue.withdraw` (Delete), for a task that waits.
 * Signal `move` (int place): the row is to go to this place among those that wait. */

GtkWidget *lk_queue_row_new(LkTask *task);
LkTask *lk_queue_row_get_task(LkQueueRow *self);
/** Says where it is among those that wait, so that what cannot be done cannot be pressed. */
void lk_queue_row_set_place(LkQueueRow *self, guint place, guint waiting);

G_END_DECLS
