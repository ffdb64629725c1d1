/* How long the main loop is busy between two waits: what a person feels as smooth or not. */
#pragma once

#include <glib.h>

/** Begins to measure the default main context, once a program. */
void loop_times_begin(void);
/** What was measured since the last report is forgotten. */
void loop_times_forget(void);
/** Prints the figures of what was measured since the last report. Returns the 99th percentile in milliseconds of what
 * this thread computed (not of what it waited for the processor). */
double loop_times_report(const char *what);
