/* The optimizers: one table says what each is called, what it keeps beside the weights, and which options it knows.
 *
 * Names, options and defaults are those of the classes that sd-scripts takes: torch.optim (AdamW, Adam, SGD),
 * bitsandbytes (8 bits), lion_pytorch, prodigyopt, dadaptation, schedulefree, transformers (Adafactor). */
#pragma once

#include "base/dtype.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LkOptimizerType {
    LK_OPTIMIZER_ADAMW,
    LK_OPTIMIZER_ADAM,
    LK_OPTIMIZER_ADAMW_8BIT,
    LK_OPTIMIZER_SGD,
    LK_OPTIMIZER_LION,
    LK_OPTIMIZER_LION_8BIT,
    LK_OPTIMIZER_ADAFACTOR,
    LK_OPTIMIZER_PRODIGY,
    LK_OPTIMIZER_DADAPT_ADAM,
    LK_OPTIMIZER_SCHEDULE_FREE,
    LK_OPTIMIZER_COUNT,
} LkOptimizerType;

/** The options of all optimizers; each uses some. */
typedef struct LkOptimizerOptions {
    double beta1, beta2, beta3; /* beta3 0: the square root of beta2 */
    double eps, eps2, weight_decay, momentum;
    double d0, d_coef, growth_rate;          /* of those that find their own rate; growth_rate 0: no limit */
    double clip_threshold, decay_rate;       /* Adafactor */
    double warmup_steps, r, weight_lr_power; /* schedule-free */
    bool nesterov, decouple, use_bias_correction, safeguard_warmup;
    bool scale_parameter, relative_step, warmup_init; /* Adafactor */
} LkOptimizerOptions;

/** How many numbers an array of the state has. */
typedef enum LkOptimizerArrayKind {
    LK_ARRAY_ELEMENTS, /* f32, one for each weight */
    LK_ARRAY_CODES,    /* four 8-bit codes in an i32 */
    LK_ARRAY_SCALES,   /* f32, one for each block of codes */
    LK_ARRAY_CARRY,    /* f32 [LK_CARRY_COUNT] */
    LK_ARRAY_ROWS,     /* f32, one for each row of each matrix; and column */
    LK_ARRAY_COLUMNS,
} LkOptimizerArrayKind;

enum { LK_OPTIMIZER_ARRAYS = 5 };

typedef struct LkOptimizerArray {
    const char *name; /* in state files and, behind "adapter.", in the graph; NULL ends the list */
    LkOptimizerArrayKind kind;
    bool is_weights; /* begins as the weights; others with 0 */
} LkOptimizerArray;

typedef struct LkOptimizer {
    LkOptimizerType type;
    const char *name;       /* as jobs name it */
    const char *class_name; /* as sd-scripts tells of it in ss_optimizer */
    LkOptimizerArray arrays[LK_OPTIMIZER_ARRAYS + 1];
    const char *options[12]; /* names it knows; NULL ends the list */
    LkOptimizerOptions defaults;
    bool finds_rate; /* the learning rate is a factor of one that it finds, usually 1 */
    bool averages;   /* what is to be used is not the weights in training but an average; needs no schedule */
} LkOptimizer;

/** Its row. */
const LkOptimizer *lk_optimizer(LkOptimizerType type);

/** Reads name=value pairs as sd-scripts takes them ("betas=(0.9, 0.999)", "decouple=True") over the defaults. False
 * with a whole sentence in *problem (g_free) for the first that is not understood. */
bool lk_optimizer_read(const LkOptimizer *optimizer, char *const *args, LkOptimizerOptions *options, char **problem);

/** What schedule-free averaging knows of the steps before; all 0 at first. */
typedef struct LkAveraging {
    double weight_sum, rate_max;
} LkAveraging;

/** Counts step number `step` (from 1) with learning rate `rate`; returns the share of the new weights in the average.
 */
double lk_averaging_step(LkAveraging *averaging, const LkOptimizerOptions *options, int64_t step, double rate);

enum { LK_OPTIMIZER_SCALARS = 16 };

/** How many steps an optimizer has taken when `step` (from 1) is done. One that finds its own rate does not count a
 * step of rate 0, which only the first of a warm-up is. */
int64_t lk_optimizer_steps(LkOptimizerType type, int64_t step, bool first_is_idle);

/** The scalars of one optimizer group at step `step` (from 1), as the kernels take them (kernels/args_optimizer.h):
 * computed in double. `share` is lk_averaging_step's, else not used. */
void lk_optimizer_scalars(LkOptimizerType type, const LkOptimizerOptions *options, int64_t step, double rate,
                          double share, float scalars[LK_OPTIMIZER_SCALARS]);

/** The learning rate that Adafactor takes by itself at a step with relative_step, before it is scaled. */
double lk_adafactor_rate(const LkOptimizerOptions *options, int64_t step);

/** The decay of the average of the weights after `step` steps (from 1): the smaller of `most` and what lets the first
 * steps count less (diffusers' EMAModel). */
double lk_ema_decay(double most, int64_t step);
