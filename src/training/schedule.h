/* What depends on the step or the timestep alone: the learning rate's factor, the noise schedule and the weights of the
 * loss. All are pure functions, so that a resumed run needs no state for them. */
#pragma once

#include "training/job.h"

/* ------------------------------------------------------------------ learning rate */

/** The shape of a run's learning rate, as in diffusers' and transformers' `get_scheduler`. */
typedef struct LkLrSchedule {
    LkLrSchedulerType type;
    int64_t warmup; /* steps */
    int64_t total;  /* steps of the run */
    int cycles;     /* of cosine with restarts */
    double power;   /* of polynomial */
    double base_lr; /* learning_rate: polynomial ends at 1e-7 of the optimizer's default rate */
    int64_t decay;  /* steps, of warm-up, stable, decay */
    int64_t timescale;
    double min_ratio;
    const char *rules; /* of piecewise constant: "1:10,0.1:20,0.01"; borrowed */
} LkLrSchedule;

/** The schedule of a job that runs for `total` steps: shares of warm-up and decay become steps, rounded down.
 * Optimizers that average by themselves, and Adafactor with relative steps, have a constant one. The job must outlive
 * it. */
LkLrSchedule lk_lr_schedule_of_job(const LkJob *job, int64_t total);

/** Whether rules can be read: pairs factor:step, with rising steps, and a last factor. */
bool lk_lr_rules_check(const char *rules);

/** The factor of every learning rate at optimizer step `step`, counted from 0. */
double lk_lr_factor(const LkLrSchedule *schedule, int64_t step);

/* ------------------------------------------------------------------ length */

/** Optimizer steps of an epoch of so many batches: ceil(batches / gradient_accumulation_steps). */
int64_t lk_job_steps_per_epoch(const LkJob *job, int64_t batches);
/** Optimizer steps of the run: max_train_epochs × those, or max_train_steps where no epochs are given. */
int64_t lk_job_total_steps(const LkJob *job, int64_t batches);
/** Epochs begun in it. */
int64_t lk_job_epochs(const LkJob *job, int64_t batches);

/* ------------------------------------------------------------------ noise */

enum { LK_TRAIN_TIMESTEPS = 1000 };

/** The noise schedule of Stable Diffusion: betas whose square roots rise evenly from sqrt(0.00085) to sqrt(0.012). */
typedef struct LkNoiseSchedule {
    double alphas_cumprod[LK_TRAIN_TIMESTEPS];
    double snr[LK_TRAIN_TIMESTEPS]; /* of the ordinary schedule, also with zero terminal SNR: what loss weights use */
} LkNoiseSchedule;

/** Fills the schedule; `zero_terminal_snr` rescales it so that the last step is pure noise (Lin et al.,
 *  arXiv:2305.08891, algorithm 1). */
void lk_noise_schedule_init(LkNoiseSchedule *schedule, bool zero_terminal_snr);

/** Factors of latent and noise in the noisy latent at timestep t: sqrt(alpha bar) and sqrt(1 - alpha bar). */
double lk_noise_signal(const LkNoiseSchedule *schedule, int t);
double lk_noise_sigma(const LkNoiseSchedule *schedule, int t);

/** The timestep of sample `index` of a step: even in min_timestep .. max_timestep - 1, a pure function of (seed, step,
 *  index). */
int lk_timestep_draw(const LkJob *job, uint32_t step, uint64_t index);

/** The threshold of the Huber losses at timestep t (sd-scripts: get_huber_threshold_if_needed): huber_c, or from about
 * 1 at t = 0 down to it. */
double lk_huber_threshold(const LkJob *job, const LkNoiseSchedule *schedule, int t);

/** The factor of a sample's loss at timestep t, from the job's loss options, in sd-scripts' order: min-SNR (Hang et
 * al., arXiv:2303.09556), scaled v, v-like, debiased (arXiv:2310.08442). 1 where none is set. */
double lk_loss_weight(const LkJob *job, const LkNoiseSchedule *schedule, int t);
