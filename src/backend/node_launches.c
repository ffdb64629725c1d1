#include "backend/node_launches_private.h"

#include "tensor/graph_ops.h"
#include "tensor/low_rank.h"

typedef LkLaunchNode Node;

LkKernelArgs *lk_launch_add(LkLaunches *to, LkKernelId id, LkDType dtype)
{
    LkLaunch *l = &to->launch[to->count++];
    *l = (LkLaunch){.id = id, .dtype = dtype};
    return &l->args;
}

/** Positions of one sample: all dims between the first and the last. */
static int64_t positions(const LkTensor *t)
{
    return lk_tensor_rows(t) / t->shape[0];
}

static void fill_group_norm(LkLaunches *to, const Node *n)
{
    const LkTensor *x = n->in[0];
    lk_launch_add(to, LK_KERNEL_GROUP_NORM, x->dtype)->group_norm = (LkGroupNormArgs){.x = n->x[0],
                                                                                      .gamma = n->x[1],
                                                                                      .beta = n->x[2],
                                                                                      .y = n->y[0],
                                                                                      .stats = n->y[1],
                                                                                      .scratch = n->scratch,
                                                                                      .n = x->shape[0],
                                                                                      .s = positions(x),
                                                                                      .c = lk_tensor_cols(x),
                                                                                      .groups = n->node->attr.groups,
                                                                                      .eps = n->node->attr.eps,
                                                                                      .silu = n->node->attr.silu};
}

static void fill_group_norm_backward(LkLaunches *to, const Node *n)
{
    const LkTensor *x = n->in[1];
    lk_launch_add(to, LK_KERNEL_GROUP_NORM_BACKWARD, x->dtype)->group_norm_backward =
        (LkGroupNormBackwardArgs){.dy = n->x[0],
                                  .x = n->x[1],
                                  .stats = n->x[2],
                                  .gamma = n->x[3],
                                  .beta = n->x[4],
                                  .dx = n->y[0],
                                  .scratch = n->scratch,
                                  .n = x->shape[0],
                                  .s = positions(x),
                                  .c = lk_tensor_cols(x),
                                  .groups = n->node->attr.groups,
                                  .silu = n->node->attr.silu,
                                  .addend = n->node->attr.has_addend ? n->x[5] : NULL,
                                  .addend_is_float = n->node->attr.has_addend && n->in[5]->dtype == LK_F32};
}

static void fill_layer_norm(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_LAYER_NORM, n->in[0]->dtype)->layer_norm =
        (LkLayerNormArgs){.x = n->x[0],
                          .gamma = n->x[1],
                          .beta = n->x[2],
                          .y = n->y[0],
                          .stats = n->y[1],
                          .rows = lk_tensor_rows(n->in[0]),
                          .c = lk_tensor_cols(n->in[0]),
                          .y_step = lk_tensor_pitch(n->out[0]),
                          .eps = n->node->attr.eps};
}

static void fill_layer_norm_backward(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_LAYER_NORM_BACKWARD, n->in[1]->dtype)->layer_norm_backward =
        (LkLayerNormBackwardArgs){.dy = n->x[0],
                                  .x = n->x[1],
                                  .stats = n->x[2],
                                  .gamma = n->x[3],
                                  .dx = n->y[0],
                                  .rows = lk_tensor_rows(n->in[1]),
                                  .c = lk_tensor_cols(n->in[1]),
                                  .addend = n->node->attr.has_addend ? n->x[4] : NULL,
                                  .beta = n->node->n_out > 1 ? n->x[n->node->n_in - 1] : NULL,
                                  .y = n->node->n_out > 1 ? n->y[1] : NULL};
}

static void fill_activation(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_ACTIVATION, n->in[0]->dtype)->activation = (LkActivationArgs){
        .x = n->x[0], .y = n->y[0], .n = lk_tensor_count(n->in[0]), .kind = (int32_t)n->node->attr.activation};
}

static void fill_activation_backward(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_ACTIVATION_BACKWARD, n->in[1]->dtype)->activation_backward =
        (LkActivationBackwardArgs){.dy = n->x[0],
                                   .x = n->x[1],
                                   .dx = n->y[0],
                                   .n = lk_tensor_count(n->in[1]),
                                   .kind = (int32_t)n->node->attr.activation};
}

