/* Graphs of matrix products on random inputs, for backend_cases.c, which says what the numbers are. */
#pragma once

#include "graph_test.h"

void backend_matmul(GraphTest *test, const int64_t *s);
void backend_matmul_accumulate(GraphTest *test, const int64_t *s);
void backend_matmul_accumulate_odd(GraphTest *test, const int64_t *s);
void backend_matmul_columns(GraphTest *test, const int64_t *s);
void backend_matmul_weight_parts(GraphTest *test, const int64_t *s);
void backend_matmul_shared_weight(GraphTest *test, const int64_t *s);
