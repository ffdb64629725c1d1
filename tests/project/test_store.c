/* Opening, transactions, and every kind of file that is no store. */
#include "project/projects.h"
#include "project/query.h"
#include "project/settings.h"
#include "tests/project/fixture.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static gint64 add_project(Fixture *f, const char *name)
{
    gint64 id = lk_projects_create(f->store, name, "style", "/out", &f->error);
    must(id, f->error, "create");
    return id;
}

static guint project_count(Fixture *f)
{
    g_autoptr(GPtrArray) list = lk_projects_list(f->store, &f->error);
    must(list, f->error, "list");
    return list->len;
}

static void test_open(void)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "a", "ü b", "store.db", NULL);
    fixture_open(&f);
    tap_ok(g_file_test(f.path, G_FILE_TEST_IS_REGULAR), "missing folders are made");
    tap_ok(lk_store_version(f.store) == lk_schema.count, "a new store has the newest version");
    tap_ok(same_text(lk_store_path(f.store), f.path), "it knows its path");
    tap_ok(sql_number(f.store, "PRAGMA foreign_keys") == 1 && sql_number(f.store, "PRAGMA synchronous") == 1 &&
               sql_number(f.store, "PRAGMA busy_timeout") > 1000 &&
               sql_number(f.store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode") == 1,
           "write-ahead log, foreign keys, a timeout");
    add_project(&f, "one");
    fixture_reopen(&f);
    tap_ok(project_count(&f) == 1, "what was stored is there after opening again");
    tap_ok(lk_store_check(f.store, &f.error), "a good store passes the check");
    lk_store_close(NULL);
    fixture_free(&f);
}

static bool add_and(LkStore *store, void *data, GError **error)
{
    lk_projects_create(store, "in body", "style", "", NULL);
    return data || lk_set_error(error, LK_ERROR_STOPPED, "no");
}

static void test_transactions(void)
{
    Fixture f = fixture_new();
    must(lk_store_begin(f.store, &f.error), f.error, "begin");
    add_project(&f, "a");
    lk_store_rollback(f.store);
    tap_ok(project_count(&f) == 0, "a rollback undoes");
    lk_store_rollback(f.store);
    tap_ok(project_count(&f) == 0, "a rollback without a transaction is nothing");

    lk_store_begin(f.store, NULL);
    add_project(&f, "a");
    lk_store_begin(f.store, NULL);
    add_project(&f, "b");
    lk_store_rollback(f.store);
    lk_store_begin(f.store, NULL);
    add_project(&f, "c");
    tap_ok(lk_store_commit(f.store, NULL) && lk_store_commit(f.store, NULL), "nested transactions end one by one");
    g_autoptr(GPtrArray) list = lk_projects_list(f.store, NULL);
    tap_ok(list->len == 2 && same_text(((LkProjectRecord *)list->pdata[0])->name, "c") &&
               same_text(((LkProjectRecord *)list->pdata[1])->name, "a"),
           "an inner rollback undoes only the inner part");

    lk_store_begin(f.store, NULL);
    add_project(&f, "d");
    fixture_reopen(&f);
    tap_ok(project_count(&f) == 2, "closing undoes what is open");

    tap_ok(lk_store_transaction(f.store, add_and, &f, &f.error) && project_count(&f) == 3, "a body that is content");
    tap_ok(!lk_store_transaction(f.store, add_and, NULL, &f.error) && project_count(&f) == 3, "a body that is not");
    refused(&f.error, LK_ERROR_STOPPED, "no", "such a body");
    fixture_free(&f);
}

static void test_same_statement_twice(void)
{
    Fixture f = fixture_new();
    add_project(&f, "a");
    add_project(&f, "b");
    LkQuery outer, inner;
    int pairs = 0;
    static const char sql[] = "SELECT id FROM project ORDER BY id";
    lk_query_open(&outer, f.store, sql);
    while (lk_query_next(&outer)) {
        lk_query_open(&inner, f.store, sql);
        while (lk_query_next(&inner))
            pairs++;
        lk_query_close(&inner, NULL);
    }
    tap_ok(lk_query_close(&outer, &f.error) && pairs == 4, "a statement can run within itself");
    lk_query_open(&outer, f.store, "SELECT x FROM nowhere");
    tap_ok(!lk_query_next(&outer) && !lk_query_close(&outer, &f.error), "a wrong statement fails at its close");
    refused(&f.error, LK_ERROR_FORMAT, "nowhere", "it");
    fixture_free(&f);
}

