#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void distance_add(Distance *d, const float *got, const float *want, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double e = (double)got[i] - want[i];
        d->difference += e * e;
        d->size += (double)want[i] * want[i];
    }
}

double distance_relative(const Distance *d)
{
    return sqrt(d->difference) / fmax(sqrt(d->size), 1e-30);
}

void report_line(Report *report, const char *what, const char *kind, double error)
{
    double tolerance = kind ? case_tolerance(report->c, report->precision, kind) : -1;
    if (tolerance < 0)
        printf("%-34s %10.2e\n", what, error);
    else
        report_limit(report, what, tolerance, error);
}

void report_limit(Report *report, const char *what, double tolerance, double error)
{
    bool ok = error <= tolerance; /* false for NaN */
    report->compared++;
    report->failed += !ok;
    printf("%-34s %10.2e  <= %8.1e  %s\n", what, error, tolerance, ok ? "ok" : "FAILED");
}

/** A tensor's tolerance, or a quarter more than what PyTorch itself is off on this very tensor in this precision, where
 * that is more: the order of roundings, which differs from library to library, moves a prediction at the noisiest step
 * by a fifth of its error. Cases do not say how far PyTorch is off in fp16. */
static double tensor_limit(const Report *report, const char *name, const char *kind)
{
    double tolerance = kind ? case_tolerance(report->c, report->precision, kind) : -1;
    bool exact = strcmp(report->precision, "f32") == 0;
    return tolerance < 0 || exact ? tolerance
                                  : fmax(tolerance, 1.25 * case_deviation(report->c, report->precision, name));
}

void report_tensor(Report *report, const char *name, const char *kind, const float *got, int64_t count)
{
    int64_t wanted = 0;
    g_autofree float *want = case_floats(report->c->expect, name, &wanted);
    if (!want || wanted != count) {
        printf("%-34s has another size than expected  FAILED\n", name);
        report->compared++;
        report->failed++;
        return;
    }
    Distance d = {0};
    distance_add(&d, got, want, count);
    double limit = tensor_limit(report, name, kind);
    if (limit < 0)
        report_line(report, name, NULL, distance_relative(&d));
    else
        report_limit(report, name, limit, distance_relative(&d));
}
