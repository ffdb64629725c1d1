/* Settings of other trainers as parameters of ours, with a report that leaves nothing out in silence.
 *
 * Read are kohya sd-scripts' TOML and JSON, presets of its front end kohya_ss (JSON), OneTrainer's JSON and
 * ai-toolkit's YAML or JSON; which of them it is shows in the content. Where a file is silent and the other program's
 * default is not ours, its default is taken, and the report says so. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum LkImportFormat {
    LK_IMPORT_SD_SCRIPTS,
    LK_IMPORT_KOHYA_SS,
    LK_IMPORT_ONETRAINER,
    LK_IMPORT_AI_TOOLKIT,
} LkImportFormat;

/** "kohya sd-scripts", …: names of programs, the same in every language. */
const char *lk_import_format_name(LkImportFormat format);

typedef enum LkImportKind {
    LK_IMPORT_TAKEN,       /* the same thing under our name */
    LK_IMPORT_CHANGED,     /* taken, but not as it was written: `why` */
    LK_IMPORT_UNSUPPORTED, /* not taken, and the result will differ: `why` */
    LK_IMPORT_IDLE,        /* not taken, and nothing is lost: `why` */
} LkImportKind;

/** What became of one setting. */
typedef struct LkImportLine {
    LkImportKind kind;
    char *name, *value; /* in the other program's words; value is NULL where its default was taken */
    char *key, *result; /* our parameter and its value; NULL where there is none */
    char *why;          /* whole sentences, or NULL */
} LkImportLine;

typedef struct LkImport {
    LkImportFormat format;
    GHashTable *values; /* char * → char *: parameters that differ from our defaults, as lk_job_set takes them */
    GPtrArray *lines;   /* LkImportLine, in the order of the file */
} LkImport;

/** Reads a file of settings. Fails where it cannot be read, is none of the formats, or is not for training a LoRA. */
LkImport *lk_import_read(const char *path, GError **error);
/** The same from text; relative paths begin in `folder` (NULL: the current one); `source` is what messages call it. */
LkImport *lk_import_parse(const char *text, size_t size, const char *source, const char *folder, GError **error);
void lk_import_free(LkImport *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkImport, lk_import_free)

/** How many lines are of this kind. */
guint lk_import_count(const LkImport *import, LkImportKind kind);
