/* What is wrong with a job, or worth saying about it: one remark about one parameter, with everything a form or a
 * terminal needs to show it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum LkProblemKind {
    LK_PROBLEM_ERROR,   /* training cannot start */
    LK_PROBLEM_WARNING, /* it can, but the result may not be what was meant */
    LK_PROBLEM_NOTE,    /* the value has no effect here */
} LkProblemKind;

typedef struct LkProblem {
    LkProblemKind kind;
    char *key;     /* NULL where it is about the job as a whole */
    char *value;   /* as given; NULL if none */
    char *allowed; /* what would be right; NULL if that cannot be said in a word */
    char *text;    /* UTF-8: whole sentences with key, value, allowed range and advice, without the place */
    int line;      /* in the job file, from 1; 0 where it came from elsewhere */
} LkProblem;

/** An empty list that owns its problems (free with g_ptr_array_unref). */
GPtrArray *lk_problems_new(void);

/** Appends one; `problems` may be NULL, then nothing happens. */
void lk_problems_add(GPtrArray *problems, LkProblemKind kind, const char *key, const char *value, const char *allowed,
                     int line, const char *format, ...) G_GNUC_PRINTF(7, 8);

/** How many of the list are of this kind. */
guint lk_problems_count(const GPtrArray *problems, LkProblemKind kind);

/** True where none of them is an error; else all that are, a line each, as LK_ERROR_USAGE. */
bool lk_problems_fail(const GPtrArray *problems, GError **error);

/** "error", "warning", "note": for machines. */
const char *lk_problem_kind_name(LkProblemKind kind);

/** All of them, one line each, as in "job.toml line 3: error: …" (`source` may be NULL). Free with g_free. */
char *lk_problems_describe(const GPtrArray *problems, const char *source);
