/* The inside of a store, for store.c, query.c and the tests. */
#pragma once

#include "project/schema.h"
#include "project/store.h"

#include <sqlite3.h>

struct LkStore {
    char *path;
    sqlite3 *db;
    GHashTable *statements; /* SQL → sqlite3_stmt */
    int depth;              /* of transactions */
    int failed;             /* SQLite's code, if the last query failed */
};

/** Opens with other tables than the program's: for tests of migration. */
LkStore *lk_store_open_schema(const char *path, const LkSchema *schema, GError **error);

/** Ends the innermost transaction: keeps it if `keep`, else undoes it. Returns true if it was kept. */
bool lk_store_end(LkStore *store, bool keep, GError **error);

/** True if the last query failed because a value is there already that may be there only once. */
bool lk_store_failed_unique(const LkStore *store);

/** Reports what SQLite says of a file; false. `code` is its extended result code, `detail` its own words. */
bool lk_store_error(GError **error, const char *path, int code, const char *detail);
/** The same of the last call of a store. */
bool lk_store_fail(LkStore *store, GError **error);
