/* Small graphs of one operation each, with the sizes and the errors allowed when a backend runs them. */
#pragma once

#include "graph_test.h"

typedef struct BackendCase {
    const char *name;
    void (*build)(GraphTest *test, const int64_t *s);
    /* Relative L2 error allowed, in half units in the last place of the type (2^-24 of f32, 2^-8 of bf16, 2^-11 of
     * f16). */
    double f32, low;
    int64_t s[10];
} BackendCase;

extern const BackendCase backend_cases[];
extern const int backend_case_count;
