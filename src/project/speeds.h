/* Measured speeds: seconds a step took on a device for a shape of work, for estimates that are honest. */
#pragma once

#include "project/store.h"

typedef struct LkSpeed {
    double seconds_per_step;
    gint64 steps; /* measured over so many */
    gint64 measured;
} LkSpeed;

/** Remembers a measurement in place of the last one. `device` names the model of the device, `key` all that decides the
 * time (family, resolution, batch, precision, …) as the app composes it. */
bool lk_speeds_store(LkStore *store, const char *device, const char *key, double seconds_per_step, gint64 steps,
                     GError **error);
/** The last measurement in *speed; *found says whether there is one. */
bool lk_speeds_find(LkStore *store, const char *device, const char *key, LkSpeed *speed, bool *found, GError **error);
