#include "app/core/task.h"

#include "app/core/task_writer.h"
#include "format/gerror.h"
#include "training/sample_prompts.h"

#include <math.h>

struct _LkTask {
    GObject parent_instance;
    LkStoreThread *store;
    LkTaskWriter *writer;
    LkTaskRecord *record;
    LkRun *run;
    GSignalGroup *run_signals;
    gboolean has_details, loading;
    int error_code;
    GArray *metrics, *validations, *log;
    GPtrArray *samples, *checkpoints;
};

G_DEFINE_FINAL_TYPE(LkTask, lk_task, G_TYPE_OBJECT)

enum {
    PROP_ID = 1,
    PROP_PROJECT_ID,
    PROP_NUMBER,
    PROP_NAME,
    PROP_STATE,
    PROP_STEP,
    PROP_STEPS,
    PROP_EPOCH,
    PROP_EPOCHS,
    PROP_SECONDS,
    PROP_ERROR,
    PROP_RUN,
    PROP_TITLE,
    PROP_SUMMARY,
    PROP_LAST
};
static GParamSpec *properties[PROP_LAST];

enum { SIGNAL_METRICS, SIGNAL_SAMPLE, SIGNAL_CHECKPOINT, SIGNAL_LOG, SIGNAL_VALIDATION, SIGNAL_DETAILS, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- plain facts ------------------------------------------------------------------------------------- */

gint64 lk_task_get_id(LkTask *self)
{
    return self->record->id;
}

gint64 lk_task_get_project_id(LkTask *self)
{
    return self->record->project;
}

guint lk_task_get_number(LkTask *self)
{
    return self->record->number;
}

LkTaskState lk_task_get_state(LkTask *self)
{
    return self->record->state;
}

gint64 lk_task_get_step(LkTask *self)
{
    return self->record->step;
}

gint64 lk_task_get_steps(LkTask *self)
{
    return self->record->steps;
}

gint64 lk_task_get_epoch(LkTask *self)
{
    return self->record->epoch;
}

gint64 lk_task_get_epochs(LkTask *self)
{
    return self->record->epochs;
}

double lk_task_get_seconds(LkTask *self)
{
    return self->record->seconds;
}

gint64 lk_task_get_created(LkTask *self)
{
    return self->record->created;
}

gint64 lk_task_get_ended(LkTask *self)
{
    return self->record->ended;
}

const char *lk_task_get_name(LkTask *self)
{
    return self->record->name;
}

const char *lk_task_get_error(LkTask *self)
{
    return self->record->error;
}

int lk_task_get_error_code(LkTask *self)
{
    return self->error_code;
}

const char *lk_task_get_job(LkTask *self)
{
    return self->record->job;
}

const char *lk_task_get_job_path(LkTask *self)
{
    return self->record->job_path;
}

const char *lk_task_get_output_dir(LkTask *self)
{
    return self->record->output_dir;
}

const char *lk_task_get_output_name(LkTask *self)
{
    return self->record->output_name;
}

const char *lk_task_get_device(LkTask *self)
{
    return self->record->device;
}

LkRun *lk_task_get_run(LkTask *self)
{
    return self->run;
}

const GArray *lk_task_get_metrics(LkTask *self)
{
    return self->metrics;
}

const GArray *lk_task_get_validations(LkTask *self)
{
    return self->validations;
}

const GArray *lk_task_get_log(LkTask *self)
{
    return self->log;
}

const GPtrArray *lk_task_get_samples(LkTask *self)
{
    return self->samples;
}

const GPtrArray *lk_task_get_checkpoints(LkTask *self)
{
    return self->checkpoints;
}

gboolean lk_task_has_details(LkTask *self)
{
    return self->has_details;
}

static void notify(LkTask *self, guint property)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[property]);
}

/* ---- state ------------------------------------------------------------------------------------------- */

static void change_state(LkTask *self, LkTaskState state, const char *error)
{
    if (self->record->state == state && g_strcmp0(self->record->error, error) == 0)
        return;
    self->record->state = state;
    g_set_str(&self->record->error, error);
    if (state >= LK_TASK_STOPPED)
        self->record->ended = g_get_real_time();
    lk_task_writer_state(self->writer, state, error);
    notify(self, PROP_ERROR);
    notify(self, PROP_STATE);
    notify(self, PROP_SUMMARY);
}

void lk_task_set_state(LkTask *self, LkTaskState state)
{
    change_state(self, state, NULL);
}

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
    self->error_code = error ? (int)lk_gerror_code(error) : 0;
    change_state(self, task_states[state], error ? error->message : NULL);
}

