/* The table of errors: quantity, relative L2 error, tolerance. */
#pragma once

#include "case.h"

typedef struct Report {
    const Case *c;
    const char *precision; /* key in the case's tolerances: "f32", "bf16" */
    int compared, failed;
    double worst_gradient, worst_update;
    char worst_gradient_name[200], worst_update_name[200];
} Report;

/** |got - want| / |want| in the Euclidean norm, accumulated over calls. */
typedef struct Distance {
    double difference, size;
} Distance;

void distance_add(Distance *d, const float *got, const float *want, int64_t count);
double distance_relative(const Distance *d);

/** Prints one line and counts it; `kind` names the tolerance, NULL for information only. */
void report_line(Report *report, const char *what, const char *kind, double error);

/** Compares a whole tensor with the expectation of that name (already in the expectation's order). */
void report_tensor(Report *report, const char *name, const char *kind, const float *got, int64_t count);
