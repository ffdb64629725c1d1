/* What the kernels of an update take: sums and clipping of the gradient, the optimizers, the average of the weights.
 * All of it is f32; else as in args.h, which includes this file. */
#pragma once

#include <stdint.h>

/** *sum = sum of x^2: float partials of fixed tiles, added in order in double. Inf or NaN in x shows in the sum. */
typedef struct LkSumSquaresArgs {
    const float *x; /* [count] */
    double *sum;    /* out: [1] */
    float *scratch; /* lk_sum_squares_scratch(count) floats */
    int64_t count;
} LkSumSquaresArgs;

/** Norm and clip coefficient, as torch.nn.utils.clip_grad_norm_: norm = sqrt(*sum) * u, coefficient = u * min(1,
 * max_norm / (norm + 1e-6)), u = *unscale. A norm that is not finite, or a loss, gives a coefficient of NaN. */
typedef struct LkClipArgs {
    const double *sum;    /* [1]: from LkSumSquaresArgs */
    const float *unscale; /* [1] or NULL (1): 1 / loss scale, 1 / accumulation steps */
    float *norm;          /* out: [1] the gradient's norm before clipping */
    float *coefficient;   /* out: [1] what to multiply the gradient by */
    float max_norm;       /* <= 0: no clipping */
    const float *losses;  /* [n_losses] that the gradient came from, or NULL */
    int64_t n_losses;
} LkClipArgs;

/** notes[*slot + i] = x[i] for i < n; what would lie outside of the notes is left out. */
typedef struct LkNoteArgs {
    const float *x;    /* [n] */
    float *notes;      /* [room] */
    const float *slot; /* [1]: a whole number */
    int64_t n, room;
} LkNoteArgs;

/** The scalars of one AdamW step, made by lk_adamw_scalars. They live where the kernel runs. */
typedef struct LkAdamwScalars {
    float decay;                  /* 1 - lr * weight_decay */
    float beta1, one_minus_beta1; /* */
    float beta2, one_minus_beta2; /* */
    float step_size;              /* lr / (1 - beta1^step) */
    float bias2_sqrt;             /* sqrt(1 - beta2^step) */
    float eps;
    float l2; /* torch.optim.Adam's weight decay: added to the gradient; 0 for AdamW */
} LkAdamwScalars;

/** torch.optim.AdamW (not amsgrad) on contiguous parameters: g *= *coefficient; p *= decay; m, v, p updated in torch's
 * order. A coefficient that is not finite leaves p, m and v as they are. */
typedef struct LkAdamwArgs {
    float *p;                      /* [count] */
    const float *g;                /* [count] */
    float *m;                      /* [count] first moment */
    float *v;                      /* [count] second moment */
    const LkAdamwScalars *scalars; /* [1] */
    const float *coefficient;      /* [1] or NULL (1): from LkClipArgs */
    int64_t count;
} LkAdamwArgs;

/** Scales the matrices a and b of a product so that its norm, times `scale`, is at most `limit`: both by the root of
 * min(1, limit / norm). The norm's square is the sum of gram_a · gram_b by element, gram_a = aᵀ a, gram_b = b bᵀ. */
typedef struct LkLimitNormArgs {
    float *a;                 /* [a_count] */
    float *b;                 /* [b_count] */
    const float *gram_a;      /* [gram_count] */
    const float *gram_b;      /* [gram_count] */
    float *scratch;           /* [1] */
    const float *coefficient; /* [1] or NULL (1): from LkClipArgs; where it is not finite, nothing changes */
    int64_t a_count, b_count, gram_count;
    float scale, limit;
} LkLimitNormArgs;

/** e += (1 - *decay) * (p - e). */
typedef struct LkEmaArgs {
    float *e;                 /* [count] */
    const float *p;           /* [count] */
    const float *decay;       /* [1] */
    const float *coefficient; /* [1] or NULL (1): from LkClipArgs; where it is not finite, nothing changes */
    int64_t count;
} LkEmaArgs;

/** Scalars of torch.optim.SGD with momentum: g += l2 * p; m = momentum * m + g; p -= lr * (from_gradient * g +
 * from_momentum * m). With Nesterov's rule from_gradient = 1 and from_momentum = momentum, else 0 and 1. */
typedef struct LkSgdScalars {
    float lr, l2, momentum, from_gradient, from_momentum;
} LkSgdScalars;

