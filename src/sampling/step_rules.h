/* What the rules of a step share with those that lay the steps out. Private to this folder. */
#pragma once

#include "sampling/scheduler.h"

/** An ancestral step from one level to a lower one: first down to *down, then *up of fresh noise. */
void lk_sampling_ancestral(double from, double to, double *down, double *up);

/** Whether a step goes on from where the step before it began, not from where that arrived. */
bool lk_sampling_goes_on(const LkSampler *sampler, const LkSamplingSchedule *schedule, int step);
