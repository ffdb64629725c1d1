/* Options of a command: one table from which they are read, checked and explained. */
#pragma once

#include "cli/command.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LkOptionKind {
    LK_OPTION_FLAG,    /* bool */
    LK_OPTION_TEXT,    /* const char * */
    LK_OPTION_LIST,    /* GPtrArray * of const char *, NULL-terminated by lk_options_read */
    LK_OPTION_INTEGER, /* int64_t */
    LK_OPTION_NUMBER,  /* double */
    LK_OPTION_CHOICE,  /* int: a row of `choices` */
} LkOptionKind;

typedef struct LkOption {
    const char *name; /* without the two dashes */
    LkOptionKind kind;
    void *value;             /* where it goes, of the type above; holds the default before */
    const char *placeholder; /* "FILE"; NULL with FLAG and CHOICE */
    const char *help;        /* N_() */
    bool required;
    double min, max;            /* of numbers, both allowed */
    const char *const *choices; /* NULL-terminated */
} LkOption;

/** One command as the user sees it. */
typedef struct LkSyntax {
    const char *command;
    const char *arguments; /* "JOB.toml"; NULL: takes none */
    const char *summary;   /* N_(): what it does */
    const char *notes;     /* N_(): shown below the options; NULL: none */
    const LkOption *options;
    int n_options;
} LkSyntax;

enum { LK_HELP_COLUMN = 28 }; /* where explanations begin */

/** Reads the arguments: options anywhere, as `--name value` or `--name=value`; `--` ends them. *argument receives the
 * one thing that is no option (borrowed from argv). False when the command is over: help was asked for and printed, or
 * something is wrong and was said; *end then is what to return. */
bool lk_options_read(const LkSyntax *syntax, int argc, char **argv, const char **argument, LkExit *end);

/** Prints the command's help. */
void lk_options_help(const LkSyntax *syntax);
