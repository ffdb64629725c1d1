#include "project/outputs.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

#define SELECT_CHECKPOINT                                                                                              \
    "SELECT checkpoint.id, task, path, checkpoint.step, checkpoint.epoch, loss, held_out_loss, best,"                  \
    " checkpoint.created FROM checkpoint "

void lk_task_checkpoint_free(LkTaskCheckpoint *checkpoint)
{
    if (!checkpoint)
        return;
    g_free(checkpoint->path);
    g_free(checkpoint);
}

static void *make_checkpoint(const LkQuery *query)
{
    LkTaskCheckpoint *checkpoint = g_new0(LkTaskCheckpoint, 1);
    checkpoint->id = lk_query_int(query, 0);
    checkpoint->task = lk_query_int(query, 1);
    checkpoint->path = lk_query_dup(query, 2);
    checkpoint->step = lk_query_int(query, 3);
    checkpoint->epoch = lk_query_int(query, 4);
    checkpoint->loss = lk_query_real(query, 5);
    checkpoint->held_out_loss = lk_query_real(query, 6);
    checkpoint->best = lk_query_int(query, 7);
    checkpoint->created = lk_query_int(query, 8);
    return checkpoint;
}

static const char *missing_checkpoint(void)
{
    return _("This checkpoint is not in the store any more.");
}

/** Closes a query that returns the number of the row it wrote; 0 on failure. */
static gint64 written(LkQuery *query, GError **error)
{
    gint64 id;
    return lk_query_number(query, &id, error) ? id : 0;
}

gint64 lk_task_checkpoints_add(LkStore *store, const LkTaskCheckpoint *c, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  "INSERT INTO checkpoint (task, path, step, epoch, loss, held_out_loss, created)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (task, path) DO UPDATE SET step = excluded.step, epoch = excluded.epoch,"
                  "  loss = excluded.loss, held_out_loss = excluded.held_out_loss, best = 0, created = excluded.created"
                  " RETURNING id",
                  LK_INT(c->task), LK_TEXT(c->path), LK_INT(c->step), LK_INT(c->epoch), LK_REAL(c->loss),
                  LK_REAL(c->held_out_loss), LK_INT(g_get_real_time()));
    return written(&query, error);
}

GPtrArray *lk_task_checkpoints_list(LkStore *store, gint64 task, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT_CHECKPOINT "WHERE task = ? ORDER BY step, id", LK_INT(task));
    return lk_query_list(&query, make_checkpoint, (GDestroyNotify)lk_task_checkpoint_free, error);
}

GPtrArray *lk_task_checkpoints_of_project(LkStore *store, gint64 project, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  SELECT_CHECKPOINT "JOIN task ON task.id = checkpoint.task WHERE project = ? AND deleted = 0"
                                    " ORDER BY number DESC, checkpoint.step, checkpoint.id",
                  LK_INT(project));
    return lk_query_list(&query, make_checkpoint, (GDestroyNotify)lk_task_checkpoint_free, error);
}

bool lk_task_checkpoints_set_held_out(LkStore *store, gint64 id, double loss, GError **error)
{
    return lk_store_run_on(store, error, missing_checkpoint(), "UPDATE checkpoint SET held_out_loss = ?2 WHERE id = ?1",
                           LK_INT(id), LK_REAL(loss));
}

bool lk_task_checkpoints_set_best(LkStore *store, gint64 task, gint64 id, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    bool ok = lk_store_run(store, error, "UPDATE checkpoint SET best = 0 WHERE task = ? AND best = 1", LK_INT(task));
    if (ok && id)
        ok = lk_store_run_on(store, error, missing_checkpoint(),
                             "UPDATE checkpoint SET best = 1 WHERE task = ? AND id = ?", LK_INT(task), LK_INT(id));
    return lk_store_end(store, ok, error);
}

bool lk_task_checkpoints_remove(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing_checkpoint(), "DELETE FROM checkpoint WHERE id = ?", LK_INT(id));
}

void lk_task_sample_free(LkTaskSample *sample)
{
    if (!sample)
        return;
    g_free(sample->path);
    g_free(sample->prompt);
    g_free(sample);
}

static void *make_sample(const LkQuery *query)
{
    LkTaskSample *sample = g_new0(LkTaskSample, 1);
    sample->id = lk_query_int(query, 0);
    sample->task = lk_query_int(query, 1);
    sample->path = lk_query_dup(query, 2);
    sample->step = lk_query_int(query, 3);
    sample->epoch = lk_query_int(query, 4);
    sample->prompt = lk_query_dup(query, 5);
    sample->prompt_index = (guint)lk_query_int(query, 6);
    sample->created = lk_query_int(query, 7);
    return sample;
}

gint64 lk_task_samples_add(LkStore *store, const LkTaskSample *s, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  "INSERT INTO sample (task, path, step, epoch, prompt, prompt_index, created)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (task, path) DO UPDATE SET step = excluded.step, epoch = excluded.epoch,"
                  "  prompt = excluded.prompt, prompt_index = excluded.prompt_index, created = excluded.created"
                  " RETURNING id",
                  LK_INT(s->task), LK_TEXT(s->path), LK_INT(s->step), LK_INT(s->epoch),
                  LK_TEXT(s->prompt ? s->prompt : ""), LK_INT(s->prompt_index), LK_INT(g_get_real_time()));
    return written(&query, error);
}

GPtrArray *lk_task_samples_list(LkStore *store, gint64 task, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT id, task, path, step, epoch, prompt, prompt_index, created FROM sample WHERE task = ?"
                  " ORDER BY step, prompt_index, id",
                  LK_INT(task));
    return lk_query_list(&query, make_sample, (GDestroyNotify)lk_task_sample_free, error);
}

bool lk_task_samples_remove(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, _("This sample is not in the store any more."),
                           "DELETE FROM sample WHERE id = ?", LK_INT(id));
}
