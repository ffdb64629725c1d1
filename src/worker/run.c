#include "worker/run.h"

#include "format/gerror.h"
#include "training/changes.h"
#include "training/trainer.h"
#include "worker/run_thread.h"

#include <glib/gi18n.h>

struct _LkRun {
    GObject parent;
    LkJob *job, *changed; /* as given; with the changes in effect */
    char *device_id;
    LkMailbox *mailbox;
    LkRunThread *thread;

    LkRunState state;
    LkRunEnd end;   /* what was asked for */
    bool resume;    /* how it was started */
    bool has_state; /* it saved its state since it was started, which is not that of an earlier run */
    bool exporting;
    bool held; /* paused by the disk: the thread waits, with everything that it has */

    int64_t step, steps, epoch, epochs;
    double loss, smoothed_loss, learning_rate, grad_norm, seconds_per_step, seconds_left;
    char *phase, *device;
    int64_t phase_done, phase_total, memory_used, memory_total;
    GError *error;
    char *last_path;

    double loss_sum, seconds_sum, weight; /* moving averages, not yet divided by their weight */
    int64_t since, since_step;            /* when the steps began, and after which */
    double in_steps;                      /* seconds of the steps since */
    GArray *batch;                        /* LkStepRecord */
};

G_DEFINE_FINAL_TYPE(LkRun, lk_run, G_TYPE_OBJECT)

typedef enum Property {
    PROP_STATE = 1,
    PROP_STEP,
    PROP_STEPS,
    PROP_EPOCH,
    PROP_EPOCHS,
    PROP_LOSS,
    PROP_SMOOTHED_LOSS,
    PROP_LEARNING_RATE,
    PROP_GRAD_NORM,
    PROP_SECONDS_PER_STEP,
    PROP_SECONDS_LEFT,
    PROP_PHASE,
    PROP_PHASE_DONE,
    PROP_PHASE_TOTAL,
    PROP_MEMORY_USED,
    PROP_MEMORY_TOTAL,
    PROP_DEVICE,
    PROP_ERROR_MESSAGE,
    PROP_COUNT,
} Property;

/* Where the values of the properties lie; the state and the message are answered apart. */
static const struct {
    const char *name;
    GType type;
    gsize offset;
} rows[PROP_COUNT] = {
    [PROP_STEP] = {"step", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, step)},
    [PROP_STEPS] = {"steps", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, steps)},
    [PROP_EPOCH] = {"epoch", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, epoch)},
    [PROP_EPOCHS] = {"epochs", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, epochs)},
    [PROP_LOSS] = {"loss", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, loss)},
    [PROP_SMOOTHED_LOSS] = {"smoothed-loss", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, smoothed_loss)},
    [PROP_LEARNING_RATE] = {"learning-rate", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, learning_rate)},
    [PROP_GRAD_NORM] = {"grad-norm", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, grad_norm)},
    [PROP_SECONDS_PER_STEP] = {"seconds-per-step", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, seconds_per_step)},
    [PROP_SECONDS_LEFT] = {"seconds-left", G_TYPE_DOUBLE, G_STRUCT_OFFSET(LkRun, seconds_left)},
    [PROP_PHASE] = {"phase", G_TYPE_STRING, G_STRUCT_OFFSET(LkRun, phase)},
    [PROP_PHASE_DONE] = {"phase-done", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, phase_done)},
    [PROP_PHASE_TOTAL] = {"phase-total", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, phase_total)},
    [PROP_MEMORY_USED] = {"memory-used", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, memory_used)},
    [PROP_MEMORY_TOTAL] = {"memory-total", G_TYPE_INT64, G_STRUCT_OFFSET(LkRun, memory_total)},
    [PROP_DEVICE] = {"device", G_TYPE_STRING, G_STRUCT_OFFSET(LkRun, device)},
};
static GParamSpec *specs[PROP_COUNT];

