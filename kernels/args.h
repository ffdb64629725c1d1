/* What each kernel takes: one struct of plain pointers and sizes, passed by value to a GPU and by pointer on a CPU.
 *
 * Notation: T is the element type the kernel was asked for (lk_kernel's dtype: f32, bf16 or f16); arithmetic is float.
 * Shapes are row-major, channels last. S is the number of positions of one picture (H*W, or tokens).
 * An output may be the same pointer as an input of the same type and shape unless it says otherwise; other overlaps are
 * not allowed. Pointers need the alignment of their elements only; 16-byte alignment of rows makes a GPU faster.
 * Scratch is the caller's, in float, sized by the functions in kernels.h, with no meaning between calls.
 * Plain C and C++: the CUDA build includes this file too. */
#pragma once

#include "base/function.h"
#include "kernels/args_optimizer.h"

#include <stdint.h>

typedef enum LkKernelId {
    LK_KERNEL_GROUP_NORM,              /* LkGroupNormArgs */
    LK_KERNEL_GROUP_NORM_BACKWARD,     /* LkGroupNormBackwardArgs */
    LK_KERNEL_LAYER_NORM,              /* LkLayerNormArgs */
    LK_KERNEL_LAYER_NORM_BACKWARD,     /* LkLayerNormBackwardArgs */
    LK_KERNEL_ACTIVATION,              /* LkActivationArgs */
    LK_KERNEL_ACTIVATION_BACKWARD,     /* LkActivationBackwardArgs */
    LK_KERNEL_GEGLU,                   /* LkGegluArgs */
    LK_KERNEL_GEGLU_BACKWARD,          /* LkGegluBackwardArgs */
    LK_KERNEL_GEGLU_LOW_RANK,          /* LkGegluArgs */
    LK_KERNEL_GEGLU_LOW_RANK_BACKWARD, /* LkGegluBackwardArgs */
    LK_KERNEL_AXPBY,                   /* LkAxpbyArgs */
    LK_KERNEL_ADD_ROWS,                /* LkAddRowsArgs */
    LK_KERNEL_SUM_ROWS,                /* LkSumRowsArgs: the backward of ADD_ROWS for v */
    LK_KERNEL_UPSAMPLE2,               /* LkUpsample2Args */
    LK_KERNEL_UPSAMPLE2_BACKWARD,      /* LkUpsample2Args */
    LK_KERNEL_COPY2D,                  /* LkCopy2dArgs */
    LK_KERNEL_FILL_TAILS,              /* LkFillTailsArgs */
    LK_KERNEL_EMBEDDING,               /* LkEmbeddingArgs */
    LK_KERNEL_TIME_EMBEDDING,          /* LkTimeEmbeddingArgs */
    LK_KERNEL_Q_SAMPLE,                /* LkQSampleArgs */
    LK_KERNEL_LOSS,                    /* LkLossArgs */
    LK_KERNEL_CAST_FROM_F32,           /* LkCastArgs: f32 to T */
    LK_KERNEL_CAST_TO_F32,             /* LkCastArgs: T to f32 */
    LK_KERNEL_DEQUANTISE_I8,           /* LkDequantiseArgs: codes are whole numbers */
    LK_KERNEL_DEQUANTISE_E4M3,         /* LkDequantiseArgs: codes are 8-bit floats */
    LK_KERNEL_FILL,                    /* LkFillArgs */
    LK_KERNEL_SOFTMAX,                 /* LkSoftmaxArgs */
    LK_KERNEL_SOFTMAX_BACKWARD,        /* LkSoftmaxBackwardArgs */
    LK_KERNEL_VAE_SAMPLE,              /* LkVaeSampleArgs */
    LK_KERNEL_MULTIPLY,                /* LkMultiplyArgs */
    LK_KERNEL_SCALE_ROWS,              /* LkScaleRowsArgs */
    LK_KERNEL_SUM_PRODUCTS,            /* LkSumProductsArgs: the backward of SCALE_ROWS for v */
    LK_KERNEL_GATHER_TAPS,             /* LkTapsArgs */
    LK_KERNEL_SPREAD_TAPS,             /* LkTapsArgs: the backward of GATHER_TAPS */
    LK_KERNEL_DROPOUT,                 /* LkDropoutArgs: its own backward */
    LK_KERNEL_KRONECKER,               /* LkKroneckerArgs */
    LK_KERNEL_KRONECKER_LEFT,          /* LkKroneckerArgs: the gradient for a */
    LK_KERNEL_KRONECKER_RIGHT,         /* LkKroneckerArgs: the gradient for b */
    LK_KERNEL_DORA_SCALE,              /* LkDoraScaleArgs */
    LK_KERNEL_DORA_SCALE_BACKWARD,     /* LkDoraScaleBackwardArgs */
    /* From here on everything is f32, whatever dtype is asked for. */
    LK_KERNEL_SUM_SQUARES,    /* LkSumSquaresArgs */
    LK_KERNEL_CLIP,           /* LkClipArgs */
    LK_KERNEL_NOTE,           /* LkNoteArgs */
    LK_KERNEL_ADAMW,          /* LkAdamwArgs */
    LK_KERNEL_LIMIT_NORM,     /* LkLimitNormArgs */
    LK_KERNEL_EMA,            /* LkEmaArgs */
    LK_KERNEL_SGD,            /* LkOptimizerArgs with LkSgdScalars: a = momentum */
    LK_KERNEL_LION,           /* LkOptimizerArgs with LkLionScalars: a = momentum */
    LK_KERNEL_SCHEDULE_FREE,  /* LkOptimizerArgs with LkScheduleFreeScalars: a = z, b = second moment */
    LK_KERNEL_PRODIGY_GATHER, /* LkOptimizerArgs with LkAdaptScalars: a, b = moments, c = s, start = first weights */
    LK_KERNEL_PRODIGY_SETTLE, /* the same, once after all GATHERs */
    LK_KERNEL_PRODIGY_APPLY,  /* the same */
    LK_KERNEL_DADAPT_GATHER,  /* LkOptimizerArgs with LkAdaptScalars: a, b = moments, c = s */
    LK_KERNEL_DADAPT_SETTLE,
    LK_KERNEL_DADAPT_APPLY,
    LK_KERNEL_ADAMW_8BIT,   /* LkOptimizer8Args with LkAdamwScalars */
    LK_KERNEL_LION_8BIT,    /* LkOptimizer8Args with LkLionScalars; no v */
    LK_KERNEL_ADAFACTOR,    /* LkAdafactorArgs */
    LK_KERNEL_ADD_PARTS,    /* LkAddPartsArgs */
    LK_KERNEL_ADD_LOW_RANK, /* LkAddLowRankArgs */
    LK_KERNEL_COUNT
} LkKernelId;