/** The addend of the node's input `of`; one without terms where there is none. */
static LkLowRank low_rank(const Node *n, int which, int of)
{
    const LkLowRankAddend *addend = &n->node->attr.low_rank[which];
    int h = lk_low_rank_input(n->node, which);
    if (!addend->given)
        return (LkLowRank){0};
    int64_t terms = lk_tensor_cols(n->in[h]);
    return (LkLowRank){.h = n->x[h],
                       .u = n->x[h + 1],
                       .terms = terms,
                       .row_step = terms,
                       .column_step = addend->trans_b ? terms : 1,
                       .term_step = addend->trans_b ? 1 : lk_tensor_cols(n->in[of]),
                       .scale = addend->alpha};
}

static void fill_geglu(LkLaunches *to, const Node *n)
{
    LkLowRank low = low_rank(n, LK_LOW_RANK_X, 0);
    lk_launch_add(to, low.terms ? LK_KERNEL_GEGLU_LOW_RANK : LK_KERNEL_GEGLU, n->in[0]->dtype)->geglu =
        (LkGegluArgs){.x = n->x[0],
                      .y = n->y[0],
                      .rows = lk_tensor_rows(n->out[0]),
                      .c = lk_tensor_cols(n->out[0]),
                      .y_step = lk_tensor_pitch(n->out[0]),
                      .low = low};
}

static void fill_geglu_backward(LkLaunches *to, const Node *n)
{
    LkLowRank low = low_rank(n, LK_LOW_RANK_X, 1), low_dy = low_rank(n, LK_LOW_RANK_DY, 0);
    bool plain = !low.terms && !low_dy.terms && n->in[0]->dtype == n->in[1]->dtype;
    LkKernelId id = plain ? LK_KERNEL_GEGLU_BACKWARD : LK_KERNEL_GEGLU_LOW_RANK_BACKWARD;
    lk_launch_add(to, id, n->in[1]->dtype)->geglu_backward =
        (LkGegluBackwardArgs){.dy = n->x[0],
                              .x = n->x[1],
                              .dx = n->y[0],
                              .rows = lk_tensor_rows(n->in[0]),
                              .c = lk_tensor_cols(n->in[0]),
                              .low = low,
                              .low_dy = low_dy,
                              .dy_is_float = n->in[0]->dtype == LK_F32,
                              .y = n->node->n_out > 1 ? n->y[1] : NULL};
}

static void fill_add(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_AXPBY, n->in[0]->dtype)->axpby = (LkAxpbyArgs){
        .a = n->x[0], .b = n->x[1], .y = n->y[0], .count = lk_tensor_count(n->in[0]), .alpha = 1, .beta = 1};
}

static void fill_add_rows(LkLaunches *to, const Node *n)
{
    const LkTensor *x = n->in[0];
    lk_launch_add(to, LK_KERNEL_ADD_ROWS, x->dtype)->add_rows = (LkAddRowsArgs){
        .x = n->x[0], .v = n->x[1], .y = n->y[0], .n = x->shape[0], .s = positions(x), .c = lk_tensor_cols(x)};
}

static void fill_sum_rows(LkLaunches *to, const Node *n)
{
    const LkTensor *x = n->in[0];
    lk_launch_add(to, LK_KERNEL_SUM_ROWS, x->dtype)->sum_rows = (LkSumRowsArgs){.dy = n->x[0],
                                                                                .dv = n->y[0],
                                                                                .scratch = n->scratch,
                                                                                .n = x->shape[0],
                                                                                .s = positions(x),
                                                                                .c = lk_tensor_cols(x)};
}

static void fill_upsample2(LkLaunches *to, const Node *n)
{
    bool backward = n->node->op == LK_OP_UPSAMPLE2_BACKWARD;
    const LkTensor *small = backward ? n->out[0] : n->in[0];
    lk_launch_add(to, backward ? LK_KERNEL_UPSAMPLE2_BACKWARD : LK_KERNEL_UPSAMPLE2, small->dtype)->upsample2 =
        (LkUpsample2Args){.x = backward ? n->y[0] : n->x[0],
                          .y = backward ? n->x[0] : n->y[0],
                          .n = small->shape[0],
                          .h = small->shape[1],
                          .w = small->shape[2],
                          .c = small->shape[3]};
}

