/* What the trainer's files share. */
#pragma once

#include "adapter/lora_file.h"
#include "backend/prepared.h"
#include "kernels/kernels.h"
#include "text/clip_tokenizer.h"
#include "training/base_weights.h"
#include "training/changes.h"
#include "training/guard.h"
#include "training/latent_masks.h"
#include "training/latents.h"
#include "training/lora_setup.h"
#include "training/metadata.h"
#include "training/samples.h"
#include "training/schedule.h"
#include "training/state.h"
#include "training/step_graph.h"
#include "training/trainer.h"
#include "training/update_graph.h"

/** The compiled step for one latent size and batch size. */
typedef struct LkStepProgram {
    int height, width, batch;
    bool measures; /* without gradients: for validation */
    LkStepGraph *graph;
    LkPrepared prepared;
} LkStepProgram;

/** The text encoders alone, for states that are cached. */
typedef struct LkTextProgram {
    LkGraph *graph;
    LkTextEncoders encoders;
    LkPrepared prepared;
} LkTextProgram;

struct LkTrainer {
    LkJob *original;    /* as it was given: what states and files name */
    LkJob *job;         /* with the changes that were made while the run went on */
    GPtrArray *changes; /* LkChange * */
    const LkBackend *api;
    LkDevice *device;
    LkDeviceInfo info;
    int device_index;
    int share; /* percent of the device's memory that may be used */
    LkCheckpoint *checkpoint;
    LkDataset *dataset;
    GPtrArray *findings;
    GPtrArray *remarks; /* LkProblem *: of lk_job_follow_model */
    LkClipTokenizer *tokenizer;
    LkLatentCache *cache;
    LkLatents *latents;
    LkLatentMasks *masks; /* read with the state; NULL before, and where no picture has one */
    bool masked;          /* some picture has */
    LkLora *lora;
    LkLoraFile *initial;   /* network_weights, or NULL */
    LkBaseWeights *merged; /* base_weights, or NULL */
    LkNoiseSchedule noise;
    LkDType compute;
    LkResidency residency; /* of the base model's weights, in steps and samples */
    int chunks;            /* pieces of 75 tokens */
    bool cached_text;      /* the text encoder does not run in the step */
    char *runs_on;         /* device, instruction set, library versions and threads: what bits may depend on */
    char *text_identity;
    int64_t batches, steps_per_epoch, steps; /* batches an epoch; optimizer steps an epoch and in all */
    GPtrArray *programs;                     /* LkStepProgram * */
    LkTextProgram text;
    int64_t captions;                 /* bytes on the device while captions are encoded, of the last plan */
    int64_t weights;                  /* bytes of the base model that these programs use */
    int encoding_tile, sampling_tile; /* pixels; 0: whole pictures */
    bool has_tiles;                   /* those of samples are chosen */
    LkUpdateGraph *update;
    LkAveraging averaging;
    LkPrepared update_prepared;
    bool has_advice;                  /* the plan does not fit, and its error says what would help */
    bool is_bound;                    /* the programs of the steps have their memory */
    LkSamples *samples;               /* NULL: none are asked for */
    LkModelHashes hashes, vae_hashes; /* of the base model and the job's own VAE; empty until a file is saved */
    LkState *state;                   /* host copy of what a state file holds */
    LkGuard guard;                    /* after the steps that the device holds */
    bool has_state;                   /* the saved state is of this run, not of an earlier one */
};

/** Whether the device's memory is the host's. */
bool lk_trainer_on_host(const LkTrainer *trainer);

/** Whether the loss is scaled: the run computes in fp16 (trainer.c). */
bool lk_trainer_scales(const LkTrainer *trainer);

/* Programs (trainer_programs.c). */
bool lk_trainer_compile(LkTrainer *trainer, GError **error);
/** The step for latents of this size: everything that follows from the job and the model. */
LkStepShape lk_trainer_step_shape(const LkTrainer *trainer, int height, int width, int batch);
void lk_trainer_free_programs(LkTrainer *trainer);
/** The program for this shape; NULL cannot happen after lk_trainer_compile. */
LkStepProgram *lk_trainer_program(const LkTrainer *trainer, int height, int width, int batch);
/** Reserves the arena and loads the weights. */
bool lk_trainer_bind(LkTrainer *trainer, GError **error);

/* Where the base model's weights are (trainer_residency.c). */
/** What the job asks for; weights that are moved as needed are not moved yet. Tells remarks of what has no effect. */
LkResidency lk_trainer_residency(const LkTrainer *trainer);
/** How many thousandths to move to the host so that the run fits, where the job leaves that to us; as many as are moved
 * already where nothing more helps. To be asked once everything is compiled. */
