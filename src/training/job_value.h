/* One value of a job, by the type of its row: from text or TOML to memory, and back. Private to training/job*.c. */
#pragma once

#include "format/toml.h"
#include "training/job.h"

/** A value as it was written: one text, or a list of them. */
typedef struct LkRawValue {
    char **items; /* NULL-terminated */
    bool list;
} LkRawValue;

/** Room for a value of any type. */
typedef union LkJobValue {
    bool b;
    int i;
    int64_t l;
    double d;
    char *text;
    char **list;
    LkSize size;
    LkJobPrompts prompts;
} LkJobValue;

LkRawValue lk_raw_value_text(const char *text);
/** From a TOML node: a text, number or truth value, or an array of such. False for tables and nested arrays. */
bool lk_raw_value_node(const LkTomlNode *node, LkRawValue *raw);
void lk_raw_value_clear(LkRawValue *raw);
/** How messages show it, cut to a reasonable length. */
char *lk_raw_value_describe(const LkRawValue *raw);

/** True if it says "unset": an empty text or list. */
bool lk_raw_value_is_empty(const LkRawValue *raw);

typedef enum LkValueResult {
    LK_VALUE_OK,
    LK_VALUE_WRONG,   /* not of the type, or out of range */
    LK_VALUE_NOT_YET, /* a choice that sd-scripts knows and we do not yet */
} LkValueResult;

/** Reads a value into `at` (LkJobValue or a field of LkJob); relative file names are put behind `folder`. */
LkValueResult lk_job_value_read(const LkParameter *row, const LkRawValue *raw, const char *folder, void *at);
/** The row's default into `at`. */
void lk_job_value_default(const LkParameter *row, const char *folder, void *at);
void lk_job_value_clear(const LkParameter *row, void *at); /* frees what it owns and zeroes it */
void lk_job_value_move(const LkParameter *row, void *from, void *to);
void lk_job_value_copy(const LkParameter *row, const void *from, void *to); /* `to` is uninitialised */
bool lk_job_value_equal(const LkParameter *row, const void *a, const void *b);
/** As text that reads back to the same value; NULL if unset. */
char *lk_job_value_write(const LkParameter *row, const void *at);

/** The shortest text that reads back to the same double, "1" for 1.0, "200" and not "2e+02". */
char *lk_number_text(double value);
