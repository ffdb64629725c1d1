#include "worker/run_thread.h"

#include "format/gerror.h"
#include "training/device.h"
#include "training/trainer.h"
#include "training/trainer_control.h"

#include <glib/gi18n.h>

#define RETRY_SECONDS 5

typedef struct Request {
    LkRunRequestKind kind;
    char *key, *value;
} Request;

struct LkRunThread {
    LkJob *job;
    char *device;
    LkMailbox *mailbox;
    GThread *thread;
    LkRunTask task;
    LkTrainer *trainer; /* the thread's own */
    LkRunEnd answered;  /* the same */
    bool held;          /* the same: it waits for the disk */
    GMutex lock;        /* of what follows */
    GCond wake;         /* something of it changed */
    GQueue requests;    /* Request * */
    LkRunEnd end;
    bool closing;   /* nobody waits for what would still be written */
    bool ending;    /* asked to end with what it has: it was tried once more since */
    unsigned tries; /* asked for */
};

/* Letters ---------------------------------------------------------------------------------------------------------- */

void lk_run_letter_free(gpointer data)
{
    LkRunLetter *letter = data;
    g_free(letter->text);
    g_free(letter->path);
    g_free(letter->key);
    g_clear_error(&letter->error);
    g_free(letter);
}

/** Posts a letter whose texts are borrowed, but whose error is not. */
static void post(LkRunThread *thread, LkRunLetter letter)
{
    letter.text = g_strdup(letter.text);
    letter.path = g_strdup(letter.path);
    letter.key = g_strdup(letter.key);
    lk_mailbox_put(thread->mailbox, g_memdup2(&letter, sizeof letter));
}

static void post_phase(LkRunThread *thread, const char *text)
{
    post(thread, (LkRunLetter){.kind = LK_LETTER_PHASE, .text = (char *)(uintptr_t)text});
}

/** What the engine's events become. */
static const struct {
    bool told;
    LkRunLetterKind kind;
} letter_kinds[] = {
    [LK_EVENT_PHASE] = {true, LK_LETTER_PHASE},    [LK_EVENT_START] = {true, LK_LETTER_BEGUN},
    [LK_EVENT_STEP] = {true, LK_LETTER_STEP},      [LK_EVENT_SAMPLE] = {true, LK_LETTER_SAMPLE},
    [LK_EVENT_SAVED] = {true, LK_LETTER_SAVED},    [LK_EVENT_STATE] = {true, LK_LETTER_STATE},
    [LK_EVENT_CHANGE] = {true, LK_LETTER_CHANGED}, [LK_EVENT_LOG] = {true, LK_LETTER_LOG},
    [LK_EVENT_DONE] = {true, LK_LETTER_LAST},      [LK_EVENT_VALIDATION] = {true, LK_LETTER_VALIDATED},
};

/** What is told after a wait was written. */
static void end_hold(LkRunThread *thread)
{
    if (thread->held)
        post(thread, (LkRunLetter){.kind = LK_LETTER_GOES_ON});
    thread->held = false;
}

static void hear(void *context, const LkTrainerEvent *event)
{
    LkRunThread *thread = context;
    if (event->kind == LK_EVENT_STATE || event->kind == LK_EVENT_SAVED || event->kind == LK_EVENT_SAMPLE ||
        event->kind == LK_EVENT_DONE)
        end_hold(thread);
    if (event->kind == LK_EVENT_VALIDATION) {
        g_autofree char *text =
            g_strdup_printf(_("Validation loss after step %ld: %.4f"), (long)event->step, event->loss);
        post(thread, (LkRunLetter){.kind = LK_LETTER_LOG, .level = LK_LOG_INFO, .text = text, .step = event->step});
    }
    if (event->kind >= G_N_ELEMENTS(letter_kinds) || !letter_kinds[event->kind].told)
        return;
    post(thread, (LkRunLetter){.kind = letter_kinds[event->kind].kind,
                               .level = event->warning ? LK_LOG_WARNING : LK_LOG_INFO,
                               .text = (char *)(uintptr_t)event->text,
                               .path = (char *)(uintptr_t)event->path,
                               .key = (char *)(uintptr_t)event->key,
                               .done = event->done,
                               .total = event->total,
                               .step = event->step,
                               .epoch = event->epoch,
                               .prompt = event->prompt,
                               .record = {.step = event->step,
                                          .epoch = event->epoch,
                                          .loss = event->loss,
                                          .learning_rate = event->learning_rate,
                                          .grad_norm = event->grad_norm,
                                          .seconds = event->seconds},
                               .memory_used = lk_trainer_allocated(thread->trainer),
                               .time = g_get_monotonic_time()});
}