/** Group norm, optionally followed by SiLU: y = act((x - mean) * rstd * gamma + beta), statistics per (sample, group).
 */
typedef struct LkGroupNormArgs {
    const void *x;      /* T[n, s, c] */
    const float *gamma; /* [c] */
    const float *beta;  /* [c] */
    void *y;            /* T[n, s, c] */
    float *stats;       /* out: [n, groups, 2] mean and 1 / sqrt(variance + eps) */
    float *scratch;     /* lk_group_norm_scratch(n, s, c) floats */
    int64_t n, s, c;
    int64_t groups; /* divides c */
    float eps;
    int32_t silu; /* 1: y = silu(norm) */
} LkGroupNormArgs;

/** Gradient of LkGroupNormArgs for x, rounded to T, plus what is known of it already; gamma and beta are frozen. dx may
 * be dy, or the addend where that is of T. */
typedef struct LkGroupNormBackwardArgs {
    const void *dy;     /* T[n, s, c] */
    const void *x;      /* T[n, s, c]: the forward's input */
    const float *gamma; /* [c] */
    const float *beta;  /* [c] */
    const float *stats; /* [n, groups, 2]: from the forward */
    void *dx;           /* T[n, s, c] */
    float *scratch;     /* lk_group_norm_backward_scratch(n, s, c) floats */
    int64_t n, s, c;
    int64_t groups;
    int32_t silu;
    int32_t addend_is_float;
    const void *addend; /* T[n, s, c], or float, or NULL */
} LkGroupNormBackwardArgs;

