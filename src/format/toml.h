/* Reader of TOML 1.0 (without dates, which no setting of ours needs and which are refused by name), and a small writer.
 *
 * A document is a tree of typed nodes that remember their line, so that a later check of a value can point at it.
 * Limits: 16 MB, 64 levels. Texts with NUL are refused (\u0000). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum LkTomlType {
    LK_TOML_STRING,
    LK_TOML_INTEGER,
    LK_TOML_FLOAT,
    LK_TOML_BOOLEAN,
    LK_TOML_ARRAY,
    LK_TOML_TABLE,
} LkTomlType;

typedef struct LkToml LkToml;         /* a document; owns its nodes */
typedef struct LkTomlNode LkTomlNode; /* lives as long as its document */

/** Parses UTF-8 text; `source` is what messages call it ("job.toml line 3, column 7: …"). */
LkToml *lk_toml_parse(const char *text, size_t size, const char *source, GError **error);
/** Reads and parses a file. */
LkToml *lk_toml_read(const char *path, GError **error);
void lk_toml_free(LkToml *toml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkToml, lk_toml_free)

/** The table that holds everything. */
const LkTomlNode *lk_toml_root(const LkToml *toml);
/** What the document calls itself in messages. */
const char *lk_toml_source(const LkToml *toml);

LkTomlType lk_toml_type(const LkTomlNode *node);
/** "a string", "an integer", … for messages. */
const char *lk_toml_type_name(LkTomlType type);
/** Its key where it is a member of a table, else NULL. */
const char *lk_toml_key(const LkTomlNode *node);
/** Where it stands in the source, from 1 (the root: line 1). */
int lk_toml_line(const LkTomlNode *node);
int lk_toml_column(const LkTomlNode *node);

/** Members of a table or elements of an array, in the order of the document; 0 for others. */
size_t lk_toml_count(const LkTomlNode *node);
const LkTomlNode *lk_toml_at(const LkTomlNode *node, size_t i);
/** The member of that key, or NULL (also where `node` is NULL or no table). */
const LkTomlNode *lk_toml_get(const LkTomlNode *node, const char *key);

/** Values. Each expects the right type (see lk_toml_type) and gives NULL, 0 or false for another. */
const char *lk_toml_string(const LkTomlNode *node);
int64_t lk_toml_integer(const LkTomlNode *node);
double lk_toml_number(const LkTomlNode *node); /* integer or float */
bool lk_toml_boolean(const LkTomlNode *node);

/** Writer of flat tables: each appends `key = value` and a line end. Keys are quoted where they must be. */
void lk_toml_write_string(GString *out, const char *key, const char *value);
void lk_toml_write_integer(GString *out, const char *key, int64_t value);
void lk_toml_write_float(GString *out, const char *key, double value); /* reads back to the same double */
void lk_toml_write_boolean(GString *out, const char *key, bool value);
/** `[name]`, or `[[name]]` for an element of an array of tables. The name is one key, not dotted. */
void lk_toml_write_header(GString *out, const char *name, bool array_element);
/** A quoted basic string alone. */
void lk_toml_append_quoted(GString *out, const char *value);
