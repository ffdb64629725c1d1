-- A store of version 5 with something in every table: sqlite3's .dump, with the two pragmas in front.
PRAGMA application_id = 1282102132;
PRAGMA user_version = 5;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  path TEXT NOT NULL CHECK (path <> ''),
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  loss REAL,
  held_out_loss REAL,
  best INTEGER NOT NULL DEFAULT 0 CHECK (best IN (0, 1)),
  created INTEGER NOT NULL,
  UNIQUE (task, path)
) STRICT;
INSERT INTO "checkpoint" VALUES(1,6,'/out/dog/dog.safetensors',100,10,0.1,NULL,1,1795725855337509);
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  time INTEGER NOT NULL,
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
  text TEXT NOT NULL
) STRICT;
INSERT INTO "log" VALUES(1,6,1700000000000000,2,'Something worth knowing.');
CREATE TABLE metric (
  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  loss REAL,
  lr REAL,
  grad_norm REAL,
  seconds REAL,
  PRIMARY KEY (task, step)
) STRICT, WITHOUT ROWID;
INSERT INTO "metric" VALUES(6,1,1,0.125,0.0001,0.5,0.7);
INSERT INTO "metric" VALUES(6,2,1,NULL,0.0001,0.25,0.7);
INSERT INTO "metric" VALUES(6,3,2,0.0625,0.0001,9.0e+999,0.7);
CREATE TABLE picture (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL,
  source INTEGER NOT NULL,
  path TEXT NOT NULL CHECK (path <> ''),
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  hash TEXT,                                     -- SHA-256 in hexadecimal digits
  perceptual INTEGER,
  sharpness REAL,
  flags INTEGER NOT NULL,
  decode_error TEXT,
  caption TEXT,
  caption_mtime_ns INTEGER NOT NULL,
  caption_state INTEGER NOT NULL CHECK (caption_state BETWEEN 0 AND 4),
  repeats INTEGER NOT NULL CHECK (repeats >= 0), -- 0: the source's
  excluded INTEGER NOT NULL CHECK (excluded IN (0, 1)),
  mask TEXT,
  thumbnail TEXT, look TEXT, removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),                                -- key in the cache
  UNIQUE (project, path),
  -- a source of the same project; with it goes the picture's row
  FOREIGN KEY (project, source) REFERENCES source (project, id) ON DELETE CASCADE
) STRICT;
INSERT INTO "picture" VALUES(1,1,1,'/p/1.png',12345,1700000000123456789,640,384,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',-42,0.1,5,NULL,'a sks dog, ''quoted''
second line',9,2,3,0,'/p/1.mask.png','ab12',NULL,0);
INSERT INTO "picture" VALUES(2,1,1,'/p/2.png',0,0,0,0,NULL,NULL,NULL,0,'It ends too early.',NULL,0,0,0,1,NULL,NULL,'abcd',0);
INSERT INTO "picture" VALUES(3,1,2,'/q/reg.png',0,0,0,0,NULL,NULL,NULL,0,NULL,NULL,0,1,0,0,NULL,NULL,NULL,0);
CREATE TABLE preset (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (name <> ''),
  purpose TEXT NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL
) STRICT;
INSERT INTO "preset" VALUES(1,'Mine','for faces',1795725855336733,1795725855336733);
CREATE TABLE preset_value (
  preset INTEGER NOT NULL REFERENCES preset ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key <> ''),
  value TEXT NOT NULL,
  PRIMARY KEY (preset, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "preset_value" VALUES(1,'learning_rate','1e-4');
CREATE TABLE project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (name <> ''),
  folder TEXT NOT NULL,                          -- for outputs
  goal TEXT NOT NULL CHECK (goal IN ('character', 'style', 'object', 'concept')),
  base_model TEXT NOT NULL DEFAULT '',
  family TEXT NOT NULL DEFAULT '',
  trigger_word TEXT NOT NULL DEFAULT '',
  cover TEXT,                                    -- path of a picture
  created INTEGER NOT NULL,                      -- all times: microseconds since 1970, 0 for "not"
  opened INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  tasks_made INTEGER NOT NULL DEFAULT 0,         -- the last number given to a task
  undo_done INTEGER NOT NULL DEFAULT 0           -- the last undo step that is done and not undone
) STRICT;
INSERT INTO "project" VALUES(1,'Ünï 犬','/out/dog','character','/m/sd.safetensors','SD 1.5','sks','/p/1.png',1795725855335896,1795725855335896,0,8,1);
INSERT INTO "project" VALUES(2,'gone','/out/x','style','','','',NULL,1795725855335989,1795725855335989,1795725855336158,0,0);
CREATE TABLE sample (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  path TEXT NOT NULL CHECK (path <> ''),
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  prompt TEXT NOT NULL,
  prompt_index INTEGER NOT NULL CHECK (prompt_index >= 0),
  created INTEGER NOT NULL,
  UNIQUE (task, path)
) STRICT;
INSERT INTO "sample" VALUES(1,6,'/out/dog/sample/1.png',50,5,'a sks dog',1,1795725855337611);
CREATE TABLE setting (
  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key <> ''),
  value TEXT NOT NULL,
  PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "setting" VALUES(1,'network_dim','16');
INSERT INTO "setting" VALUES(1,'sample_prompts','a dog; "x"');
CREATE TABLE source (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
  kind INTEGER NOT NULL CHECK (kind IN (0, 1)),  -- folder, file
  path TEXT NOT NULL CHECK (path <> ''),
  recursive INTEGER NOT NULL CHECK (recursive IN (0, 1)),
  regularisation INTEGER NOT NULL CHECK (regularisation IN (0, 1)),
  repeats INTEGER NOT NULL CHECK (repeats >= 1),
  added INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
  UNIQUE (project, path),
  UNIQUE (project, id)                           -- what picture refers to
) STRICT;
INSERT INTO "source" VALUES(1,1,0,'/p',1,0,10,1795725855336194,0);
INSERT INTO "source" VALUES(2,1,1,'/q/reg.png',0,1,1,1795725855336247,0);
CREATE TABLE speed (
  device TEXT NOT NULL,
  key TEXT NOT NULL,
  seconds_per_step REAL NOT NULL CHECK (seconds_per_step > 0),
  steps INTEGER NOT NULL,
  measured INTEGER NOT NULL,
  PRIMARY KEY (device, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "speed" VALUES('H100','sd15 512 1',0.125,40,1795725855337817);
CREATE TABLE task (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
  number INTEGER NOT NULL,                       -- within the project, never used twice
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'preparing', 'running', 'paused', 'stopped', 'finished',
                                       'failed', 'interrupted')),
  place INTEGER NOT NULL,                        -- queued tasks run in this order
  job TEXT NOT NULL,                             -- TOML
  job_path TEXT,
  output_dir TEXT NOT NULL,
  output_name TEXT NOT NULL,
  device TEXT NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  steps INTEGER NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  epochs INTEGER NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  told INTEGER NOT NULL DEFAULT 0,               -- when state or progress last changed
  ended INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0,               -- spent training
  error TEXT,
  note TEXT NOT NULL,
  UNIQUE (project, number)
) STRICT;
INSERT INTO "task" VALUES(1,1,1,'queued','queued',1,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855336820,0,1795725855336976,0,0,0.0,NULL,'');
INSERT INTO "task" VALUES(2,1,2,'preparing','preparing',2,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337110,1795725855337152,1795725855337152,0,0,0.0,NULL,'');
INSERT INTO "task" VALUES(3,1,3,'running','running',3,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337182,1795725855337223,1795725855337223,0,0,0.0,NULL,'');
INSERT INTO "task" VALUES(4,1,4,'paused','paused',4,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337251,0,1795725855337286,0,0,0.0,NULL,'');
INSERT INTO "task" VALUES(5,1,5,'stopped','stopped',5,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337312,0,1795725855337347,1795725855337347,0,0.0,NULL,'');
INSERT INTO "task" VALUES(6,1,6,'finished','finished',6,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',100,100,10,10,1795725855337372,0,1795725855337427,1795725855337406,0,70.5,NULL,'');
INSERT INTO "task" VALUES(7,1,7,'failed','failed',7,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337678,0,1795725855337732,1795725855337732,0,0.0,'No memory.','');
INSERT INTO "task" VALUES(8,1,8,'interrupted','interrupted',8,'network_dim = 16
',NULL,'/out/dog','dog','cuda:0',0,100,0,10,1795725855337759,0,1795725855337796,1795725855337796,0,0.0,NULL,'');
CREATE TABLE undo_change (
  step INTEGER NOT NULL REFERENCES undo_step ON DELETE CASCADE,
  number INTEGER NOT NULL,
  path TEXT NOT NULL,
  field TEXT NOT NULL,
  before TEXT,
  after TEXT,
  PRIMARY KEY (step, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "undo_change" VALUES(1,0,'/p/1.png','caption',NULL,'a sks dog');
INSERT INTO "undo_change" VALUES(1,1,'/p/2.png','excluded','0','1');
INSERT INTO "undo_change" VALUES(2,0,'/p/1.png','caption',NULL,'a sks dog');
CREATE TABLE undo_step (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
  number INTEGER NOT NULL,
  label TEXT NOT NULL,
  created INTEGER NOT NULL,
  UNIQUE (project, number)
) STRICT;
INSERT INTO "undo_step" VALUES(1,1,1,'first',1795725855336558);
INSERT INTO "undo_step" VALUES(2,1,2,'second',1795725855336625);
CREATE TABLE validation (
  task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  loss REAL,
  PRIMARY KEY (task, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE view (
  project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key <> ''),
  value TEXT NOT NULL,
  PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "view" VALUES(1,'sort','name');
CREATE VIEW queued AS
  SELECT task.id, row_number() OVER (ORDER BY place, task.id) AS position
  FROM task JOIN project ON project.id = task.project
  WHERE state = 'queued' AND task.deleted = 0 AND project.deleted = 0;
CREATE INDEX task_state ON task (state, place);
CREATE INDEX log_task ON log (task);
CREATE UNIQUE INDEX checkpoint_best ON checkpoint (task) WHERE best = 1;
CREATE INDEX picture_source ON picture (project, source, removed, excluded);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('project',2);
INSERT INTO "sqlite_sequence" VALUES('source',2);
INSERT INTO "sqlite_sequence" VALUES('picture',3);
INSERT INTO "sqlite_sequence" VALUES('undo_step',2);
INSERT INTO "sqlite_sequence" VALUES('preset',1);
INSERT INTO "sqlite_sequence" VALUES('task',8);
INSERT INTO "sqlite_sequence" VALUES('checkpoint',1);
INSERT INTO "sqlite_sequence" VALUES('sample',1);
COMMIT;
