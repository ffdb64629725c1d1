/* Training runs one after another. What waits and in which order is here; nothing is stored: the window's store keeps
 * the tasks and fills the queue anew at the next start.
 *
 * A queue is a GListModel of LkQueueItem: the current one first, then those that wait, in order. An item leaves it when
 * its run ended (finished, stopped or failed), and the next one begins unless the queue is held. A current run that is
 * paused stays current: nothing else begins.
 *
 * Properties: current (LkQueueItem, NULL), held (bool, writable): no further run is begun; the current one goes on.
 * Signals:
 *    begun (LkQueueItem *item)    its run is started; connect to lk_queue_item_get_run here
 *    ended (LkQueueItem *item)    its run is over, see the run's state; the item is no longer in the queue */
#pragma once

#include "worker/run.h"

G_BEGIN_DECLS

#define LK_TYPE_QUEUE_ITEM (lk_queue_item_get_type())
G_DECLARE_FINAL_TYPE(LkQueueItem, lk_queue_item, LK, QUEUE_ITEM, GObject)

/** The task's id, as it was given. Property "id". */
const char *lk_queue_item_get_id(LkQueueItem *item);
const LkJob *lk_queue_item_get_job(LkQueueItem *item);
/** Its run, idle while it waits. Property "run". */
LkRun *lk_queue_item_get_run(LkQueueItem *item);

#define LK_TYPE_QUEUE (lk_queue_get_type())
G_DECLARE_FINAL_TYPE(LkQueue, lk_queue, LK, QUEUE, GObject)

/** An empty queue that is not held. */
LkQueue *lk_queue_new(void);

/** Appends a task: id (not in the queue yet), job (copied), device, and whether to go on from a saved state. Begins it
 * at once where nothing is current and the queue is not held. Returns the item, which the queue owns; NULL where the id
 * is in the queue. */
LkQueueItem *lk_queue_add(LkQueue *queue, const char *id, const LkJob *job, const char *device, bool resume);
LkQueueItem *lk_queue_find(LkQueue *queue, const char *id);
LkQueueItem *lk_queue_get_current(LkQueue *queue);

/** Takes a task that waits out of the queue, without `ended`. False for the current one: stop its run instead. */
bool lk_queue_remove(LkQueue *queue, const char *id);
/** Moves a task that waits to a place among those that wait, from 0; beyond the end is the end. */
bool lk_queue_move(LkQueue *queue, const char *id, guint place);

bool lk_queue_get_held(LkQueue *queue);
/** Holding lets the current run go on but begins no other; letting go begins the next where none is current. */
void lk_queue_set_held(LkQueue *queue, bool held);

G_END_DECLS
