/* What a parameter costs with the present values: the plan of a variation of it, in the words of its explanation. */
#pragma once

#include "app/parameters/help_popover.h"
#include "app/parameters/planning.h"

/** The value to compare with: twice as much, the other way, the next choice. NULL: none that says anything. Free with
 * g_free. */
char *lk_variation_value(const LkJob *job, const LkParameter *parameter);

/** How long the run of `now` takes in relation to that of `before`, in words: by measured speeds where both are known,
 * else by what a step has to do where that follows from the parameters. */
char *lk_variation_time(const LkParameter *parameter, const LkJob *job_before, gint64 steps_before,
                        double seconds_before, const LkJob *job_now, gint64 steps_now, double seconds_now);

/** Works it out and fills the popover in, unless that is closed before. */
void lk_variation_explain(LkPlanning *planning, const LkParameter *parameter, LkHelpPopover *popover);