typedef enum Signal {
    SIGNAL_METRICS,
    SIGNAL_SAMPLE_READY,
    SIGNAL_CHECKPOINT_SAVED,
    SIGNAL_STATE_SAVED,
    SIGNAL_CHANGED,
    SIGNAL_VALIDATED,
    SIGNAL_LOG,
    SIGNAL_FINISHED,
    SIGNAL_FAILED,
    SIGNAL_COUNT,
} Signal;
static guint signals[SIGNAL_COUNT];

/* Values ----------------------------------------------------------------------------------------------------------- */

static void set_integer(LkRun *run, Property property, int64_t value)
{
    int64_t *field = G_STRUCT_MEMBER_P(run, rows[property].offset);
    if (*field == value)
        return;
    *field = value;
    g_object_notify_by_pspec(G_OBJECT(run), specs[property]);
}

static void set_number(LkRun *run, Property property, double value)
{
    double *field = G_STRUCT_MEMBER_P(run, rows[property].offset);
    if (*field == value)
        return;
    *field = value;
    g_object_notify_by_pspec(G_OBJECT(run), specs[property]);
}

static void set_text(LkRun *run, Property property, const char *value)
{
    if (g_set_str(G_STRUCT_MEMBER_P(run, rows[property].offset), value))
        g_object_notify_by_pspec(G_OBJECT(run), specs[property]);
}

static void set_phase(LkRun *run, const char *text, int64_t done, int64_t total)
{
    set_text(run, PROP_PHASE, text);
    set_integer(run, PROP_PHASE_DONE, done);
    set_integer(run, PROP_PHASE_TOTAL, total);
}

static void set_state(LkRun *run, LkRunState state)
{
    if (run->state == state)
        return;
    run->state = state;
    g_object_notify_by_pspec(G_OBJECT(run), specs[PROP_STATE]);
}

static void set_error(LkRun *run, GError *error)
{
    if (!run->error && !error)
        return;
    g_clear_error(&run->error);
    run->error = error;
    g_object_notify_by_pspec(G_OBJECT(run), specs[PROP_ERROR_MESSAGE]);
}

/* Steps ------------------------------------------------------------------------------------------------------------ */

/** Averages that forget slowly and are right from the first step on. */
static void average(LkRun *run, LkStepRecord *record)
{
    const double new = 0.05;
    run->loss_sum += new *(record->loss - run->loss_sum);
    run->seconds_sum += new *(record->seconds - run->seconds_sum);
    run->weight += new * (1 - run->weight);
    record->smoothed_loss = run->loss_sum / run->weight;
}

/** The time that steps take, and what saving and sampling cost beside them. */
static double time_left(const LkRun *run, int64_t now)
{
    int64_t done = run->step - run->since_step;
    double beside = MAX((double)(now - run->since) * 1e-6 - run->in_steps, 0);
    return done > 0 ? (double)(run->steps - run->step) * (run->seconds_per_step + beside / (double)done) : -1;
}

static void take_step(LkRun *run, LkRunLetter *letter)
{
    average(run, &letter->record);
    run->in_steps += letter->record.seconds;
    g_array_append_val(run->batch, letter->record);
    set_phase(run, NULL, 0, 0);
    set_integer(run, PROP_STEP, letter->record.step);
    set_integer(run, PROP_EPOCH, letter->record.epoch);
    set_number(run, PROP_LOSS, letter->record.loss);
    set_number(run, PROP_SMOOTHED_LOSS, letter->record.smoothed_loss);
    set_number(run, PROP_LEARNING_RATE, letter->record.learning_rate);
    set_number(run, PROP_GRAD_NORM, letter->record.grad_norm);
    set_number(run, PROP_SECONDS_PER_STEP, run->seconds_sum / run->weight);
    set_number(run, PROP_SECONDS_LEFT, time_left(run, letter->time));
    set_integer(run, PROP_MEMORY_USED, letter->memory_used);
}

