/* Sample pictures while training: made with the adapter as it is on the device, between two steps. */
#pragma once

#include "sampling/generator.h"
#include "training/events.h"
#include "training/job.h"

typedef struct LkSamples LkSamples;

/** Whether a job has sample prompts and says when to use them. */
bool lk_samples_wanted(const LkJob *job);

/** Reads and checks the job's sample prompts. Everything is borrowed. */
LkSamples *lk_samples_new(const LkJob *job, LkCheckpoint *checkpoint, const LkLora *lora, GError **error);
void lk_samples_free(LkSamples *samples);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkSamples, lk_samples_free)

/** Has pictures that are larger decoded in tiles of this side; 0, as at first: none. Before lk_samples_prepare. */
void lk_samples_set_tile(LkSamples *samples, int side);
/** Compiles and plans all prompts on the trainer's device. */
bool lk_samples_prepare(LkSamples *samples, const LkBackend *api, LkDevice *device, LkDType compute,
                        const LkResidency *residency, GError **error);
/** What they need; all zero before lk_samples_prepare. */
LkGeneratorMemory lk_samples_memory(const LkSamples *samples);
/** Frees the programs; before the device closes. */
void lk_samples_release(LkSamples *samples);

/** Whether pictures are due after a step (0: before the first). epoch_end is 0 inside an epoch, else the epochs done.
 */
bool lk_samples_due(const LkSamples *samples, int64_t step, int64_t epoch_end);

/** When in a run pictures are made. */
typedef struct LkSampleMoment {
    int64_t step, epoch; /* steps done; epochs begun */
    bool epoch_end;      /* at the end of the epoch: the file is named after it, not after the step */
} LkSampleMoment;

/** Makes one picture of each prompt: OUTPUT_DIR/sample/NAME_e000001_00_SEED.png (at the end of an epoch) or
 * NAME_00000100_00_SEED.png, with the settings as PNG text. With `missing_only` those whose files exist are left as
 * they are. */
bool lk_samples_make(LkSamples *samples, const LkSampleMoment *moment, bool missing_only, const LkTrainerEvents *events,
                     GError **error);
