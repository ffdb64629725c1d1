/* Whole training runs of a small model on generated pictures. */
#pragma once

#include "training/trainer.h"

#include <glib.h>

enum { SMALL_RUN_STEPS = 64 };

/** A folder with pictures, captions and what runs leave in it. */
typedef struct SmallRun {
    char *folder, *model;
    const LkBackend *api;   /* NULL: the CPU backend */
    int64_t (*watch)(void); /* something to be looked at after each step, or NULL */
} SmallRun;

/** Makes the folder: pics/ with five pictures of 64 × 64, wide/ with two of 128 × 128 and three of 256 × 64. */
void small_run_open(SmallRun *s, const char *model);
void small_run_close(SmallRun *s);
/** A path below the folder (g_free). */
char *small_run_path(const SmallRun *s, const char *name);

/** What happened. */
typedef struct Outcome {
    bool ok;
    int code;      /* LkErrorCode, 0 where ok */
    char *message; /* or NULL */
    char *done;    /* path of the DONE event, or NULL */
    int64_t began; /* step at which the run began, -1 if it did not */
    int steps;
    double loss[SMALL_RUN_STEPS], norm[SMALL_RUN_STEPS], rate[SMALL_RUN_STEPS];
    GString *log;      /* texts of LOG events, a line each */
    int64_t allocated; /* by the device when the first step began */
    int64_t allocated_end;
    int64_t allocated_most; /* of all moments at which something was told */
    int64_t watched[2];     /* after the first step and after the last */
    LkTrainingPlan plan;
} Outcome;

/** Runs a job of a few steps. `output` is the folder for its files, `settings` are "key=value", NULL-terminated, over
 * the small job's own. `stop_after` steps it is asked to stop (-1: never). Free with outcome_free. */
Outcome *small_run(const SmallRun *s, const char *output, const char *const *settings, bool resume, int stop_after);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

/** The job alone; NULL with its mistakes among the problems. */
LkJob *small_job_told(const SmallRun *s, const char *output, const char *const *settings, GPtrArray *problems);
/** The same; with a note where it has a mistake. */
LkJob *small_job(const SmallRun *s, const char *output, const char *const *settings);

/** Settings as an array. */
#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

/** Whether two files below the folder have the same bytes. */
bool same_files(const SmallRun *s, const char *a, const char *b);
/** The same of the tensors of two safetensors files, their metadata left out. */
bool same_tensors(const SmallRun *s, const char *a, const char *b);
