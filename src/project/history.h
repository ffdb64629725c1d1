/* Undo that survives a restart: steps, each a label and the changes it made, and a cursor between undone and done ones.
 *
 * The store only remembers. To undo, the app peeks at the step, sets every field to its `before`, and moves the cursor,
 * best in one transaction with its own rows. */
#pragma once

#include "project/store.h"

/** One change. NULL is a text of its own: "there was none". */
typedef struct LkHistoryChange {
    char *path;  /* of the picture */
    char *field; /* such as "caption", "excluded", "repeats" */
    char *before, *after;
} LkHistoryChange;

typedef enum LkHistoryDirection {
    LK_HISTORY_UNDO,
    LK_HISTORY_REDO,
} LkHistoryDirection;

typedef struct LkHistoryStep {
    gint64 id;
    char *label; /* "Add tag “branch” to 12 pictures" */
    gint64 created;
    GArray *changes; /* LkHistoryChange, in the order to be applied: for undo the last one first */
} LkHistoryStep;

/** What undo and redo would do now. */
typedef struct LkHistoryState {
    guint undo, redo;              /* how many steps */
    char *undo_label, *redo_label; /* of the next one, or NULL */
} LkHistoryState;

void lk_history_step_free(LkHistoryStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkHistoryStep, lk_history_step_free)
void lk_history_state_clear(LkHistoryState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LkHistoryState, lk_history_state_clear)

/** Adds a step that was just done, behind the cursor; what could be redone is gone. Returns its number, 0 on failure.
 */
gint64 lk_history_append(LkStore *store, gint64 project, const char *label, const LkHistoryChange *changes, gsize count,
                         GError **error);

/** Fills *state (clear it afterwards). */
bool lk_history_state(LkStore *store, gint64 project, LkHistoryState *state, GError **error);

/** The next step to undo or redo, the cursor unchanged; *step is NULL if there is none. */
bool lk_history_peek(LkStore *store, gint64 project, LkHistoryDirection direction, LkHistoryStep **step,
                     GError **error);
/** Moves the cursor over the next step; LK_ERROR_USAGE if there is none. */
bool lk_history_move(LkStore *store, gint64 project, LkHistoryDirection direction, GError **error);

/** Keeps at most `keep` steps: drops the oldest that could be undone, then the farthest that could be redone. */
bool lk_history_prune(LkStore *store, gint64 project, guint keep, GError **error);
