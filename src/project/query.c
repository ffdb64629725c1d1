#include "project/query.h"

#include "project/store_private.h"

#include <math.h>

/** A statement of the cache, or one of its own where that is in use further up (a callback that asks again). */
static void prepare(LkQuery *query, const char *sql)
{
    LkStore *store = query->store;
    query->statement = g_hash_table_lookup(store->statements, sql);
    query->shared = query->statement && !sqlite3_stmt_busy(query->statement);
    if (query->shared)
        return;
    bool keep = !query->statement;
    query->statement = NULL;
    query->code = sqlite3_prepare_v3(store->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &query->statement, NULL);
    if (query->code == SQLITE_OK && keep) {
        g_hash_table_insert(store->statements, g_strdup(sql), query->statement);
        query->shared = true;
    }
}

void lk_query_open_binds(LkQuery *query, LkStore *store, const char *sql, const LkBind *binds)
{
    *query = (LkQuery){.store = store};
    store->failed = SQLITE_OK;
    if (store->depth && sqlite3_get_autocommit(store->db)) {
        /* SQLite has undone the transaction for a failure that was not heeded: nothing may slip out of it. */
        query->code = SQLITE_ABORT_ROLLBACK;
        return;
    }
    prepare(query, sql);
    lk_query_bind(query, binds);
}

static int bind(sqlite3_stmt *statement, int i, const LkBind *value)
{
    switch (value->type) {
    case SQLITE_INTEGER:
        return sqlite3_bind_int64(statement, i, value->integer);
    case SQLITE_FLOAT:
        return isnan(value->real) ? sqlite3_bind_null(statement, i) : sqlite3_bind_double(statement, i, value->real);
    default:
        return sqlite3_bind_text(statement, i, value->text, -1, SQLITE_STATIC);
    }
}

void lk_query_bind(LkQuery *query, const LkBind *binds)
{
    if (query->code != SQLITE_OK && query->code != SQLITE_ROW && query->code != SQLITE_DONE)
        return;
    query->code = sqlite3_reset(query->statement);
    const int most = sqlite3_bind_parameter_count(query->statement);
    for (int i = 0; i < most && binds[i].type && query->code == SQLITE_OK; i++)
        query->code = bind(query->statement, i + 1, &binds[i]);
}

bool lk_query_next(LkQuery *query)
{
    if (query->code != SQLITE_OK && query->code != SQLITE_ROW)
        return false;
    query->code = sqlite3_step(query->statement);
    return query->code == SQLITE_ROW;
}

bool lk_query_repeat(LkQuery *query, const LkBind *binds)
{
    lk_query_bind(query, binds);
    lk_query_next(query);
    return query->code == SQLITE_DONE || query->code == SQLITE_ROW;
}

bool lk_query_close(LkQuery *query, GError **error)
{
    bool ok = query->code == SQLITE_OK || query->code == SQLITE_ROW || query->code == SQLITE_DONE;
    if (!ok && query->code == SQLITE_ABORT_ROLLBACK)
        lk_store_error(error, query->store->path, query->code, sqlite3_errstr(query->code));
    else if (!ok)
        lk_store_fail(query->store, error); /* before the reset, so that the message is still the step's */
    if (query->shared) {
        sqlite3_reset(query->statement);
        sqlite3_clear_bindings(query->statement); /* they pointed into memory of the caller */
    } else {
        sqlite3_finalize(query->statement);
    }
    query->statement = NULL;
    return ok;
}

double lk_query_real(const LkQuery *query, int column)
{
    return lk_query_is_null(query, column) ? NAN : sqlite3_column_double(query->statement, column);
}

GPtrArray *lk_query_list(LkQuery *query, LkQueryMake make, GDestroyNotify free_record, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_record);
    while (lk_query_next(query))
        g_ptr_array_add(list, make(query));
    if (!lk_query_close(query, error))
        g_clear_pointer(&list, g_ptr_array_unref);
    return list;
}

void *lk_query_first(LkQuery *query, LkQueryMake make, const char *missing, GError **error)
{
    void *record = lk_query_next(query) ? make(query) : NULL;
    if (lk_query_close(query, error) && !record && missing)
        lk_set_error(error, LK_ERROR_USAGE, "%s", missing);
    return record;
}

bool lk_query_number(LkQuery *query, gint64 *number, GError **error)
{
    *number = lk_query_next(query) ? lk_query_int(query, 0) : 0;
    return lk_query_close(query, error);
}

bool lk_store_run_binds(LkStore *store, const char *sql, const LkBind *binds, const char *missing, GError **error)
{
    LkQuery query;
    lk_query_open_binds(&query, store, sql, binds);
    lk_query_next(&query);
    int changed = sqlite3_changes(store->db);
    if (!lk_query_close(&query, error))
        return false;
    return !missing || changed > 0 || lk_set_error(error, LK_ERROR_USAGE, "%s", missing);
}

gint64 lk_store_insert_binds(LkStore *store, const char *sql, const LkBind *binds, GError **error)
{
    return lk_store_run_binds(store, sql, binds, NULL, error) ? sqlite3_last_insert_rowid(store->db) : 0;
}

bool lk_store_run_each(LkStore *store, const char *sql, const gint64 *ids, gsize count, LkBind value, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    lk_query_open(&query, store, sql);
    for (gsize i = 0; i < count && lk_query_repeat(&query, LK_BINDS(LK_INT(ids[i]), value)); i++)
        continue;
    return lk_store_end(store, lk_query_close(&query, error), error);
}
