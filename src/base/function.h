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
