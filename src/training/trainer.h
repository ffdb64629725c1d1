/* One training run: from a checked job to LoRA files. */
#pragma once

#include "backend/backend.h"
#include "dataset/dataset.h"
#include "training/events.h"
#include "training/job.h"

typedef struct LkTrainer LkTrainer;

/** What a run will need, known before it begins. Bytes on the device. */
typedef struct LkTrainingPlan {
    char device[128];
    int64_t pictures, batches, epochs,
        steps;           /* pictures of the dataset; batches of an epoch; epochs and steps in all */
    int64_t to_encode;   /* pictures that the latent cache lacks */
    int64_t weights;     /* frozen base model, in the layouts that the device wants */
    int64_t adapter;     /* LoRA weights and gradients */
    int64_t optimizer;   /* its state */
    int64_t activations; /* of the largest step: inputs and activations */
    int64_t workspace;   /* of the largest step: scratch memory, and what the arrangement loses */
    int64_t arena;       /* activations + workspace: the one block that holds them */
    int64_t sampling;    /* weights that only sample pictures need: the VAE's decoder while one is made, and layouts of
                          * the U-Net's for a larger picture from then on */
    int64_t encoding;    /* peak while pictures, then captions, are encoded (the rest is not on the device then) */
    int encoding_tile;   /* side in pixels of the VAE's tiles while larger pictures are encoded; 0: they are not cut */
    int sampling_tile;   /* the same while sample pictures are decoded */
    int64_t host; /* the program itself, and the host's copy of the state where the device's memory is the host's */
    int64_t offloaded; /* frozen weights in the host's memory that wait to be brought to a card; not in the total */
    int64_t total;     /* the most that is held at one time */
    int64_t available;
    bool fits;
    GPtrArray *fixes; /* char *: what would make it fit, smallest change first; empty where it fits */
} LkTrainingPlan;

void lk_training_plan_clear(LkTrainingPlan *plan);

/** Opens base model, dataset and device for a job (copied). Findings about the dataset are kept (lk_trainer_findings).
 * Fails where the run cannot be made; pictures that cannot be used are an error. */
LkTrainer *lk_trainer_new(const LkJob *job, const LkBackend *api, int device_index, GError **error);
void lk_trainer_free(LkTrainer *trainer);
/** Leaves all but `share` percent of the device's memory to others: what does not fit into it is refused. 100 at first.
 */
void lk_trainer_limit_memory(LkTrainer *trainer, int share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTrainer, lk_trainer_free)

/** LkFinding *: what was noticed in the dataset. */
const GPtrArray *lk_trainer_findings(const LkTrainer *trainer);
const LkDataset *lk_trainer_dataset(const LkTrainer *trainer);

/** Compiles everything and adds up what it needs; takes no large memory. */
bool lk_trainer_plan(LkTrainer *trainer, LkTrainingPlan *plan, GError **error);

/** Trains, once. With `resume` it goes on from the newest state that is whole (from the beginning where there is none),
 * and only says so where the run is finished already.
 * Stops with LK_ERROR_STOPPED, state saved, when asked to. */
bool lk_trainer_run(LkTrainer *trainer, bool resume, const LkTrainerEvents *events, GError **error);

/** Bytes that the device holds now, for comparison with the plan. */
int64_t lk_trainer_allocated(const LkTrainer *trainer);
/** The device, as it was when it was opened. */
const LkDeviceInfo *lk_trainer_device(const LkTrainer *trainer);
/** Optimizer steps of the whole run, and the epochs that are begun in it. */
int64_t lk_trainer_steps(const LkTrainer *trainer);
int64_t lk_trainer_epochs(const LkTrainer *trainer);

/** Finds out before a run, not after hours, whether its LoRA can be written; makes the folder. */
bool lk_trainer_check_output(const LkJob *job, GError **error);

/** Writes the LoRA of the newest saved state, named like a step's checkpoint, without training. Nothing
 * where there is no state. */
bool lk_trainer_save_stopped(LkTrainer *trainer, const LkTrainerEvents *events, GError **error);

/** Removes the saved states of a job's run, so that it cannot be resumed. */
void lk_trainer_remove_states(const LkJob *job);
