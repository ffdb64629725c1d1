/* What the memory of a run depends on. */
#pragma once

#include "training/job.h"

/** A text that two jobs share only if their runs need the same memory and see the same pictures; steps, rates, names
 * and the like are not in it. Parameters that nobody has thought about count. Free with g_free. */
char *lk_job_plan_key(const LkJob *job);
