/* Inside of the importers: a file of any format as a flat list of settings, and the ways in which one is taken. */
#pragma once

#include "training/import.h"
#include "training/job.h"

/** One setting: "network.linear" with its value, or several where it is a list. Members of lists of tables are
 * numbered: "datasets[0].folder_path". */
typedef struct LkImportItem {
    char *path;
    char **values; /* NULL-terminated; empty: null, or an empty list or table */
    bool list;
    bool used; /* it has its line in the report, or needs none */
} LkImportItem;

typedef struct LkImporter {
    LkImport *import;
    GPtrArray *items;    /* LkImportItem, in the order of the file */
    GHashTable *by_path; /* the same */
    LkJob *job;          /* what was taken so far */
    const char *program; /* "OneTrainer" */
    const char *prefix;  /* in front of the paths that rules name, or "" */
} LkImporter;

/** What a rule makes of a value. `why` may be set with either. */
typedef struct LkImportAnswer {
    char *value; /* text for lk_job_set; NULL: not taken */
    char *why;   /* why it is changed or not taken; NULL: it is the same */
    bool idle;   /* not taken, and nothing is lost */
} LkImportAnswer;

typedef LkImportAnswer (*LkImportConvert)(LkImporter *self, const LkImportItem *item);

/** How one setting is taken. */
typedef struct LkImportRule {
    const char *path;        /* behind the prefix */
    const char *key;         /* our parameter; NULL: there is none */
    LkImportConvert convert; /* NULL: the value as it is */
    const char *implied;     /* the other program's default, taken where the file is silent; NULL: none */
    const char *idle;        /* a value that asks for nothing ("OFF"); NULL: only what is unset, 0 or false does */
    const char *why;         /* N_(): where there is no key and no `convert`; NULL: there is no such setting */
} LkImportRule;

/** The item of a path behind the prefix, or NULL; and its text where it is one value, or NULL. */
LkImportItem *lk_import_find(LkImporter *self, const char *path);
const char *lk_import_text(LkImporter *self, const char *path);
double lk_import_number(LkImporter *self, const char *path, double fallback);
bool lk_import_is_true(LkImporter *self, const char *path);

/** True for unset, false, 0, "" and empty lists. */
bool lk_import_item_is_off(const LkImportItem *item);

/** Applies rules in their order. */
void lk_import_apply(LkImporter *self, const LkImportRule *rules, size_t count);
/** Takes one setting, with a line in the report. `item` may be NULL for what follows from several. Takes `answer`. */
void lk_import_take(LkImporter *self, LkImportItem *item, const char *name, const char *key, LkImportAnswer answer);
/** Marks all items whose paths begin so as used, without a line. */
void lk_import_pass_over(LkImporter *self, const char *prefix);
/** What no rule named: a line for each that asks for something. */
void lk_import_report_rest(LkImporter *self);

/** An answer. */
LkImportAnswer lk_import_as(const char *value);
LkImportAnswer lk_import_changed(char *value, const char *why); /* takes value */
LkImportAnswer lk_import_refused(const char *why);
LkImportAnswer lk_import_idle(const char *why);

/* Conversions that several programs need. */
LkImportAnswer lk_import_model(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_resolution(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_optimizer(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_rate(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_precision(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_pictures(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_output(LkImporter *self, const LkImportItem *item);
/** Where the optimizer is none of ours, and its learning rates mean something else than AdamW's. */
bool lk_import_rates_differ(const char *optimizer);

/* The programs. */
void lk_import_sd_scripts(LkImporter *self);
void lk_import_kohya_ss(LkImporter *self);
void lk_import_onetrainer(LkImporter *self);
bool lk_import_ai_toolkit(LkImporter *self, const char *source, GError **error);
