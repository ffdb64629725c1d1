/* The metadata of a saved LoRA: kohya's ss_* keys and Stability's modelspec.*, as sd-scripts writes them.
 *
 * Values are texts as Python's str() gives them ("True", "None", "1e-05"). What would differ between two runs of the
 * same job (times, session numbers) is left out, so that the same job gives the same file. */
#pragma once

#include "dataset/dataset.h"
#include "format/metadata.h"
#include "model/arch.h"
#include "training/job.h"

/** What the metadata tells beside the job. */
typedef struct LkMetadataFacts {
    const LkJob *job;
    const LkDataset *dataset;
    const LkModelArch *arch;
    const char *output_name;
    int64_t batches, epochs, steps; /* batches of an epoch; epochs and steps of the whole run */
    int64_t epoch, step;            /* where this file was saved: epochs begun, steps done */
} LkMetadataFacts;

/** Free with lk_metadata_free. With no_metadata only the few keys that loaders need. */
LkMetadata *lk_training_metadata(const LkMetadataFacts *facts);
