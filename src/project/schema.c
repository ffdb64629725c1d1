#include "project/schema.h"

#include "project/store_private.h"

#include <glib/gi18n.h>

/* Rules for this file: a step that was released is never changed; what is new is a step behind the last one, and a dump
 * of a store of the version before it goes to tests/project/. */

/* Numbers of rows are never used twice (AUTOINCREMENT) where the app may hold one while another thread deletes. */
static const char first[] =
    "-- Pictures, captions and settings that belong together.\n"
    "CREATE TABLE project (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  name TEXT NOT NULL CHECK (name <> ''),\n"
    "  folder TEXT NOT NULL,                          -- for outputs\n"
    "  goal TEXT NOT NULL CHECK (goal IN ('character', 'style', 'object', 'concept')),\n"
    "  base_model TEXT NOT NULL DEFAULT '',\n"
    "  family TEXT NOT NULL DEFAULT '',\n"
    "  trigger_word TEXT NOT NULL DEFAULT '',\n"
    "  cover TEXT,                                    -- path of a picture\n"
    "  created INTEGER NOT NULL,                      -- all times: microseconds since 1970, 0 for \"not\"\n"
    "  opened INTEGER NOT NULL,\n"
    "  deleted INTEGER NOT NULL DEFAULT 0,\n"
    "  tasks_made INTEGER NOT NULL DEFAULT 0,         -- the last number given to a task\n"
    "  undo_done INTEGER NOT NULL DEFAULT 0           -- the last undo step that is done and not undone\n"
    ") STRICT;\n"
    "\n"
    "-- Where its pictures come from.\n"
    "CREATE TABLE source (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,\n"
    "  kind INTEGER NOT NULL CHECK (kind IN (0, 1)),  -- folder, file\n"
    "  path TEXT NOT NULL CHECK (path <> ''),\n"
    "  recursive INTEGER NOT NULL CHECK (recursive IN (0, 1)),\n"
    "  regularisation INTEGER NOT NULL CHECK (regularisation IN (0, 1)),\n"
    "  repeats INTEGER NOT NULL CHECK (repeats >= 1),\n"
    "  added INTEGER NOT NULL,\n"
    "  UNIQUE (project, path),\n"
    "  UNIQUE (project, id)                           -- what picture refers to\n"
    ") STRICT;\n"
    "\n"
    "-- One picture in one project. The file is the truth, this is what was seen when it was last read.\n"
    "CREATE TABLE picture (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  project INTEGER NOT NULL,\n"
    "  source INTEGER NOT NULL,\n"
    "  path TEXT NOT NULL CHECK (path <> ''),\n"
    "  size INTEGER NOT NULL,\n"
    "  mtime_ns INTEGER NOT NULL,\n"
    "  width INTEGER NOT NULL,\n"
    "  height INTEGER NOT NULL,\n"
    "  hash TEXT,                                     -- SHA-256 in hexadecimal digits\n"
    "  perceptual INTEGER,\n"
    "  sharpness REAL,\n"
    "  flags INTEGER NOT NULL,\n"
    "  decode_error TEXT,\n"
    "  caption TEXT,\n"
    "  caption_mtime_ns INTEGER NOT NULL,\n"
    "  caption_state INTEGER NOT NULL CHECK (caption_state BETWEEN 0 AND 4),\n"
    "  repeats INTEGER NOT NULL CHECK (repeats >= 0), -- 0: the source's\n"
    "  excluded INTEGER NOT NULL CHECK (excluded IN (0, 1)),\n"
    "  mask TEXT,\n"
    "  thumbnail TEXT,                                -- key in the cache\n"
    "  UNIQUE (project, path),\n"
    "  -- a source of the same project; with it goes the picture's row\n"
    "  FOREIGN KEY (project, source) REFERENCES source (project, id) ON DELETE CASCADE\n"
    ") STRICT;\n"
    "-- For the foreign key, and counts that need not read the rows.\n"
    "CREATE INDEX picture_source ON picture (project, source, excluded);\n"
    "\n"
    "-- Undo: numbers of a project's steps have no gaps, those up to project.undo_done are done.\n"
    "CREATE TABLE undo_step (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,\n"
    "  number INTEGER NOT NULL,\n"
    "  label TEXT NOT NULL,\n"
    "  created INTEGER NOT NULL,\n"
    "  UNIQUE (project, number)\n"
    ") STRICT;\n"
    "CREATE TABLE undo_change (\n"
    "  step INTEGER NOT NULL REFERENCES undo_step ON DELETE CASCADE,\n"
    "  number INTEGER NOT NULL,\n"
    "  path TEXT NOT NULL,\n"
    "  field TEXT NOT NULL,\n"
    "  before TEXT,\n"
    "  after TEXT,\n"
    "  PRIMARY KEY (step, number)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "\n"
    "-- Training parameters that a project sets, as text of a job file.\n"
    "CREATE TABLE setting (\n"
    "  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,\n"
    "  key TEXT NOT NULL CHECK (key <> ''),\n"
    "  value TEXT NOT NULL,\n"
    "  PRIMARY KEY (project, key)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "\n"
    "-- The user's presets.\n"
    "CREATE TABLE preset (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (name <> ''),\n"
    "  purpose TEXT NOT NULL,\n"
    "  created INTEGER NOT NULL,\n"
    "  changed INTEGER NOT NULL\n"
    ") STRICT;\n"
    "CREATE TABLE preset_value (\n"
    "  preset INTEGER NOT NULL REFERENCES preset ON DELETE CASCADE,\n"
    "  key TEXT NOT NULL CHECK (key <> ''),\n"
    "  value TEXT NOT NULL,\n"
    "  PRIMARY KEY (preset, key)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "\n"
    "-- Training runs.\n"
    "CREATE TABLE task (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,\n"
    "  number INTEGER NOT NULL,                       -- within the project, never used twice\n"
    "  name TEXT NOT NULL,\n"
    "  state TEXT NOT NULL CHECK (state IN ('queued', 'preparing', 'running', 'paused', 'stopped', 'finished',\n"
    "                                       'failed', 'interrupted')),\n"
    "  place INTEGER NOT NULL,                        -- queued tasks run in this order\n"
    "  job TEXT NOT NULL,                             -- TOML\n"
    "  job_path TEXT,\n"
    "  output_dir TEXT NOT NULL,\n"
    "  output_name TEXT NOT NULL,\n"
    "  device TEXT NOT NULL,\n"
    "  step INTEGER NOT NULL DEFAULT 0,\n"
    "  steps INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL DEFAULT 0,\n"
    "  epochs INTEGER NOT NULL,\n"
    "  created INTEGER NOT NULL,\n"
    "  started INTEGER NOT NULL DEFAULT 0,\n"
    "  told INTEGER NOT NULL DEFAULT 0,               -- when state or progress last changed\n"
    "  ended INTEGER NOT NULL DEFAULT 0,\n"
    "  deleted INTEGER NOT NULL DEFAULT 0,\n"
    "  seconds REAL NOT NULL DEFAULT 0,               -- spent training\n"
    "  error TEXT,\n"
    "  note TEXT NOT NULL,\n"
    "  UNIQUE (project, number)\n"
    ") STRICT;\n"
    "CREATE INDEX task_state ON task (state, place);\n"
    "-- The queue, with places counted from 1.\n"
    "CREATE VIEW queued AS\n"
    "  SELECT task.id, row_number() OVER (ORDER BY place, task.id) AS position\n"
    "  FROM task JOIN project ON project.id = task.project\n"
    "  WHERE state = 'queued' AND task.deleted = 0 AND project.deleted = 0;\n"
    "\n"
    "-- Figures of every step; NULL is \"not known\".\n"
    "CREATE TABLE metric (\n"
    "  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,\n"
    "  step INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  loss REAL,\n"
    "  lr REAL,\n"
    "  grad_norm REAL,\n"
    "  seconds REAL,\n"
    "  PRIMARY KEY (task, step)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "\n"
    "CREATE TABLE log (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,\n"
    "  time INTEGER NOT NULL,\n"
    "  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),\n"
    "  text TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX log_task ON log (task);\n"
    "\n"
    "-- Saved LoRAs and sample pictures of tasks.\n"
    "CREATE TABLE checkpoint (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,\n"
    "  path TEXT NOT NULL CHECK (path <> ''),\n"
    "  step INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  loss REAL,\n"
    "  held_out_loss REAL,\n"
    "  best INTEGER NOT NULL DEFAULT 0 CHECK (best IN (0, 1)),\n"
    "  created INTEGER NOT NULL,\n"
    "  UNIQUE (task, path)\n"
    ") STRICT;\n"
    "CREATE UNIQUE INDEX checkpoint_best ON checkpoint (task) WHERE best = 1;\n"
    "CREATE TABLE sample (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,\n"
    "  path TEXT NOT NULL CHECK (path <> ''),\n"
    "  step INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  prompt TEXT NOT NULL,\n"
    "  prompt_index INTEGER NOT NULL CHECK (prompt_index >= 0),\n"
    "  created INTEGER NOT NULL,\n"
    "  UNIQUE (task, path)\n"
    ") STRICT;\n"
    "\n"
    "-- What a step took, by device and shape of the work.\n"
    "CREATE TABLE speed (\n"
    "  device TEXT NOT NULL,\n"
    "  key TEXT NOT NULL,\n"
    "  seconds_per_step REAL NOT NULL CHECK (seconds_per_step > 0),\n"
    "  steps INTEGER NOT NULL,\n"
    "  measured INTEGER NOT NULL,\n"
    "  PRIMARY KEY (device, key)\n"
    ") STRICT, WITHOUT ROWID;\n";