/** Tells the steps that were gathered, so that everything comes in its order. */
static void flush_steps(LkRun *run)
{
    if (run->batch->len == 0)
        return;
    GArray *batch = run->batch;
    run->batch = g_array_new(FALSE, FALSE, sizeof(LkStepRecord));
    g_signal_emit(run, signals[SIGNAL_METRICS], 0, batch);
    g_array_unref(batch);
}

/* The end ---------------------------------------------------------------------------------------------------------- */

static void begin(LkRun *run, LkRunTask task)
{
    lk_run_thread_begin(run->thread, task);
    run->exporting = task == LK_RUN_EXPORT;
}

static void rest(LkRun *run, LkRunState state)
{
    set_phase(run, NULL, 0, 0);
    set_integer(run, PROP_MEMORY_USED, 0);
    if (state != LK_RUN_PAUSED)
        set_number(run, PROP_SECONDS_LEFT, -1);
    if (state != LK_RUN_PAUSED)
        lk_run_thread_clear(run->thread);
    set_state(run, state);
}

/** The thread stopped because it was asked to, and did what `answered` says. What is wanted now may be more. */
static void stopped(LkRun *run, LkRunEnd answered)
{
    bool ours = run->has_state || run->resume; /* the saved state is of this run */
    if (run->end == LK_RUN_END_DISCARD && answered != LK_RUN_END_DISCARD && ours)
        lk_trainer_remove_states(run->job);
    if (run->end == LK_RUN_END_SAVE && answered != LK_RUN_END_SAVE && ours && !run->exporting)
        begin(run, LK_RUN_EXPORT);
    else
        rest(run, run->end == LK_RUN_END_PAUSE ? LK_RUN_PAUSED : LK_RUN_STOPPED);
}

static void ended(LkRun *run, LkRunLetter *letter)
{
    const bool held = run->held;
    lk_run_thread_join(run->thread);
    run->held = false;
    if (g_error_matches(letter->error, LK_ERROR, LK_ERROR_STOPPED) || (run->exporting && !letter->error) ||
        (held && run->end == LK_RUN_END_DISCARD)) {
        stopped(run, letter->answered);
    } else if (letter->error) {
        set_error(run, g_steal_pointer(&letter->error));
        rest(run, LK_RUN_FAILED);
        g_signal_emit(run, signals[SIGNAL_FAILED], 0, run->error);
    } else {
        rest(run, LK_RUN_FINISHED);
        g_signal_emit(run, signals[SIGNAL_FINISHED], 0, run->last_path);
    }
}

/* Letters ---------------------------------------------------------------------------------------------------------- */

static void begun(LkRun *run, const LkRunLetter *letter)
{
    run->since = letter->time;
    run->since_step = letter->step;
    run->in_steps = 0;
    set_phase(run, NULL, 0, 0);
    set_integer(run, PROP_STEP, letter->step);
    set_integer(run, PROP_MEMORY_USED, letter->memory_used);
    if (run->state == LK_RUN_PREPARING)
        set_state(run, LK_RUN_RUNNING);
}

/** A file cannot be written: the run rests until it can. What was asked for before is done then. */
static void hold(LkRun *run, const LkRunLetter *letter)
{
    g_autofree char *text = g_strdup_printf(_("%s Training waits, and goes on when that is mended."), letter->text);
    run->held = true;
    if (run->state != LK_RUN_STOPPING)
        set_state(run, LK_RUN_PAUSED);
    set_phase(run, text, 0, 0);
    g_signal_emit(run, signals[SIGNAL_LOG], 0, LK_LOG_WARNING, text);
}

static void go_on(LkRun *run)
{
    run->held = false;
    set_phase(run, NULL, 0, 0);
    if (run->state == LK_RUN_PAUSED)
        set_state(run, run->end == LK_RUN_END_PAUSE ? LK_RUN_PAUSING : LK_RUN_RUNNING);
}

static void changed(LkRun *run, const LkRunLetter *letter)
{
    lk_change_apply(run->changed, letter->key, letter->text, NULL);
    g_signal_emit(run, signals[SIGNAL_CHANGED], 0, letter->key, letter->text, letter->step);
}

