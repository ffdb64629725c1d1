/* Errors with text: what the libc-only layers report. Layers from format upwards use GError. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/** What kind of failure it was: decides the exit code of the command line and the advice of the window. The store keeps
 * the numbers of failed tasks, so that new kinds come last. */
typedef enum LkErrorCode {
    LK_ERROR_NONE = 0,
    LK_ERROR_USAGE,       /* wrong usage or configuration (exit code 2) */
    LK_ERROR_IO,          /* the system refused: file, disk, permission */
    LK_ERROR_FORMAT,      /* a file's content is not what it must be */
    LK_ERROR_UNSUPPORTED, /* understood, but not something this build or device can do */
    LK_ERROR_MEMORY,      /* an allocation failed or a plan does not fit */
    LK_ERROR_NUMERIC,     /* NaN or Inf where a number must be */
    LK_ERROR_DEVICE,      /* a library or device failed */
    LK_ERROR_STOPPED,     /* stopped on request (exit code 3) */
} LkErrorCode;

/** One error: a code and a whole sentence that says what, where and what to do. */
typedef struct LkError {
    LkErrorCode code;
    char text[1000];
} LkError;

/** A text in the user's language, where there is a translation. */
const char *lk_text(const char *text) __attribute__((format_arg(1)));

/** Fills `error` (may be NULL) and returns false, so that `return lk_fail(...)` reads well. Keeps the first error.
 * The format is translated here. */
bool lk_fail(LkError *error, LkErrorCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Puts `prefix: ` before the text of an error that is set. */
void lk_error_prefix(LkError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The first error that one of several threads met; all zero at the start. */
typedef struct LkFirstError {
    atomic_flag taken;
    LkError error;
} LkFirstError;

/** Notes an error unless another thread was first. Returns false. */
bool lk_first_error_set(LkFirstError *first, const LkError *error);

/** When the threads are done: whether there was none; else it goes to `error` (may be NULL), which keeps one that it
 * has.
 */
bool lk_first_error_give(const LkFirstError *first, LkError *error);
