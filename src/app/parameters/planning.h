/* What training with a project's present parameters would take: its job, what is wrong with it, memory, length and
 * time; kept up to date while somebody types, off the main thread. */
#pragma once

#include "app/core/project.h"
#include "app/parameters/summary_text.h"
#include "worker/planner.h"

G_BEGIN_DECLS

#define LK_TYPE_PLANNING (lk_planning_get_type())
G_DECLARE_FINAL_TYPE(LkPlanning, lk_planning, LK, PLANNING, GObject)

/* Signals: `job-changed`: parameters or what is wrong with them; at once. `plan-changed`: plan, speed, or that they are
 * out of date. */

LkPlanning *lk_planning_new(LkProject *project);

/** Plans anew before long: the pictures, the model or the device changed. Parameters are followed by themselves. */
void lk_planning_refresh(LkPlanning *self);

/** The job of the present parameters (borrowed, valid until they change) and LkProblem * about it. */
const LkJob *lk_planning_get_job(LkPlanning *self);
const GPtrArray *lk_planning_get_problems(LkPlanning *self);
guint lk_planning_count_errors(LkPlanning *self);

/** The last plan that could be made and the job it is of; NULL before the first. */
const LkTrainingPlan *lk_planning_get_plan(LkPlanning *self);
const LkJob *lk_planning_get_planned_job(LkPlanning *self);
/** True while the plan is not that of the present parameters. */
gboolean lk_planning_get_outdated(LkPlanning *self);
/** Why there is no plan of the present parameters, in words; NULL: there is, or it is being made. */
const char *lk_planning_get_error(LkPlanning *self);
/** Seconds a step of the planned job, measured on this device; 0: not measured yet. */
double lk_planning_get_seconds(LkPlanning *self);
/** What the length of the planned job follows from. */
LkLengthFacts lk_planning_get_length(LkPlanning *self);

/** The present parameters with something changed. */
typedef struct LkVariation {
    LkJob *job;
    LkTrainingPlan *plan;
    double seconds; /* a step; 0: not measured yet */
} LkVariation;

void lk_variation_free(LkVariation *variation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkVariation, lk_variation_free)

/** Plans a variation: keys and values, char * → char *. One after another, behind the plan itself. */
void lk_planning_vary(LkPlanning *self, GHashTable *changes, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data);
/** NULL with words; G_IO_ERROR_CANCELLED too when the parameters changed meanwhile. */
LkVariation *lk_planning_vary_finish(LkPlanning *self, GAsyncResult *result, GError **error);

/** Frees what is kept for quick answers: before training. */
void lk_planning_forget(LkPlanning *self);

G_END_DECLS
