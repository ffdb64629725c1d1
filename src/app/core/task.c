#include "app/core/task_private.h"

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

static guint details_signal;

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
    return self->record->error_code;
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
    return self->details->metrics;
}

const GArray *lk_task_get_validations(LkTask *self)
{
    return self->details->validations;
}

const GArray *lk_task_get_log(LkTask *self)
{
    return self->details->log;
}

const GPtrArray *lk_task_get_samples(LkTask *self)
{
    return self->details->samples;
}

const GPtrArray *lk_task_get_checkpoints(LkTask *self)
{
    return self->details->checkpoints;
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

void lk_task_change_state(LkTask *self, LkTaskState state, LkErrorCode code, const char *error)
{
    if (self->record->state == state && g_strcmp0(self->record->error, error) == 0)
        return;
    self->record->state = state;
    self->record->error_code = (int)code;
    g_set_str(&self->record->error, error);
    if (state >= LK_TASK_STOPPED)
        self->record->ended = g_get_real_time();
    lk_task_writer_state(self->writer, state, code, error);
    notify(self, PROP_ERROR);
    notify(self, PROP_STATE);
    notify(self, PROP_SUMMARY);
}

void lk_task_set_state(LkTask *self, LkTaskState state)
{
    lk_task_change_state(self, state, LK_ERROR_NONE, NULL);
}

void lk_task_set_name(LkTask *self, const char *name)
{
    if (g_str_equal(self->record->name, name))
        return;
    g_set_str(&self->record->name, name);
    lk_task_writer_name(self->writer, name);
    notify(self, PROP_NAME);
    notify(self, PROP_TITLE);
}

/* ---- details from the store -------------------------------------------------------------------------- */

static gpointer read_details(LkStore *store, gpointer data, GError **error)
{
    return lk_task_details_read(store, *(gint64 *)data, error);
}

static void details_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTask) self = data;
    g_autoptr(GError) error = NULL;
    LkTaskDetails *details = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    self->loading = FALSE;
    if (!details)
        return; /* the store's own signal says why */
    lk_task_details_take(self->details, details);
    self->has_details = TRUE;
    g_signal_emit(self, details_signal, 0);
}

void lk_task_load_details(LkTask *self)
{
    if (self->has_details || self->loading)
        return;
    self->loading = TRUE;
    lk_task_writer_flush(self->writer);
    lk_store_thread_run(self->store, read_details, g_memdup2(&self->record->id, sizeof self->record->id), g_free,
                        (GDestroyNotify)lk_task_details_free, NULL, details_cb, g_object_ref(self));
}

/* ---- changes of checkpoints -------------------------------------------------------------------------- */

void lk_task_mark_best(LkTask *self, const LkTaskCheckpoint *checkpoint)
{
    for (guint i = 0; i < self->details->checkpoints->len; i++) {
        LkTaskCheckpoint *own = self->details->checkpoints->pdata[i];
        own->best = own == checkpoint;
    }
    lk_task_writer_best(self->writer, checkpoint->path);
}

void lk_task_set_held_out(LkTask *self, const char *path, double loss)
{
    for (guint i = 0; i < self->details->checkpoints->len; i++) {
        LkTaskCheckpoint *own = self->details->checkpoints->pdata[i];
        if (g_str_equal(own->path, path))
            own->held_out_loss = loss;
    }
    lk_task_writer_held_out(self->writer, path, loss);
}

void lk_task_forget_checkpoint(LkTask *self, const LkTaskCheckpoint *checkpoint)
{
    lk_task_writer_forget(self->writer, checkpoint->path);
    g_ptr_array_remove(self->details->checkpoints, (gpointer)checkpoint);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

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
    g_clear_pointer(&self->details, lk_task_details_free);
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
        g_signal_new(names[i], G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                     G_TYPE_UINT);
    details_signal =
        g_signal_new("details", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_task_init(LkTask *self)
{
    self->details = lk_task_details_new();
    lk_task_listen(self);
}
