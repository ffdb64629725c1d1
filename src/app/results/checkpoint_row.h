/* One checkpoint in the list of results: its samples, when it was saved, its losses, and what can be done with it. */
#pragma once

#include "app/core/task.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_CHECKPOINT_ROW (lk_checkpoint_row_get_type())
G_DECLARE_FINAL_TYPE(LkCheckpointRow, lk_checkpoint_row, LK, CHECKPOINT_ROW, GtkListBoxRow)

/* Signals: `export` (LkCheckpointRow), `mark` (as the best), `forget` (take it out of the list; the file stays). */

/** `index`: of the checkpoint in the task's. */
LkCheckpointRow *lk_checkpoint_row_new(LkTask *task, guint index);
const LkTaskCheckpoint *lk_checkpoint_row_get_checkpoint(LkCheckpointRow *self);
/** What is thought of it. OVER: later than the best and worse on held-out pictures; NEWEST: where no best is known. */
typedef enum LkCheckpointMark {
    LK_CHECKPOINT_PLAIN,
    LK_CHECKPOINT_BEST,
    LK_CHECKPOINT_OVER,
    LK_CHECKPOINT_NEWEST,
} LkCheckpointMark;

/** Shows its figures anew. */
void lk_checkpoint_row_update(LkCheckpointRow *self, LkCheckpointMark mark);
void lk_checkpoint_row_set_narrow(LkCheckpointRow *self, gboolean narrow);
/** "Epoch 8", "Step 720"; free with g_free. */
char *lk_checkpoint_title(const LkTaskCheckpoint *checkpoint);

G_END_DECLS
