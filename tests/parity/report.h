/* The table of errors: quantity, relative L2 error, tolerance. */
#pragma once

#include "case.h"

typedef struct Report {
    const Case *c;
    const char *precision; /* key in the case's tolerances: "f32", "bf16" */
    int compared, failed;
} Report;

/** |got - want| / |want| in the Euclidean norm, accumulated over calls. */
typedef struct Distance {
    double difference, size;
} Distance;

void distance_add(Distance *d, const float *got, const float *want, int64_t count);
double distance_relative(const Distance *d);

/** Prints one line and counts it; `kind` names the tolerance, NULL for information only. */
void report_line(Report *report, const char *what, const char *kind, double error);

/** The same with a limit that is not the case's. */
void report_limit(Report *report, const char *what, double tolerance, double error);

/** Compares a whole tensor with the expectation of that name (already in the expectation's order). */
void report_tensor(Report *report, const char *name, const char *kind, const float *got, int64_t count);
