#include "cli/job_input.h"

void lk_job_input_init(LkJobInput *input)
{
    *input = (LkJobInput){.overrides = g_ptr_array_new(), .problems = lk_problems_new()};
}

void lk_job_input_clear(LkJobInput *input)
{
    g_clear_pointer(&input->job, lk_job_free);
    g_clear_pointer(&input->problems, g_ptr_array_unref);
    g_clear_pointer(&input->overrides, g_ptr_array_unref);
}

bool lk_job_input_load(LkJobInput *input)
{
    const char *const *overrides = (const char *const *)(gpointer)input->overrides->pdata;
    input->job = lk_job_load(input->path, overrides, input->problems);
    if (input->job && !lk_job_check_files(input->job, input->problems))
        g_clear_pointer(&input->job, lk_job_free);
    return input->job != NULL;
}
