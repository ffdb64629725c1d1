#include "worker/planner.h"

#include "format/gerror.h"
#include "training/device.h"
#include "training/plan_key.h"
#include "training/schedule.h"
#include "worker/mailbox.h"

#include <glib/gi18n.h>

enum { WAKEUPS = 60 }; /* a second: an answer should not wait */

typedef struct Question {
    LkJob *job;
    char *device;
} Question;

/** A task that is over, on its way to the main context. */
typedef struct Answer {
    GTask *task; /* owned by the main thread: it is only passed on */
    LkTrainingPlan *plan;
    GError *error;
} Answer;

struct _LkPlanner {
    GObject parent;
    LkMailbox *mailbox;
    GThread *thread; /* NULL before the first question */
    /* the thread's own */
    LkTrainer *trainer; /* compiled for `key` */
    char *key;
    /* shared */
    GMutex lock;
    GCond wake;
    GTask *waiting; /* the newest question, not begun; or NULL */
    bool forget, quit;
};

G_DEFINE_FINAL_TYPE(LkPlanner, lk_planner, G_TYPE_OBJECT)
G_DEFINE_BOXED_TYPE(LkTrainingPlan, lk_training_plan, lk_training_plan_copy, lk_training_plan_free)

/* Plans ----------------------------------------------------------------------------------------------------------- */

LkTrainingPlan *lk_training_plan_copy(const LkTrainingPlan *plan)
{
    LkTrainingPlan *copy = g_memdup2(plan, sizeof *plan);
    copy->fixes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; plan->fixes && i < plan->fixes->len; i++)
        g_ptr_array_add(copy->fixes, g_strdup(g_ptr_array_index(plan->fixes, i)));
    return copy;
}

void lk_training_plan_free(LkTrainingPlan *plan)
{
    if (!plan)
        return;
    lk_training_plan_clear(plan);
    g_free(plan);
}

/* The thread ------------------------------------------------------------------------------------------------------ */

static void question_free(gpointer data)
{
    Question *question = data;
    lk_job_free(question->job);
    g_free(question->device);
    g_free(question);
}

static void answer_free(gpointer data)
{
    Answer *answer = data;
    g_clear_object(&answer->task);
    lk_training_plan_free(answer->plan);
    g_clear_error(&answer->error);
    g_free(answer);
}

static void forget(LkPlanner *planner)
{
    g_clear_pointer(&planner->trainer, lk_trainer_free);
    g_clear_pointer(&planner->key, g_free);
}

/** Makes the trainer that a question needs, unless it is the one that is there. */
static bool open_trainer(LkPlanner *planner, const Question *question, GError **error)
{
    g_autofree char *needs = lk_job_plan_key(question->job);
    g_autofree char *key = g_strdup_printf("%s\n%s", question->device, needs);
    if (g_strcmp0(key, planner->key) == 0)
        return true;
    forget(planner);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    lk_job_check_files(question->job, problems);
    LkDeviceChoice choice;
    if (!lk_problems_fail(problems, error) || !lk_device_choose(question->device, &choice, error))
        return false;
    planner->trainer = lk_trainer_new(question->job, choice.api, choice.index, error);
    if (!planner->trainer)
        return false;
    lk_trainer_limit_memory(planner->trainer, choice.share);
    planner->key = g_steal_pointer(&key);
    return true;
}

static LkTrainingPlan *compute(LkPlanner *planner, const Question *question, GError **error)
{
    LkTrainingPlan plan;
    if (!open_trainer(planner, question, error) || !lk_trainer_plan(planner->trainer, &plan, error))
        return NULL;
    /* The trainer may have been made for a job of another length. */
    plan.steps = lk_job_total_steps(question->job, plan.batches);
    plan.epochs = lk_job_epochs(question->job, plan.batches);
    return g_memdup2(&plan, sizeof plan);
}

