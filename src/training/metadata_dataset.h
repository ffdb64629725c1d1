/* The dataset's part of a LoRA's metadata. Private to training/metadata*.c. */
#pragma once

#include "training/metadata.h"

/** ss_datasets and so on where the job names a dataset file; the keys of a single dataset otherwise. */
void lk_metadata_add_dataset(LkMetadata *metadata, const LkMetadataFacts *facts);
