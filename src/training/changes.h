/* Parameters that are changed while a run goes on: which ones can be, and the list that a run's state remembers, so
 * that a resumed run has them too. */
#pragma once

#include "training/job.h"

#include <glib.h>

/** One change. */
typedef struct LkChange {
    int64_t step; /* optimizer steps done when it took effect */
    char *key, *value;
} LkChange;

/** The keys that can be changed, NULL-terminated. */
const char *const *lk_change_keys(void);

/** Changes a parameter of a job that is under way, value as for lk_job_set, and checks the job. The job stays as it was
 * where that fails: with LK_ERROR_USAGE and words. A rate can neither become 0 nor cease to be: which parts are trained
 * is settled at the start of a run. Strings of other parameters stay where they are. */
bool lk_change_apply(LkJob *job, const char *key, const char *value, GError **error);

/** An array of LkChange * that owns them. */
GPtrArray *lk_changes_new(void);
void lk_changes_add(GPtrArray *changes, int64_t step, const char *key, const char *value);

/** The changes as lines "STEP KEY = VALUE"; NULL where there are none. With `numbers_only` those alone that can change
 * the trained numbers. Free with g_free. */
char *lk_changes_write(const GPtrArray *changes, bool numbers_only);
/** Reads such lines (NULL: none); NULL where they are damaged. */
GPtrArray *lk_changes_read(const char *text, GError **error);
