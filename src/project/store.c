#include "project/store.h"

#include "base/file.h"
#include "project/query.h"
#include "project/store_private.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 10000
#define BUSY_TRIES      100 /* of 100 ms, where SQLite itself does not wait */

static bool exec(LkStore *store, const char *sql, GError **error)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || lk_store_fail(store, error);
}

/** lk_moved(path, old, new): a path that is `old` or below it, as it is after old became new; others as they are. In
 * bytes, since paths need not be UTF-8. */
static void moved(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *path = (const char *)sqlite3_value_text(values[0]);
    const char *from = (const char *)sqlite3_value_text(values[1]), *to = (const char *)sqlite3_value_text(values[2]);
    size_t size = from ? strlen(from) : 0;
    if (!path || !from || !to || strncmp(path, from, size) != 0 || (path[size] && path[size] != '/')) {
        sqlite3_result_value(context, values[0]);
        return;
    }
    sqlite3_result_text(context, g_strconcat(to, path + size, NULL), -1, g_free);
}

/** SQLite does not wait for another process while that changes to a write-ahead log, recovers or removes it. */
static bool use_log(LkStore *store, GError **error)
{
    for (int i = 0; i < BUSY_TRIES; i++) {
        int code = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return true; /* a file system that cannot have one keeps the old journal, which is as safe */
        if ((code & 0xff) != SQLITE_BUSY)
            break;
        g_usleep(100 * 1000);
    }
    return lk_store_fail(store, error);
}

/** Reads before it writes, so that a file that is refused stays as it is. */
static bool set_up(LkStore *store, const LkSchema *schema, GError **error)
{
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_create_function(store->db, "lk_moved", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, moved, NULL,
                                NULL) != SQLITE_OK)
        return lk_store_fail(store, error);
    if (!lk_schema_check(schema, store->db, store->path, error))
        return false;
    if (sqlite3_db_readonly(store->db, "main") == 1)
        return lk_store_error(error, store->path, SQLITE_READONLY, "");
    return use_log(store, error) &&
           exec(store,
                "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000;"
                "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF",
                error) &&
           lk_schema_upgrade(schema, store->db, store->path, error) && exec(store, "PRAGMA foreign_keys = ON", error);
}

static void finalize(void *statement)
{
    sqlite3_finalize(statement);
}

LkStore *lk_store_open_schema(const char *path, const LkSchema *schema, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    LkError failed = {0};
    if (!lk_make_folders(folder, &failed)) {
        lk_gerror_take(error, &failed);
        return NULL;
    }
    LkStore *store = g_new0(LkStore, 1);
    store->path = g_strdup(path);
    store->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, finalize);
    int code =
        sqlite3_open_v2(path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        lk_store_error(error, path, code, sqlite3_errstr(code));
    if (code == SQLITE_OK && set_up(store, schema, error))
        return store;
    lk_store_close(store);
    return NULL;
}

LkStore *lk_store_open(const char *path, GError **error)
{
    return lk_store_open_schema(path, &lk_schema, error);
}

void lk_store_close(LkStore *store)
{
    if (!store)
        return;
    g_hash_table_unref(store->statements);
    sqlite3_close(store->db);
    g_free(store->path);
    g_free(store);
}

const char *lk_store_path(const LkStore *store)
{
    return store->path;
}

int lk_store_version(const LkStore *store)
{
    sqlite3_stmt *statement = NULL;
    int version = 0;
    if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return version;
}

/** BEGIN and COMMIT for the outermost transaction, savepoints inside it. */
static bool mark(LkStore *store, const char *outer, const char *inner, int depth, GError **error)
{
    char sql[64];
    g_snprintf(sql, sizeof sql, "%s lk%d", inner, depth);
    return lk_store_run_binds(store, depth ? sql : outer, LK_BINDS(), NULL, error);
}

bool lk_store_begin(LkStore *store, GError **error)
{
    if (!mark(store, "BEGIN IMMEDIATE", "SAVEPOINT", store->depth, error))
        return false;
    store->depth++;
    return true;
}

bool lk_store_commit(LkStore *store, GError **error)
{
    g_return_val_if_fail(store->depth > 0, false);
    if (mark(store, "COMMIT", "RELEASE", store->depth - 1, error)) {
        store->depth--;
        return true;
    }
    lk_store_rollback(store);
    return false;
}

void lk_store_rollback(LkStore *store)
{
    if (!store->depth)
        return;
    store->depth--;
    if (sqlite3_get_autocommit(store->db))
        return; /* SQLite has done so already */
    if (!store->depth) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        return;
    }
    char sql[64];
    g_snprintf(sql, sizeof sql, "ROLLBACK TO lk%d; RELEASE lk%d", store->depth, store->depth);
    sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

bool lk_store_end(LkStore *store, bool keep, GError **error)
{
    if (keep)
        return lk_store_commit(store, error);
    lk_store_rollback(store);
    return false;
}

bool lk_store_transaction(LkStore *store, LkStoreBody body, void *data, GError **error)
{
    return lk_store_begin(store, error) && lk_store_end(store, body(store, data, error), error);
}

bool lk_store_check(LkStore *store, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, "PRAGMA integrity_check(1)");
    g_autofree char *found = lk_query_next(&query) ? lk_query_dup(&query, 0) : NULL;
    if (!lk_query_close(&query, error))
        return false;
    return g_strcmp0(found, "ok") == 0 || lk_store_error(error, store->path, SQLITE_CORRUPT, found);
}

bool lk_store_copy_to(LkStore *store, const char *path, GError **error)
{
    g_return_val_if_fail(!store->depth, false);
    g_autofree char *shown = g_filename_display_name(path);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return lk_set_error(error, LK_ERROR_USAGE, _("“%s” is there already. Choose another name."), shown);
    if (lk_store_run(store, NULL, "VACUUM INTO ?", LK_TEXT(path)))
        return true;
    g_unlink(path); /* what there is of it */
    return lk_store_error(error, path, store->failed, sqlite3_errmsg(store->db));
}

/** Renames path + suffix, if it is there. */
static bool rename_part(const char *path, const char *to, const char *suffix, GError **error)
{
    g_autofree char *from_name = g_strconcat(path, suffix, NULL), *to_name = g_strconcat(to, suffix, NULL);
    if (g_rename(from_name, to_name) == 0 || (errno == ENOENT && *suffix))
        return true;
    int code = errno;
    g_autofree char *shown = g_filename_display_name(from_name);
    return lk_set_error(error, LK_ERROR_IO, _("“%s” cannot be renamed: %s."), shown, g_strerror(code));
}

char *lk_store_set_aside(const char *path, GError **error)
{
    g_autofree char *to = g_strconcat(path, ".damaged", NULL);
    for (int i = 2; g_file_test(to, G_FILE_TEST_EXISTS); i++) {
        g_free(to);
        to = g_strdup_printf("%s.damaged-%d", path, i);
    }
    if (!rename_part(path, to, "", error))
        return NULL;
    /* Without its log a store lacks what was written last: both or none. */
    if (!rename_part(path, to, "-wal", error)) {
        g_rename(to, path);
        return NULL;
    }
    rename_part(path, to, "-shm", NULL); /* holds nothing that is not in the log */
    return g_steal_pointer(&to);
}
