/* What a run would need, while somebody types: memory by part, steps, pictures; off the main thread.
 *
 * The newest question counts. One that is still waiting when the next is asked is given up, one that is being computed
 * is answered only if it was not overtaken: both end with G_IO_ERROR_CANCELLED. Where a question differs from the one
 * before in rates, lengths, names and the like alone, its answer costs next to nothing: the opened base model, the
 * scanned dataset and the compiled steps are kept. The pictures are then not looked at again, so tell of changes. */
#pragma once

#include "training/trainer.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/** An LkTrainingPlan of its own. */
#define LK_TYPE_TRAINING_PLAN (lk_training_plan_get_type())
GType lk_training_plan_get_type(void);
LkTrainingPlan *lk_training_plan_copy(const LkTrainingPlan *plan);
void lk_training_plan_free(LkTrainingPlan *plan);

#define LK_TYPE_PLANNER (lk_planner_get_type())
G_DECLARE_FINAL_TYPE(LkPlanner, lk_planner, LK, PLANNER, GObject)

LkPlanner *lk_planner_new(void);

/** Plans a job (copied; it must have passed lk_job_check) on a device: "auto", "cpu", "cuda:0". The planner lives until
 * it has answered. */
void lk_planner_plan_async(LkPlanner *planner, const LkJob *job, const char *device, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
/** The plan, free with lk_training_plan_free; NULL with words. */
LkTrainingPlan *lk_planner_plan_finish(LkPlanner *planner, GAsyncResult *result, GError **error);

/** Forgets what is kept and frees it: pictures, captions or the base model changed, or a run is about to begin. */
void lk_planner_forget(LkPlanner *planner);

G_END_DECLS