static void saved(LkRun *run, const LkRunLetter *letter)
{
    if (letter->kind == LK_LETTER_LAST)
        g_set_str(&run->last_path, letter->path);
    g_signal_emit(run, signals[SIGNAL_CHECKPOINT_SAVED], 0, letter->path, letter->step, letter->epoch);
}

static void take(LkRun *run, LkRunLetter *letter)
{
    if (letter->kind != LK_LETTER_STEP)
        flush_steps(run);
    switch (letter->kind) {
    case LK_LETTER_PHASE:
        set_phase(run, _(letter->text), letter->done, letter->total);
        break;
    case LK_LETTER_OPENED:
        set_text(run, PROP_DEVICE, letter->text);
        set_integer(run, PROP_STEPS, letter->steps);
        set_integer(run, PROP_EPOCHS, letter->epochs);
        set_integer(run, PROP_MEMORY_TOTAL, letter->memory_total);
        break;
    case LK_LETTER_BEGUN:
        begun(run, letter);
        break;
    case LK_LETTER_STEP:
        take_step(run, letter);
        break;
    case LK_LETTER_SAMPLE:
        g_signal_emit(run, signals[SIGNAL_SAMPLE_READY], 0, letter->path, letter->step, letter->epoch, letter->prompt);
        break;
    case LK_LETTER_SAVED:
    case LK_LETTER_LAST:
        saved(run, letter);
        break;
    case LK_LETTER_STATE:
        run->has_state = true;
        g_signal_emit(run, signals[SIGNAL_STATE_SAVED], 0, letter->path, letter->step);
        break;
    case LK_LETTER_CHANGED:
        changed(run, letter);
        break;
    case LK_LETTER_VALIDATED:
        g_signal_emit(run, signals[SIGNAL_VALIDATED], 0, letter->step, letter->epoch, letter->record.loss);
        break;
    case LK_LETTER_LOG:
        g_signal_emit(run, signals[SIGNAL_LOG], 0, letter->level, letter->text);
        break;
    case LK_LETTER_HELD:
        hold(run, letter);
        break;
    case LK_LETTER_GOES_ON:
        go_on(run);
        break;
    case LK_LETTER_END:
        ended(run, letter);
        break;
    }
}

static void deliver(gpointer data, GPtrArray *letters)
{
    g_autoptr(LkRun) run = g_object_ref(data); /* whom a handler may let go */
    g_object_freeze_notify(G_OBJECT(run));
    for (guint i = 0; i < letters->len; i++)
        take(run, g_ptr_array_index(letters, i));
    flush_steps(run);
    g_object_thaw_notify(G_OBJECT(run));
}

/* Requests --------------------------------------------------------------------------------------------------------- */

bool lk_run_is_active(LkRun *run)
{
    return run->state == LK_RUN_PREPARING || run->state == LK_RUN_RUNNING || run->state == LK_RUN_PAUSING ||
           run->state == LK_RUN_STOPPING;
}

static void go(LkRun *run, bool resume)
{
    run->end = LK_RUN_END_NONE;
    run->resume = resume;
    run->has_state = false;
    set_error(run, NULL);
    begin(run, resume ? LK_RUN_TRAIN_ON : LK_RUN_TRAIN);
    set_state(run, LK_RUN_PREPARING);
}

bool lk_run_start(LkRun *run, bool resume)
{
    if (lk_run_is_active(run) || run->state == LK_RUN_PAUSED)
        return false;
    lk_job_free(run->changed);
    run->changed = lk_job_copy(run->job);
    run->loss_sum = run->seconds_sum = run->weight = 0;
    set_integer(run, PROP_STEP, 0);
    set_integer(run, PROP_EPOCH, 0);
    go(run, resume);
    return true;
}

