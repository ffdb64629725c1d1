/* The metadata of a saved LoRA: kohya's ss_* keys and Stability's modelspec.*, as sd-scripts writes them.
 *
 * Values are texts as Python's str() gives them ("True", "None", "1e-05"). What would differ between two runs of the
 * same job (times, session numbers) is left out, so that the same job gives the same file. Of folders and files only
 * the last part of the path is told. */
#pragma once

#include "base/input.h"
#include "dataset/dataset.h"
#include "format/metadata.h"
#include "model/arch.h"
#include "training/job.h"

/** What other programs know a base model's file by. */
typedef struct LkModelHashes {
    char sha256[65]; /* of the whole file; "" where it is not known */
    char legacy[9];  /* Stable Diffusion WebUI's old hash: of 64 KiB from 1 MiB on */
} LkModelHashes;

/** Reads the whole file: seconds for a large one, so do it once a run. */
bool lk_model_hashes(const LkInput *input, LkModelHashes *hashes, GError **error);

/** What the metadata tells beside the job. */
typedef struct LkMetadataFacts {
    const LkJob *job;
    const LkDataset *dataset;
    const LkModelArch *arch;
    const char *changes; /* of settings while the run went on, a line each; NULL: none */
    const char *output_name;
    int64_t batches, epochs, steps;  /* batches of an epoch; epochs and steps of the whole run */
    int64_t epoch, step;             /* where this file was saved: epochs begun, steps done */
    const LkModelHashes *hashes;     /* NULL: not told */
    const LkModelHashes *vae_hashes; /* of the job's own VAE; NULL: not told */
} LkMetadataFacts;

/** Free with lk_metadata_free. With no_metadata only the few keys that loaders need. */
LkMetadata *lk_training_metadata(const LkMetadataFacts *facts);

/** A number as Python's repr() writes it: "1.0", "0.0001", "1e-05". Free with g_free. */
char *lk_python_float(double value);
