/* Statements for the files of this folder: prepared once, bound by value, read row by row.
 *
 *     LkQuery query;
 *     lk_query_open(&query, store, "SELECT name FROM project WHERE id = ?", LK_INT(id));
 *     while (lk_query_next(&query))
 *         use(lk_query_text(&query, 0));
 *     return lk_query_close(&query, error);
 *
 * What goes wrong anywhere in between is reported by the close. */
#pragma once

#include "project/store.h"

#include <sqlite3.h>

/** A value of a statement's parameter. */
typedef struct LkBind {
    int type; /* of SQLite; 0 ends a list */
    union {
        gint64 integer;
        double real;
        const char *text;
    };
} LkBind;

#define LK_INT(x)  ((LkBind){SQLITE_INTEGER, .integer = (x)})
#define LK_REAL(x) ((LkBind){SQLITE_FLOAT, .real = (x)}) /* NaN becomes NULL */
#define LK_TEXT(x) ((LkBind){SQLITE_TEXT, .text = (x)})  /* NULL becomes NULL; must outlive the query */
/** A list of any number of values. */
#define LK_BINDS(...) ((const LkBind[]){__VA_ARGS__ __VA_OPT__(, ){0}})

typedef struct LkQuery {
    LkStore *store;
    sqlite3_stmt *statement; /* NULL after a failure to prepare */
    bool shared;             /* belongs to the store's cache */
    int code;                /* of the last call */
} LkQuery;

/** Prepares and binds. Values behind the statement's last parameter are ignored, so that a list of statements can share
 * them; parameters without a value are NULL. */
#define lk_query_open(query, store, sql, ...) lk_query_open_binds(query, store, sql, LK_BINDS(__VA_ARGS__))
void lk_query_open_binds(LkQuery *query, LkStore *store, const char *sql, const LkBind *binds);
/** Starts anew with other values. */
void lk_query_bind(LkQuery *query, const LkBind *binds);
/** To the next row; false at the end or after a failure. */
bool lk_query_next(LkQuery *query);
/** Like bind and next for a statement without rows; false after a failure. */
bool lk_query_repeat(LkQuery *query, const LkBind *binds);
/** False and an error if anything failed since the query was opened. */
bool lk_query_close(LkQuery *query, GError **error);

static inline gint64 lk_query_int(const LkQuery *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}
/** Valid until the next row; NULL for NULL. */
static inline const char *lk_query_text(const LkQuery *query, int column)
{
    return (const char *)sqlite3_column_text(query->statement, column);
}
static inline char *lk_query_dup(const LkQuery *query, int column)
{
    return g_strdup(lk_query_text(query, column));
}
static inline bool lk_query_is_null(const LkQuery *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}
/** NaN for NULL. */
double lk_query_real(const LkQuery *query, int column);

/** Makes a record of the present row. */
typedef void *(*LkQueryMake)(const LkQuery *query);
/** Closes the query and returns all its rows; NULL on failure. */
GPtrArray *lk_query_list(LkQuery *query, LkQueryMake make, GDestroyNotify free_record, GError **error);
/** Closes the query and returns its first row, or NULL with LK_ERROR_USAGE and the sentence `missing`; with NULL for
 * `missing` it is no error that there is none. */
void *lk_query_first(LkQuery *query, LkQueryMake make, const char *missing, GError **error);
/** Closes the query and returns the number in its first row, 0 if it has none; false on failure. */
bool lk_query_number(LkQuery *query, gint64 *number, GError **error);

/** Runs a statement without rows. */
#define lk_store_run(store, error, sql, ...) lk_store_run_binds(store, sql, LK_BINDS(__VA_ARGS__), NULL, error)
/** The same; LK_ERROR_USAGE and the sentence `missing` where it changed no row. */
#define lk_store_run_on(store, error, missing, sql, ...)                                                               \
    lk_store_run_binds(store, sql, LK_BINDS(__VA_ARGS__), missing, error)
bool lk_store_run_binds(LkStore *store, const char *sql, const LkBind *binds, const char *missing, GError **error);

/** Runs an INSERT; returns the row's number, 0 on failure. */
#define lk_store_insert(store, error, sql, ...) lk_store_insert_binds(store, sql, LK_BINDS(__VA_ARGS__), error)
gint64 lk_store_insert_binds(LkStore *store, const char *sql, const LkBind *binds, GError **error);

/** Runs a statement once for each number, as its parameter ?1, with the other values; all in one transaction. */
bool lk_store_run_each(LkStore *store, const char *sql, const gint64 *ids, gsize count, LkBind value, GError **error);
