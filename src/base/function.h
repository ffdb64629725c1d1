/* The scalar functions that graph, kernels and reference name alike. Plain C and C++. */
#pragma once

typedef enum LkActivation {
    LK_SILU,       /* x * sigmoid(x) */
    LK_QUICK_GELU, /* x * sigmoid(1.702 x) */
    LK_GELU_ERF,   /* x * (1 + erf(x / sqrt 2)) / 2 */
    LK_GELU_TANH   /* x * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
} LkActivation;

typedef enum LkLoss {
    LK_LOSS_L2,       /* d^2 */
    LK_LOSS_L1,       /* |d| */
    LK_LOSS_HUBER,    /* 2 c (sqrt(d^2 + c^2) - c) */
    LK_LOSS_SMOOTH_L1 /* 2 (sqrt(d^2 + c^2) - c) */
} LkLoss;

/** Terms of a product that a kernel makes where the result is read; with more it is worth a call of its own. And of one
 * that is made onto an f32 sum: a factor is read anew, from the cache, for every 32 columns of the result, until that
 * costs as much as writing the sum and reading it again. */
enum { LK_LOW_RANK_TERMS = 64, LK_LOW_RANK_MOST_TERMS = 128 };

/* Layouts of optimizers' states, which kernels, graphs and files must agree on. */

/** Elements of an 8-bit moment that share a scale. */
enum { LK_QUANTUM = 256 };

/** What an optimizer that finds its own learning rate carries from step to step, and behind it the sums of its
 * stretches, two of each, slot by slot. All 0 but d and its maximum, which begin as d0. */
enum {
    LK_CARRY_D,
    LK_CARRY_D_BEFORE, /* in the step that is done now; 0 where there was no gradient */
    LK_CARRY_D_MAX,
    LK_CARRY_NUMERATOR,
    LK_CARRY_SUMS = 8,
    LK_CARRY_SLOTS = 60,
    LK_CARRY_COUNT = LK_CARRY_SUMS + 2 * LK_CARRY_SLOTS
};

/** A row of Adafactor's table: a tensor of LK_MATRIX_BATCH matrices of the same sides (more than one in the weights of
 * a convolution, which are matrices of taps), where it lies among the weights, where its means lie (a matrix' after the
 * other's), and its optimizer group. Element (row, column) of matrix b = outer · inner + i lies at
 * ((outer · rows + row) · columns + column) · inner + i. */
enum {
    LK_MATRIX_AT,
    LK_MATRIX_BATCH,
    LK_MATRIX_INNER, /* divides the batch */
    LK_MATRIX_ROWS,
    LK_MATRIX_COLUMNS,
    LK_MATRIX_ROWS_AT,
    LK_MATRIX_COLUMNS_AT,
    LK_MATRIX_GROUP,
    LK_MATRIX_COUNT
};
