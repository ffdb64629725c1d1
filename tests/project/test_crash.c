/* Killed in the midst of writing, a store is as before or as after; several processes at once; damaged bytes. */
#include "project/history.h"
#include "project/metrics.h"
#include "project/pictures.h"
#include "project/presets.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/tasks.h"
#include "tests/project/fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PICTURES = 1500 };

/** Runs a function in a process of its own that opens its stores itself; its return value is the exit status. */
static pid_t start(int (*body)(const char *path, int number), const char *path, int number)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(body(path, number));
    return child;
}

static gint64 fill(LkStore *store, int count)
{
    gint64 project = lk_projects_create(store, "p", "style", "", NULL);
    gint64 source = lk_sources_add(store, &(LkSourceRecord){.project = project, .path = (char *)"/p"}, NULL);
    g_autofree LkPictureRecord *records = g_new0(LkPictureRecord, count);
    for (int i = 0; i < count; i++)
        records[i] = (LkPictureRecord){.source = source, .path = g_strdup_printf("/p/%04d.png", i), .caption = "0"};
    must(lk_pictures_upsert(store, project, records, (gsize)count, LK_PICTURE_ALL, NULL), NULL, "upsert");
    for (int i = 0; i < count; i++)
        g_free((char *)records[i].path);
    return project;
}

/** One generation: all captions and an undo step that says so, in one transaction. */
static bool write_generation(LkStore *store, gint64 project, int generation)
{
    g_autofree char *text = g_strdup_printf("%d", generation);
    g_autofree LkPictureCaption *captions = g_new0(LkPictureCaption, PICTURES);
    g_autofree LkHistoryChange *changes = g_new0(LkHistoryChange, PICTURES);
    for (int i = 0; i < PICTURES; i++) {
        captions[i] = (LkPictureCaption){.id = i + 1, .text = text};
        changes[i] = (LkHistoryChange){(char *)"/p", (char *)"caption", NULL, text};
    }
    return lk_store_begin(store, NULL) && lk_pictures_set_captions(store, captions, PICTURES, NULL) &&
           lk_history_append(store, project, text, changes, PICTURES, NULL) &&
           lk_history_prune(store, project, 3, NULL) && lk_store_commit(store, NULL);
}

static int write_for_ever(const char *path, int first)
{
    LkStore *store = lk_store_open(path, NULL);
    while (store && write_generation(store, 1, first))
        first++;
    return 1;
}

typedef struct Seen {
    char *text;
    int count, same;
} Seen;

static bool see(const LkPictureRecord *record, void *data)
{
    Seen *seen = data;
    if (!seen->text)
        seen->text = g_strdup(record->caption);
    seen->count++;
    seen->same += same_text(seen->text, record->caption);
    return true;
}

static void test_kill(void)
{
    Fixture f = fixture_new();
    gint64 project = fill(f.store, PICTURES);
    lk_store_close(g_steal_pointer(&f.store));
    int whole = 0, rounds = 12, generation = 0;
    for (int i = 0; i < rounds; i++) {
        pid_t child = start(write_for_ever, f.path, generation + 1);
        g_usleep((gulong)(20000 + 7919 * i));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        fixture_open(&f);
        Seen seen = {0};
        lk_pictures_each(f.store, project, see, &seen, NULL);
        g_auto(LkHistoryState) state = {0};
        lk_history_state(f.store, project, &state, NULL);
        generation = (int)g_ascii_strtoll(seen.text, NULL, 10);
        whole +=
            seen.count == PICTURES && seen.same == PICTURES && lk_store_check(f.store, &f.error) &&
            (generation == 0 || same_text(state.undo_label, seen.text)) &&
            sql_number(f.store, "SELECT count(*) FROM undo_change") == (gint64)PICTURES * (state.undo + state.redo);
        g_free(seen.text);
        lk_store_close(g_steal_pointer(&f.store));
    }
    tap_ok(whole == rounds, "killed %d times, %d generations written, each time whole (%d)", rounds, generation, whole);
    tap_ok(generation > 0, "something was written");
    fixture_free(&f);
}

