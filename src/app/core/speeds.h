/* How long a step takes on this machine, measured while training, for estimates that are honest. */
#pragma once

#include "app/core/project_list.h"
#include "app/core/task_center.h"
#include "training/job.h"

G_BEGIN_DECLS

/** A measurement counts from so many steps on. */
enum { LK_SPEED_STEPS = 20 };

/** All that decides how long a step takes, as text: family, sizes, precision, what is trained. Free with g_free. */
char *lk_speed_key(const LkJob *job, const char *family);

/** Looks a measurement up: seconds a step, 0 where there is none. */
void lk_speed_find(LkStoreThread *store, const char *device, const char *key, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer user_data);
double lk_speed_find_finish(GAsyncResult *result, GError **error);

/** Measures the task that trains: after LK_SPEED_STEPS steps, and again when it has ended. */
#define LK_TYPE_SPEED_KEEPER (lk_speed_keeper_get_type())
G_DECLARE_FINAL_TYPE(LkSpeedKeeper, lk_speed_keeper, LK, SPEED_KEEPER, GObject)

LkSpeedKeeper *lk_speed_keeper_new(LkStoreThread *store, LkTaskCenter *center, LkProjectList *projects);

G_END_DECLS