static void perform(LkPlanner *planner, GTask *task)
{
    Answer *answer = g_new0(Answer, 1);
    answer->task = task;
    if (!g_cancellable_is_cancelled(g_task_get_cancellable(task)))
        answer->plan = compute(planner, g_task_get_task_data(task), &answer->error);
    g_mutex_lock(&planner->lock);
    bool overtaken = planner->waiting != NULL;
    g_mutex_unlock(&planner->lock);
    if (overtaken) {
        g_clear_pointer(&answer->plan, lk_training_plan_free);
        g_clear_error(&answer->error);
    }
    lk_mailbox_put(planner->mailbox, answer);
}

static gpointer work(gpointer data)
{
    LkPlanner *planner = data;
    bool quit = false;
    while (!quit) {
        g_mutex_lock(&planner->lock);
        while (!planner->waiting && !planner->forget && !planner->quit)
            g_cond_wait(&planner->wake, &planner->lock);
        GTask *task = g_steal_pointer(&planner->waiting);
        bool clear = planner->forget;
        planner->forget = false;
        quit = planner->quit;
        g_mutex_unlock(&planner->lock);
        if (clear)
            forget(planner);
        if (task)
            perform(planner, task);
    }
    forget(planner);
    return NULL;
}

/* Questions ------------------------------------------------------------------------------------------------------- */

/** On the main thread: the tasks end here, for they hold the planner. */
static void deliver(gpointer data, GPtrArray *letters)
{
    g_autoptr(LkPlanner) planner = g_object_ref(data);
    for (guint i = 0; i < letters->len; i++) {
        Answer *answer = g_ptr_array_index(letters, i);
        if (answer->plan)
            g_task_return_pointer(answer->task, g_steal_pointer(&answer->plan), (GDestroyNotify)lk_training_plan_free);
        else if (answer->error)
            g_task_return_error(answer->task, g_steal_pointer(&answer->error));
        else
            g_task_return_new_error(answer->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("A newer question was asked."));
    }
}

void lk_planner_plan_async(LkPlanner *planner, const LkJob *job, const char *device, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
    GTask *task = g_task_new(planner, cancellable, callback, data);
    Question *question = g_new(Question, 1);
    *question = (Question){.job = lk_job_copy(job), .device = g_strdup(device)};
    g_task_set_source_tag(task, lk_planner_plan_async);
    g_task_set_task_data(task, question, question_free);
    g_mutex_lock(&planner->lock);
    GTask *overtaken = planner->waiting;
    planner->waiting = task;
    g_cond_signal(&planner->wake);
    g_mutex_unlock(&planner->lock);
    if (!planner->thread)
        planner->thread = g_thread_new("planner", work, planner);
    if (overtaken)
        g_task_return_new_error(overtaken, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("A newer question was asked."));
    g_clear_object(&overtaken);
}

LkTrainingPlan *lk_planner_plan_finish(LkPlanner *planner, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, planner), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

void lk_planner_forget(LkPlanner *planner)
{
    g_mutex_lock(&planner->lock);
    planner->forget = true;
    g_cond_signal(&planner->wake);
    g_mutex_unlock(&planner->lock);
}

/* The object ------------------------------------------------------------------------------------------------------ */

LkPlanner *lk_planner_new(void)
{
    return g_object_new(LK_TYPE_PLANNER, NULL);
}

static void lk_planner_init(LkPlanner *planner)
{
    g_mutex_init(&planner->lock);
    g_cond_init(&planner->wake);
    planner->mailbox = lk_mailbox_new(WAKEUPS, deliver, planner, answer_free);
}

static void finalize(GObject *object)
{
    LkPlanner *planner = LK_PLANNER(object);
    lk_mailbox_close(planner->mailbox);
    g_mutex_lock(&planner->lock);
    planner->quit = true;
    g_cond_signal(&planner->wake);
    g_mutex_unlock(&planner->lock);
    g_clear_pointer(&planner->thread, g_thread_join);
    lk_mailbox_unref(planner->mailbox);
    g_mutex_clear(&planner->lock);
    g_cond_clear(&planner->wake);
    G_OBJECT_CLASS(lk_planner_parent_class)->finalize(object);
}

static void lk_planner_class_init(LkPlannerClass *class)
{
    G_OBJECT_CLASS(class)->finalize = finalize;
}