/** The exit status of a process that may have failed, and why it has. */
static int told(GError *error)
{
    if (!error)
        return 0;
    tap_note("%s", error->message);
    fflush(stdout);
    return 1;
}

static int add_projects(const char *path, int number)
{
    GError *error = NULL;
    LkStore *store = lk_store_open(path, &error);
    for (int i = 0; store && !error && i < 40; i++) {
        g_autofree char *name = g_strdup_printf("%d of %d", i, number);
        gint64 id = lk_projects_create(store, name, "style", "", &error);
        g_autoptr(GPtrArray) list = NULL;
        if (id && lk_settings_set(store, id, "k", "v", &error))
            list = lk_projects_list(store, &error);
    }
    lk_store_close(store);
    return told(error);
}

static int open_and_close(const char *path, int number)
{
    GError *error = NULL;
    for (int i = 0; i < 20 && !error; i++)
        lk_store_close(lk_store_open(path, &error));
    return told(error);
}

static void together(const char *what, int (*body)(const char *, int), const char *path)
{
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = start(body, path, i);
    int failed = 0;
    for (int i = 0; i < 4; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        failed += status != 0;
    }
    tap_ok(failed == 0, "%s", what);
}

static void test_processes(void)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    together("four processes make one store at once and write into it", add_projects, f.path);
    together("and open and close it in turns", open_and_close, f.path);
    fixture_open(&f);
    g_autoptr(GPtrArray) list = lk_projects_list(f.store, NULL);
    tap_ok(list->len == 160 && sql_number(f.store, "SELECT count(*) FROM setting") == 160 &&
               lk_store_check(f.store, &f.error),
           "all that they wrote is there");
    fixture_free(&f);
}

typedef struct Between {
    const char *path;
    int statement, at, made;
} Between;

/** Before one of the statements that look at a new store, another connection tries to make it whole. */
static int make_between(unsigned kind, void *data, void *statement, void *text)
{
    (void)kind, (void)statement, (void)text;
    Between *between = data;
    sqlite3 *db = NULL;
    if (between->statement++ != between->at)
        return 0;
    if (sqlite3_open(between->path, &db) == SQLITE_OK && lk_schema_upgrade(&lk_schema, db, between->path, NULL))
        between->made++;
    sqlite3_close(db);
    return 0;
}

/** A store is looked at before another process makes it, or after, never half and half. */
static void test_made_meanwhile(void)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    Between between = {.path = f.path};
    int looks = 0, passed = 0;
    do {
        sqlite3 *db = NULL;
        g_unlink(f.path);
        must(sqlite3_open(f.path, &db) == SQLITE_OK, NULL, "open");
        sqlite3_trace_v2(db, SQLITE_TRACE_STMT, make_between, &between);
        between.at = looks++;
        between.statement = 0;
        passed += lk_schema_check(&lk_schema, db, f.path, &f.error);
        sqlite3_close(db);
    } while (between.at < between.statement);
    tap_ok(passed == looks && looks > 3 && between.made,
           "made while it is looked at, it is not taken for another program's (%d of %d)%s%s", passed, looks,
           f.error ? ": " : "", f.error ? f.error->message : "");
    fixture_free(&f);
}

static bool ignore_row(const LkPictureRecord *record, void *data)
{
    *(size_t *)data += strlen(record->path) + (record->caption ? strlen(record->caption) : 0);
    return true;
}

