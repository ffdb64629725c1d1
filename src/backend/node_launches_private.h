/* Between the files that fill in kernels' arguments. */
#pragma once

#include "backend/node_launches.h"

/** What filling in a node's arguments needs: its tensors and their addresses. */
typedef struct LkLaunchNode {
    const LkNode *node;
    const LkTensor *in[LK_MAX_INPUTS], *out[LK_MAX_OUTPUTS];
    void *const *x, *const *y;
    void *scratch;
} LkLaunchNode;

/** Adds a launch and returns its arguments to fill in. */
LkKernelArgs *lk_launch_add(LkLaunches *to, LkKernelId id, LkDType dtype);

/* The adapters' operations (node_launches_adapter.c). */
void lk_fill_multiply(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_scale_rows(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_sum_products(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_dropout(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_limit_norm(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_taps(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_kronecker(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_kronecker_backward(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_dora_scale(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_dora_scale_backward(LkLaunches *to, const LkLaunchNode *n);

/* The optimizers' (node_launches_optimizer.c). */
void lk_fill_adamw(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_element_optimizer(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_optimizer_8bit(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_adapt(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_adafactor(LkLaunches *to, const LkLaunchNode *n);
void lk_fill_ema(LkLaunches *to, const LkLaunchNode *n);