/** Layer norm over the last dimension: y = (x - mean) * rstd * gamma + beta. y may be x where y_step is c. */
typedef struct LkLayerNormArgs {
    const void *x;      /* T[rows, c] */
    const float *gamma; /* [c] */
    const float *beta;  /* [c] */
    void *y;            /* T[rows, c] */
    float *stats;       /* out: [rows, 2] mean and rstd */
    int64_t rows, c;
    int64_t y_step; /* elements from row to row of y */
    float eps;
} LkLayerNormArgs;

/** Gradient of LkLayerNormArgs for x, rounded to T, plus what is known of it already. dx may be dy or the addend. y is
 * what the forward made, once more. */
typedef struct LkLayerNormBackwardArgs {
    const void *dy;     /* T[rows, c] */
    const void *x;      /* T[rows, c]: the forward's input */
    const float *gamma; /* [c] */
    const float *stats; /* [rows, 2]: from the forward */
    void *dx;           /* T[rows, c] */
    int64_t rows, c;
    const void *addend; /* T[rows, c] or NULL */
    const float *beta;  /* [c]; where y is wanted */
    void *y;            /* T[rows, c] or NULL */
} LkLayerNormBackwardArgs;

/** y = f(x) over n elements. */
typedef struct LkActivationArgs {
    const void *x; /* T[n] */
    void *y;       /* T[n] */
    int64_t n;
    int32_t kind; /* LkActivation */
} LkActivationArgs;

/** dx = dy * f'(x). */
typedef struct LkActivationBackwardArgs {
    const void *dy; /* T[n] */
    const void *x;  /* T[n]: the forward's input */
    void *dx;       /* T[n] */
    int64_t n;
    int32_t kind;
} LkActivationBackwardArgs;

/** scale * h u^T, which a kernel adds to what it reads (and rounds the sum to T): an adapter's part of a layer, never
 * written anywhere. */
typedef struct LkLowRank {
    const void *h; /* T[rows, terms]: row i's term j is at i * row_step + j */
    const void *u; /* T: column i's term j is at i * column_step + j * term_step */
    int64_t terms; /* GEGLU: at most LK_LOW_RANK_TERMS; 0: nothing is added */
    int64_t row_step;
    int64_t column_step, term_step;
    float scale;
} LkLowRank;

/** y = x + low, rounded once; low of at most LK_LOW_RANK_MOST_TERMS. */
typedef struct LkAddLowRankArgs {
    const float *x; /* [rows, c] */
    void *y;        /* T[rows, c] */
    int64_t rows, c;
    LkLowRank low;
} LkAddLowRankArgs;

/** y = x[:, :c] * gelu_erf(x[:, c:]). y may not overlap x. LOW_RANK: of x + low. */
typedef struct LkGegluArgs {
    const void *x; /* T[rows, 2c] */
    void *y;       /* T[rows, c] */
    int64_t rows, c;
    int64_t y_step; /* elements from row to row of y */
    LkLowRank low;
} LkGegluArgs;

/** Gradient of LkGegluArgs. dx may be x. LOW_RANK: of x + low, for the gradient dy + low_dy. y is what the forward
 * made, once more. */
typedef struct LkGegluBackwardArgs {
    const void *dy; /* T[rows, c]; LOW_RANK: or float */
    const void *x;  /* T[rows, 2c] */
    void *dx;       /* T[rows, 2c] */
    int64_t rows, c;
    LkLowRank low, low_dy;
    int32_t dy_is_float;
    void *y; /* T[rows, c] or NULL */
} LkGegluBackwardArgs;

/** y = alpha * a + beta * b. b = NULL: y = alpha * a. alpha = beta = 1 is the residual add, y = b = the sum so far
 * accumulates. */
