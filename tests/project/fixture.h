/* A store in a temporary folder, and checks of what it answers. */
#pragma once

#include "project/store.h"
#include "project/store_private.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

typedef struct Fixture {
    char *folder, *path;
    LkStore *store;
    GError *error; /* of the last call that was given it */
} Fixture;

/** Ends the test program where it could not go on. */
static inline void must(bool ok, const GError *error, const char *what)
{
    if (!ok)
        g_error("%s: %s", what, error ? error->message : "no reason given");
}

static inline void fixture_open(Fixture *fixture)
{
    fixture->store = lk_store_open(fixture->path, &fixture->error);
    must(fixture->store, fixture->error, "open");
}

static inline Fixture fixture_new(void)
{
    Fixture fixture = {.folder = scratch_new()};
    fixture.path = g_build_filename(fixture.folder, "store.db", NULL);
    fixture_open(&fixture);
    return fixture;
}

static inline void fixture_reopen(Fixture *fixture)
{
    lk_store_close(fixture->store);
    fixture_open(fixture);
}

static inline void fixture_free(Fixture *fixture)
{
    lk_store_close(fixture->store);
    g_clear_error(&fixture->error);
    scratch_remove(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->path);
}

/** One check: the call failed with this code and a sentence that contains `words`. Clears the error. */
static inline bool refused(GError **error, LkErrorCode code, const char *words, const char *what)
{
    bool ok = *error && lk_gerror_code(*error) == code && strstr((*error)->message, words);
    tap_ok(ok, "%s is refused: %s", what, *error ? (*error)->message : "(no error)");
    g_clear_error(error);
    return ok;
}

/** The number that a statement gives, past all functions of the store. */
static inline gint64 sql_number(LkStore *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    gint64 number = -1;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static inline bool same_text(const char *a, const char *b)
{
    return g_strcmp0(a, b) == 0;
}
