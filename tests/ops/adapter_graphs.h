/* Graphs of the adapters' operations: between parameters for gradients, and alone for backends. */
#pragma once

#include "graph_test.h"

/* For test_gradients.c: the result, made of parameters. */
LkRef gradient_multiply(GraphTest *test, const int64_t *s);
LkRef gradient_scale_rows(GraphTest *test, const int64_t *s);
LkRef gradient_dropout(GraphTest *test, const int64_t *s);
LkRef gradient_taps(GraphTest *test, const int64_t *s);
LkRef gradient_kronecker(GraphTest *test, const int64_t *s);
LkRef gradient_dora(GraphTest *test, const int64_t *s);

/* For backend_cases.c: forward and backward operations on random inputs. */
void backend_multiply(GraphTest *test, const int64_t *s);
void backend_scale_rows(GraphTest *test, const int64_t *s);
void backend_dropout(GraphTest *test, const int64_t *s);
void backend_limit_norm(GraphTest *test, const int64_t *s);
void backend_taps(GraphTest *test, const int64_t *s);
void backend_kronecker(GraphTest *test, const int64_t *s);
void backend_dora(GraphTest *test, const int64_t *s);
