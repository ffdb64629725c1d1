#include "app/core/task_writer.h"

/* One request to the store's thread. Only what it needs is set. */
typedef struct Batch {
    gint64 task;
    GArray *metrics, *validations, *log;
    bool has_progress;
    gint64 step, epoch;
    double seconds;
    LkTaskState state;
    LkErrorCode code;
    char *error;
    gint64 steps, epochs;
    LkTaskSample *sample;
    LkTaskCheckpoint *checkpoint;
    char *name, *path;
    double held_out;
} Batch;

struct LkTaskWriter {
    LkStoreThread *store;
    gint64 task;
    Batch *waiting; /* NULL: nothing waits */
    guint timeout;
};

static void clear_line(gpointer data)
{
    g_free(((LkTaskLogLine *)data)->text);
}

static Batch *batch_new(const LkTaskWriter *writer)
{
    Batch *batch = g_new0(Batch, 1);
    batch->task = writer->task;
    return batch;
}

static void batch_free(gpointer data)
{
    Batch *batch = data;
    g_clear_pointer(&batch->metrics, g_array_unref);
    g_clear_pointer(&batch->validations, g_array_unref);
    g_clear_pointer(&batch->log, g_array_unref);
    g_clear_pointer(&batch->sample, lk_task_sample_free);
    g_clear_pointer(&batch->checkpoint, lk_task_checkpoint_free);
    g_free(batch->error);
    g_free(batch->name);
    g_free(batch->path);
    g_free(batch);
}

static void post(LkTaskWriter *writer, LkStoreFunc func, Batch *batch)
{
    lk_store_thread_post(writer->store, func, batch, batch_free);
}

/* ---- what waits -------------------------------------------------------------------------------------- */

static bool write_batch(LkStore *store, void *data, GError **error)
{
    const Batch *batch = data;
    const GArray *metrics = batch->metrics, *validations = batch->validations, *log = batch->log;
    return (!metrics ||
            lk_task_metrics_append(store, batch->task, (const LkTaskMetric *)metrics->data, metrics->len, error)) &&
           (!validations || lk_task_validations_append(store, batch->task, (const LkTaskValidation *)validations->data,
                                                       validations->len, error)) &&
           (!log || lk_task_log_append(store, batch->task, (const LkTaskLogLine *)log->data, log->len, error)) &&
           (!batch->has_progress ||
            lk_tasks_set_progress(store, batch->task, batch->step, batch->epoch, batch->seconds, error));
}

static gpointer write_waiting(LkStore *store, gpointer data, GError **error)
{
    lk_store_transaction(store, write_batch, data, error);
    return NULL;
}

void lk_task_writer_flush(LkTaskWriter *writer)
{
    if (writer->timeout)
        g_source_remove(writer->timeout);
    writer->timeout = 0;
    if (writer->waiting)
        post(writer, write_waiting, g_steal_pointer(&writer->waiting));
}

static gboolean timeout_cb(gpointer data)
{
    LkTaskWriter *writer = data;
    writer->timeout = 0;
    lk_task_writer_flush(writer);
    return G_SOURCE_REMOVE;
}

static Batch *waiting(LkTaskWriter *writer)
{
    if (!writer->waiting)
        writer->waiting = batch_new(writer);
    if (!writer->timeout)
        writer->timeout = g_timeout_add(1000, timeout_cb, writer);
    return writer->waiting;
}

void lk_task_writer_metric(LkTaskWriter *writer, const LkTaskMetric *metric)
{
    Batch *batch = waiting(writer);
    if (!batch->metrics)
        batch->metrics = g_array_new(FALSE, FALSE, sizeof *metric);
    g_array_append_val(batch->metrics, *metric);
}

void lk_task_writer_validation(LkTaskWriter *writer, const LkTaskValidation *validation)
{
    Batch *batch = waiting(writer);
    if (!batch->validations)
        batch->validations = g_array_new(FALSE, FALSE, sizeof *validation);
    g_array_append_val(batch->validations, *validation);
}

void lk_task_writer_log(LkTaskWriter *writer, const LkTaskLogLine *line)
{
    Batch *batch = waiting(writer);
    if (!batch->log) {
        batch->log = g_array_new(FALSE, FALSE, sizeof *line);
        g_array_set_clear_func(batch->log, clear_line);
    }
    LkTaskLogLine copy = {line->time, line->level, g_strdup(line->text)};
    g_array_append_val(batch->log, copy);
}

void lk_task_writer_progress(LkTaskWriter *writer, gint64 step, gint64 epoch, double seconds)
{
    Batch *batch = waiting(writer);
    batch->has_progress = true;
    batch->step = step;
    batch->epoch = epoch;
    batch->seconds = seconds;
}

/* ---- at once ----------------------------------------------------------------------------------------- */