typedef struct LkAxpbyArgs {
    const void *a; /* T[count] */
    const void *b; /* T[count] or NULL */
    void *y;       /* T[count] */
    int64_t count;
    float alpha, beta;
} LkAxpbyArgs;

/** y[n, s, :] = x[n, s, :] + v[n, :]. */
typedef struct LkAddRowsArgs {
    const void *x; /* T[n, s, c] */
    const void *v; /* T[n, c] */
    void *y;       /* T[n, s, c] */
    int64_t n, s, c;
} LkAddRowsArgs;

/** dv[n, :] = sum over s of dy[n, s, :], in a fixed order. */
typedef struct LkSumRowsArgs {
    const void *dy; /* T[n, s, c] */
    void *dv;       /* T[n, c] */
    float *scratch; /* lk_sum_rows_scratch(n, s, c) floats */
    int64_t n, s, c;
} LkSumRowsArgs;

/** Nearest neighbour: y[n, 2h+i, 2w+j, :] = x[n, h, w, :]. BACKWARD reads y (the gradient) and writes x: sums of 2x2.
 */
typedef struct LkUpsample2Args {
    void *x;            /* T[n, h, w, c] */
    void *y;            /* T[n, 2h, 2w, c]; may not overlap x */
    int64_t n, h, w, c; /* of x */
} LkUpsample2Args;

/** y[r * y_stride + i] = x[r * x_stride + i] for i < cols: bits, no arithmetic. Concatenation and slices of channels.
 */
typedef struct LkCopy2dArgs {
    const void *x; /* T */
    void *y;       /* T; may not overlap x */
    int64_t rows, cols;
    int64_t x_stride, y_stride; /* elements from row to row */
} LkCopy2dArgs;

/** What stands behind the rows of a matrix: `width` columns from `to` on, of which those from `begin` on are u's and
 * the others zero. */
typedef struct LkTail {
    const void *u; /* T[rows, terms] */
    void *to;      /* T: row r's begin at r * step */
    int32_t rows, step;
    int16_t width, begin, terms;
} LkTail;

/** Tails of one launch: its parameters stay below 4 KB, which every card and driver takes. */
enum { LK_TAILS_AT_ONCE = 120 };

/** Writes the tails of many matrices: an adapter's parts among the frozen weights. */
typedef struct LkFillTailsArgs {
    int64_t count;
    int64_t most; /* the largest rows * width of one */
    LkTail tails[LK_TAILS_AT_ONCE];
} LkFillTailsArgs;

/** y[r, :] = table[ids[r], :] + positions[r % positions_rows, :]. Ids outside 0..vocabulary-1 give NaN rows. */
typedef struct LkEmbeddingArgs {
    const int32_t *ids;    /* [rows] */
    const void *table;     /* T[vocabulary, c] */
    const void *positions; /* T[positions_rows, c] or NULL */
    void *y;               /* T[rows, c] */
    int64_t rows, c, vocabulary, positions_rows;
} LkEmbeddingArgs;

/** y[n, :] = [cos(t w), sin(t w)], w_i = exp(-ln(10000) i / (c / 2)), in double. c is even. */
typedef struct LkTimeEmbeddingArgs {
    const float *t; /* [n] */
    void *y;        /* T[n, c] */
    int64_t n, c;
} LkTimeEmbeddingArgs;

/** y[n, :] = a[n] * x[n, :] + b[n] * z[n, :]: noisy latents, velocity targets. */
typedef struct LkQSampleArgs {
    const float *x; /* [n, s] */
    const float *z; /* [n, s] */
    const float *a; /* [n] */
    const float *b; /* [n] */
    void *y;        /* T[n, s] */
    int64_t n, s;
} LkQSampleArgs;

/** raw[n] = mean over s of mask * loss(pred - target); d_pred = loss'(pred - target) * mask * weight[n] * scale / (s *
 * n). */