bool lk_run_pause(LkRun *run)
{
    if (run->state != LK_RUN_PREPARING && run->state != LK_RUN_RUNNING)
        return false;
    run->end = LK_RUN_END_PAUSE;
    lk_run_thread_end(run->thread, run->end);
    set_state(run, LK_RUN_PAUSING);
    return true;
}

bool lk_run_resume(LkRun *run)
{
    if (run->state != LK_RUN_PAUSED)
        return false;
    if (run->held) { /* it is told when it goes on */
        run->end = LK_RUN_END_NONE;
        lk_run_thread_end(run->thread, run->end);
        lk_run_thread_try(run->thread);
        return true;
    }
    go(run, run->has_state || run->resume);
    return true;
}

bool lk_run_stop_and_save(LkRun *run)
{
    bool active = (lk_run_is_active(run) || run->held) && run->state != LK_RUN_STOPPING;
    if (!active && run->state != LK_RUN_PAUSED)
        return false;
    run->end = LK_RUN_END_SAVE;
    if (active)
        lk_run_thread_end(run->thread, run->end);
    else
        stopped(run, LK_RUN_END_NONE);
    if (active || run->exporting)
        set_state(run, LK_RUN_STOPPING);
    return true;
}

bool lk_run_stop_discard(LkRun *run)
{
    bool active = lk_run_is_active(run) || run->held;
    if (!active && run->state != LK_RUN_PAUSED)
        return false;
    run->end = LK_RUN_END_DISCARD;
    if (active) {
        lk_run_thread_end(run->thread, run->end);
        set_state(run, LK_RUN_STOPPING);
    } else {
        stopped(run, LK_RUN_END_NONE);
    }
    return true;
}

/** Whether a request would be answered. */
static bool takes_requests(const LkRun *run)
{
    return run->state == LK_RUN_PREPARING || run->state == LK_RUN_RUNNING;
}

bool lk_run_save_now(LkRun *run)
{
    if (!takes_requests(run))
        return false;
    lk_run_thread_ask(run->thread, LK_REQUEST_SAVE, NULL, NULL);
    return true;
}

bool lk_run_sample_now(LkRun *run)
{
    if (!takes_requests(run))
        return false;
    lk_run_thread_ask(run->thread, LK_REQUEST_SAMPLE, NULL, NULL);
    return true;
}

const char *const *lk_run_change_keys(void)
{
    return lk_change_keys();
}

bool lk_run_change(LkRun *run, const char *key, const char *value, GError **error)
{
    g_autoptr(LkJob) trial = lk_job_copy(run->changed);
    if (!takes_requests(run) && run->state != LK_RUN_PAUSED)
        return lk_set_error(error, LK_ERROR_USAGE, _("Settings can be changed here only while the training goes on."));
    if (!lk_change_apply(trial, key, value, error))
        return false;
    lk_run_thread_ask(run->thread, LK_REQUEST_CHANGE, key, value);
    return true;
}

/* The object ------------------------------------------------------------------------------------------------------- */

LkRun *lk_run_new(const LkJob *job, const char *device)
{
    LkRun *run = g_object_new(LK_TYPE_RUN, NULL);
    run->job = lk_job_copy(job);
    run->changed = lk_job_copy(job);
    run->thread = lk_run_thread_new(job, device, run->mailbox);
    return run;
}

const LkJob *lk_run_get_job(LkRun *run)
{
    return run->job;
}

const LkJob *lk_run_get_changed_job(LkRun *run)
{
    return run->changed;
}

LkRunState lk_run_get_state(LkRun *run)
{
    return run->state;
}

const GError *lk_run_get_error(LkRun *run)
{
    return run->error;
}

static void lk_run_init(LkRun *run)
{
    run->batch = g_array_new(FALSE, FALSE, sizeof(LkStepRecord));
    run->mailbox = lk_mailbox_new(LK_RUN_WAKEUPS, deliver, run, lk_run_letter_free);
    run->seconds_left = -1;
}

