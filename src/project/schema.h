/* The tables of the store, as a list of steps from one version to the next. */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/** What is in the file's header, so that no other program's database is taken for ours: "LkSt". */
#define LK_SCHEMA_APPLICATION 0x4c6b5374

/** Step i is the SQL that leads from version i to version i + 1; an empty file has version 0. */
typedef struct LkSchema {
    const char *const *steps;
    int count;
} LkSchema;

/** This program's. */
extern const LkSchema lk_schema;

/** Fails with a sentence about `path` if the database is another program's, or newer than `schema`. Writes nothing. */
bool lk_schema_check(const LkSchema *schema, sqlite3 *db, const char *path, GError **error);

/** Runs the steps that are missing, each in one transaction that also checks foreign keys; another process may do the
 * same at the same time. Foreign keys are off while it runs. */
bool lk_schema_upgrade(const LkSchema *schema, sqlite3 *db, const char *path, GError **error);
