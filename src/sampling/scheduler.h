/* Samplers: how a picture's noise is taken away step by step. Everything here is a pure function on arrays.
 *
 * All samplers work in k-diffusion's variables (Karras et al., arXiv:2206.00364): x = picture + sigma · noise, where
 * the U-Net is shown x / sqrt(sigma² + 1). A step is then a weighted sum of x, the U-Net's guess of the clean picture
 * (now and one step before) and fresh noise, so a sampler is a row of a table: where its sigmas lie and which weights
 * it takes. DDIM without fresh noise is Euler's rule in these variables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LK_SIGMA_COUNT = 1000, LK_MAX_SAMPLING_STEPS = 1000 };

/** The noise level of each training timestep: sqrt((1 - alpha bar) / alpha bar). */
typedef struct LkSigmas {
    double sigma[LK_SIGMA_COUNT];
    double log_sigma[LK_SIGMA_COUNT];
    bool zero_terminal_snr;
} LkSigmas;

/** Stable Diffusion's schedule: betas whose square roots rise evenly from sqrt(0.00085) to sqrt(0.012). With
 * `zero_terminal_snr` rescaled so that the last is almost nothing but noise (Lin et al., arXiv:2305.08891; alpha bar is
 * kept at 4.8973e-8 there, as Stable Diffusion WebUI does, for sigma must be finite). */
void lk_sigmas_init(LkSigmas *sigmas, bool zero_terminal_snr);

/** Sigma at a timestep between the whole ones, and back: linear in log sigma, held at the ends. */
double lk_sigmas_at(const LkSigmas *sigmas, double t);
double lk_sigmas_timestep(const LkSigmas *sigmas, double sigma);

/** Where a sampler's sigmas lie. */
typedef enum LkSpacing {
    LK_SPACING_UNIFORM, /* timesteps 999 .. 0 evenly, then sigma 0 */
    LK_SPACING_KARRAS,  /* evenly in sigma^(1/7), then 0 (equation 5 of arXiv:2206.00364) */
    LK_SPACING_LEADING, /* timesteps 1, 1 + 1000/n …, ending at timestep 0: diffusers' "leading" with steps_offset 1.
                           Where the schedule ends in pure noise from timestep 999 on: "trailing", as Lin et al. say */
} LkSpacing;

typedef enum LkSamplerRule {
    LK_RULE_EULER,     /* straight on along the line through x and the guess */
    LK_RULE_ANCESTRAL, /* the same to a lower level, then noise up to the wanted one */
    LK_RULE_MULTISTEP, /* second order with the guess before: DPM-Solver++ (Lu et al., arXiv:2211.01095, "2M") */
} LkSamplerRule;

typedef struct LkSampler {
    const char *name;           /* in job files: "euler_a" */
    const char *title;          /* for people: "Euler a" */
    const char *webui_sampler;  /* "DPM++ 2M": as Stable Diffusion WebUI writes it into pictures */
    const char *webui_schedule; /* "Karras"; NULL where WebUI needs none */
    const char *aliases[6];     /* other names, up to the first NULL */
    LkSpacing spacing;
    LkSamplerRule rule;
} LkSampler;

/** The samplers, 0 .. count-1, in the order in which to show them. */
int lk_sampler_count(void);
const LkSampler *lk_sampler_at(int index);

/** A sampler by any of its names, large and small letters alike; NULL where there is none. */
const LkSampler *lk_sampler_find(const char *name);

/** The sigmas of one run. */
typedef struct LkSamplingSchedule {
    int steps;
    double sigma[LK_MAX_SAMPLING_STEPS + 1]; /* before step i, and after the last */
    double t[LK_MAX_SAMPLING_STEPS];         /* what the U-Net is told at step i */
    double start;                            /* standard normal noise is multiplied by it to begin with */
    double end;                              /* x is multiplied by it after the last step */
} LkSamplingSchedule;

/** Lays the steps out; false where there are not 1 .. LK_MAX_SAMPLING_STEPS. */
bool lk_sampling_schedule_init(LkSamplingSchedule *schedule, const LkSampler *sampler, const LkSigmas *sigmas,
                               int steps);

/** What the U-Net sees at step i: x / sqrt(sigma² + 1). */
void lk_sampling_input(const LkSamplingSchedule *schedule, int i, const float *x, float *input, size_t count);

/** The U-Net's guess of the clean picture at step i from its prediction, which is the noise, or v = alpha · noise -
 * sigma · picture (Salimans & Ho, arXiv:2202.00512). */
void lk_sampling_denoised(const LkSamplingSchedule *schedule, int i, bool v_prediction, const float *x,
                          const float *prediction, float *denoised, size_t count);

/** Classifier-free guidance (Ho & Salimans, arXiv:2207.12598): out = without + scale · (with - without). */
void lk_sampling_guide(const float *without, const float *with, double scale, float *out, size_t count);

/** x after a step = x · x + denoised · guess + previous · guess of the step before + noise · standard normal noise. */
typedef struct LkStepWeights {
    double x, denoised, previous, noise;
} LkStepWeights;

/** The weights of step i. `previous` is 0 in step 0. */
LkStepWeights lk_sampling_weights(const LkSampler *sampler, const LkSamplingSchedule *schedule, int i);

/** Takes a step in place. `previous` and `noise` are not read where their weight is 0. */
void lk_sampling_step(LkStepWeights weights, float *x, const float *denoised, const float *previous, const float *noise,
                      size_t count);
