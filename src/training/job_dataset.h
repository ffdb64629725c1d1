/* From a job to what it trains on: for the trainer, and for the check that comes before. */
#pragma once

#include "dataset/dataset_config.h"
#include "model/arch.h"
#include "training/job.h"

/** The folders and options that a job names, from its dataset_config or its train_data_dir. It borrows nothing from the
 * job. Remarks are appended to `findings`. */
LkDatasetConfig *lk_job_dataset_config(const LkJob *job, GPtrArray *findings, GError **error);

/** The options of every picture folder, from the job; free with lk_subset_free. */
LkSubset *lk_job_subset(const LkJob *job);
/** What a dataset TOML need not say, from the job; borrows `subset`. */
LkDatasetDefaults lk_job_dataset_defaults(const LkJob *job, const LkSubset *subset);

/** What the sides of pictures must be multiples of: 64 for Stable Diffusion 1.x. */
int lk_size_multiple(const LkModelArch *arch);
