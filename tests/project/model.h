/* A plain model in memory of what a store must hold: arrays without a pointer, so that a copy is an assignment. */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum { PROJECTS = 4, SOURCES = 3, PATHS = 12, KEYS = 5, STEPS = 12, CHANGES = 3, TASKS = 8, METRICS = 16, FILES = 4 };

/** A text is a small number: "t3"; 0 is NULL. */
typedef struct ModelPicture {
    bool there, excluded, removed;
    int source, caption, repeats, mask, thumbnail, look;
    gint64 size;
} ModelPicture;

typedef struct ModelSource {
    gint64 id;
    bool there, recursive, regularisation;
    int repeats;
} ModelSource;

typedef struct ModelStep {
    int label, count, changes[CHANGES][3]; /* path, before, after */
} ModelStep;

typedef struct ModelProject {
    gint64 id;
    bool there, deleted;
    int name, trigger, tasks_made;
    gint64 opened; /* a clock of the model's own */
    ModelSource sources[SOURCES];
    ModelPicture pictures[PATHS];
    int settings[KEYS];
    ModelStep steps[STEPS];
    int step_count, done;
} ModelProject;

typedef struct ModelTask {
    gint64 id;
    bool there, deleted, active_once;
    int project, number, state, note;
    gint64 step, place;
    double metrics[METRICS]; /* 0: none */
    int checkpoints[FILES];  /* step, 0: none */
    int best;                /* file + 1 */
    int log;                 /* how many lines */
} ModelTask;

typedef struct Model {
    ModelProject projects[PROJECTS];
    ModelTask tasks[TASKS];
    gint64 clock, last_place;
} Model;