typedef struct LkLossArgs {
    const void *pred;     /* T[n, s] */
    const float *target;  /* [n, s] */
    const float *weight;  /* [n] or NULL (ones): scales the gradient only, so raw stays comparable */
    const float *huber_c; /* [n]: HUBER and SMOOTH_L1 only, else NULL */
    const float *mask;    /* [n, s] or NULL (ones) */
    const float *scale;   /* [1] or NULL (1): the loss scale */
    float *raw;           /* out: [n] */
    void *d_pred;         /* out: T[n, s] or NULL */
    float *scratch;       /* lk_loss_scratch(n, s) floats */
    int64_t n, s;
    int32_t kind; /* LkLoss */
} LkLossArgs;

/** Conversion between f32 and T, rounding to nearest even. x and y may not overlap unless T is f32. */
typedef struct LkCastArgs {
    const void *x;
    void *y;
    int64_t count;
} LkCastArgs;

/** y[r,:] = codes[r,:] * scales[r]: a frozen weight from its 8-bit codes, a row an output channel. No overlap. */
typedef struct LkDequantiseArgs {
    const void *codes;   /* [rows, cols], 8 bits each */
    const float *scales; /* [rows] */
    void *y;             /* T[rows, cols] */
    int64_t rows, cols;
} LkDequantiseArgs;

/** y[:] = value. */
typedef struct LkFillArgs {
    void *y; /* T[count] */
    int64_t count;
    float value;
} LkFillArgs;

/** y[r, :] = softmax(scale * x[r, :]). y may be x when T is f32 and the strides are equal; else x holds no meaning
 * afterwards.
 *
 * Causal: row r is query number first_query + r % queries of its matrix and sees keys 0..number; the rest gets 0. */
typedef struct LkSoftmaxArgs {
    float *x; /* [rows, cols], rows x_stride apart */
    void *y;  /* T[rows, cols], rows y_stride apart */
    int64_t rows, cols;
    int64_t x_stride, y_stride; /* elements */
    int64_t queries;            /* rows of one matrix; used when causal and for lse */
    int64_t first_query;        /* query number of a matrix' row 0; used when causal */
    float *lse;                 /* out: the logarithm of the row's sum of exp(scale * x), or NULL */
    int64_t lse_stride;         /* elements between the matrices' first rows in lse */
    float scale;
    int32_t causal;
} LkSoftmaxArgs;

/** ds[r, :] = scale * p * (dp - sum(dp * p)): the gradient for x of LkSoftmaxArgs. ds may be dp when T is f32, or p. */
typedef struct LkSoftmaxBackwardArgs {
    const void *p;   /* T[rows, cols]: the forward's output */
    const float *dp; /* [rows, cols] */
    void *ds;        /* T[rows, cols] */
    int64_t rows, cols;
    int64_t p_stride, dp_stride, ds_stride; /* elements from row to row */
    float scale;
} LkSoftmaxBackwardArgs;

/** y = (mean + exp(0.5 * clamp(logvar, -30, 20)) * eps) * scale; eps = NULL takes the mean. */
typedef struct LkVaeSampleArgs {
    const float *moments; /* [positions, 2 * c]: means, then log variances (c = 4 for Stable Diffusion) */
    const float *eps;     /* [positions, c] or NULL */
    void *y;              /* T[positions, c] */
    int64_t positions, c;
    float shift; /* subtracted before scaling: (latent - shift) * scale; 0 for Stable Diffusion */
    float scale;
} LkVaeSampleArgs;

/** y = alpha * a * b. */
typedef struct LkMultiplyArgs {
    const void *a; /* T[count] */
    const void *b; /* T[count] */
    void *y;       /* T[count] */
    int64_t count;
    float alpha;
} LkMultiplyArgs;

/** y[n, s, :] = (x[n, s, :] + e[n, s, :] - bias) * v[n, :] + bias. */
typedef struct LkScaleRowsArgs {
    const void *x;     /* T[n, s, c] */
    const void *e;     /* T[n, s, c] or NULL (0) */
    const float *v;    /* [n, c] */
    const float *bias; /* [c] or NULL (0) */
    void *y;           /* T[n, s, c] */
    int64_t n, s, c;
} LkScaleRowsArgs;

/** dv[n, :] = sum over s of dy[n, s, :] * (y[n, s, :] - bias) / v[n, :], in a fixed order: the gradient of SCALE_ROWS
 * for v from its result alone; 0 where v is 0. */
