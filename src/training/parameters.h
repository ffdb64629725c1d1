/* The table of training parameters: one row is all that the form, the help, the command line and the check of a job
 * know about a parameter, so that they cannot disagree.
 *
 * Keys are those of kohya sd-scripts (`train_network.py` 0.10.1); the few of our own say so in their help. Every other
 * key of sd-scripts and of its usual front end has a row too, in state NOT_YET or NO_EFFECT, so that a job made for
 * them is answered key by key and nothing is ignored in silence. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum LkParameterType {
    LK_PARAMETER_BOOL,       /* bool */
    LK_PARAMETER_INT,        /* int */
    LK_PARAMETER_INT64,      /* int64_t */
    LK_PARAMETER_FLOAT,      /* double */
    LK_PARAMETER_COUNT,      /* double: a whole number from 1, or a share of all steps below 1 ("10%" in texts) */
    LK_PARAMETER_STRING,     /* char *, NULL is unset */
    LK_PARAMETER_ENUM,       /* int, a number of `choices` */
    LK_PARAMETER_LIST,       /* char **, NULL-terminated, NULL is unset */
    LK_PARAMETER_FILE,       /* char *, absolute once loaded */
    LK_PARAMETER_FOLDER,     /* char *, absolute once loaded */
    LK_PARAMETER_RESOLUTION, /* LkSize: "512", "512,768" (width,height), 512 or [512, 768] */
    LK_PARAMETER_PROMPTS,    /* LkJobPrompts: a .txt file, or a list of prompt lines */
} LkParameterType;

typedef enum LkParameterState {
    LK_PARAMETER_SUPPORTED,
    LK_PARAMETER_NOT_YET,   /* known; any value but its default is an error, `subtitle` may say what to do instead */
    LK_PARAMETER_NO_EFFECT, /* known and harmless; any value but its default is noted, `subtitle` says why */
} LkParameterState;

typedef enum LkParameterGroup {
    LK_PARAMETER_GROUP_MODEL,
    LK_PARAMETER_GROUP_DATASET,
    LK_PARAMETER_GROUP_CAPTION,
    LK_PARAMETER_GROUP_NETWORK,
    LK_PARAMETER_GROUP_OPTIMIZER,
    LK_PARAMETER_GROUP_SCHEDULE,
    LK_PARAMETER_GROUP_LENGTH,
    LK_PARAMETER_GROUP_MEMORY,
    LK_PARAMETER_GROUP_LOSS,
    LK_PARAMETER_GROUP_SAVING,
    LK_PARAMETER_GROUP_SAMPLING,
    LK_PARAMETER_GROUP_METADATA,
    LK_PARAMETER_GROUP_OTHER, /* rows that are not supported or have no effect */
    LK_PARAMETER_GROUP_COUNT,
} LkParameterGroup;

/** One value of an enumeration, or one of the few texts or numbers a parameter may take. */
typedef struct LkChoice {
    const char *value; /* as written in jobs; NULL ends the list */
    int number;        /* what the job holds (ENUM) or the number itself (INT) */
    const char *title; /* for a form, N_(); NULL shows the value; of several rows with one number the first is shown */
    bool not_yet;      /* kohya's, but not supported yet */
} LkChoice;

typedef struct LkParameter {
    const char *key;
    LkParameterType type;
    LkParameterState state;
    LkParameterGroup group;
    int basic;            /* place among those that are always shown, from 1; 0: shown on request */
    bool aside;           /* cannot change the trained numbers: names, folders, saving, samples, metadata */
    bool optional;        /* unset is a value of its own; the help says what then happens */
    size_t offset;        /* of the value in LkJob; only with state SUPPORTED */
    const char *second;   /* row that the second item of a list of two goes to; NULL: there may be only one */
    const char *fallback; /* the default as text, parsed like any value; NULL is unset */
    double min, max;      /* of numbers, both allowed; no limit where min == max == 0 */
    const char *unit;     /* N_() or NULL */
    const LkChoice *choices;
    const char *title;    /* N_(): two or three words */
    const char *subtitle; /* N_(): one line */
    const char *help;     /* N_(): what it does */

    /* Advice, N_() or NULL. */
    const char *usual;  /* what most people take */
    const char *lower;  /* goes on from "Try lower when …" */
    const char *higher; /* goes on from "Try higher when …" */
    const char *watch;  /* signs in the loss or the samples, and what they mean */
} LkParameter;

/** All rows, in the order of their groups. */
extern const LkParameter lk_parameters[];
extern const size_t lk_parameter_count;

/** The row of a key, or of another spelling of it that kohya's tools also take ("dataset_repeats" for num_repeats);
 *  NULL if there is none. */
const LkParameter *lk_parameter_find(const char *key);
/** Its place in lk_parameters. */
size_t lk_parameter_index(const LkParameter *parameter);
/** The known key that `key` most likely stands for, or NULL when none is near. */
const char *lk_parameter_nearest(const char *key);

/** "model", "dataset", … for machines; and a title for people, N_(). */
const char *lk_parameter_group_name(LkParameterGroup group);
const char *lk_parameter_group_title(LkParameterGroup group);

/** What values are allowed, for messages and help: "a number from 0 to 10", "one of no, fp16, bf16". Free with g_free.
 */
char *lk_parameter_allowed(const LkParameter *parameter);

/** The first choice with that number, or NULL. */
const LkChoice *lk_parameter_choice(const LkParameter *parameter, int number);

/** The whole table as text for a terminal: group by group, key, default, allowed values and help. `all` adds what is
 *  not supported. Free with g_free. */
char *lk_parameters_describe(bool all);