int lk_trainer_host_share(const LkTrainer *trainer);
/** About how many bytes of the device's memory 8-bit weights, or weights on the host, would free; 0 where they are so
 * already. */
int64_t lk_trainer_codes_save(const LkTrainer *trainer);
int64_t lk_trainer_offload_saves(const LkTrainer *trainer);

/* Text (trainer_text.c). */
/** Token ids of one caption: chunks·77. */
gsize lk_trainer_token_count(const LkTrainer *trainer);
/** The caption's token ids at a moment (NULL: whole and in order) for text encoder number `text`. `weights`
 * [lk_text_length] receives the factors of its states where captions have weights; else it may be NULL. */
void lk_trainer_tokens(const LkTrainer *trainer, guint picture, const LkCaptionMoment *moment, int text, int32_t *ids,
                       float *weights);
/** Writes token ids, an array for each encoder, and what is found out from them. */
bool lk_trainer_write_text(const LkBackend *api, LkProgram *program, const LkModelArch *arch,
                           const LkTextEncoders *encoders, const int32_t *const *ids, int64_t batch, int chunks,
                           LkError *error);
/** Numbers that a caption gives: states, and pooled text behind them. */
typedef struct LkTextSize {
    gsize states, pooled;
} LkTextSize;
LkTextSize lk_trainer_text_size(const LkTrainer *trainer);
void lk_trainer_free_text(LkTrainer *trainer);
/** Bytes of the device's memory that computing them takes, before the steps' programs have theirs; 0 where the encoders
 * run in the steps. */
bool lk_trainer_plan_text(LkTrainer *trainer, int64_t *bytes, GError **error);
/** Computes the states of all captions that the cache lacks. */
bool lk_trainer_encode_texts(LkTrainer *trainer, const LkTrainerEvents *events, GError **error);
/** The cached states of a picture's caption, with its weights, and the pooled text behind them. */
bool lk_trainer_text_states(const LkTrainer *trainer, guint picture, float *out, GError **error);

/* Inputs of a step (trainer_inputs.c). */
/** Where in the run a batch stands. */
typedef struct LkBatchPlace {
    uint32_t index; /* batches before it, over all epochs: the step of its random numbers */
    int64_t step;   /* optimizer step, from 0 */
    int epoch;      /* from 0 */
    const LkEpochEntry *entries;
    uint32_t count;
    int64_t slot;        /* pictures of its optimizer step before it */
    const int *timestep; /* of all its samples; NULL: drawn, and captions are as they are at the step */
} LkBatchPlace;
/** Fills the program's inputs for a batch. `weights` receives each sample's loss weight, `timesteps` its timestep. */
bool lk_trainer_write_batch(LkTrainer *trainer, LkStepProgram *program, const LkBatchPlace *place, float *weights,
                            int *timesteps, GError **error);

/* Validation (trainer_validation.c). */
/** Adds the programs that measure the held-out pictures. */
bool lk_trainer_add_validation(LkTrainer *trainer, LkError *error);
/** Whether a validation is due after a step. epoch_end is 0 inside an epoch, else the epochs done. */
bool lk_trainer_validation_due(const LkTrainer *trainer, int64_t step, int64_t epoch_end);
/** Measures the held-out pictures with the run's result so far, and tells it. */
bool lk_trainer_validate(LkTrainer *trainer, int64_t step, int64_t epoch, const LkTrainerEvents *events,
                         GError **error);

/* The optimizer and what it keeps (trainer_optimizer.c). */
/** What is done with the run's result in place of the weights in training. */
typedef bool (*LkWithResult)(LkTrainer *trainer, void *context, GError **error);
bool lk_trainer_with_result(LkTrainer *trainer, LkWithResult function, void *context, GError **error);
/** What the optimizer's graph of the job is. */
LkUpdateShape lk_trainer_update_shape(const LkTrainer *trainer);
/** Brings the weights and what the optimizer keeps from the device to trainer->state. */
bool lk_trainer_fetch_state(LkTrainer *trainer, int64_t step, GError **error);
/** The other way, with a gradient of zeros. A new state gets its arrays here. */
bool lk_trainer_store_state(LkTrainer *trainer, GError **error);
/** What an optimizer's step gave. */
typedef struct LkUpdateReport {
    double rate, norm; /* the learning rate, the gradient's norm */
    bool sound;        /* norm and losses are finite; if one is not, nothing changed */
    float *losses;     /* of the step's pictures in order; as many as the graph's n_losses. The caller's */
} LkUpdateReport;

