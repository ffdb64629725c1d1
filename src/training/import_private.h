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
const char *lk_import_text_or(LkImporter *self, const char *path, const char *fallback);
double lk_import_number(LkImporter *self, const char *path, double fallback);
bool lk_import_is_true(LkImporter *self, const char *path);

/** True for unset, false, 0, "" and empty lists. */
bool lk_import_item_is_off(const LkImportItem *item);

/** Adds a setting that the file has in another form; `value` may be NULL. And one more value of it. */
LkImportItem *lk_import_add_item(LkImporter *self, const char *path, const char *value);
void lk_import_add_value(LkImportItem *item, const char *value);
/** Puts the items whose paths begin so before all others, in their order. */
void lk_import_sort_to_front(LkImporter *self, const char *prefix);

/** Applies rules in their order. */
void lk_import_apply(LkImporter *self, const LkImportRule *rules, size_t count);
/** Takes one setting, with a line in the report. `item` may be NULL for what follows from several. Takes `answer`. */
void lk_import_take(LkImporter *self, LkImportItem *item, const char *name, const char *key, LkImportAnswer answer);
/** What an item says went into the parameter of the line before, with others: a line like that one. */
void lk_import_along(LkImporter *self, LkImportItem *item);
/** All items whose paths begin so are not needed, because of `why` (N_()). */
void lk_import_pass_over(LkImporter *self, const char *prefix, const char *why);
/** Nothing is done with an item that came to nothing, because of `why` (N_()). */
void lk_import_leave(LkImporter *self, LkImportItem *item, const char *why);
/** What no rule named: a line for each that asks for something. */
void lk_import_report_rest(LkImporter *self);

/** An answer. */
LkImportAnswer lk_import_as(const char *value);
LkImportAnswer lk_import_changed(char *value, const char *why); /* takes value */
LkImportAnswer lk_import_refused(const char *why);
LkImportAnswer lk_import_idle(const char *why);

/* Conversions that several programs need. */
LkImportAnswer lk_import_model(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_lora(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_resolution(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_optimizer(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_rate(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_precision(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_pictures(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_output(LkImporter *self, const LkImportItem *item);
/** A rank: one that is larger than any layer stands for LoKr's whole matrices. */
LkImportAnswer lk_import_rank(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_bucket_steps(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_sides(LkImporter *self, const LkImportItem *item);
LkImportAnswer lk_import_warmup(LkImporter *self, const LkImportItem *item);
/** Our name of an optimizer, which other programs write in many ways, or of the one that takes its place. */
const char *lk_import_our_optimizer(const char *theirs);
/** True where ours only takes the place of one that we do not have. */
bool lk_import_optimizer_is_other(const char *theirs);
/** Where the optimizer is none of ours, and its learning rates mean something else than AdamW's. */
bool lk_import_rates_differ(const char *optimizer);

/* Networks and optimizers, which all programs describe by names and values (import_network.c, import_optimizer.c). */
/** One option of the network, "conv_dim" with "8", in sd-scripts' or LyCORIS' words. `shown` is the line's name. */
void lk_import_network_option(LkImporter *self, LkImportItem *item, const char *shown, const char *name,
                              const char *value);
/** A list of them: "algo=loha", "conv_dim=4". */
void lk_import_network_args(LkImporter *self, LkImportItem *item);
/** True where a file of kohya's programs is for a LoKr. */
bool lk_import_is_lokr(LkImporter *self);

/** Where an optimizer's options are found. */
typedef struct LkImportOptions {
    const char *prefix;              /* in front of the names, behind the importer's own prefix */
    const char *optimizer;           /* theirs, or NULL */
    const char *const (*implied)[2]; /* our names and the other program's defaults, up to NULL; or NULL */
} LkImportOptions;

/** Takes the options of an optimizer that are settings of their own as optimizer_args. */
void lk_import_optimizer_options(LkImporter *self, const LkImportOptions *options);
/** The same from one text or a list of "name=value", as kohya's programs have them. */
LkImportAnswer lk_import_optimizer_args(LkImporter *self, const LkImportItem *item);

/** A list of words, from one text or a list. */
LkImportAnswer lk_import_words(const LkImportItem *item);

/** Gives up what keeps the parameters from being a job (import_check.c). */
void lk_import_settle(LkImporter *self);

/** Every item whose last part is a key of sd-scripts', and the defaults that it has otherwise (import_kohya.c). */
void lk_import_take_known(LkImporter *self);
void lk_import_kohya_defaults(LkImporter *self);

/* The programs. */
void lk_import_sd_scripts(LkImporter *self);
void lk_import_kohya_ss(LkImporter *self);
void lk_import_onetrainer(LkImporter *self);
void lk_import_onetrainer_network(LkImporter *self); /* what is trained */
bool lk_import_ai_toolkit(LkImporter *self, const char *source, GError **error);

/* Why settings of other programs are passed over; marked for translation where they are shown. */
#define LK_IMPORT_OF_THE_PROGRAM N_("It is about the other program, not about the training.")
#define LK_IMPORT_OF_A_FAMILY    N_("It counts only for other families of models.")
#define LK_IMPORT_WITH_ANOTHER   N_("It counts only together with another setting, which is off or has its own line.")
