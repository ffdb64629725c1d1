/* Gradients of the reference backend against finite differences. */
#pragma once

#include "graph_test.h"

/** The gradients that a run of the reference adds to the gradient state, TEST_PARAMETERS elements: what the state holds
 * after the run less what it held before. Free them. NULL where the run failed. */
double *gradients_by_autodiff(const GraphTest *test);

/** The same by central differences of the loss, of at most `limit` parameters drawn from the used
 * ones (0: all); NaN elsewhere. */
double *gradients_by_differences(const GraphTest *test, int limit);

/** The largest |a - d| / (|d| + max|d| / 10^4 + 10^-6) over the elements where d is a number. */
double gradients_error(const double *autodiff, const double *differences, double *largest);