/** Opening a file with this content fails so, and leaves it alone. */
static void refused_content(const char *what, const void *content, size_t size, LkErrorCode code, const char *words)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    g_file_set_contents(f.path, content, (gssize)size, NULL);
    f.store = lk_store_open(f.path, &f.error);
    tap_ok(!f.store, "%s is no store", what);
    refused(&f.error, code, words, what);
    g_autofree char *after = NULL;
    size_t after_size = 0;
    g_file_get_contents(f.path, &after, &after_size, NULL);
    tap_ok(after_size == size && !memcmp(after, content, size), "%s is left as it was", what);
    fixture_free(&f);
}

/** The bytes of a database that these statements make in an empty file, or in a new store. */
static GBytes *database(bool of_store, const char *sql)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    if (of_store) {
        fixture_open(&f);
        lk_store_close(g_steal_pointer(&f.store));
    }
    sqlite3 *db = NULL;
    must(sqlite3_open(f.path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, NULL, sql);
    sqlite3_close(db);
    char *data;
    size_t size;
    must(g_file_get_contents(f.path, &data, &size, NULL), NULL, "read");
    fixture_free(&f);
    return g_bytes_new_take(data, size);
}

static void test_refused_files(void)
{
    char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    refused_content("noise", noise, sizeof noise, LK_ERROR_FORMAT, "is not a store of Lorikeet");
    refused_content("a text", "hello\n", 6, LK_ERROR_FORMAT, "is not a store of Lorikeet");

    g_autoptr(GBytes) other = database(false, "CREATE TABLE moz_cookies (id INTEGER)");
    gsize size;
    const void *data = g_bytes_get_data(other, &size);
    refused_content("a browser's database", data, size, LK_ERROR_FORMAT, "database of another program");
    g_autoptr(GBytes) marked = database(false, "PRAGMA application_id = 77");
    data = g_bytes_get_data(marked, &size);
    refused_content("a marked database", data, size, LK_ERROR_FORMAT, "database of another program");

    g_autoptr(GBytes) newer = database(true, "PRAGMA user_version = 99");
    data = g_bytes_get_data(newer, &size);
    refused_content("a newer store", data, size, LK_ERROR_UNSUPPORTED, "newer Lorikeet (its version is 99");

    g_autoptr(GBytes) good = database(true, "SELECT 1");
    data = g_bytes_get_data(good, &size);
    refused_content("half a store", data, size / 2, LK_ERROR_FORMAT, "is damaged");
    refused_content("a header alone", data, 100, LK_ERROR_FORMAT, "store");
    g_autofree char *garbled = g_memdup2(data, size);
    memset(garbled + 100, 0xee, 400);
    refused_content("a store with a garbled first page", garbled, size, LK_ERROR_FORMAT, "is damaged");
}

static void test_empty_file(void)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    g_file_set_contents(f.path, "", 0, NULL);
    fixture_open(&f);
    tap_ok(add_project(&f, "a"), "an empty file becomes a store");
    fixture_free(&f);

    g_autofree char *folder = scratch_new();
    GError *error = NULL;
    tap_ok(!lk_store_open(folder, &error), "a folder is no store");
    refused(&error, LK_ERROR_IO, "cannot be opened", "a folder");
    scratch_text(folder, "file", "x");
    g_autofree char *below = g_build_filename(folder, "file", "store.db", NULL);
    tap_ok(!lk_store_open(below, &error), "nor is there one below a file");
    tap_ok(error && *error->message, "that is refused: %s", error ? error->message : "");
    g_clear_error(&error);
    scratch_remove(folder);
}

