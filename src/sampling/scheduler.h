/* Samplers: how a picture's noise is taken away step by step. Everything here is a pure function on arrays.
 *
 * All samplers work in k-diffusion's variables (Karras et al., arXiv:2206.00364): x = picture + sigma · noise, where
 * the U-Net is shown x / sqrt(sigma² + 1). A step is one pass of the U-Net or two, and after each pass x is a weighted
 * sum of itself, of x where the step began, of what was kept of the last passes, and of fresh noise. So a sampler is a
 * row of a table: where its sigmas lie, and the rule that gives a pass its weights. DDIM without fresh noise is Euler's
 * rule in these variables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LK_SIGMA_COUNT = 1000,
    LK_MAX_SAMPLING_STEPS = 1000,
    LK_MAX_SAMPLING_PASSES = 2 * LK_MAX_SAMPLING_STEPS,
    LK_KEPT_PASSES = 5 /* this one, and four before it */
};

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
    LK_RULE_EULER,      /* straight on along the line through x and the guess */
    LK_RULE_ANCESTRAL,  /* the same to a lower level, then noise up to the wanted one */
    LK_RULE_MULTISTEP,  /* second order with the guess before: DPM-Solver++ (Lu et al., arXiv:2211.01095, "2M") */
    LK_RULE_SOLVER,     /* the same with the noise in place of the guess: DPM-Solver (arXiv:2206.00927) */
    LK_RULE_SINGLE,     /* DPM-Solver++ "2S", which takes two steps of the schedule at once (diffusers' singlestep) */
    LK_RULE_HEUN,       /* the mean of the slopes at both ends (algorithm 1 of arXiv:2206.00364 without churn) */
    LK_RULE_MIDPOINT,   /* the slope at the mean of the logarithms: k-diffusion's DPM2 */
    LK_RULE_MIDPOINT_A, /* the same to a lower level, then noise: "DPM2 a" */
    LK_RULE_LMS,        /* linear multistep of order 4: the polynomial through the last slopes, integrated */
    LK_RULE_PLMS,       /* Adams-Bashforth of order 4 (Liu et al., arXiv:2202.09778), without its Runge-Kutta start */
    LK_RULE_2S_A,       /* k-diffusion's "DPM++ 2S a" */
    LK_RULE_SDE,        /* k-diffusion's "DPM++ SDE", eta 1, r 1/2 */
    LK_RULE_2M_SDE,     /* k-diffusion's "DPM++ 2M SDE", midpoint, eta 1 */
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

/** One run of the U-Net. */
typedef struct LkSamplingPass {
    int step;
    bool first, last; /* of its step; the first is also where `base` is noted, so that a step of "2S" that goes on from
                         where the one before it began has none */
    double sigma, t;  /* the level of x, and what the U-Net is told */
} LkSamplingPass;

/** The levels of one run. */
typedef struct LkSamplingSchedule {
    int steps, passes;
    double sigma[LK_MAX_SAMPLING_STEPS + 1]; /* before step i, and after the last */
    double t[LK_MAX_SAMPLING_STEPS];         /* the timestep of step i */
    LkSamplingPass pass[LK_MAX_SAMPLING_PASSES];
    double start; /* standard normal noise is multiplied by it to begin with */
    double end;   /* x is multiplied by it after the last step */
} LkSamplingSchedule;

/** Lays the steps out; false where there are not 1 .. LK_MAX_SAMPLING_STEPS. */
bool lk_sampling_schedule_init(LkSamplingSchedule *schedule, const LkSampler *sampler, const LkSigmas *sigmas,
                               int steps);

/** What the U-Net sees at a level: x / sqrt(sigma² + 1). */
void lk_sampling_input(double sigma, const float *x, float *input, size_t count);

/** The U-Net's guess of the clean picture at a level from its prediction, which is the noise, or v = alpha · noise -
 * sigma · picture (Salimans & Ho, arXiv:2202.00512). */
void lk_sampling_denoised(double sigma, bool v_prediction, const float *x, const float *prediction, float *denoised,
                          size_t count);

/** Classifier-free guidance (Ho & Salimans, arXiv:2207.12598): out = without + scale · (with - without). */
void lk_sampling_guide(const float *without, const float *with, double scale, float *out, size_t count);

/** x after a pass = x · x + base · x at the step's begin + kept[i] · what was kept of the i-th last pass (0 is this
 * one) + noise · standard normal noise + last_noise · that of the pass before. */
typedef struct LkStepWeights {
    double x, base, kept[LK_KEPT_PASSES], noise, last_noise;
} LkStepWeights;

/** The weights of a pass. Those of passes that never were are 0. */
LkStepWeights lk_sampling_weights(const LkSampler *sampler, const LkSamplingSchedule *schedule, int pass);

/** The arrays of a picture in the making, `count` numbers each. */
typedef struct LkSamplingWork {
    float *x, *base;             /* now, and at the step's begin */
    float *kept[LK_KEPT_PASSES]; /* the last passes', this one's first */
    float *noise, *last_noise;
    size_t count;
} LkSamplingWork;

/** Before a pass: makes room in `kept` for it, and notes where a step begins. */
void lk_sampling_begin_pass(const LkSamplingPass *pass, LkSamplingWork *work);
/** With the guess: keeps it, or the slope (x - guess) / sigma, whichever the sampler's rule goes by. */
void lk_sampling_keep(const LkSampler *sampler, const LkSamplingPass *pass, const float *guess, LkSamplingWork *work);
/** Then: makes x of x, what is kept and noise. What has the weight 0 is not read. */
void lk_sampling_step(const LkStepWeights *weights, LkSamplingWork *work);
