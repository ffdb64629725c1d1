/* Any bytes as a job file: refused with problems that are whole sentences, or a job that is the same after it was
 * written and read again. */
#include "tests/fuzz/target.h"
#include "training/job.h"

#include <string.h>

static void check_problems(const GPtrArray *problems, bool accepted)
{
    guint errors = lk_problems_count(problems, LK_PROBLEM_ERROR);
    FUZZ_CHECK(accepted == (errors == 0));
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = g_ptr_array_index(problems, i);
        FUZZ_CHECK(problem->text && *problem->text && g_utf8_validate(problem->text, -1, NULL));
        FUZZ_CHECK(problem->line >= 0);
    }
}

static void check_again(const LkJob *job)
{
    g_autofree char *toml = lk_job_to_toml(job), *canonical = lk_job_canonical(job);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) again = lk_job_parse(toml, "again", "/jobs", NULL, problems);
    FUZZ_CHECK(again);
    g_autofree char *same = lk_job_canonical(again);
    FUZZ_CHECK(strcmp(canonical, same) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = lk_job_parse(text, "job.toml", "/jobs", NULL, problems);
    check_problems(problems, job != NULL);
    if (job)
        check_again(job);
    return 0;
}