static void fill_concat(LkLaunches *to, const Node *n)
{
    int64_t width = lk_tensor_cols(n->out[0]), begin = 0;
    for (int i = 0; i < 2; i++) {
        int64_t cols = lk_tensor_cols(n->in[i]);
        uint8_t *y = (uint8_t *)n->y[0] + (size_t)begin * lk_dtype_size(n->in[i]->dtype);
        lk_launch_add(to, LK_KERNEL_COPY2D, n->in[i]->dtype)->copy2d = (LkCopy2dArgs){
            .x = n->x[i], .y = y, .rows = lk_tensor_rows(n->in[i]), .cols = cols, .x_stride = cols, .y_stride = width};
        begin += cols;
    }
}

static void fill_slice(LkLaunches *to, const Node *n)
{
    const uint8_t *x = (const uint8_t *)n->x[0] + (size_t)n->node->attr.begin * lk_dtype_size(n->in[0]->dtype);
    int64_t cols = lk_tensor_cols(n->out[0]);
    lk_launch_add(to, LK_KERNEL_COPY2D, n->in[0]->dtype)->copy2d =
        (LkCopy2dArgs){.x = x,
                       .y = n->y[0],
                       .rows = lk_tensor_rows(n->out[0]),
                       .cols = cols,
                       .x_stride = lk_tensor_cols(n->in[0]),
                       .y_stride = lk_tensor_pitch(n->out[0])};
}

static void fill_embedding(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_EMBEDDING, n->in[1]->dtype)->embedding =
        (LkEmbeddingArgs){.ids = n->x[0],
                          .table = n->x[1],
                          .positions = n->x[2],
                          .y = n->y[0],
                          .rows = lk_tensor_count(n->in[0]),
                          .c = lk_tensor_cols(n->in[1]),
                          .vocabulary = lk_tensor_rows(n->in[1]),
                          .positions_rows = lk_tensor_rows(n->in[2])};
}

static void fill_time_embedding(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_TIME_EMBEDDING, n->out[0]->dtype)->time_embedding = (LkTimeEmbeddingArgs){
        .t = n->x[0], .y = n->y[0], .n = lk_tensor_rows(n->out[0]), .c = lk_tensor_cols(n->out[0])};
}

static void fill_q_sample(LkLaunches *to, const Node *n)
{
    int64_t samples = n->in[0]->shape[0];
    lk_launch_add(to, LK_KERNEL_Q_SAMPLE, n->out[0]->dtype)->q_sample =
        (LkQSampleArgs){.x = n->x[0],
                        .z = n->x[1],
                        .a = n->x[2],
                        .b = n->x[3],
                        .y = n->y[0],
                        .n = samples,
                        .s = lk_tensor_count(n->in[0]) / samples};
}

static void fill_loss(LkLaunches *to, const Node *n)
{
    const LkAttributes *attr = &n->node->attr;
    int64_t samples = n->in[0]->shape[0];
    lk_launch_add(to, LK_KERNEL_LOSS, n->in[0]->dtype)->loss =
        (LkLossArgs){.pred = n->x[0],
                     .target = n->x[1],
                     .weight = n->x[2],
                     .huber_c = attr->has_huber_c ? n->x[4] : NULL,
                     .mask = attr->has_mask ? n->x[attr->has_huber_c ? 5 : 4] : NULL,
                     .scale = (const float *)n->x[3] + LK_SCALAR_LOSS_SCALE,
                     .raw = n->y[0],
                     .d_pred = n->y[1],
                     .scratch = n->scratch,
                     .n = samples,
                     .s = lk_tensor_count(n->in[0]) / samples,
                     .kind = (int32_t)attr->loss};
}

static void fill_cast(LkLaunches *to, const Node *n)
{
    bool widen = n->out[0]->dtype == LK_F32;
    lk_launch_add(to, widen ? LK_KERNEL_CAST_TO_F32 : LK_KERNEL_CAST_FROM_F32,
                  widen ? n->in[0]->dtype : n->out[0]->dtype)
        ->cast = (LkCastArgs){.x = n->x[0], .y = n->y[0], .count = lk_tensor_count(n->out[0])};
}