static void run_length_cb(LkTask *self)
{
    g_object_get(self->run, "steps", &self->record->steps, "epochs", &self->record->epochs, NULL);
    lk_task_writer_length(self->writer, self->record->steps, self->record->epochs);
    notify(self, PROP_STEPS);
    notify(self, PROP_EPOCHS);
}

/* ---- what the run tells ------------------------------------------------------------------------------ */

/* A resumed run repeats steps: what was known of them is replaced. */
static guint cut_metrics(LkTask *self, gint64 first_step)
{
    while (self->metrics->len && g_array_index(self->metrics, LkTaskMetric, self->metrics->len - 1).step >= first_step)
        g_array_set_size(self->metrics, self->metrics->len - 1);
    return self->metrics->len;
}

static void run_metrics_cb(LkTask *self, GArray *records)
{
    if (!records->len)
        return;
    guint first = cut_metrics(self, g_array_index(records, LkStepRecord, 0).step);
    for (guint i = 0; i < records->len; i++) {
        const LkStepRecord *record = &g_array_index(records, LkStepRecord, i);
        LkTaskMetric metric = {record->step,          record->epoch,     record->loss,
                               record->learning_rate, record->grad_norm, record->seconds};
        g_array_append_val(self->metrics, metric);
        lk_task_writer_metric(self->writer, &metric);
        self->record->seconds += record->seconds;
    }
    const LkTaskMetric *last = &g_array_index(self->metrics, LkTaskMetric, self->metrics->len - 1);
    self->record->step = last->step;
    self->record->epoch = last->epoch;
    lk_task_writer_progress(self->writer, last->step, last->epoch, self->record->seconds);
    g_signal_emit(self, signals[SIGNAL_METRICS], 0, first);
    notify(self, PROP_STEP);
    notify(self, PROP_EPOCH);
    notify(self, PROP_SECONDS);
    notify(self, PROP_SUMMARY);
}

/* Of a step that is measured again, and of those behind it, the old figures go. */
static void cut_validations(LkTask *self, gint64 first_step)
{
    GArray *list = self->validations;
    while (list->len && g_array_index(list, LkTaskValidation, list->len - 1).step >= first_step)
        g_array_set_size(list, list->len - 1);
}

static void run_validated_cb(LkTask *self, gint64 step, gint64 epoch, double loss)
{
    LkTaskValidation validation = {step, epoch, loss};
    cut_validations(self, step);
    g_array_append_val(self->validations, validation);
    lk_task_writer_validation(self->writer, &validation);
    g_signal_emit(self, signals[SIGNAL_VALIDATION], 0, self->validations->len - 1);
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
    g_ptr_array_add(self->samples, sample);
    lk_task_writer_sample(self->writer, sample);
    g_signal_emit(self, signals[SIGNAL_SAMPLE], 0, self->samples->len - 1);
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
    g_ptr_array_add(self->checkpoints, checkpoint);
    lk_task_writer_checkpoint(self->writer, checkpoint);
    g_signal_emit(self, signals[SIGNAL_CHECKPOINT], 0, self->checkpoints->len - 1);
}

static void run_log_cb(LkTask *self, LkLogLevel level, const char *text)
{
    LkTaskLogLine line = {g_get_real_time(), level == LK_LOG_WARNING ? LK_TASK_LOG_WARNING : LK_TASK_LOG_INFO,
                          g_strdup(text)};
    g_array_append_val(self->log, line);
    lk_task_writer_log(self->writer, &line);
    g_signal_emit(self, signals[SIGNAL_LOG], 0, self->log->len - 1);
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
    notify(self, PROP_RUN);
    notify(self, PROP_SUMMARY);
}

/* ---- details from the store -------------------------------------------------------------------------- */

typedef struct Details {
    gint64 task;
    GArray *metrics, *validations, *log;
    GPtrArray *samples, *checkpoints;
} Details;

static void details_free(gpointer data)
{
    Details *details = data;
    g_clear_pointer(&details->metrics, g_array_unref);
    g_clear_pointer(&details->validations, g_array_unref);
    g_clear_pointer(&details->log, g_array_unref);
    g_clear_pointer(&details->samples, g_ptr_array_unref);
    g_clear_pointer(&details->checkpoints, g_ptr_array_unref);
    g_free(details);
}

