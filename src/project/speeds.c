#include "project/speeds.h"

#include "project/query.h"

#include <glib/gi18n.h>
#include <math.h>

bool lk_speeds_store(LkStore *store, const char *device, const char *key, double seconds_per_step, gint64 steps,
                     GError **error)
{
    if (!(seconds_per_step > 0) || isinf(seconds_per_step))
        return lk_set_error(error, LK_ERROR_USAGE, _("A step takes more than no time, not %g seconds."),
                            seconds_per_step);
    return lk_store_run(store, error,
                        "INSERT OR REPLACE INTO speed (device, key, seconds_per_step, steps, measured)"
                        " VALUES (?, ?, ?, ?, ?)",
                        LK_TEXT(device), LK_TEXT(key), LK_REAL(seconds_per_step), LK_INT(steps),
                        LK_INT(g_get_real_time()));
}

bool lk_speeds_find(LkStore *store, const char *device, const char *key, LkSpeed *speed, bool *found, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, "SELECT seconds_per_step, steps, measured FROM speed WHERE device = ? AND key = ?",
                  LK_TEXT(device), LK_TEXT(key));
    *found = lk_query_next(&query);
    if (*found)
        *speed = (LkSpeed){lk_query_real(&query, 0), lk_query_int(&query, 1), lk_query_int(&query, 2)};
    return lk_query_close(&query, error);
}