/** Scalars of Lion (Chen et al., arXiv:2302.06675): p = decay * p - lr * sign(beta1 * m + (1 - beta1) * g); m = beta2 *
 * m
 * + (1 - beta2) * g. */
typedef struct LkLionScalars {
    float lr, decay, beta1, one_minus_beta1, beta2, one_minus_beta2;
} LkLionScalars;

/** Scalars of schedule-free AdamW (Defazio et al., arXiv:2405.15682) as in the package schedulefree: y = p, the average
 * x is not stored. */
typedef struct LkScheduleFreeScalars {
    float beta2, one_minus_beta2;
    float bias2; /* 1 - beta2^step */
    float eps, weight_decay;
    float share, rest; /* of z in the new y: c, and 1 - c */
    float y_rate;      /* lr * (beta1 * (1 - c) - 1) */
    float lr;
} LkScheduleFreeScalars;

/** Scalars of Prodigy (Mishchenko & Defazio, arXiv:2306.06101; package prodigyopt) and D-adapted Adam (Defazio &
 * Mishchenko, arXiv:2301.07733; package dadaptation). */
typedef struct LkAdaptScalars {
    float lr; /* times the bias correction where that is asked for */
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float beta3, one_minus_beta3; /* Prodigy: beta3; D-adapted Adam: sqrt(beta2) */
    float eps, l2, weight_decay;  /* l2 is added to the gradient, weight_decay is decoupled */
    float d0, d_coef, growth_rate;
    float safeguard; /* 1: Prodigy's safeguard_warmup */
} LkAdaptScalars;

/** One step of an element-by-element optimizer over contiguous parameters. A coefficient that is not finite leaves
 * everything as it is. */
typedef struct LkOptimizerArgs {
    float *p;                 /* [count] */
    const float *g;           /* [count]; not used by APPLY */
    float *a, *b, *c;         /* [count]: state, as LkKernelId says */
    const float *start;       /* [count]: Prodigy's first weights */
    float *carry;             /* [LK_CARRY_COUNT]: of those that find their own rate */
    const float *scalars;     /* the struct that LkKernelId names */
    const float *coefficient; /* [1] or NULL (1): from LkClipArgs */
    float *scratch;           /* GATHER: 2 * lk_sum_tiles(count) */
    int64_t count;            /* SETTLE: 1 */
    int32_t slot;             /* of carry: where GATHER leaves its sums */
} LkOptimizerArgs;

/** One step with moments in 8 bits (Dettmers et al., arXiv:2110.02861): each block of 256 elements has one scale, its
 * largest value, and codes of the dynamic data type (lk_dynamic_value in kernels/dynamic.h). A block is LK_QUANTUM
 * elements from the range's beginning. */
typedef struct LkOptimizer8Args {
    float *p;                 /* [count] */
    const float *g;           /* [count] */
    uint8_t *m, *v;           /* [count]: codes of the first moment (signed) and of the second (unsigned) */
    float *m_scale, *v_scale; /* [ceil(count / 256)] */
    const float *scalars;
    const float *coefficient; /* [1] or NULL (1) */
    int64_t count;
} LkOptimizer8Args;

/** Scalars of Adafactor (Shazeer & Stern, arXiv:1804.04235) without a first moment, as in transformers. */
typedef struct LkAdafactorScalars {
    float lr; /* or the relative step size */
    float beta2, one_minus_beta2;
    float eps1, eps2;
    float clip_threshold;
    float scale_parameter; /* 1: the rate is multiplied by the matrix' own root mean square */
    float weight_decay;
} LkAdafactorScalars;

/** Floats of scratch that Adafactor takes for each tensor. */
enum { LK_ADAFACTOR_SCRATCH = 3 };

/** Adafactor over the tensors of a buffer, each a matrix or several; a block of work is a tensor. */
typedef struct LkAdafactorArgs {
    float *p;                 /* the buffer */
    const float *g;           /* like it */
    float *rows, *columns;    /* means of squares by row and by column of all matrices, one matrix after the other */
    const int32_t *table;     /* [matrices, LK_MATRIX_COUNT] */
    const float *scalars;     /* LkAdafactorScalars of optimizer group 0; groups lie scalars_stride apart */
    const float *coefficient; /* [1] or NULL (1) */
    float *scratch;           /* [matrices, LK_ADAFACTOR_SCRATCH] */
    int64_t matrices, scalars_stride;
} LkAdafactorArgs;
