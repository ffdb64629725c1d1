#include "project/tasks.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

#define SELECT                                                                                                         \
    "SELECT task.id, task.project, number, task.name, state, job, job_path, output_dir, output_name, device, step,"    \
    " steps, epoch, epochs, task.created, started, ended, task.deleted, seconds, error, coalesce(position, 0), note, " \
    "error_code"                                                                                                       \
    " FROM task LEFT JOIN queued ON queued.id = task.id "

#define ACTIVE "('preparing', 'running')"

static const char *const state_names[LK_TASK_STATES] = {
    [LK_TASK_QUEUED] = "queued", [LK_TASK_PREPARING] = "preparing",     [LK_TASK_RUNNING] = "running",
    [LK_TASK_PAUSED] = "paused", [LK_TASK_STOPPED] = "stopped",         [LK_TASK_FINISHED] = "finished",
    [LK_TASK_FAILED] = "failed", [LK_TASK_INTERRUPTED] = "interrupted",
};

/** The statement that sets a field. */
static const char *const set_field[] = {
    [LK_TASK_NAME] = "UPDATE task SET name = ?2 WHERE id = ?1",
    [LK_TASK_JOB] = "UPDATE task SET job = ?2 WHERE id = ?1",
    [LK_TASK_JOB_PATH] = "UPDATE task SET job_path = ?2 WHERE id = ?1",
    [LK_TASK_OUTPUT_DIR] = "UPDATE task SET output_dir = ?2 WHERE id = ?1",
    [LK_TASK_OUTPUT_NAME] = "UPDATE task SET output_name = ?2 WHERE id = ?1",
    [LK_TASK_DEVICE] = "UPDATE task SET device = ?2 WHERE id = ?1",
    [LK_TASK_NOTE] = "UPDATE task SET note = ?2 WHERE id = ?1",
};

void lk_task_record_free(LkTaskRecord *record)
{
    if (!record)
        return;
    g_free(record->name);
    g_free(record->job);
    g_free(record->job_path);
    g_free(record->output_dir);
    g_free(record->output_name);
    g_free(record->device);
    g_free(record->error);
    g_free(record->note);
    g_free(record);
}

const char *lk_task_state_name(LkTaskState state)
{
    g_return_val_if_fail(state < LK_TASK_STATES, NULL);
    return state_names[state];
}

bool lk_task_state_is_active(LkTaskState state)
{
    return state == LK_TASK_PREPARING || state == LK_TASK_RUNNING;
}

static LkTaskState state_of_name(const char *name)
{
    LkTaskState state = LK_TASK_QUEUED;
    while (state + 1 < LK_TASK_STATES && g_strcmp0(name, state_names[state]) != 0)
        state++;
    return state;
}

static void *make(const LkQuery *query)
{
    LkTaskRecord *record = g_new0(LkTaskRecord, 1);
    int i = 0;
    record->id = lk_query_int(query, i++);
    record->project = lk_query_int(query, i++);
    record->number = (guint)lk_query_int(query, i++);
    record->name = lk_query_dup(query, i++);
    record->state = state_of_name(lk_query_text(query, i++));
    record->job = lk_query_dup(query, i++);
    record->job_path = lk_query_dup(query, i++);
    record->output_dir = lk_query_dup(query, i++);
    record->output_name = lk_query_dup(query, i++);
    record->device = lk_query_dup(query, i++);
    record->step = lk_query_int(query, i++);
    record->steps = lk_query_int(query, i++);
    record->epoch = lk_query_int(query, i++);
    record->epochs = lk_query_int(query, i++);
    record->created = lk_query_int(query, i++);
    record->started = lk_query_int(query, i++);
    record->ended = lk_query_int(query, i++);
    record->deleted = lk_query_int(query, i++);
    record->seconds = lk_query_real(query, i++);
    record->error = lk_query_dup(query, i++);
    record->position = (guint)lk_query_int(query, i++);
    record->note = lk_query_dup(query, i++);
    record->error_code = (int)lk_query_int(query, i++);
    return record;
}

static const char *missing(void)
{
    return _("This task is not in the store any more.");
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

gint64 lk_tasks_create(LkStore *store, const LkTaskRecord *draft, GError **error)
{
    if (!lk_store_begin(store, error))
        return 0;
    gint64 id = 0;
    if (lk_store_run_on(store, error, _("This project is not in the store any more."),
                        "UPDATE project SET tasks_made = tasks_made + 1 WHERE id = ?", LK_INT(draft->project)))
        id = lk_store_insert(
            store, error,
            "INSERT INTO task (project, number, place, state, name, job, job_path, output_dir, output_name, device,"
            "  steps, epochs, note, created)"
            " SELECT id, tasks_made, (SELECT coalesce(max(place), 0) + 1 FROM task), 'queued', ?2, ?3, ?4, ?5, ?6, ?7,"
            "  ?8, ?9, ?10, ?11 FROM project WHERE id = ?1",
            LK_INT(draft->project), LK_TEXT(or_empty(draft->name)), LK_TEXT(or_empty(draft->job)),
            LK_TEXT(draft->job_path), LK_TEXT(or_empty(draft->output_dir)), LK_TEXT(or_empty(draft->output_name)),
            LK_TEXT(or_empty(draft->device)), LK_INT(draft->steps), LK_INT(draft->epochs),
            LK_TEXT(or_empty(draft->note)), LK_INT(g_get_real_time()));
    return lk_store_end(store, id, error) ? id : 0;
}

LkTaskRecord *lk_tasks_get(LkStore *store, gint64 id, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE task.id = ?", LK_INT(id));
    return lk_query_first(&query, make, missing(), error);
}

GPtrArray *lk_tasks_list(LkStore *store, gint64 project, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE task.project = ? AND task.deleted = 0 ORDER BY number DESC",
                  LK_INT(project));
    return lk_query_list(&query, make, (GDestroyNotify)lk_task_record_free, error);
}

