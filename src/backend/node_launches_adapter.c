/* Arguments of the kernels that adapters need. */
#include "backend/node_launches_private.h"
#include "base/philox.h"

void lk_fill_multiply(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_MULTIPLY, n->out[0]->dtype)->multiply = (LkMultiplyArgs){
        .a = n->x[0], .b = n->x[1], .y = n->y[0], .count = lk_tensor_count(n->out[0]), .alpha = n->node->attr.alpha};
}

/** The last input, where it is an addend. */
static const void *addend_of(const LkLaunchNode *n)
{
    return n->node->attr.has_addend ? n->x[n->node->n_in - 1] : NULL;
}

void lk_fill_scale_rows(LkLaunches *to, const LkLaunchNode *n)
{
    int64_t c = lk_tensor_cols(n->in[0]), samples = lk_tensor_count(n->in[1]) / c;
    lk_launch_add(to, LK_KERNEL_SCALE_ROWS, n->in[0]->dtype)->scale_rows =
        (LkScaleRowsArgs){.x = n->x[0],
                          .v = n->x[1],
                          .e = addend_of(n),
                          .bias = n->node->attr.has_bias ? n->x[2] : NULL,
                          .y = n->y[0],
                          .n = samples,
                          .s = lk_tensor_rows(n->in[0]) / samples,
                          .c = c};
}

void lk_fill_sum_products(LkLaunches *to, const LkLaunchNode *n)
{
    int64_t c = lk_tensor_cols(n->in[0]), samples = lk_tensor_count(n->out[0]) / c;
    lk_launch_add(to, LK_KERNEL_SUM_PRODUCTS, n->in[0]->dtype)->sum_products =
        (LkSumProductsArgs){.dy = n->x[0],
                            .y = n->x[1],
                            .v = n->x[2],
                            .bias = n->node->attr.has_bias ? n->x[3] : NULL,
                            .dv = n->y[0],
                            .scratch = n->scratch,
                            .n = samples,
                            .s = lk_tensor_rows(n->in[0]) / samples,
                            .c = c};
}

void lk_fill_taps(LkLaunches *to, const LkLaunchNode *n)
{
    bool spread = n->node->op == LK_OP_SPREAD_TAPS;
    const LkTensor *z = spread ? n->out[0] : n->in[0], *y = spread ? n->in[0] : n->out[0];
    lk_launch_add(to, spread ? LK_KERNEL_SPREAD_TAPS : LK_KERNEL_GATHER_TAPS, y->dtype)->taps =
        (LkTapsArgs){.z = spread ? n->y[0] : n->x[0],
                     .y = spread ? n->x[0] : n->y[0],
                     .n = z->shape[0],
                     .h = z->shape[1],
                     .w = z->shape[2],
                     .p = y->shape[1],
                     .q = y->shape[2],
                     .c = y->shape[3],
                     .k = n->node->attr.kernel,
                     .stride = n->node->attr.stride,
                     .pad = n->node->attr.pad_before,
                     .wide = z->dtype != y->dtype};
}

static LkKroneckerArgs kronecker(const LkLaunchNode *n, int a, void *y)
{
    const LkAttributes *attr = &n->node->attr;
    return (LkKroneckerArgs){.a = n->x[a],
                             .b = n->x[a + 1],
                             .y = y,
                             .m = n->in[a]->shape[0],
                             .n = n->in[a]->shape[1],
                             .p = n->in[a + 1]->shape[0],
                             .q = n->in[a + 1]->shape[1] / attr->kernel,
                             .taps = attr->kernel,
                             .alpha = attr->alpha};
}

void lk_fill_kronecker(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_KRONECKER, n->out[0]->dtype)->kronecker = kronecker(n, 0, n->y[0]);
}

void lk_fill_kronecker_backward(LkLaunches *to, const LkLaunchNode *n)
{
    static const LkKernelId kernels[2] = {LK_KERNEL_KRONECKER_LEFT, LK_KERNEL_KRONECKER_RIGHT};
    for (int i = 0; i < 2; i++) {
        LkKernelArgs *args = lk_launch_add(to, kernels[i], n->in[0]->dtype);
        args->kronecker = kronecker(n, 1, n->x[0]);
        args->kronecker.d = n->y[i];
    }
}

void lk_fill_dora_scale(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_DORA_SCALE, n->in[0]->dtype)->dora_scale =
        (LkDoraScaleArgs){.w = n->x[0],
                          .delta = n->x[1],
                          .magnitude = n->x[2],
                          .keep = n->node->attr.has_addend ? n->x[3] : NULL,
                          .s = n->y[0],
                          .norm = n->y[1],
                          .out = n->in[0]->shape[0],
                          .in = n->in[0]->shape[1],
                          .taps = n->node->attr.kernel,
                          .eps = n->node->attr.eps,
                          .strength = n->node->attr.alpha};
}

void lk_fill_dora_scale_backward(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_DORA_SCALE_BACKWARD, n->in[1]->dtype)->dora_scale_backward =
        (LkDoraScaleBackwardArgs){.ds = n->x[0],
                                  .w = n->x[1],
                                  .delta = n->x[2],
                                  .magnitude = n->x[3],
                                  .norm = n->x[4],
                                  .keep = n->node->attr.has_addend ? n->x[5] : NULL,
                                  .d_delta = n->y[0],
                                  .d_magnitude = n->y[1],
                                  .out = n->in[1]->shape[0],
                                  .in = n->in[1]->shape[1],
                                  .taps = n->node->attr.kernel,
                                  .eps = n->node->attr.eps};
}

void lk_fill_dropout(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_DROPOUT, n->in[0]->dtype)->dropout =
        (LkDropoutArgs){.x = n->x[0],
                        .key = n->x[1],
                        .y = n->y[0],
                        .count = lk_tensor_count(n->in[0]),
                        .stream = (uint32_t)n->node->attr.begin,
                        .purpose = LK_RANDOM_DROPOUT,
                        .p = n->node->attr.alpha};
}

void lk_fill_limit_norm(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_LIMIT_NORM, LK_F32)->limit_norm =
        (LkLimitNormArgs){.a = n->y[0],
                          .b = n->y[1],
                          .gram_a = n->x[2],
                          .gram_b = n->x[3],
                          .scratch = n->scratch,
                          .coefficient = n->x[4] ? (const float *)n->x[4] + 1 : NULL,
                          .a_count = lk_tensor_count(n->out[0]),
                          .b_count = lk_tensor_count(n->out[1]),
                          .gram_count = lk_tensor_count(n->in[2]),
                          .scale = n->node->attr.alpha,
                          .limit = n->node->attr.max_norm};
}