/** Reads and writes a bit of everything; nothing is expected but that it ends, and speaks where it fails. */
static void use_all(LkStore *store, int *failures, int *silent)
{
    GError *errors[10] = {NULL};
    size_t bytes = 0;
    LkPresetRecord *preset = NULL;
    LkHistoryStep *step = NULL;
    LkHistoryState state = {0};
    g_autoptr(GPtrArray) projects = lk_projects_list(store, &errors[0]), presets = lk_presets_list(store, &errors[1]);
    g_autoptr(GPtrArray) queue = lk_tasks_queue(store, &errors[2]), sources = lk_sources_list(store, 1, &errors[3]);
    g_autoptr(GHashTable) settings = lk_settings_get_all(store, 1, &errors[4]);
    g_autoptr(GArray) metrics = lk_task_metrics_read(store, 1, 0, &errors[5]);
    bool ok[10] = {projects, presets, queue, sources, settings, metrics};
    ok[6] = lk_pictures_each(store, 1, ignore_row, &bytes, &errors[6]);
    ok[7] = lk_history_peek(store, 1, LK_HISTORY_UNDO, &step, &errors[7]) && lk_history_state(store, 1, &state, NULL);
    ok[8] = lk_settings_set(store, 1, "k", "new", &errors[8]);
    ok[9] = lk_projects_duplicate(store, 1, "copy", "", &errors[9]);
    lk_presets_find(store, "x", &preset, NULL);
    lk_store_check(store, NULL);
    for (int i = 0; i < 10; i++) {
        *failures += !ok[i];
        *silent += !ok[i] && i != 7 && (!errors[i] || !*errors[i]->message);
        g_clear_error(&errors[i]);
    }
    lk_preset_record_free(preset);
    lk_history_step_free(step);
    lk_history_state_clear(&state);
}

/** Changes a few bytes, cuts the end off, or puts zeros over a page. */
static void damage(GRand *random, char *data, gsize *size)
{
    switch (g_rand_int_range(random, 0, 4)) {
    case 0:
        *size = (gsize)g_rand_int_range(random, 1, (gint32)*size);
        break;
    case 1:
        memset(data + (gsize)g_rand_int_range(random, 0, (gint32)(*size / 4096)) * 4096, 0, 4096);
        break;
    default:
        for (int i = g_rand_int_range(random, 1, 40); i > 0; i--)
            data[g_rand_int_range(random, 0, (gint32)(i % 2 ? *size : 4096))] = (char)g_rand_int(random);
    }
}

static void test_damage(void)
{
    Fixture f = fixture_new();
    fill(f.store, 200);
    const LkHistoryChange change = {(char *)"/p", (char *)"caption", NULL, (char *)"x"};
    lk_history_append(f.store, 1, "x", &change, 1, NULL);
    lk_settings_set(f.store, 1, "k", "v", NULL);
    gint64 task = lk_tasks_create(f.store, &(LkTaskRecord){.project = 1}, NULL);
    const LkTaskMetric metric = {.step = 1};
    lk_task_metrics_append(f.store, task, &metric, 1, NULL);
    lk_store_close(g_steal_pointer(&f.store));
    char *good;
    gsize good_size;
    must(g_file_get_contents(f.path, &good, &good_size, NULL), NULL, "read");

    g_autoptr(GRand) random = g_rand_new_with_seed(20240917);
    int opened = 0, refusals = 0, changed = 0, failures = 0, silent = 0;
    const int rounds = 250;
    for (int i = 0; i < rounds; i++) {
        g_autofree char *data = g_memdup2(good, good_size), *after = NULL, *log = g_strconcat(f.path, "-wal", NULL);
        gsize size = good_size, after_size = 0;
        damage(random, data, &size);
        g_unlink(log);
        g_file_set_contents(f.path, data, (gssize)size, NULL);
        LkStore *store = lk_store_open(f.path, &f.error);
        if (store) {
            opened++;
            use_all(store, &failures, &silent);
            lk_store_close(store);
            continue;
        }
        refusals++;
        silent += !f.error || strlen(f.error->message) < 20;
        g_clear_error(&f.error);
        g_file_get_contents(f.path, &after, &after_size, NULL);
        changed += after_size != size || memcmp(after, data, size) != 0;
    }
    tap_note("of %d damaged stores %d opened (%d calls failed on them) and %d were refused", rounds, opened, failures,
             refusals);
    tap_ok(opened && refusals && failures, "damaged stores open or are refused, and nothing crashes");
    tap_ok(silent == 0, "every failure has a sentence (%d have none)", silent);
    tap_ok(changed == 0, "those that are refused are left as they were (%d are not)", changed);
    g_free(good);
    fixture_free(&f);
}

int main(void)
{
    test_processes();
    test_made_meanwhile();
    test_kill();
    test_damage();
    return tap_done();
}
