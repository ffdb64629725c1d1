/* What a job does not say and the base model's file tells. */
#pragma once

#include "model/arch.h"
#include "training/job.h"

/** Takes v_parameterization and zero_terminal_snr from what the base model's file says of itself, where the job does
 * not give them. `problems` receives what was taken (notes), and where the job says otherwise than the file or asks for
 * what the family does not know (warnings): the job has the last word, for files have been mislabelled. NULL: nobody is
 * told. */
void lk_job_follow_model(LkJob *job, const LkModelArch *arch, GPtrArray *problems);