static void finalize(GObject *object)
{
    LkRun *run = LK_RUN(object);
    lk_mailbox_close(run->mailbox);
    lk_run_thread_end(run->thread, LK_RUN_END_PAUSE);
    lk_run_thread_free(run->thread);
    lk_mailbox_unref(run->mailbox);
    g_array_unref(run->batch);
    lk_job_free(run->job);
    lk_job_free(run->changed);
    g_free(run->phase);
    g_free(run->device);
    g_free(run->last_path);
    g_clear_error(&run->error);
    G_OBJECT_CLASS(lk_run_parent_class)->finalize(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const LkRun *run = LK_RUN(object);
    if (id == PROP_STATE)
        g_value_set_enum(value, (int)run->state);
    else if (id == PROP_ERROR_MESSAGE)
        g_value_set_string(value, run->error ? run->error->message : NULL);
    else if (id >= PROP_COUNT)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    else if (rows[id].type == G_TYPE_INT64)
        g_value_set_int64(value, G_STRUCT_MEMBER(int64_t, run, rows[id].offset));
    else if (rows[id].type == G_TYPE_DOUBLE)
        g_value_set_double(value, G_STRUCT_MEMBER(double, run, rows[id].offset));
    else
        g_value_set_string(value, G_STRUCT_MEMBER(char *, run, rows[id].offset));
}

static GParamSpec *make_spec(Property id)
{
    const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
    if (id == PROP_STATE)
        return g_param_spec_enum("state", NULL, NULL, LK_TYPE_RUN_STATE, LK_RUN_IDLE, flags);
    if (id == PROP_ERROR_MESSAGE)
        return g_param_spec_string("error-message", NULL, NULL, NULL, flags);
    if (rows[id].type == G_TYPE_INT64)
        return g_param_spec_int64(rows[id].name, NULL, NULL, 0, G_MAXINT64, 0, flags);
    if (rows[id].type == G_TYPE_DOUBLE)
        return g_param_spec_double(rows[id].name, NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
    return g_param_spec_string(rows[id].name, NULL, NULL, NULL, flags);
}

/** A signal without a default handler; the types of its parameters follow. */
#define MAKE_SIGNAL(id, name, ...)                                                                                     \
    signals[id] = g_signal_newv(name, LK_TYPE_RUN, G_SIGNAL_RUN_LAST, NULL, NULL, NULL, NULL, G_TYPE_NONE,             \
                                sizeof((GType[]){__VA_ARGS__}) / sizeof(GType), (GType[]){__VA_ARGS__})

static void lk_run_class_init(LkRunClass *class)
{
    const GType text = G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE;
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->finalize = finalize;
    object->get_property = get_property;
    for (int id = 1; id < PROP_COUNT; id++)
        specs[id] = make_spec((Property)id);
    g_object_class_install_properties(object, PROP_COUNT, specs);
    MAKE_SIGNAL(SIGNAL_METRICS, "metrics", G_TYPE_ARRAY | G_SIGNAL_TYPE_STATIC_SCOPE);
    MAKE_SIGNAL(SIGNAL_SAMPLE_READY, "sample-ready", text, G_TYPE_INT64, G_TYPE_INT64, G_TYPE_INT);
    MAKE_SIGNAL(SIGNAL_CHECKPOINT_SAVED, "checkpoint-saved", text, G_TYPE_INT64, G_TYPE_INT64);
    MAKE_SIGNAL(SIGNAL_STATE_SAVED, "state-saved", text, G_TYPE_INT64);
    MAKE_SIGNAL(SIGNAL_CHANGED, "changed", text, text, G_TYPE_INT64);
    MAKE_SIGNAL(SIGNAL_VALIDATED, "validated", G_TYPE_INT64, G_TYPE_INT64, G_TYPE_DOUBLE);
    MAKE_SIGNAL(SIGNAL_LOG, "log", LK_TYPE_LOG_LEVEL, text);
    MAKE_SIGNAL(SIGNAL_FINISHED, "finished", text);
    MAKE_SIGNAL(SIGNAL_FAILED, "failed", G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}