/* Requests --------------------------------------------------------------------------------------------------------- */

static void request_free(gpointer data)
{
    Request *request = data;
    g_free(request->key);
    g_free(request->value);
    g_free(request);
}

static LkRunEnd wanted_end(LkRunThread *thread)
{
    g_mutex_lock(&thread->lock);
    LkRunEnd end = thread->end;
    g_mutex_unlock(&thread->lock);
    return end;
}

static bool should_stop(void *context)
{
    return wanted_end(context) != LK_RUN_END_NONE;
}

/** A file cannot be written. All that was trained is still on the device, so the thread waits there, and tries again
 * every few seconds until it can, or the run is to end. */
static bool refused(void *context, const char *reason)
{
    LkRunThread *thread = context;
    if (!thread->held)
        post(thread, (LkRunLetter){.kind = LK_LETTER_HELD, .text = (char *)(uintptr_t)reason});
    thread->held = true;
    g_mutex_lock(&thread->lock);
    const gint64 until = g_get_monotonic_time() + RETRY_SECONDS * G_USEC_PER_SEC;
    const unsigned tries = thread->tries;
    bool waits = true;
    while (waits && tries == thread->tries && !thread->closing && thread->end != LK_RUN_END_SAVE &&
           thread->end != LK_RUN_END_DISCARD)
        waits = g_cond_wait_until(&thread->wake, &thread->lock, until);
    const bool again =
        !thread->closing && thread->end != LK_RUN_END_DISCARD && (thread->end != LK_RUN_END_SAVE || !thread->ending);
    thread->ending = thread->end == LK_RUN_END_SAVE;
    g_mutex_unlock(&thread->lock);
    return again;
}

/** Does one thing; what fails is told, and the run goes on. */
static void answer(LkRunThread *thread, const Request *request, LkTrainerControl *control)
{
    g_autoptr(GError) error = NULL;
    switch (request->kind) {
    case LK_REQUEST_SAVE:
        lk_trainer_save_now(control, &error);
        break;
    case LK_REQUEST_SAMPLE:
        lk_trainer_sample_now(control, &error);
        break;
    case LK_REQUEST_CHANGE:
        lk_trainer_change(control, request->key, request->value, &error);
        break;
    }
    if (error)
        post(thread, (LkRunLetter){.kind = LK_LETTER_LOG, .level = LK_LOG_WARNING, .text = error->message});
}

static void between_steps(void *context, LkTrainerControl *control)
{
    LkRunThread *thread = context;
    for (;;) {
        g_mutex_lock(&thread->lock);
        Request *request = g_queue_pop_head(&thread->requests);
        g_mutex_unlock(&thread->lock);
        if (!request)
            break;
        answer(thread, request, control);
        request_free(request);
    }
    LkRunEnd end = wanted_end(thread);
    if (end == LK_RUN_END_DISCARD)
        lk_trainer_discard(control);
    if (end == LK_RUN_END_SAVE && lk_trainer_control_step(control) > 0)
        answer(thread, &(Request){.kind = LK_REQUEST_SAVE}, control);
    thread->answered = end;
}

/* The thread ------------------------------------------------------------------------------------------------------- */