static gpointer write_state(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    if (batch->state == LK_TASK_FAILED)
        lk_tasks_set_failed(store, batch->task, batch->code, batch->error, error);
    else
        lk_tasks_set_state(store, batch->task, batch->state, batch->error, error);
    return NULL;
}

void lk_task_writer_state(LkTaskWriter *writer, LkTaskState state, LkErrorCode code, const char *error)
{
    lk_task_writer_flush(writer); /* what happened before it */
    Batch *batch = batch_new(writer);
    batch->state = state;
    batch->code = code;
    batch->error = g_strdup(error);
    post(writer, write_state, batch);
}

static gpointer write_name(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    lk_tasks_set(store, batch->task, LK_TASK_NAME, batch->name, error);
    return NULL;
}

void lk_task_writer_name(LkTaskWriter *writer, const char *name)
{
    Batch *batch = batch_new(writer);
    batch->name = g_strdup(name);
    post(writer, write_name, batch);
}

static gpointer write_length(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    lk_tasks_set_length(store, batch->task, batch->steps, batch->epochs, error);
    return NULL;
}

void lk_task_writer_length(LkTaskWriter *writer, gint64 steps, gint64 epochs)
{
    Batch *batch = batch_new(writer);
    batch->steps = steps;
    batch->epochs = epochs;
    post(writer, write_length, batch);
}

static gpointer write_sample(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    lk_task_samples_add(store, batch->sample, error);
    return NULL;
}

void lk_task_writer_sample(LkTaskWriter *writer, const LkTaskSample *sample)
{
    Batch *batch = batch_new(writer);
    batch->sample = g_memdup2(sample, sizeof *sample);
    batch->sample->path = g_strdup(sample->path);
    batch->sample->prompt = g_strdup(sample->prompt);
    post(writer, write_sample, batch);
}

static gpointer write_checkpoint(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    lk_task_checkpoints_add(store, batch->checkpoint, error);
    return NULL;
}

void lk_task_writer_checkpoint(LkTaskWriter *writer, const LkTaskCheckpoint *checkpoint)
{
    Batch *batch = batch_new(writer);
    batch->checkpoint = g_memdup2(checkpoint, sizeof *checkpoint);
    batch->checkpoint->path = g_strdup(checkpoint->path);
    post(writer, write_checkpoint, batch);
}

/* ---- checkpoints by their path ----------------------------------------------------------------------- */

/* The number of the checkpoint at a path; 0 where there is none. */
static gint64 find_checkpoint(LkStore *store, const Batch *batch, GError **error)
{
    g_autoptr(GPtrArray) list = lk_task_checkpoints_list(store, batch->task, error);
    for (guint i = 0; list && i < list->len; i++) {
        const LkTaskCheckpoint *checkpoint = list->pdata[i];
        if (g_str_equal(checkpoint->path, batch->path))
            return checkpoint->id;
    }
    return 0;
}

static gpointer write_best(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    gint64 id = find_checkpoint(store, batch, error);
    if (id)
        lk_task_checkpoints_set_best(store, batch->task, id, error);
    return NULL;
}

static gpointer write_held_out(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    gint64 id = find_checkpoint(store, batch, error);
    if (id)
        lk_task_checkpoints_set_held_out(store, id, batch->held_out, error);
    return NULL;
}

static gpointer write_forget(LkStore *store, gpointer data, GError **error)
{
    const Batch *batch = data;
    gint64 id = find_checkpoint(store, batch, error);
    if (id)
        lk_task_checkpoints_remove(store, id, error);
    return NULL;
}

static void post_path(LkTaskWriter *writer, LkStoreFunc func, const char *path, double held_out)
{
    Batch *batch = batch_new(writer);
    batch->path = g_strdup(path);
    batch->held_out = held_out;
    post(writer, func, batch);
}

void lk_task_writer_best(LkTaskWriter *writer, const char *path)
{
    post_path(writer, write_best, path, 0);
}

void lk_task_writer_held_out(LkTaskWriter *writer, const char *path, double loss)
{
    post_path(writer, write_held_out, path, loss);
}

void lk_task_writer_forget(LkTaskWriter *writer, const char *path)
{
    post_path(writer, write_forget, path, 0);
}

/* ---- life -------------------------------------------------------------------------------------------- */

LkTaskWriter *lk_task_writer_new(LkStoreThread *store, gint64 task)
{
    LkTaskWriter *writer = g_new0(LkTaskWriter, 1);
    writer->store = g_object_ref(store);
    writer->task = task;
    return writer;
}

void lk_task_writer_free(LkTaskWriter *writer)
{
    if (!writer)
        return;
    lk_task_writer_flush(writer);
    g_object_unref(writer->store);
    g_free(writer);
}