GPtrArray *lk_tasks_queue(LkStore *store, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  SELECT "JOIN project ON project.id = task.project"
                         " WHERE state IN ('queued', 'preparing', 'running', 'paused')"
                         " AND task.deleted = 0 AND project.deleted = 0"
                         " ORDER BY state = 'queued', state = 'paused', position, started, task.id");
    return lk_query_list(&query, make, (GDestroyNotify)lk_task_record_free, error);
}

static bool set_state(LkStore *store, gint64 id, LkTaskState state, LkErrorCode code, const char *why, GError **error)
{
    return lk_store_run_on(
        store, error, missing(),
        "UPDATE task SET state = ?2, error = ?3, told = ?4, error_code = ?5,"
        " started = CASE WHEN started = 0 AND ?2 IN " ACTIVE " THEN ?4 ELSE started END,"
        " ended = CASE WHEN ?2 IN ('stopped', 'finished', 'failed', 'interrupted') THEN ?4 ELSE 0 END,"
        " place = CASE WHEN ?2 = 'queued' AND state <> 'queued' THEN (SELECT max(place) + 1 FROM task) ELSE place END"
        " WHERE id = ?1",
        LK_INT(id), LK_TEXT(state_names[state]), LK_TEXT(why), LK_INT(g_get_real_time()), LK_INT(code));
}

bool lk_tasks_set_state(LkStore *store, gint64 id, LkTaskState state, const char *why, GError **error)
{
    g_return_val_if_fail(state < LK_TASK_STATES, false);
    return set_state(store, id, state, LK_ERROR_NONE, why, error);
}

bool lk_tasks_set_failed(LkStore *store, gint64 id, LkErrorCode code, const char *why, GError **error)
{
    return set_state(store, id, LK_TASK_FAILED, code, why, error);
}

bool lk_tasks_set_progress(LkStore *store, gint64 id, gint64 step, gint64 epoch, double seconds, GError **error)
{
    return lk_store_run_on(store, error, missing(),
                           "UPDATE task SET step = ?2, epoch = ?3, seconds = ?4, told = ?5 WHERE id = ?1", LK_INT(id),
                           LK_INT(step), LK_INT(epoch), LK_REAL(seconds), LK_INT(g_get_real_time()));
}

bool lk_tasks_set_length(LkStore *store, gint64 id, gint64 steps, gint64 epochs, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE task SET steps = ?2, epochs = ?3 WHERE id = ?1", LK_INT(id),
                           LK_INT(steps), LK_INT(epochs));
}

bool lk_tasks_set(LkStore *store, gint64 id, LkTaskField field, const char *value, GError **error)
{
    g_return_val_if_fail(field < G_N_ELEMENTS(set_field), false);
    return lk_store_run_on(store, error, missing(), set_field[field], LK_INT(id),
                           LK_TEXT(field == LK_TASK_JOB_PATH ? value : or_empty(value)));
}

/** The named ones get places below all others, so that nothing else need change. */
bool lk_tasks_reorder(LkStore *store, const gint64 *ids, gsize count, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    gint64 place = 0;
    lk_query_open(&query, store, "SELECT min(place) FROM task");
    bool ok = lk_query_number(&query, &place, error);
    place -= (gint64)count;
    if (ok) {
        lk_query_open(&query, store, "UPDATE task SET place = ?2 WHERE id = ?1 AND state = 'queued'");
        for (gsize i = 0; i < count; i++)
            lk_query_repeat(&query, LK_BINDS(LK_INT(ids[i]), LK_INT(place + (gint64)i)));
        ok = lk_query_close(&query, error);
    }
    return lk_store_end(store, ok, error);
}

bool lk_tasks_interrupt_active(LkStore *store, guint *count, GError **error)
{
    bool ok = lk_store_run(store, error, "UPDATE task SET state = 'interrupted', ended = told WHERE state IN " ACTIVE);
    if (count)
        *count = ok ? (guint)sqlite3_changes(store->db) : 0;
    return ok;
}

bool lk_tasks_delete(LkStore *store, gint64 id, GError **error)
{
    g_autoptr(LkTaskRecord) task = lk_tasks_get(store, id, error);
    return task && lk_store_run_on(store, error, _("This task is training. Stop it before you delete it."),
                                   "UPDATE task SET deleted = ?2 WHERE id = ?1 AND state NOT IN " ACTIVE, LK_INT(id),
                                   LK_INT(g_get_real_time()));
}

bool lk_tasks_undelete(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE task SET deleted = 0 WHERE id = ?1", LK_INT(id));
}

bool lk_tasks_purge(LkStore *store, gint64 before, guint *count, GError **error)
{
    bool ok = lk_store_run(store, error, "DELETE FROM task WHERE deleted <> 0 AND deleted < ?", LK_INT(before));
    if (count)
        *count = ok ? (guint)sqlite3_changes(store->db) : 0;
    return ok;
}
