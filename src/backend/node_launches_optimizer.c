/* Arguments of the kernels of optimizers. */
#include "backend/node_launches_private.h"

#include "tensor/graph_ops.h"

/** The scalars of the node's group, from the input that holds all. */
static const float *scalars_of(const LkLaunchNode *n, const void *all)
{
    return (const float *)all + LK_SCALAR_GROUPS + n->node->attr.group * LK_SCALAR_GROUP_SIZE;
}

/** The gradient's factor in the output of lk_clip_coefficient, which may be left out. */
static const float *factor_of(const void *clip)
{
    return clip ? (const float *)clip + 1 : NULL;
}

void lk_fill_adamw(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_ADAMW, LK_F32)->adamw =
        (LkAdamwArgs){.p = n->x[0],
                      .g = n->x[1],
                      .m = n->x[2],
                      .v = n->x[3],
                      .coefficient = factor_of(n->x[4]),
                      .scalars = (const LkAdamwScalars *)scalars_of(n, n->x[5]),
                      .count = lk_tensor_count(n->in[0])};
}

/** SGD, Lion and schedule-free AdamW: p, g, one or two states, clip, scalars. */
void lk_fill_element_optimizer(LkLaunches *to, const LkLaunchNode *n)
{
    bool two = n->node->op == LK_OP_SCHEDULE_FREE;
    LkKernelId id = two ? LK_KERNEL_SCHEDULE_FREE : n->node->op == LK_OP_LION ? LK_KERNEL_LION : LK_KERNEL_SGD;
    int clip = two ? 4 : 3;
    lk_launch_add(to, id, LK_F32)->optimizer = (LkOptimizerArgs){.p = n->x[0],
                                                                 .g = n->x[1],
                                                                 .a = n->x[2],
                                                                 .b = two ? n->x[3] : NULL,
                                                                 .coefficient = factor_of(n->x[clip]),
                                                                 .scalars = scalars_of(n, n->x[clip + 1]),
                                                                 .count = lk_tensor_count(n->in[0])};
}

void lk_fill_optimizer_8bit(LkLaunches *to, const LkLaunchNode *n)
{
    bool two = n->node->op == LK_OP_ADAMW_8BIT;
    int scale = two ? 4 : 3, clip = two ? 6 : 4;
    lk_launch_add(to, two ? LK_KERNEL_ADAMW_8BIT : LK_KERNEL_LION_8BIT, LK_F32)->optimizer_8bit =
        (LkOptimizer8Args){.p = n->x[0],
                           .g = n->x[1],
                           .m = n->x[2],
                           .v = two ? n->x[3] : NULL,
                           .m_scale = n->x[scale],
                           .v_scale = two ? n->x[5] : NULL,
                           .coefficient = factor_of(n->x[clip]),
                           .scalars = scalars_of(n, n->x[clip + 1]),
                           .count = lk_tensor_count(n->in[0])};
}

static void fill_gather(LkLaunches *to, const LkLaunchNode *n)
{
    bool dadapt = n->node->attr.dadapt;
    lk_launch_add(to, dadapt ? LK_KERNEL_DADAPT_GATHER : LK_KERNEL_PRODIGY_GATHER, LK_F32)->optimizer =
        (LkOptimizerArgs){.p = n->x[0],
                          .g = n->x[1],
                          .a = n->x[2],
                          .b = n->x[3],
                          .c = n->x[4],
                          .carry = n->x[5],
                          .coefficient = factor_of(n->x[6]),
                          .scalars = scalars_of(n, n->x[7]),
                          .start = dadapt ? NULL : n->x[8],
                          .scratch = n->scratch,
                          .count = lk_tensor_count(n->in[0]),
                          .slot = (int32_t)n->node->attr.begin};
}

static void fill_settle(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, n->node->attr.dadapt ? LK_KERNEL_DADAPT_SETTLE : LK_KERNEL_PRODIGY_SETTLE, LK_F32)->optimizer =
        (LkOptimizerArgs){
            .carry = n->x[0], .coefficient = factor_of(n->x[1]), .scalars = scalars_of(n, n->x[2]), .count = 1};
}

static void fill_apply(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, n->node->attr.dadapt ? LK_KERNEL_DADAPT_APPLY : LK_KERNEL_PRODIGY_APPLY, LK_F32)->optimizer =
        (LkOptimizerArgs){.p = n->x[0],
                          .a = n->x[1],
                          .b = n->x[2],
                          .carry = n->x[3],
                          .coefficient = factor_of(n->x[4]),
                          .scalars = scalars_of(n, n->x[5]),
                          .count = lk_tensor_count(n->in[0])};
}

void lk_fill_adapt(LkLaunches *to, const LkLaunchNode *n)
{
    if (n->node->op == LK_OP_ADAPT_GATHER)
        fill_gather(to, n);
    else if (n->node->op == LK_OP_ADAPT_SETTLE)
        fill_settle(to, n);
    else
        fill_apply(to, n);
}

void lk_fill_adafactor(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_ADAFACTOR, LK_F32)->adafactor =
        (LkAdafactorArgs){.p = n->x[0],
                          .g = n->x[1],
                          .rows = n->x[2],
                          .columns = n->x[3],
                          .table = n->x[4],
                          .coefficient = factor_of(n->x[5]),
                          .scalars = scalars_of(n, n->x[6]),
                          .scratch = n->scratch,
                          .matrices = lk_tensor_count(n->in[4]) / LK_MATRIX_COUNT,
                          .scalars_stride = LK_SCALAR_GROUP_SIZE};
}

void lk_fill_ema(LkLaunches *to, const LkLaunchNode *n)
{
    lk_launch_add(to, LK_KERNEL_EMA, LK_F32)->ema = (LkEmaArgs){.e = n->x[0],
                                                                .p = n->x[1],
                                                                .decay = (const float *)n->x[2] + LK_SCALAR_EMA,
                                                                .coefficient = factor_of(n->x[3]),
                                                                .count = lk_tensor_count(n->in[0])};
}