static void fill_dequantise(LkLaunches *to, const Node *n)
{
    const LkTensor *codes = n->in[0];
    LkKernelId id = codes->dtype == LK_I8 ? LK_KERNEL_DEQUANTISE_I8 : LK_KERNEL_DEQUANTISE_E4M3;
    lk_launch_add(to, id, n->out[0]->dtype)->dequantise =
        (LkDequantiseArgs){.codes = n->x[0],
                           .scales = n->x[1],
                           .y = n->y[0],
                           .rows = codes->shape[0],
                           .cols = lk_tensor_count(codes) / codes->shape[0]};
}

static void fill_zero(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_FILL, n->out[0]->dtype)->fill =
        (LkFillArgs){.y = n->y[0], .count = lk_tensor_count(n->out[0]), .value = 0};
}

static void fill_clip(LkLaunches *to, const Node *n)
{
    double *sum = n->scratch;
    float *result = n->y[0];
    int64_t count = lk_tensor_count(n->in[0]);
    lk_launch_add(to, LK_KERNEL_SUM_SQUARES, LK_F32)->sum_squares =
        (LkSumSquaresArgs){.x = n->x[0], .sum = sum, .scratch = (float *)(sum + 8), .count = count};
    lk_launch_add(to, LK_KERNEL_CLIP, LK_F32)->clip =
        (LkClipArgs){.sum = sum,
                     .unscale = (const float *)n->x[1] + LK_SCALAR_GRADIENT_SCALE,
                     .norm = &result[0],
                     .coefficient = &result[1],
                     .max_norm = n->node->attr.max_norm,
                     .losses = n->node->n_in > 2 ? n->x[2] : NULL,
                     .n_losses = n->node->n_in > 2 ? lk_tensor_count(n->in[2]) : 0};
}

static void fill_note(LkLaunches *to, const Node *n)
{
    lk_launch_add(to, LK_KERNEL_NOTE, LK_F32)->note = (LkNoteArgs){.x = n->x[0],
                                                                   .notes = n->y[0],
                                                                   .slot = (const float *)n->x[1] + LK_SCALAR_SLOT,
                                                                   .n = lk_tensor_count(n->in[0]),
                                                                   .room = lk_tensor_count(n->out[0])};
}

/** Floats of scratch memory. */
static int64_t scratch_floats(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *x = lk_graph_tensor(graph, node->in[0]);
    switch (node->op) {
    case LK_OP_GROUP_NORM:
        return lk_group_norm_scratch(x->shape[0], positions(x), lk_tensor_cols(x));
    case LK_OP_GROUP_NORM_BACKWARD:
        return lk_group_norm_backward_scratch(x->shape[0], positions(x), lk_tensor_cols(x));
    case LK_OP_SUM_ROWS:
        return lk_sum_rows_scratch(x->shape[0], positions(x), lk_tensor_cols(x));
    case LK_OP_LIMIT_NORM:
        return 16;
    case LK_OP_SUM_PRODUCTS: {
        int64_t c = lk_tensor_cols(x), samples = lk_tensor_count(lk_graph_tensor(graph, node->out[0])) / c;
        return lk_sum_rows_scratch(samples, lk_tensor_rows(x) / samples, c);
    }
    case LK_OP_LOSS:
        return lk_loss_scratch(x->shape[0], lk_tensor_count(x) / x->shape[0]);
    case LK_OP_CLIP_COEFFICIENT:
        return 16 + lk_sum_squares_scratch(lk_tensor_count(x)); /* a double, padded, and the partial sums */
    case LK_OP_ADAPT_GATHER:
        return lk_adapt_gather_scratch(lk_tensor_count(x));
    case LK_OP_ADAFACTOR:
        return LK_ADAFACTOR_SCRATCH * lk_tensor_count(lk_graph_tensor(graph, node->in[4])) / LK_MATRIX_COUNT;
    default:
        return 0;
    }
}

