/* What `train`, `plan` and `check` have in common: a job file with overrides. */
#pragma once

#include "cli/options.h"
#include "training/job.h"

typedef struct LkJobInput {
    const char *path;
    GPtrArray *overrides; /* "KEY=VALUE", from --set */
    GPtrArray *problems;  /* LkProblem * */
    LkJob *job;           /* NULL where there are errors */
} LkJobInput;

void lk_job_input_init(LkJobInput *input);
void lk_job_input_clear(LkJobInput *input);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LkJobInput, lk_job_input_clear)

/** The row of --set. */
#define LK_OPTION_SET(input)                                                                                           \
    {.name = "set",                                                                                                    \
     .kind = LK_OPTION_LIST,                                                                                           \
     .value = &(input)->overrides,                                                                                     \
     .placeholder = "KEY=VALUE",                                                                                       \
     .help = N_("use this value instead of the job file's; may be given several times")}

/** Loads and checks the job at `path`, and whether the files it needs exist. False where that found errors. */
bool lk_job_input_load(LkJobInput *input);
