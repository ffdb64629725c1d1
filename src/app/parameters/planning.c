#include "app/parameters/planning.h"

#include "app/application.h"
#include "app/core/job_draft.h"
#include "app/core/speeds.h"
#include "app/dataset/picture_list.h"
#include "app/parameters/plan_pictures.h"

#include <glib/gi18n.h>

enum { REST = 250 /* milliseconds without a change before planning begins */ };

struct _LkPlanning {
    GObject parent_instance;
    LkProject *project;
    LkPictureList *list;             /* held, so that it is there for whoever asks */
    LkPlanner *planner, *variations; /* the second keeps the first one's answers quick */
    LkJob *job;                      /* of the present parameters */
    GPtrArray *problems;
    LkPlanPictures *pictures; /* where they are; NULL: to be looked for */
    GCancellable *cancellable;
    guint timer, idle;
    LkJob *planned_job;
    LkTrainingPlan *plan;
    double seconds;
    gboolean outdated;
    char *error;
    GQueue waiting; /* GTask of variations */
    gboolean varying;
};

G_DEFINE_FINAL_TYPE(LkPlanning, lk_planning, G_TYPE_OBJECT)

enum { SIGNAL_JOB_CHANGED, SIGNAL_PLAN_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static void next_variation(LkPlanning *self);

/* ---- what is known ----------------------------------------------------------------------------------- */

const LkJob *lk_planning_get_job(LkPlanning *self)
{
    return self->job;
}

const GPtrArray *lk_planning_get_problems(LkPlanning *self)
{
    return self->problems;
}

guint lk_planning_count_errors(LkPlanning *self)
{
    return lk_problems_count(self->problems, LK_PROBLEM_ERROR);
}

const LkTrainingPlan *lk_planning_get_plan(LkPlanning *self)
{
    return self->plan;
}

const LkJob *lk_planning_get_planned_job(LkPlanning *self)
{
    return self->planned_job;
}

gboolean lk_planning_get_outdated(LkPlanning *self)
{
    return self->outdated;
}

const char *lk_planning_get_error(LkPlanning *self)
{
    return self->error;
}

double lk_planning_get_seconds(LkPlanning *self)
{
    return self->seconds;
}

LkLengthFacts lk_planning_get_length(LkPlanning *self)
{
    LkLengthFacts facts = {0};
    if (!self->plan)
        return facts;
    const LkJob *job = self->planned_job;
    facts = (LkLengthFacts){.pictures = self->plan->pictures,
                            .epochs = job->max_train_epochs,
                            .batch = job->train_batch_size,
                            .accumulation = job->gradient_accumulation_steps,
                            .steps = self->plan->steps};
    facts.shown = self->pictures ? self->pictures->shown : self->plan->pictures;
    return facts;
}

/* ---- one plan ---------------------------------------------------------------------------------------- */

static void plan_changed(LkPlanning *self)
{
    g_signal_emit(self, signals[SIGNAL_PLAN_CHANGED], 0);
}

static void fail(LkPlanning *self, const GError *error)
{
    g_set_str(&self->error, error->message);
    plan_changed(self);
}

static gboolean is_cancelled(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void find_speed(LkPlanning *self, const LkJob *job, const char *device, GAsyncReadyCallback callback,
                       gpointer data, GCancellable *cancellable)
{
    g_autofree char *key = lk_speed_key(job, lk_project_get_family(self->project));
    lk_speed_find(lk_project_get_store(self->project), device, key, cancellable, callback, data);
}

static void speed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    double seconds = lk_speed_find_finish(result, &error);
    if (is_cancelled(error))
        return;
    LkPlanning *self = data;
    self->seconds = seconds;
    self->outdated = FALSE;
    plan_changed(self);
    next_variation(self);
}

static void planned_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    LkTrainingPlan *plan = lk_planner_plan_finish(LK_PLANNER(source), result, &error);
    if (is_cancelled(error))
        return;
    LkPlanning *self = data;
    if (!plan) {
        fail(self, error);
        return;
    }
    g_clear_pointer(&self->plan, lk_training_plan_free);
    self->plan = plan;
    g_clear_pointer(&self->planned_job, lk_job_free);
    self->planned_job = lk_job_copy(self->job);
    g_clear_pointer(&self->error, g_free);
    find_speed(self, self->planned_job, plan->device, speed_cb, self, self->cancellable);
}

static const char *device(void)
{
    LkApplication *application = lk_application_get();
    return application ? lk_device_status_get_wish(lk_application_get_device(application)) : "auto";
}