static bool train(LkRunThread *thread, const LkDeviceChoice *choice, GError **error)
{
    LkTrainerEvents events = {.context = thread,
                              .event = hear,
                              .between_steps = between_steps,
                              .should_stop = should_stop,
                              .refused = refused};
    thread->trainer = lk_trainer_new(thread->job, choice->api, choice->index, error);
    if (!thread->trainer)
        return false;
    lk_trainer_limit_memory(thread->trainer, choice->share);
    const LkDeviceInfo *device = lk_trainer_device(thread->trainer);
    post(thread, (LkRunLetter){.kind = LK_LETTER_OPENED,
                               .text = (char *)(uintptr_t)device->name,
                               .steps = lk_trainer_steps(thread->trainer),
                               .epochs = lk_trainer_epochs(thread->trainer),
                               .memory_total = device->memory_bytes});
    return thread->task == LK_RUN_EXPORT
               ? lk_trainer_save_stopped(thread->trainer, &events, error)
               : lk_trainer_run(thread->trainer, thread->task == LK_RUN_TRAIN_ON, &events, error);
}

static gpointer perform(gpointer data)
{
    LkRunThread *thread = data;
    LkDeviceChoice choice;
    GError *error = NULL;
    g_autoptr(GPtrArray) problems = lk_problems_new();
    lk_job_check_files(thread->job, problems);
    thread->answered = LK_RUN_END_NONE;
    thread->held = thread->ending = false;
    post_phase(thread,
               thread->task == LK_RUN_EXPORT ? N_("Saving the LoRA") : N_("Opening the base model and the pictures"));
    bool ok = lk_problems_fail(problems, &error) && lk_device_choose(thread->device, &choice, &error) &&
              lk_trainer_check_output(thread->job, &error) && train(thread, &choice, &error);
    g_clear_pointer(&thread->trainer, lk_trainer_free);
    if (!ok && !error)
        lk_set_error(&error, LK_ERROR_DEVICE, _("The training ended without saying why."));
    post(thread, (LkRunLetter){.kind = LK_LETTER_END, .error = error, .answered = thread->answered});
    return NULL;
}

LkRunThread *lk_run_thread_new(const LkJob *job, const char *device, LkMailbox *mailbox)
{
    LkRunThread *thread = g_new0(LkRunThread, 1);
    thread->job = lk_job_copy(job);
    thread->device = g_strdup(device);
    thread->mailbox = lk_mailbox_ref(mailbox);
    g_mutex_init(&thread->lock);
    g_cond_init(&thread->wake);
    g_queue_init(&thread->requests);
    return thread;
}

void lk_run_thread_free(LkRunThread *thread)
{
    if (!thread)
        return;
    g_mutex_lock(&thread->lock);
    thread->closing = true;
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
    lk_run_thread_join(thread);
    lk_run_thread_clear(thread);
    g_cond_clear(&thread->wake);
    g_mutex_clear(&thread->lock);
    lk_mailbox_unref(thread->mailbox);
    lk_job_free(thread->job);
    g_free(thread->device);
    g_free(thread);
}

void lk_run_thread_begin(LkRunThread *thread, LkRunTask task)
{
    lk_run_thread_join(thread);
    lk_run_thread_end(thread, LK_RUN_END_NONE);
    thread->task = task;
    thread->thread = g_thread_new("training", perform, thread);
}

void lk_run_thread_join(LkRunThread *thread)
{
    g_clear_pointer(&thread->thread, g_thread_join);
}

void lk_run_thread_end(LkRunThread *thread, LkRunEnd end)
{
    g_mutex_lock(&thread->lock);
    thread->end = end;
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
}

void lk_run_thread_try(LkRunThread *thread)
{
    g_mutex_lock(&thread->lock);
    thread->tries++;
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
}

void lk_run_thread_ask(LkRunThread *thread, LkRunRequestKind kind, const char *key, const char *value)
{
    Request *request = g_new(Request, 1);
    *request = (Request){.kind = kind, .key = g_strdup(key), .value = g_strdup(value)};
    g_mutex_lock(&thread->lock);
    g_queue_push_tail(&thread->requests, request);
    g_mutex_unlock(&thread->lock);
}

void lk_run_thread_clear(LkRunThread *thread)
{
    g_mutex_lock(&thread->lock);
    g_queue_clear_full(&thread->requests, request_free);
    g_mutex_unlock(&thread->lock);
}