static gpointer read_details(LkStore *store, gpointer data, GError **error)
{
    Details *details = g_new0(Details, 1);
    details->task = *(gint64 *)data;
    if ((details->metrics = lk_task_metrics_read(store, details->task, 0, error)) &&
        (details->validations = lk_task_validations_read(store, details->task, error)) &&
        (details->log = lk_task_log_read(store, details->task, 0, error)) &&
        (details->samples = lk_task_samples_list(store, details->task, error)) &&
        (details->checkpoints = lk_task_checkpoints_list(store, details->task, error)))
        return details;
    details_free(details);
    return NULL;
}

static void swap_arrays(GArray **mine, GArray **read)
{
    GArray *old = *mine;
    *mine = *read;
    *read = old;
}

/* What came in since the store was asked is put behind what it knew. */
static void take_details(LkTask *self, Details *details)
{
    swap_arrays(&self->metrics, &details->metrics);
    if (details->metrics->len) {
        cut_metrics(self, g_array_index(details->metrics, LkTaskMetric, 0).step);
        g_array_append_vals(self->metrics, details->metrics->data, details->metrics->len);
    }
    swap_arrays(&self->validations, &details->validations);
    if (details->validations->len) {
        cut_validations(self, g_array_index(details->validations, LkTaskValidation, 0).step);
        g_array_append_vals(self->validations, details->validations->data, details->validations->len);
    }
    /* The writer flushed before the store was read, so that the rest is complete; keep what is newer. */
    if (details->log->len >= self->log->len)
        swap_arrays(&self->log, &details->log);
    if (details->samples->len >= self->samples->len) {
        GPtrArray *old = g_steal_pointer(&self->samples);
        self->samples = g_steal_pointer(&details->samples);
        details->samples = old;
    }
    if (details->checkpoints->len >= self->checkpoints->len) {
        GPtrArray *old = g_steal_pointer(&self->checkpoints);
        self->checkpoints = g_steal_pointer(&details->checkpoints);
        details->checkpoints = old;
    }
}

static void details_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTask) self = data;
    g_autoptr(GError) error = NULL;
    Details *details = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    self->loading = FALSE;
    if (!details)
        return; /* the store's own signal says why */
    take_details(self, details);
    details_free(details);
    self->has_details = TRUE;
    g_signal_emit(self, signals[SIGNAL_DETAILS], 0);
}

void lk_task_load_details(LkTask *self)
{
    if (self->has_details || self->loading)
        return;
    self->loading = TRUE;
    lk_task_writer_flush(self->writer);
    lk_store_thread_run(self->store, read_details, g_memdup2(&self->record->id, sizeof self->record->id), g_free,
                        details_free, NULL, details_cb, g_object_ref(self));
}

/* ---- changes of checkpoints -------------------------------------------------------------------------- */

void lk_task_mark_best(LkTask *self, const LkTaskCheckpoint *checkpoint)
{
    for (guint i = 0; i < self->checkpoints->len; i++) {
        LkTaskCheckpoint *own = self->checkpoints->pdata[i];
        own->best = own == checkpoint;
    }
    lk_task_writer_best(self->writer, checkpoint->path);
}

void lk_task_set_held_out(LkTask *self, const char *path, double loss)
{
    for (guint i = 0; i < self->checkpoints->len; i++) {
        LkTaskCheckpoint *own = self->checkpoints->pdata[i];
        if (g_str_equal(own->path, path))
            own->held_out_loss = loss;
    }
    lk_task_writer_held_out(self->writer, path, loss);
}

