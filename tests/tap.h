/* The whole test framework: checks print TAP lines, tap_done() prints the plan. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

/** One check with a description; returns the condition. */
__attribute__((format(printf, 2, 3), unused)) static bool tap_ok(bool condition, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%sok %d - ", condition ? "" : "not ", ++tap_count);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
    tap_failed += !condition;
    return condition;
}

/** A line of explanation. */
__attribute__((format(printf, 1, 2), unused)) static void tap_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
}

/** Prints the plan; use as `return tap_done();`. */
__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}
