#include "project/metrics.h"

#include "project/query.h"
#include "project/store_private.h"

bool lk_task_metrics_append(LkStore *store, gint64 task, const LkTaskMetric *metrics, gsize count, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    lk_query_open(&query, store,
                  "INSERT OR REPLACE INTO metric (task, step, epoch, loss, lr, grad_norm, seconds)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (gsize i = 0; i < count; i++) {
        const LkTaskMetric *m = &metrics[i];
        if (!lk_query_repeat(&query, LK_BINDS(LK_INT(task), LK_INT(m->step), LK_INT(m->epoch), LK_REAL(m->loss),
                                              LK_REAL(m->lr), LK_REAL(m->grad_norm), LK_REAL(m->seconds))))
            break;
    }
    return lk_store_end(store, lk_query_close(&query, error), error);
}

GArray *lk_task_metrics_read(LkStore *store, gint64 task, gint64 after, GError **error)
{
    GArray *metrics = g_array_new(FALSE, FALSE, sizeof(LkTaskMetric));
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT step, epoch, loss, lr, grad_norm, seconds FROM metric WHERE task = ? AND step > ?"
                  " ORDER BY step",
                  LK_INT(task), LK_INT(after));
    while (lk_query_next(&query)) {
        const LkTaskMetric metric = {
            lk_query_int(&query, 0),  lk_query_int(&query, 1),  lk_query_real(&query, 2),
            lk_query_real(&query, 3), lk_query_real(&query, 4), lk_query_real(&query, 5),
        };
        g_array_append_val(metrics, metric);
    }
    if (!lk_query_close(&query, error))
        g_clear_pointer(&metrics, g_array_unref);
    return metrics;
}

bool lk_task_metrics_cut(LkStore *store, gint64 task, gint64 last, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    bool ok =
        lk_store_run(store, error, "DELETE FROM metric WHERE task = ? AND step > ?", LK_INT(task), LK_INT(last)) &&
        lk_store_run(store, error, "DELETE FROM validation WHERE task = ? AND step > ?", LK_INT(task), LK_INT(last));
    return lk_store_end(store, ok, error);
}

bool lk_task_validations_append(LkStore *store, gint64 task, const LkTaskValidation *list, gsize count, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    lk_query_open(&query, store, "INSERT OR REPLACE INTO validation (task, step, epoch, loss) VALUES (?, ?, ?, ?)");
    for (gsize i = 0; i < count; i++)
        if (!lk_query_repeat(
                &query, LK_BINDS(LK_INT(task), LK_INT(list[i].step), LK_INT(list[i].epoch), LK_REAL(list[i].loss))))
            break;
    return lk_store_end(store, lk_query_close(&query, error), error);
}

GArray *lk_task_validations_read(LkStore *store, gint64 task, GError **error)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(LkTaskValidation));
    LkQuery query;
    lk_query_open(&query, store, "SELECT step, epoch, loss FROM validation WHERE task = ? ORDER BY step", LK_INT(task));
    while (lk_query_next(&query)) {
        const LkTaskValidation one = {lk_query_int(&query, 0), lk_query_int(&query, 1), lk_query_real(&query, 2)};
        g_array_append_val(list, one);
    }
    if (!lk_query_close(&query, error))
        g_clear_pointer(&list, g_array_unref);
    return list;
}

bool lk_task_log_append(LkStore *store, gint64 task, const LkTaskLogLine *lines, gsize count, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    lk_query_open(&query, store, "INSERT INTO log (task, time, level, text) VALUES (?, ?, ?, ?)");
    for (gsize i = 0; i < count; i++) {
        const LkTaskLogLine *l = &lines[i];
        if (!lk_query_repeat(&query, LK_BINDS(LK_INT(task), LK_INT(l->time), LK_INT(l->level), LK_TEXT(l->text))))
            break;
    }
    return lk_store_end(store, lk_query_close(&query, error), error);
}

static void clear_line(LkTaskLogLine *line)
{
    g_free(line->text);
}

GArray *lk_task_log_read(LkStore *store, gint64 task, gsize most, GError **error)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(LkTaskLogLine));
    g_array_set_clear_func(lines, (GDestroyNotify)clear_line);
    LkQuery query;
    lk_query_open(&query, store,
                  "SELECT time, level, text FROM"
                  " (SELECT id, time, level, text FROM log WHERE task = ? ORDER BY id DESC LIMIT ?) ORDER BY id",
                  LK_INT(task), LK_INT(most ? (gint64)most : -1));
    while (lk_query_next(&query)) {
        const LkTaskLogLine line = {lk_query_int(&query, 0), (LkTaskLogLevel)lk_query_int(&query, 1),
                                    lk_query_dup(&query, 2)};
        g_array_append_val(lines, line);
    }
    if (!lk_query_close(&query, error))
        g_clear_pointer(&lines, g_array_unref);
    return lines;
}