static const char second[] = "-- Where the user left off in a project: page, sort order, filter, picture.\n"
                             "CREATE TABLE view (\n"
                             "  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,\n"
                             "  key TEXT NOT NULL CHECK (key <> ''),\n"
                             "  value TEXT NOT NULL,\n"
                             "  PRIMARY KEY (project, key)\n"
                             ") STRICT, WITHOUT ROWID;\n";

static const char third[] =
    "-- What a picture's colours look like, and whether it was taken out of the project though its source has it.\n"
    "ALTER TABLE picture ADD COLUMN look TEXT;\n"
    "ALTER TABLE picture ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1));\n"
    "DROP INDEX picture_source;\n"
    "CREATE INDEX picture_source ON picture (project, source, removed, excluded);\n";

static const char fourth[] =
    "-- The loss on pictures that were held out, measured after some steps; NULL is \"not known\".\n"
    "CREATE TABLE validation (\n"
    "  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,\n"
    "  step INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  loss REAL,\n"
    "  PRIMARY KEY (task, step)\n"
    ") STRICT, WITHOUT ROWID;\n";

static const char fifth[] =
    "-- Adding a folder was stopped: its pictures are followed, but no further ones are taken from it.\n"
    "ALTER TABLE source ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));\n";

static const char sixth[] = "-- What kind of failure ended a task: a number of LkErrorCode, 0 where it is not known.\n"
                            "ALTER TABLE task ADD COLUMN error_code INTEGER NOT NULL DEFAULT 0;\n";

