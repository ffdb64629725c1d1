#include "project/history.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

/* A project's steps have numbers without gaps: undone ones lie above project.undo_done, done ones up to it. */

static void clear_change(LkHistoryChange *change)
{
    g_free(change->path);
    g_free(change->field);
    g_free(change->before);
    g_free(change->after);
}

void lk_history_step_free(LkHistoryStep *step)
{
    if (!step)
        return;
    g_free(step->label);
    g_clear_pointer(&step->changes, g_array_unref);
    g_free(step);
}

void lk_history_state_clear(LkHistoryState *state)
{
    g_free(state->undo_label);
    g_free(state->redo_label);
    *state = (LkHistoryState){0};
}

static bool write_changes(LkStore *store, gint64 step, const LkHistoryChange *changes, gsize count, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  "INSERT INTO undo_change (step, number, path, field, before, after) VALUES (?, ?, ?, ?, ?, ?)");
    for (gsize i = 0; i < count; i++) {
        const LkHistoryChange *c = &changes[i];
        if (!lk_query_repeat(&query, LK_BINDS(LK_INT(step), LK_INT((gint64)i), LK_TEXT(c->path), LK_TEXT(c->field),
                                              LK_TEXT(c->before), LK_TEXT(c->after))))
            break;
    }
    return lk_query_close(&query, error);
}

gint64 lk_history_append(LkStore *store, gint64 project, const char *label, const LkHistoryChange *changes, gsize count,
                         GError **error)
{
    if (!lk_store_begin(store, error))
        return 0;
    gint64 step = 0;
    bool ok = lk_store_run_on(store, error, _("This project is not in the store any more."),
                              "UPDATE project SET undo_done = undo_done + 1 WHERE id = ?", LK_INT(project)) &&
              lk_store_run(store, error,
                           "DELETE FROM undo_step WHERE project = ?1"
                           " AND number >= (SELECT undo_done FROM project WHERE id = ?1)",
                           LK_INT(project));
    if (ok)
        step = lk_store_insert(store, error,
                               "INSERT INTO undo_step (project, number, label, created)"
                               " SELECT id, undo_done, ?2, ?3 FROM project WHERE id = ?1",
                               LK_INT(project), LK_TEXT(label ? label : ""), LK_INT(g_get_real_time()));
    ok = step && write_changes(store, step, changes, count, error);
    return lk_store_end(store, ok, error) ? step : 0;
}

bool lk_history_state(LkStore *store, gint64 project, LkHistoryState *state, GError **error)
{
    *state = (LkHistoryState){0};
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT count(*) FILTER (WHERE number <= undo_done), count(*) FILTER (WHERE number > undo_done),"
                  " max(label) FILTER (WHERE number = undo_done), max(label) FILTER (WHERE number = undo_done + 1)"
                  " FROM project JOIN undo_step ON undo_step.project = project.id WHERE project.id = ?",
                  LK_INT(project));
    if (lk_query_next(&query))
        *state = (LkHistoryState){(guint)lk_query_int(&query, 0), (guint)lk_query_int(&query, 1),
                                  lk_query_dup(&query, 2), lk_query_dup(&query, 3)};
    return lk_query_close(&query, error);
}

static void *make_step(const LkQuery *query)
{
    LkHistoryStep *step = g_new0(LkHistoryStep, 1);
    step->id = lk_query_int(query, 0);
    step->label = lk_query_dup(query, 1);
    step->created = lk_query_int(query, 2);
    step->changes = g_array_new(FALSE, FALSE, sizeof(LkHistoryChange));
    g_array_set_clear_func(step->changes, (GDestroyNotify)clear_change);
    return step;
}

static bool read_changes(LkStore *store, LkHistoryStep *step, LkHistoryDirection direction, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  direction == LK_HISTORY_UNDO
                      ? "SELECT path, field, before, after FROM undo_change WHERE step = ? ORDER BY number DESC"
                      : "SELECT path, field, before, after FROM undo_change WHERE step = ? ORDER BY number",
                  LK_INT(step->id));
    while (lk_query_next(&query)) {
        const LkHistoryChange change = {lk_query_dup(&query, 0), lk_query_dup(&query, 1), lk_query_dup(&query, 2),
                                        lk_query_dup(&query, 3)};
        g_array_append_val(step->changes, change);
    }
    return lk_query_close(&query, error);
}

bool lk_history_peek(LkStore *store, gint64 project, LkHistoryDirection direction, LkHistoryStep **step, GError **error)
{
    *step = NULL;
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT undo_step.id, label, undo_step.created FROM project"
                  " JOIN undo_step ON undo_step.project = project.id AND number = undo_done + ?2 WHERE project.id = ?1",
                  LK_INT(project), LK_INT(direction == LK_HISTORY_UNDO ? 0 : 1));
    if (lk_query_next(&query))
        *step = make_step(&query);
    bool ok = lk_query_close(&query, error) && (!*step || read_changes(store, *step, direction, error));
    if (!ok)
        g_clear_pointer(step, lk_history_step_free);
    return ok;
}

bool lk_history_move(LkStore *store, gint64 project, LkHistoryDirection direction, GError **error)
{
    const bool undo = direction == LK_HISTORY_UNDO;
    return lk_store_run_on(store, error, undo ? _("There is nothing to undo.") : _("There is nothing to redo."),
                           "UPDATE project SET undo_done = undo_done + ?2 WHERE id = ?1 AND EXISTS"
                           " (SELECT 1 FROM undo_step WHERE project = ?1 AND number = project.undo_done + ?3)",
                           LK_INT(project), LK_INT(undo ? -1 : 1), LK_INT(undo ? 0 : 1));
}

bool lk_history_prune(LkStore *store, gint64 project, guint keep, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    gint64 all = 0, undoable = 0;
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT count(*), count(*) FILTER (WHERE number <= undo_done)"
                  " FROM project JOIN undo_step ON undo_step.project = project.id WHERE project.id = ?",
                  LK_INT(project));
    if (lk_query_next(&query)) {
        all = lk_query_int(&query, 0);
        undoable = lk_query_int(&query, 1);
    }
    bool ok = lk_query_close(&query, error);
    const gint64 excess = MAX(all - keep, 0), oldest = MIN(excess, undoable), newest = excess - oldest;
    ok = ok && lk_store_run(store, error,
                            "DELETE FROM undo_step WHERE project = ?1 AND (number <"
                            " (SELECT min(number) FROM undo_step WHERE project = ?1) + ?2 OR number >"
                            " (SELECT max(number) FROM undo_step WHERE project = ?1) - ?3)",
                            LK_INT(project), LK_INT(oldest), LK_INT(newest));
    return lk_store_end(store, ok, error);
}