/** What opening says in a process that has no rights beyond those of the files' modes, even as root. "" if it opens. */
static char *open_without_rights(const char *path)
{
    int ends[2];
    must(pipe(ends) == 0, NULL, "pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct none[2] = {0};
        syscall(SYS_capset, &header, none);
        GError *error = NULL;
        LkStore *store = lk_store_open(path, &error);
        const char *text = store ? "" : error->message;
        ssize_t ignored = write(ends[1], text, strlen(text) + 1);
        _exit(ignored < 0);
    }
    close(ends[1]);
    GString *text = g_string_new("");
    char part[256];
    for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;)
        g_string_append_len(text, part, n);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return g_string_free(text, FALSE);
}

static void test_no_rights(void)
{
    Fixture f = fixture_new();
    add_project(&f, "a");
    lk_store_close(g_steal_pointer(&f.store));
    g_autofree char *new_one = g_build_filename(f.folder, "new.db", NULL);
    g_autofree char *new_folder = g_build_filename(f.folder, "new", "new.db", NULL);

    g_chmod(f.folder, 0500);
    g_autofree char *made = open_without_rights(new_one), *there = open_without_rights(f.path),
                    *folder = open_without_rights(new_folder);
    g_chmod(f.folder, 0700);
    tap_ok(strstr(made, "cannot be opened") || strstr(made, "may not be written"), "read-only folder, new: %s", made);
    tap_ok(strstr(there, "cannot be opened") || strstr(there, "may not be written"), "read-only folder: %s", there);
    tap_ok(strlen(folder) > 20, "a folder that cannot be made: %s", folder);

    g_chmod(f.path, 0400);
    g_autofree char *read_only = open_without_rights(f.path);
    g_chmod(f.path, 0000);
    g_autofree char *unreadable = open_without_rights(f.path);
    g_chmod(f.path, 0600);
    tap_ok(strstr(read_only, "may not be written"), "read-only file: %s", read_only);
    tap_ok(strstr(unreadable, "cannot be opened"), "unreadable file: %s", unreadable);
    fixture_open(&f);
    tap_ok(project_count(&f) == 1, "and it opens again when rights are back");
    fixture_free(&f);
}

static void test_full(void)
{
    Fixture f = fixture_new();
    gint64 project = add_project(&f, "a");
    g_autofree char *large = g_strnfill(200000, 'x');
    g_autofree char *limit =
        g_strdup_printf("PRAGMA max_page_count = %d", (int)sql_number(f.store, "PRAGMA page_count") + 4);
    sql_number(f.store, limit);
    must(lk_settings_set(f.store, project, "k", "small", &f.error), f.error, "set");
    tap_ok(!lk_settings_set(f.store, project, "k", large, &f.error), "a full disk");
    refused(&f.error, LK_ERROR_IO, "disk is full", "what does not fit");

    g_autoptr(GHashTable) many = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (int i = 0; i < 300; i++)
        g_hash_table_insert(many, g_strdup_printf("key %d", i), g_strnfill(1000, 'y'));
    tap_ok(!lk_settings_replace(f.store, project, many, &f.error), "full in the middle of a bulk change");
    refused(&f.error, LK_ERROR_IO, "disk is full", "it");
    lk_store_begin(f.store, NULL);
    add_project(&f, "outer");
    bool inner = lk_settings_replace(f.store, project, many, NULL);
    /* SQLite undoes all of the transaction then. A caller that does not heed it and goes on must not write past it. */
    tap_ok(!inner && !lk_projects_create(f.store, "after", "style", "", &f.error), "what follows fails too");
    refused(&f.error, LK_ERROR_IO, "undone as a whole", "it");
    tap_ok(!lk_store_commit(f.store, &f.error), "and so does the commit");
    refused(&f.error, LK_ERROR_IO, "undone as a whole", "it");
    tap_ok(project_count(&f) == 1, "the store is as before the transaction");

    g_autofree char *value = NULL;
    lk_settings_get(f.store, project, "k", &value, NULL);
    tap_ok(same_text(value, "small") && sql_number(f.store, "SELECT count(*) FROM setting") == 1,
           "nothing of what failed is there");
    sql_number(f.store, "PRAGMA max_page_count = 1000000");
    tap_ok(lk_settings_replace(f.store, project, many, &f.error) && lk_store_check(f.store, &f.error),
           "with room it works");
    fixture_free(&f);
}