static const char *const steps[] = {first, second, third, fourth, fifth, sixth};
const LkSchema lk_schema = {steps, G_N_ELEMENTS(steps)};

static bool fail(sqlite3 *db, const char *path, GError **error)
{
    return lk_store_error(error, path, sqlite3_extended_errcode(db), sqlite3_errmsg(db));
}

/** The number in the first column of the first row. */
static bool number(sqlite3 *db, const char *sql, gint64 *value, const char *path, GError **error)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int64(statement, 0);
    else
        fail(db, path, error);
    sqlite3_finalize(statement);
    return ok;
}

typedef struct Marks {
    gint64 version, application, tables;
} Marks;

/** All in one transaction: another process may be making the store between two reads. */
static bool read_marks(sqlite3 *db, Marks *marks, const char *path, GError **error)
{
    if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, path, error);
    bool ok = number(db, "PRAGMA user_version", &marks->version, path, error) &&
              number(db, "PRAGMA application_id", &marks->application, path, error) &&
              number(db, "SELECT count(*) FROM sqlite_schema", &marks->tables, path, error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

bool lk_schema_check(const LkSchema *schema, sqlite3 *db, const char *path, GError **error)
{
    Marks marks;
    if (!read_marks(db, &marks, path, error))
        return false;
    g_autofree char *shown = g_filename_display_name(path);
    if (marks.application != LK_SCHEMA_APPLICATION && (marks.application || marks.version || marks.tables))
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("“%s” is a database of another program. It was left as it is. Move it elsewhere, and "
                              "Lorikeet will make its own."),
                            shown);
    if (marks.version < 0)
        return lk_store_error(error, path, SQLITE_CORRUPT, "user_version");
    if (marks.version > schema->count)
        return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                            _("“%s” was written by a newer Lorikeet (its version is %d, this program knows up to %d). "
                              "It was left as it is. Please update Lorikeet to open it."),
                            shown, (int)marks.version, schema->count);
    return true;
}

/** One step, unless another process was faster. */
static bool upgrade_once(const LkSchema *schema, sqlite3 *db, const char *path, GError **error)
{
    gint64 version, orphans;
    if (!number(db, "PRAGMA user_version", &version, path, error))
        return false;
    if (version >= schema->count)
        return true;
    if (sqlite3_exec(db, schema->steps[version], NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, path, error);
    if (!number(db, "SELECT count(*) FROM pragma_foreign_key_check", &orphans, path, error))
        return false;
    if (orphans)
        return lk_store_error(error, path, SQLITE_CORRUPT, "foreign keys");
    g_autofree char *marks = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
                                             LK_SCHEMA_APPLICATION, (int)version + 1);
    return sqlite3_exec(db, marks, NULL, NULL, NULL) == SQLITE_OK || fail(db, path, error);
}

bool lk_schema_upgrade(const LkSchema *schema, sqlite3 *db, const char *path, GError **error)
{
    for (gint64 version = 0;;) {
        if (!number(db, "PRAGMA user_version", &version, path, error))
            return false;
        if (version >= schema->count)
            return true;
        if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
            return fail(db, path, error);
        bool ok = upgrade_once(schema, db, path, error);
        if (ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            ok = fail(db, path, error);
        if (!ok) {
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return false;
        }
    }
}