static void (*const fillers[LK_OP_COUNT])(LkLaunches *, const Node *) = {
    [LK_OP_GROUP_NORM] = fill_group_norm,
    [LK_OP_GROUP_NORM_BACKWARD] = fill_group_norm_backward,
    [LK_OP_LAYER_NORM] = fill_layer_norm,
    [LK_OP_LAYER_NORM_BACKWARD] = fill_layer_norm_backward,
    [LK_OP_ACTIVATION] = fill_activation,
    [LK_OP_ACTIVATION_BACKWARD] = fill_activation_backward,
    [LK_OP_GEGLU] = fill_geglu,
    [LK_OP_GEGLU_BACKWARD] = fill_geglu_backward,
    [LK_OP_ADD] = fill_add,
    [LK_OP_ADD_ROWS] = fill_add_rows,
    [LK_OP_SUM_ROWS] = fill_sum_rows,
    [LK_OP_UPSAMPLE2] = fill_upsample2,
    [LK_OP_UPSAMPLE2_BACKWARD] = fill_upsample2,
    [LK_OP_CONCAT] = fill_concat,
    [LK_OP_SLICE] = fill_slice,
    [LK_OP_EMBEDDING] = fill_embedding,
    [LK_OP_TIME_EMBEDDING] = fill_time_embedding,
    [LK_OP_Q_SAMPLE] = fill_q_sample,
    [LK_OP_LOSS] = fill_loss,
    [LK_OP_CAST] = fill_cast,
    [LK_OP_ZERO] = fill_zero,
    [LK_OP_DEQUANTISE] = fill_dequantise,
    [LK_OP_MULTIPLY] = lk_fill_multiply,
    [LK_OP_SCALE_ROWS] = lk_fill_scale_rows,
    [LK_OP_SUM_PRODUCTS] = lk_fill_sum_products,
    [LK_OP_GATHER_TAPS] = lk_fill_taps,
    [LK_OP_SPREAD_TAPS] = lk_fill_taps,
    [LK_OP_DROPOUT] = lk_fill_dropout,
    [LK_OP_LIMIT_NORM] = lk_fill_limit_norm,
    [LK_OP_KRONECKER] = lk_fill_kronecker,
    [LK_OP_KRONECKER_BACKWARD] = lk_fill_kronecker_backward,
    [LK_OP_DORA_SCALE] = lk_fill_dora_scale,
    [LK_OP_DORA_SCALE_BACKWARD] = lk_fill_dora_scale_backward,
    [LK_OP_CLIP_COEFFICIENT] = fill_clip,
    [LK_OP_NOTE] = fill_note,
    [LK_OP_ADAMW] = lk_fill_adamw,
    [LK_OP_SGD] = lk_fill_element_optimizer,
    [LK_OP_LION] = lk_fill_element_optimizer,
    [LK_OP_SCHEDULE_FREE] = lk_fill_element_optimizer,
    [LK_OP_ADAMW_8BIT] = lk_fill_optimizer_8bit,
    [LK_OP_LION_8BIT] = lk_fill_optimizer_8bit,
    [LK_OP_ADAPT_GATHER] = lk_fill_adapt,
    [LK_OP_ADAPT_SETTLE] = lk_fill_adapt,
    [LK_OP_ADAPT_APPLY] = lk_fill_adapt,
    [LK_OP_ADAFACTOR] = lk_fill_adafactor,
    [LK_OP_EMA] = lk_fill_ema,
};

bool lk_op_has_kernel(LkOp op)
{
    return (unsigned)op < LK_OP_COUNT && fillers[op];
}

size_t lk_node_scratch(const LkGraph *graph, const LkNode *node)
{
    return (size_t)scratch_floats(graph, node) * sizeof(float);
}

void lk_node_launches(const LkGraph *graph, const LkNode *node, const LkNodeMemory *memory, LkLaunches *launches)
{
    Node n = {.node = node, .x = memory->in, .y = memory->out, .scratch = memory->scratch};
    for (int i = 0; i < node->n_in; i++)
        n.in[i] = lk_graph_tensor(graph, node->in[i]);
    for (int i = 0; i < node->n_out; i++)
        n.out[i] = lk_graph_tensor(graph, node->out[i]);
    launches->count = 0;
    fillers[node->op](launches, &n);
}