static void test_busy(void)
{
    Fixture f = fixture_new();
    LkStore *second = lk_store_open(f.path, &f.error);
    sqlite3_busy_timeout(second->db, 50);
    lk_store_begin(f.store, NULL);
    add_project(&f, "a");
    g_autoptr(GPtrArray) list = lk_projects_list(second, &f.error);
    tap_ok(list && list->len == 0, "a reader sees the state before a transaction that goes on");
    tap_ok(!lk_projects_create(second, "b", "style", "", &f.error), "a second writer gives up after its time");
    refused(&f.error, LK_ERROR_IO, "in use by another program", "it");
    lk_store_commit(f.store, NULL);
    tap_ok(lk_projects_create(second, "b", "style", "", &f.error) && project_count(&f) == 2,
           "afterwards both see both");
    lk_store_close(second);
    fixture_free(&f);
}

static void *commit_later(void *db)
{
    g_usleep(300 * 1000);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

/** A store with the old kind of journal becomes one with a write-ahead log, which needs it alone: it waits. */
static void test_waits_for_log(void)
{
    static const char *const locks[] = {"BEGIN; SELECT count(*) FROM project", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"};
    for (gsize i = 0; i < G_N_ELEMENTS(locks); i++) {
        Fixture f = fixture_new();
        lk_store_close(g_steal_pointer(&f.store));
        sqlite3 *db = NULL;
        must(sqlite3_open(f.path, &db) == SQLITE_OK &&
                 sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) == SQLITE_OK &&
                 sqlite3_exec(db, locks[i], NULL, NULL, NULL) == SQLITE_OK,
             NULL, "lock");
        GThread *thread = g_thread_new("commit", commit_later, db);
        f.store = lk_store_open(f.path, &f.error);
        tap_ok(f.store, "waits for another program: %s", f.error ? f.error->message : locks[i]);
        g_thread_join(thread);
        sqlite3_close(db);
        fixture_free(&f);
    }
}

static void test_copy_and_aside(void)
{
    Fixture f = fixture_new();
    add_project(&f, "a");
    g_autofree char *copy = g_build_filename(f.folder, "copy.db", NULL);
    tap_ok(lk_store_copy_to(f.store, copy, &f.error), "a copy");
    LkStore *second = lk_store_open(copy, &f.error);
    g_autoptr(GPtrArray) list = lk_projects_list(second, NULL);
    tap_ok(second && list->len == 1 && lk_store_version(second) == lk_schema.count, "is a store with all in it");
    lk_store_close(second);
    tap_ok(!lk_store_copy_to(f.store, copy, &f.error), "never over another file");
    refused(&f.error, LK_ERROR_USAGE, "is there already", "a name that is taken");
    g_autofree char *nowhere = g_build_filename(f.folder, "no", "copy.db", NULL);
    tap_ok(!lk_store_copy_to(f.store, nowhere, &f.error), "nor into a folder that is not there");
    refused(&f.error, LK_ERROR_IO, "cannot be opened", "it");
    lk_store_close(g_steal_pointer(&f.store));

    scratch_text(f.folder, "store.db-wal", "log");
    for (int i = 0; i < 2; i++) {
        scratch_text(f.folder, "store.db", "garbage that is no store");
        g_autofree char *aside = lk_store_set_aside(f.path, &f.error);
        g_autofree char *text = NULL;
        g_file_get_contents(aside, &text, NULL, NULL);
        tap_ok(aside && strstr(text, "garbage") && !g_file_test(f.path, G_FILE_TEST_EXISTS), "set aside: %s",
               aside + strlen(f.folder));
    }
    g_autofree char *log = g_strconcat(f.path, ".damaged-wal", NULL);
    tap_ok(g_file_test(log, G_FILE_TEST_EXISTS), "with its log");
    tap_ok(!lk_store_set_aside(f.path, &f.error), "what is not there cannot be");
    refused(&f.error, LK_ERROR_IO, "cannot be renamed", "it");
    fixture_open(&f);
    tap_ok(project_count(&f) == 0, "a new one begins");
    fixture_free(&f);
}

int main(void)
{
    test_open();
    test_transactions();
    test_same_statement_twice();
    test_refused_files();
    test_empty_file();
    test_no_rights();
    test_full();
    test_busy();
    test_waits_for_log();
    test_copy_and_aside();
    return tap_done();
}