static void ask_planner(LkPlanning *self)
{
    g_autoptr(LkJob) job = lk_job_copy(self->job);
    lk_plan_pictures_apply(self->pictures, job);
    lk_planner_plan_async(self->planner, job, device(), self->cancellable, planned_cb, self);
}

static void pictures_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    LkPlanPictures *pictures = lk_plan_pictures_find_finish(result, &error);
    if (is_cancelled(error))
        return;
    LkPlanning *self = data;
    if (!pictures) {
        fail(self, error);
        return;
    }
    g_clear_pointer(&self->pictures, lk_plan_pictures_free);
    self->pictures = pictures;
    ask_planner(self);
}

/* False, with the reason, where the parameters contradict each other: then the last plan stays, out of date. */
static gboolean can_be_planned(LkPlanning *self)
{
    g_autoptr(LkJob) job = lk_job_copy(self->job);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    if (lk_job_check(job, problems))
        return TRUE;
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        if (problem->kind == LK_PROBLEM_ERROR) {
            g_set_str(&self->error, problem->text);
            break;
        }
    }
    return FALSE;
}

static gboolean start_cb(gpointer data)
{
    LkPlanning *self = data;
    self->timer = 0;
    if (!can_be_planned(self)) {
        plan_changed(self);
        return G_SOURCE_REMOVE;
    }
    if (self->pictures)
        ask_planner(self);
    else
        lk_plan_pictures_find(self->project, self->cancellable, pictures_cb, self);
    return G_SOURCE_REMOVE;
}

/* ---- following --------------------------------------------------------------------------------------- */

/* What is under way is of no use any more. */
static void restart(LkPlanning *self)
{
    g_cancellable_cancel(self->cancellable);
    g_set_object(&self->cancellable, NULL);
    self->cancellable = g_cancellable_new();
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_pointer(&self->error, g_free);
    self->timer = g_timeout_add(REST, start_cb, self);
    if (!self->outdated) {
        self->outdated = TRUE;
        plan_changed(self);
    }
}

static gboolean draft_cb(gpointer data)
{
    LkPlanning *self = data;
    self->idle = 0;
    g_ptr_array_set_size(self->problems, 0);
    g_clear_pointer(&self->job, lk_job_free);
    self->job = lk_job_draft_new(self->project, self->problems);
    restart(self); /* first, so that nobody takes the old plan for that of the new job */
    g_signal_emit(self, signals[SIGNAL_JOB_CHANGED], 0);
    return G_SOURCE_REMOVE;
}

/* Several parameters may change in one go (a preset): they are one change. */
static void changed_cb(LkPlanning *self)
{
    if (!self->idle)
        self->idle = g_idle_add_full(G_PRIORITY_DEFAULT, draft_cb, self, NULL);
}

static void pictures_changed_cb(LkPlanning *self)
{
    g_clear_pointer(&self->pictures, lk_plan_pictures_free);
    lk_planner_forget(self->planner);
    lk_planner_forget(self->variations);
    changed_cb(self);
}

/* Captions and findings change nothing that is planned. */
static void aspects_cb(LkPlanning *self, guint aspects)
{
    if (aspects & (LK_PICTURE_ASPECT_CHOICES | LK_PICTURE_ASPECT_FILE))
        pictures_changed_cb(self);
}

/* While the list is being filled its items come one after another. */
static void items_cb(LkPlanning *self)
{
    if (lk_picture_list_get_loaded(self->list))
        pictures_changed_cb(self);
}

void lk_planning_refresh(LkPlanning *self)
{
    pictures_changed_cb(self);
}

void lk_planning_forget(LkPlanning *self)
{
    lk_planner_forget(self->planner);
    lk_planner_forget(self->variations);
}

/* ---- variations -------------------------------------------------------------------------------------- */

void lk_variation_free(LkVariation *variation)
{
    if (!variation)
        return;
    lk_job_free(variation->job);
    if (variation->plan)
        lk_training_plan_free(variation->plan);
    g_free(variation);
}

static void variation_done(LkPlanning *self)
{
    self->varying = FALSE;
    next_variation(self);
}

static void variation_speed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    g_autoptr(LkPlanning) self = g_object_ref(g_task_get_source_object(task));
    LkVariation *variation = g_task_get_task_data(task);
    variation->seconds = lk_speed_find_finish(result, NULL);
    LkVariation *answer = g_new0(LkVariation, 1);
    *answer = *variation;
    *variation = (LkVariation){0};
    g_task_return_pointer(task, answer, (GDestroyNotify)lk_variation_free);
    variation_done(self);
}

