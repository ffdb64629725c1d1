/* Graphs of the optimizers for backend_cases.c: s are the number of weights and the optimizer group. */
#pragma once

#include "graph_test.h"

void backend_sgd(GraphTest *test, const int64_t *s);
void backend_lion(GraphTest *test, const int64_t *s);
void backend_schedule_free(GraphTest *test, const int64_t *s);
void backend_adamw_8bit(GraphTest *test, const int64_t *s);
void backend_lion_8bit(GraphTest *test, const int64_t *s);
void backend_prodigy(GraphTest *test, const int64_t *s);
void backend_dadapt(GraphTest *test, const int64_t *s);
void backend_ema(GraphTest *test, const int64_t *s);
/** Two matrices of s[0] × s[1] and s[2] × s[3]. */
void backend_adafactor(GraphTest *test, const int64_t *s);
/** Some of them with a gradient that is not finite. */
void backend_optimizers_not_finite(GraphTest *test, const int64_t *s);
