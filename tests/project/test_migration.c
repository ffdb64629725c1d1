/* Stores of earlier versions, kept as version_N.sql, become stores of the newest one with all that is in them; and
 * steps that fail leave the store as it was. */
#include "project/history.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/pictures.h"
#include "project/presets.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/speeds.h"
#include "project/tasks.h"
#include "project/views.h"
#include "tests/project/fixture.h"

#include <math.h>

/** What these statements make in a new file, not opened as a store yet. */
static Fixture fixture_of(const char *sql)
{
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    sqlite3 *db = NULL;
    char *message = NULL;
    must(sqlite3_open(f.path, &db) == SQLITE_OK, NULL, "open");
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        g_error("%s", message);
    sqlite3_close(db);
    return f;
}

/** All text of the first column, line by line. */
static char *sql_lines(LkStore *store, const char *sql)
{
    GString *text = g_string_new("");
    sqlite3_stmt *statement = NULL;
    must(sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK, NULL, sql);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_string_append_printf(text, "%s\n", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return g_string_free(text, FALSE);
}

static char *schema_of(LkStore *store)
{
    return sql_lines(store, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1");
}

static bool first_picture(const LkPictureRecord *r, void *data)
{
    *(bool *)data = r->id == 1 && r->source == 1 && r->size == 12345 && r->mtime_ns == 1700000000123456789 &&
                    r->width == 640 && r->height == 384 && strlen(r->hash) == 64 && r->has_perceptual &&
                    r->perceptual == -42 && r->sharpness == 0.1 && r->flags == 5 && !r->decode_error &&
                    same_text(r->caption, "a sks dog, 'quoted'\nsecond line") && r->caption_mtime_ns == 9 &&
                    r->caption_state == LK_PICTURE_CAPTION_READ && r->repeats == 3 && !r->excluded &&
                    same_text(r->mask, "/p/1.mask.png") && same_text(r->thumbnail, "ab12");
    return true;
}

/** What version_1.sql has in its tables; all later fixtures hold the same. */
static void check_content(Fixture *f)
{
    g_autoptr(LkProjectRecord) p = lk_projects_get(f->store, 1, &f->error);
    must(p, f->error, "project");
    tap_ok(same_text(p->name, "Ünï 犬") && same_text(p->folder, "/out/dog") && same_text(p->goal, "character") &&
               same_text(p->base_model, "/m/sd.safetensors") && same_text(p->family, "SD 1.5") &&
               same_text(p->trigger_word, "sks") && same_text(p->cover, "/p/1.png") && p->pictures == 3 &&
               p->tasks == 8 && p->checkpoints == 1,
           "the project");
    g_autoptr(GPtrArray) deleted = lk_projects_list_deleted(f->store, NULL);
    tap_ok(deleted->len == 1 && ((LkProjectRecord *)deleted->pdata[0])->id == 2, "the deleted one");
    g_autoptr(LkSourceRecord) source = lk_sources_get(f->store, 1, NULL), file = lk_sources_get(f->store, 2, NULL);
    tap_ok(same_text(source->path, "/p") && source->recursive && source->repeats == 10 && source->pictures == 2 &&
               file->kind == LK_SOURCE_FILE && file->regularisation,
           "its sources");
    bool good = false;
    lk_pictures_find(f->store, 1, "/p/1.png", first_picture, &good, NULL, NULL);
    guint excluded = 0;
    lk_pictures_count(f->store, 1, NULL, &excluded, NULL);
    tap_ok(good && excluded == 1, "its pictures");
    g_auto(LkHistoryState) state = {0};
    lk_history_state(f->store, 1, &state, NULL);
    g_autoptr(LkHistoryStep) step = NULL;
    lk_history_peek(f->store, 1, LK_HISTORY_UNDO, &step, NULL);
    tap_ok(state.undo == 1 && state.redo == 1 && same_text(state.redo_label, "second") && step->changes->len == 2,
           "undo and redo");
    g_autofree char *prompts = NULL;
    lk_settings_get(f->store, 1, "sample_prompts", &prompts, NULL);
    LkPresetRecord *preset = NULL;
    lk_presets_find(f->store, "mine", &preset, NULL);
    tap_ok(same_text(prompts, "a dog; \"x\"") && preset && same_text(preset->purpose, "for faces") &&
               same_text(g_hash_table_lookup(preset->values, "learning_rate"), "1e-4"),
           "settings and presets");
    lk_preset_record_free(preset);

    bool states = true;
    for (int i = 0; i < LK_TASK_STATES; i++) {
        g_autoptr(LkTaskRecord) t = lk_tasks_get(f->store, i + 1, NULL);
        states = states && t && (int)t->state == i && same_text(t->job, "network_dim = 16\n");
    }
    g_autoptr(LkTaskRecord) finished = lk_tasks_get(f->store, 1 + LK_TASK_FINISHED, NULL);
    tap_ok(states && finished->step == 100 && finished->seconds == 70.5 && finished->ended, "tasks");
    g_autoptr(GArray) metrics = lk_task_metrics_read(f->store, finished->id, 0, NULL);
    g_autoptr(GArray) log = lk_task_log_read(f->store, finished->id, 0, NULL);
    tap_ok(metrics->len == 3 && g_array_index(metrics, LkTaskMetric, 0).lr == 1e-4 &&
               isnan(g_array_index(metrics, LkTaskMetric, 1).loss) &&
               isinf(g_array_index(metrics, LkTaskMetric, 2).grad_norm) && log->len == 1 &&
               g_array_index(log, LkTaskLogLine, 0).level == LK_TASK_LOG_WARNING,
           "metrics and log");
    g_autoptr(GPtrArray) checkpoints = lk_task_checkpoints_list(f->store, finished->id, NULL);
    g_autoptr(GPtrArray) samples = lk_task_samples_list(f->store, finished->id, NULL);
    tap_ok(checkpoints->len == 1 && ((LkTaskCheckpoint *)checkpoints->pdata[0])->best && samples->len == 1 &&
               same_text(((LkTaskSample *)samples->pdata[0])->prompt, "a sks dog"),
           "checkpoints and samples");
    LkSpeed speed = {0};
    bool found = false;
    lk_speeds_find(f->store, "H100", "sd15 512 1", &speed, &found, NULL);
    tap_ok(found && speed.seconds_per_step == 0.125 && speed.steps == 40, "speeds");
}

static void test_versions(void)
{
    Fixture fresh = fixture_new();
    g_autofree char *wanted = schema_of(fresh.store);
    for (int version = 1; version < lk_schema.count; version++) {
        g_autofree char *name = g_strdup_printf(FIXTURES "/version_%d.sql", version), *sql = NULL;
        tap_ok(g_file_get_contents(name, &sql, NULL, NULL), "there is a store of version %d", version);
        Fixture f = fixture_of(sql);
        fixture_open(&f);
        g_autofree char *tables = schema_of(f.store);
        tap_ok(lk_store_version(f.store) == lk_schema.count && lk_store_check(f.store, &f.error) &&
                   sql_number(f.store, "SELECT count(*) FROM pragma_foreign_key_check") == 0,
               "from version %d to %d", version, lk_schema.count);
        tap_ok(same_text(tables, wanted), "its tables are those of a new store");
        check_content(&f);
        g_autoptr(LkSourceRecord) source = NULL;
        const LkTaskValidation validation = {3, 1, 0.5};
        tap_ok(lk_views_set(f.store, 1, "page", "dataset", &f.error) &&
                   lk_task_validations_append(f.store, 1, &validation, 1, &f.error) &&
                   lk_sources_set_held(f.store, 1, true, &f.error) &&
                   lk_tasks_set_failed(f.store, 7, LK_ERROR_MEMORY, "No memory.", &f.error) &&
                   (source = lk_sources_get(f.store, 1, &f.error)) != NULL && source->held,
               "what is new since works");
        fixture_free(&f);
    }
    fixture_free(&fresh);
}

/** A fixture opened with these steps; the store stays NULL if that fails. */
static void open_with(Fixture *f, const char *const *steps, int count)
{
    const LkSchema schema = {steps, count};
    f->store = lk_store_open_schema(f->path, &schema, &f->error);
}

static void test_steps_that_fail(void)
{
    static const char *const good[] = {
        "CREATE TABLE a (x INTEGER PRIMARY KEY); INSERT INTO a VALUES (7);"
        "CREATE TABLE b (x INTEGER NOT NULL REFERENCES a); INSERT INTO b VALUES (7);",
        "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 3;",
    };
    static const char *const wrong[] = {good[0], "CREATE TABLE c (x); INSERT INTO a VALUES (8); SELECT no_such_thing;"};
    static const char *const orphan[] = {good[0], "DELETE FROM a;"};
    Fixture f = {.folder = scratch_new()};
    f.path = g_build_filename(f.folder, "store.db", NULL);
    open_with(&f, good, 1);
    tap_ok(f.store && lk_store_version(f.store) == 1, "a store of version 1");
    lk_store_close(g_steal_pointer(&f.store));
    open_with(&f, wrong, 2);
    tap_ok(!f.store, "a step that fails");
    refused(&f.error, LK_ERROR_FORMAT, "not as this program left it", "it");
    open_with(&f, orphan, 2);
    tap_ok(!f.store, "a step that leaves a reference to nothing");
    refused(&f.error, LK_ERROR_FORMAT, "is damaged", "it");
    open_with(&f, good, 1);
    tap_ok(f.store && lk_store_version(f.store) == 1 && sql_number(f.store, "SELECT sum(x) FROM a") == 7 &&
               sql_number(f.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'") == 0,
           "both left it as it was");
    lk_store_close(g_steal_pointer(&f.store));
    open_with(&f, good, 2);
    tap_ok(f.store && lk_store_version(f.store) == 2 && sql_number(f.store, "SELECT y FROM a") == 3,
           "a good step leads on");
    lk_store_close(g_steal_pointer(&f.store));
    open_with(&f, good, 1);
    tap_ok(!f.store, "an older program");
    refused(&f.error, LK_ERROR_UNSUPPORTED, "newer Lorikeet (its version is 2, this program knows up to 1)", "it");
    fixture_free(&f);
}

int main(void)
{
    test_versions();
    test_steps_that_fail();
    return tap_done();
}