void lk_task_forget_checkpoint(LkTask *self, const LkTaskCheckpoint *checkpoint)
{
    lk_task_writer_forget(self->writer, checkpoint->path);
    g_ptr_array_remove(self->checkpoints, (gpointer)checkpoint);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void log_line_clear(gpointer data)
{
    g_free(((LkTaskLogLine *)data)->text);
}

static LkTaskRecord *copy_record(const LkTaskRecord *from)
{
    LkTaskRecord *record = g_memdup2(from, sizeof *from);
    char **texts[] = {&record->name,        &record->job,    &record->job_path, &record->output_dir,
                      &record->output_name, &record->device, &record->error,    &record->note};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup(*texts[i]);
    return record;
}

LkTask *lk_task_new(LkStoreThread *store, const LkTaskRecord *record)
{
    LkTask *self = g_object_new(LK_TYPE_TASK, NULL);
    self->store = g_object_ref(store);
    self->record = copy_record(record);
    self->writer = lk_task_writer_new(store, record->id);
    return self;
}

static void lk_task_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkTask *self = LK_TASK(object);
    const LkTaskRecord *record = self->record;
    switch (id) {
    case PROP_ID:
        g_value_set_int64(value, record->id);
        break;
    case PROP_PROJECT_ID:
        g_value_set_int64(value, record->project);
        break;
    case PROP_NUMBER:
        g_value_set_uint(value, record->number);
        break;
    case PROP_NAME:
        g_value_set_string(value, record->name);
        break;
    case PROP_STATE:
        g_value_set_int(value, (int)record->state);
        break;
    case PROP_STEP:
        g_value_set_int64(value, record->step);
        break;
    case PROP_STEPS:
        g_value_set_int64(value, record->steps);
        break;
    case PROP_EPOCH:
        g_value_set_int64(value, record->epoch);
        break;
    case PROP_EPOCHS:
        g_value_set_int64(value, record->epochs);
        break;
    case PROP_SECONDS:
        g_value_set_double(value, record->seconds);
        break;
    case PROP_ERROR:
        g_value_set_string(value, record->error);
        break;
    case PROP_RUN:
        g_value_set_object(value, self->run);
        break;
    case PROP_TITLE:
        g_value_take_string(value, lk_task_make_title(self));
        break;
    case PROP_SUMMARY:
        g_value_take_string(value, lk_task_make_summary(self));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_task_finalize(GObject *object)
{
    LkTask *self = LK_TASK(object);
    g_clear_object(&self->run_signals);
    g_clear_object(&self->run);
    g_clear_pointer(&self->writer, lk_task_writer_free);
    g_clear_pointer(&self->record, lk_task_record_free);
    g_array_unref(self->metrics);
    g_array_unref(self->validations);
    g_array_unref(self->log);
    g_ptr_array_unref(self->samples);
    g_ptr_array_unref(self->checkpoints);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_task_parent_class)->finalize(object);
}

static void lk_task_class_init(LkTaskClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_task_get_property;
    object_class->finalize = lk_task_finalize;
    static const struct {
        guint id;
        const char *name;
    } numbers[] = {{PROP_ID, "id"},       {PROP_PROJECT_ID, "project-id"}, {PROP_STEP, "step"},
                   {PROP_STEPS, "steps"}, {PROP_EPOCH, "epoch"},           {PROP_EPOCHS, "epochs"}},
      texts[] = {{PROP_NAME, "name"}, {PROP_ERROR, "error"}, {PROP_TITLE, "title"}, {PROP_SUMMARY, "summary"}};
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        properties[numbers[i].id] = g_param_spec_int64(numbers[i].name, NULL, NULL, 0, G_MAXINT64, 0, flags);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        properties[texts[i].id] = g_param_spec_string(texts[i].name, NULL, NULL, NULL, flags);
    properties[PROP_NUMBER] = g_param_spec_uint("number", NULL, NULL, 0, G_MAXUINT, 0, flags);
    properties[PROP_STATE] = g_param_spec_int("state", NULL, NULL, 0, LK_TASK_STATES - 1, 0, flags);
    properties[PROP_SECONDS] = g_param_spec_double("seconds", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
    properties[PROP_RUN] = g_param_spec_object("run", NULL, NULL, LK_TYPE_RUN, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    static const char *const names[] = {"metrics", "sample", "checkpoint", "log", "validation"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        signals[i] = g_signal_new(names[i], G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_UINT);
    signals[SIGNAL_DETAILS] =
        g_signal_new("details", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_task_init(LkTask *self)
{
    self->metrics = g_array_new(FALSE, FALSE, sizeof(LkTaskMetric));
    self->validations = g_array_new(FALSE, FALSE, sizeof(LkTaskValidation));
    self->log = g_array_new(FALSE, FALSE, sizeof(LkTaskLogLine));
    g_array_set_clear_func(self->log, log_line_clear);
    self->samples = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_sample_free);
    self->checkpoints = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_checkpoint_free);
    self->run_signals = g_signal_group_new(LK_TYPE_RUN);
    g_signal_group_connect_swapped(self->run_signals, "notify::state", G_CALLBACK(run_state_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "notify::steps", G_CALLBACK(run_length_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "metrics", G_CALLBACK(run_metrics_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "validated", G_CALLBACK(run_validated_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "sample-ready", G_CALLBACK(run_sample_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "checkpoint-saved", G_CALLBACK(run_checkpoint_cb), self);
    g_signal_group_connect_swapped(self->run_signals, "log", G_CALLBACK(run_log_cb), self);
}
