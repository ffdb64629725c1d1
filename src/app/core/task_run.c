/* What a run tells becomes the task's: its record and details, and rows of the store. */
#include "app/core/task_private.h"
#include "format/gerror.h"
#include "training/sample_prompts.h"

#include <math.h>

static void notify(LkTask *self, const char *const *names)
{
    for (; *names; names++)
        g_object_notify(G_OBJECT(self), *names);
}

/* ---- how it is --------------------------------------------------------------------------------------- */

/* A run that is being paused or stopped still trains, as far as the task is concerned. */
static const LkTaskState task_states[] = {
    [LK_RUN_IDLE] = LK_TASK_QUEUED,     [LK_RUN_PREPARING] = LK_TASK_PREPARING, [LK_RUN_RUNNING] = LK_TASK_RUNNING,
    [LK_RUN_PAUSING] = LK_TASK_RUNNING, [LK_RUN_PAUSED] = LK_TASK_PAUSED,       [LK_RUN_STOPPING] = LK_TASK_RUNNING,
    [LK_RUN_STOPPED] = LK_TASK_STOPPED, [LK_RUN_FINISHED] = LK_TASK_FINISHED,   [LK_RUN_FAILED] = LK_TASK_FAILED,
};

static void run_state_cb(LkTask *self)
{
    LkRunState state = lk_run_get_state(self->run);
    const GError *error = state == LK_RUN_FAILED ? lk_run_get_error(self->run) : NULL;
    if (error)
        lk_task_writer_flush(self->writer);
    lk_task_change_state(self, task_states[state], error ? lk_gerror_code(error) : LK_ERROR_NONE,
                         error ? error->message : NULL);
}

static void run_length_cb(LkTask *self)
{
    g_object_get(self->run, "steps", &self->record->steps, "epochs", &self->record->epochs, NULL);
    lk_task_writer_length(self->writer, self->record->steps, self->record->epochs);
    notify(self, (const char *const[]){"steps", "epochs", NULL});
}

/* ---- what the run tells ------------------------------------------------------------------------------ */

static void run_metrics_cb(LkTask *self, GArray *records)
{
    if (!records->len)
        return;
    guint first = lk_task_details_cut_metrics(self->details, g_array_index(records, LkStepRecord, 0).step);
    for (guint i = 0; i < records->len; i++) {
        const LkStepRecord *record = &g_array_index(records, LkStepRecord, i);
        LkTaskMetric metric = {record->step,          record->epoch,     record->loss,
                               record->learning_rate, record->grad_norm, record->seconds};
        g_array_append_val(self->details->metrics, metric);
        lk_task_writer_metric(self->writer, &metric);
        self->record->seconds += record->seconds;
    }
    const LkTaskMetric *last = &g_array_index(self->details->metrics, LkTaskMetric, self->details->metrics->len - 1);
    self->record->step = last->step;
    self->record->epoch = last->epoch;
    lk_task_writer_progress(self->writer, last->step, last->epoch, self->record->seconds);
    g_signal_emit_by_name(self, "metrics", first);
    notify(self, (const char *const[]){"step", "epoch", "seconds", "summary", NULL});
}

static void run_validated_cb(LkTask *self, gint64 step, gint64 epoch, double loss)
{
    LkTaskValidation validation = {step, epoch, loss};
    lk_task_details_cut_validations(self->details, step);
    g_array_append_val(self->details->validations, validation);
    lk_task_writer_validation(self->writer, &validation);
    g_signal_emit_by_name(self, "validation", self->details->validations->len - 1);
}

/* The text of a sample's prompt, from the job as it is now; "" where it cannot be told. Free with g_free. */
static char *prompt_of(LkTask *self, int index)
{
    const LkJobPrompts *source = &lk_run_get_changed_job(self->run)->sample_prompts;
    g_autoptr(GPtrArray) prompts = source->file    ? lk_sample_prompts_read(source->file, NULL)
                                   : source->lines ? lk_sample_prompts_parse_lines(source->lines, "", NULL)
                                                   : NULL;
    if (!prompts || index < 0 || (guint)index >= prompts->len)
        return g_strdup("");
    return g_strdup(((const LkSamplePrompt *)prompts->pdata[index])->prompt);
}

static void run_sample_cb(LkTask *self, const char *path, gint64 step, gint64 epoch, int prompt)
{
    LkTaskSample *sample = g_new0(LkTaskSample, 1);
    *sample = (LkTaskSample){.task = self->record->id,
                             .path = g_strdup(path),
                             .step = step,
                             .epoch = epoch,
                             .prompt = prompt_of(self, prompt),
                             .prompt_index = (guint)MAX(prompt, 0),
                             .created = g_get_real_time()};
    g_ptr_array_add(self->details->samples, sample);
    lk_task_writer_sample(self->writer, sample);
    g_signal_emit_by_name(self, "sample", self->details->samples->len - 1);
}

static void run_checkpoint_cb(LkTask *self, const char *path, gint64 step, gint64 epoch)
{
    LkTaskCheckpoint *checkpoint = g_new0(LkTaskCheckpoint, 1);
    double loss = NAN;
    g_object_get(self->run, "smoothed-loss", &loss, NULL);
    *checkpoint = (LkTaskCheckpoint){.task = self->record->id,
                                     .path = g_strdup(path),
                                     .step = step,
                                     .epoch = epoch,
                                     .loss = loss,
                                     .held_out_loss = NAN,
                                     .created = g_get_real_time()};
    g_ptr_array_add(self->details->checkpoints, checkpoint);
    lk_task_writer_checkpoint(self->writer, checkpoint);
    g_signal_emit_by_name(self, "checkpoint", self->details->checkpoints->len - 1);
}

static void run_log_cb(LkTask *self, LkLogLevel level, const char *text)
{
    LkTaskLogLine line = {g_get_real_time(), level == LK_LOG_WARNING ? LK_TASK_LOG_WARNING : LK_TASK_LOG_INFO,
                          g_strdup(text)};
    g_array_append_val(self->details->log, line);
    lk_task_writer_log(self->writer, &line);
    g_signal_emit_by_name(self, "log", self->details->log->len - 1);
}

void lk_task_set_run(LkTask *self, LkRun *run)
{
    if (self->run == run)
        return;
    if (self->run)
        run_state_cb(self); /* how it ended, whoever hears of it first */
    g_set_object(&self->run, run);
    g_signal_group_set_target(self->run_signals, run);
    if (run)
        run_state_cb(self);
    else
        lk_task_writer_flush(self->writer);
    notify(self, (const char *const[]){"run", "summary", NULL});
}

void lk_task_listen(LkTask *self)
{
    self->run_signals = g_signal_group_new(LK_TYPE_RUN);
    g_signal_group_connect_swapped(self->run_signals, "notify::state", G_CALLBACK(run_state_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "notify::steps", G_CALLBACK(run_length_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "metrics", G_CALLBACK(run_metrics_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "validated", G_CALLBACK(run_validated_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "sample-ready", G_CALLBACK(run_sample_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "checkpoint-saved", G_CALLBACK(run_checkpoint_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "log", G_CALLBACK(run_log_cb), self);
}