/** The optimizer's step number `step` (from 0), after the batches' programs were started: the only place where a step
 * waits for the device. */
bool lk_trainer_update(LkTrainer *trainer, int64_t step, LkUpdateReport *report, GError **error);
/** The weights that are the run's result, of trainer->state: its adapter, or an average where one is kept. Free with
 * g_free. NULL where there is no memory. */
float *lk_trainer_result(const LkTrainer *trainer, GError **error);
/** lk_samples_make with those of the device. */
bool lk_trainer_make_samples(LkTrainer *trainer, const LkSampleMoment *moment, bool missing_only,
                             const LkTrainerEvents *events, GError **error);
char *lk_trainer_write_averaging(const LkTrainer *trainer);
bool lk_trainer_read_averaging(LkTrainer *trainer, const char *text);

/* Files (trainer_files.c). */
char *lk_trainer_state_path(const LkTrainer *trainer);
/** Loads the newest whole state, or begins a new one. */
bool lk_trainer_load_state(LkTrainer *trainer, bool resume, const LkTrainerEvents *events, GError **error);
/** Where the run has been finished and left no state, says so and returns true. */
bool lk_trainer_tell_finished(const LkTrainer *trainer, const LkTrainerEvents *events);
bool lk_trainer_save_state(LkTrainer *trainer, const LkTrainerEvents *events, GError **error);
/** Writes the LoRA under `name` (without ending). */
bool lk_trainer_save_lora(LkTrainer *trainer, const char *name, int64_t epoch, LkEventKind kind,
                          const LkTrainerEvents *events, GError **error);
/** After an optimizer step: checkpoints that are due. `epoch_end` is 0 inside an epoch, else the epochs done. */
bool lk_trainer_save_due(LkTrainer *trainer, int64_t step, int64_t epoch_end, const LkTrainerEvents *events,
                         GError **error);

/** The epoch that a number of steps done belongs to, from 1; 0 before the first. */
int64_t lk_trainer_epoch_of(const LkTrainer *trainer, int64_t step);
/** The LoRA of the state as a step's checkpoint. */
bool lk_trainer_save_as_step(LkTrainer *trainer, const LkTrainerEvents *events, GError **error);

/* Between steps (trainer_control.c). */
struct LkTrainerControl {
    LkTrainer *trainer;
    const LkTrainerEvents *events;
    int64_t step;
    bool changed; /* a parameter was: the state must be saved */
    bool discard; /* the run ends, its states go */
};
/** Halves the learning rates of what is trained, as a change like any other. */
bool lk_trainer_halve_rates(LkTrainerControl *control, GError **error);
/** Makes the changes of a loaded state again. */
bool lk_trainer_apply_changes(LkTrainer *trainer, const LkTrainerEvents *events, GError **error);

/** Bytes that encoding the missing latents takes on the device. */
typedef struct LkEncodingBytes {
    int64_t arena, weights;
} LkEncodingBytes;
/** Chooses the VAE's tiles for encoding, and tells what encoding takes with them (trainer_tiles.c). */
bool lk_trainer_choose_encoding_tiles(LkTrainer *trainer, LkEncodingBytes *encoding, GError **error);
/** Chooses those for samples, once everything is compiled. */
bool lk_trainer_choose_sampling_tiles(LkTrainer *trainer, GError **error);
/** The next smaller side that may be tried where this one does not fit (0: whole pictures); 0 where there is none. */
int lk_trainer_smaller_tile(const LkTrainer *trainer, int side);
/** Tiles that the job asks for, before anything is planned. */
void lk_trainer_ask_tiles(LkTrainer *trainer);

/** Bytes of the arena that the steps and the sample pictures share (training_plan.c). */
int64_t lk_trainer_step_arena(const LkTrainer *trainer); /* of the steps alone */
int64_t lk_trainer_arena(const LkTrainer *trainer);
/** Bytes of the device's memory that steps and samples need, all in all, and the host's where that is the same. */
int64_t lk_trainer_needs(const LkTrainer *trainer);
/** Bytes beside: of the program itself, and of what is kept on the host, where that is the device's memory. */
int64_t lk_trainer_host_bytes(const LkTrainer *trainer);
/** char *: what the job has not used yet of what would need less memory, smallest change first; never empty. With a
 * plan only what makes its peak smaller: that may lie where pictures are encoded or samples made. */
GPtrArray *lk_trainer_memory_fixes(const LkTrainer *trainer, const LkTrainingPlan *plan);
/** What the device has free now. */
int64_t lk_trainer_free_bytes(const LkTrainer *trainer);