typedef struct LkSumProductsArgs {
    const void *dy;    /* T[n, s, c] */
    const void *y;     /* T[n, s, c] */
    const float *v;    /* [n, c] */
    const float *bias; /* [c] or NULL (0) */
    float *dv;         /* out: [n, c] */
    float *scratch;    /* lk_sum_rows_scratch(n, s, c) floats */
    int64_t n, s, c;
} LkSumProductsArgs;

/** A convolution whose channels were multiplied already: z[n, h, w, c, t] is what the input's place (h, w) gives to
 * channel c through tap t = k * row + column of the kernel. y[n, p, q, c] = sum over t of z[n, p * stride + row - pad,
 * q * stride + column - pad, c, t], nothing from outside. SPREAD reads y (the gradient) and writes z. */
typedef struct LkTapsArgs {
    void *z; /* T[n, h, w, c * k * k]; GATHER: f32 where `wide` */
    void *y; /* T[n, p, q, c]; may not overlap z */
    int64_t n, h, w, p, q, c;
    int32_t k, stride, pad;
    int32_t wide;
} LkTapsArgs;

/** y = x / (1 - p) where element i's random number is p or more, else 0. The number is word i % 4 of block
 * stream · 2^40 + i / 4 of the random stream (key[0] + key[1] · 2^32, purpose, key[2]) of base/philox.h. */
typedef struct LkDropoutArgs {
    const void *x;      /* T[count] */
    const int32_t *key; /* [4]: seed, its upper half, step, unused */
    void *y;            /* T[count] */
    int64_t count;
    uint32_t stream, purpose;
    float p; /* 0 <= p < 1 */
} LkDropoutArgs;

/** y[(i p + k), t, j, l] = alpha * a[i, j] * b[k, t, l]: the Kronecker product, of each tap. LEFT: da[i, j] = alpha *
 * sum of y * b; RIGHT: db[k, t, l] = alpha * sum of y * a, from y (the gradient), both f32 and in a fixed order. */
typedef struct LkKroneckerArgs {
    const void *a; /* T[m, n] */
    const void *b; /* T[p, taps, q] */
    void *y;       /* T[m * p, taps, n * q] */
    float *d;      /* LEFT: out [m, n]; RIGHT: out [p, taps, q] */
    int64_t m, n, p, q, taps;
    float alpha;
} LkKroneckerArgs;

/** norm[o] = |w[o] + delta[o]|, s[o] = strength * (magnitude[o] / (norm[o] + eps) - 1) + 1. Where keep[o] is 0,
 * delta[o] is left out; where it is below, all is: s[o] = 1. */
typedef struct LkDoraScaleArgs {
    const void *w;          /* T[out, in, taps]: a convolution's order in files */
    const void *delta;      /* T[out, taps, in] */
    const float *magnitude; /* [out] */
    const float *keep;      /* [out] or NULL: 1 everywhere */
    float *s;               /* out: [out] */
    float *norm;            /* out: [out] */
    int64_t out, in, taps;
    float eps, strength;
} LkDoraScaleArgs;

/** The gradients of magnitude / (norm + eps), given that of s. */
typedef struct LkDoraScaleBackwardArgs {
    const float *ds;        /* [out] */
    const void *w;          /* T[out, in, taps] */
    const void *delta;      /* T[out, taps, in] */
    const float *magnitude; /* [out] */
    const float *norm;      /* [out] */
    const float *keep;      /* [out] or NULL */
    void *d_delta;          /* out: T[out, taps, in] */
    float *d_magnitude;     /* out: [out] */
    int64_t out, in, taps;
    float eps;
} LkDoraScaleBackwardArgs;

/** y = addend + the parts, one after the other: a sum that was split so that all of a card takes part in it. */
typedef struct LkAddPartsArgs {
    const float *parts;  /* [n, count] */
    const float *addend; /* [count] or NULL (0); may be y */
    float *y;            /* [count] */
    int64_t n, count;
} LkAddPartsArgs;