static void variation_planned_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    g_autoptr(LkPlanning) self = g_object_ref(g_task_get_source_object(task));
    LkVariation *variation = g_task_get_task_data(task);
    GError *error = NULL;
    variation->plan = lk_planner_plan_finish(LK_PLANNER(source), result, &error);
    if (!variation->plan) {
        g_task_return_error(task, error);
        variation_done(self);
        return;
    }
    find_speed(self, variation->job, variation->plan->device, variation_speed_cb, g_steal_pointer(&task), NULL);
}

static void next_variation(LkPlanning *self)
{
    while (!self->varying && !self->outdated && !g_queue_is_empty(&self->waiting)) {
        g_autoptr(GTask) task = g_queue_pop_head(&self->waiting);
        LkVariation *variation = g_task_get_task_data(task);
        if (g_task_return_error_if_cancelled(task))
            continue;
        self->varying = TRUE;
        GCancellable *cancellable = g_task_get_cancellable(task);
        lk_planner_plan_async(self->variations, variation->job, device(), cancellable, variation_planned_cb,
                              g_steal_pointer(&task));
    }
}

void lk_planning_vary(LkPlanning *self, GHashTable *changes, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_planning_vary);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = lk_job_copy(self->job);
    GHashTableIter iter;
    gpointer key, value;
    bool good = self->pictures != NULL;
    g_hash_table_iter_init(&iter, changes);
    while (g_hash_table_iter_next(&iter, &key, &value))
        good = lk_job_set(job, key, value ? value : "", problems) && good;
    if (self->pictures)
        lk_plan_pictures_apply(self->pictures, job);
    if (!lk_job_check(job, problems) || !good) {
        g_task_return_new_error(task, LK_ERROR, LK_ERROR_USAGE, "%s",
                                problems->len ? ((LkProblem *)problems->pdata[0])->text
                                              : _("There are no pictures yet."));
        return;
    }
    LkVariation *variation = g_new0(LkVariation, 1);
    variation->job = g_steal_pointer(&job);
    g_task_set_task_data(task, variation, (GDestroyNotify)lk_variation_free);
    g_queue_push_tail(&self->waiting, g_steal_pointer(&task));
    next_variation(self);
}

LkVariation *lk_planning_vary_finish(LkPlanning *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkPlanning *lk_planning_new(LkProject *project)
{
    static const char *const followed[] = {"setting-changed", "notify::base-model", "notify::trigger-word",
                                           "notify::name"};
    LkPlanning *self = g_object_new(LK_TYPE_PLANNING, NULL);
    self->project = g_object_ref(project);
    for (size_t i = 0; i < G_N_ELEMENTS(followed); i++)
        g_signal_connect_object(project, followed[i], G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
    LkApplication *application = lk_application_get(); /* none in tests of the form alone */
    if (application)
        g_signal_connect_object(lk_application_get_device(application), "notify::wish", G_CALLBACK(changed_cb), self,
                                G_CONNECT_SWAPPED);
    self->list = lk_picture_list_get(project);
    g_signal_connect_object(self->list, "pictures-changed", G_CALLBACK(aspects_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "notify::loaded", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "items-changed", G_CALLBACK(items_cb), self, G_CONNECT_SWAPPED);
    draft_cb(self);
    return self;
}

static void lk_planning_dispose(GObject *object)
{
    LkPlanning *self = LK_PLANNING(object);
    g_cancellable_cancel(self->cancellable);
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_handle_id(&self->idle, g_source_remove);
    g_queue_clear_full(&self->waiting, g_object_unref);
    g_clear_object(&self->planner);
    g_clear_object(&self->variations);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_planning_parent_class)->dispose(object);
}

static void lk_planning_finalize(GObject *object)
{
    LkPlanning *self = LK_PLANNING(object);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->project);
    g_ptr_array_unref(self->problems);
    g_clear_pointer(&self->job, lk_job_free);
    g_clear_pointer(&self->planned_job, lk_job_free);
    g_clear_pointer(&self->plan, lk_training_plan_free);
    g_clear_pointer(&self->pictures, lk_plan_pictures_free);
    g_free(self->error);
    G_OBJECT_CLASS(lk_planning_parent_class)->finalize(object);
}

static void lk_planning_class_init(LkPlanningClass *klass)
{
    static const char *const names[] = {"job-changed", "plan-changed"};
    G_OBJECT_CLASS(klass)->dispose = lk_planning_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_planning_finalize;
    for (guint i = 0; i < SIGNAL_LAST; i++)
        signals[i] =
            g_signal_new(names[i], G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_planning_init(LkPlanning *self)
{
    self->planner = lk_planner_new();
    self->variations = lk_planner_new();
    self->problems = lk_problems_new();
    self->cancellable = g_cancellable_new();
    g_queue_init(&self->waiting);
    self->outdated = TRUE;
}
