/* The backward pass of each operation. The inputs and outputs of the backward operations:
 *
 *   CONV2D_BACKWARD_DATA   in dy, weight                       out dx
 *   ATTENTION_BACKWARD     in q, k, v, o, lse, do              out dq, dk, dv
 *   GROUP_NORM_BACKWARD    in dy, x, stats, gamma, beta, [addend]   out dx + addend (of x's type or f32)
 *   LAYER_NORM_BACKWARD    in dy, x, stats, gamma, [addend]    out dx + addend; with beta behind them [y] too
 *   ACTIVATION_BACKWARD    in dy, x                            out dx
 *   GEGLU_BACKWARD         in dy, x, [h, u], [h, u]            out dx, [y]: behind x addends of x and dy (low_rank.h)
 *   SUM_ROWS               in dy [N,…,C]                       out [N,C]
 *   UPSAMPLE2_BACKWARD     in dy                               out dx
 *
 * A second output is what the forward operation made (by_product.h). They have the attributes of their forward
 * operation. Frozen weights get no gradient. */
#include "tensor/autodiff_internal.h"
#include "tensor/graph_ops.h"

/** A new activation with the shape of `ref`. */
static LkRef like(LkGraph *graph, LkRef ref)
{
    LkTensor t = *lk_graph_tensor(graph, ref);
    return lk_graph_activation(graph, t.dtype, t.rank, t.shape);
}

LkRef lk_diff_emit(LkDiff *diff, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in, LkRef shape_of)
{
    LkGraph *graph = lk_diff_graph(diff);
    LkRef out = like(graph, shape_of);
    return lk_graph_append(graph, op, attr, n_in, in, 1, &out) < 0 ? LK_NONE : out;
}

/** Gradient of a matrix product's operand: op(a)·op(b), added to what is known, in a parameter's place if it is one. */
static void add_product(LkDiff *diff, LkRef ref, LkRef a, bool trans_a, LkRef b, bool trans_b, float alpha)
{
    LkGraph *graph = lk_diff_graph(diff);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_a = trans_a;
    options.trans_b = trans_b;
    options.alpha = alpha;
    if (lk_graph_tensor(graph, ref)->trainable) {
        options.into = options.addend = lk_diff_parameter_gradient(diff, ref);
        lk_matmul(graph, a, b, options);
    } else if (!lk_tensor_is_dense(lk_graph_tensor(graph, ref))) {
        options.into = lk_diff_columns(diff, ref);
        lk_matmul(graph, a, b, options);
    } else {
        options.addend = lk_diff_partial(diff, ref);
        if (lk_diff_is_shared(diff, ref)) {
            LkTensor t = *lk_graph_tensor(graph, ref);
            options.into = lk_graph_activation(graph, LK_F32, t.rank, t.shape);
            if (options.addend != LK_NONE && lk_graph_tensor(graph, options.addend)->dtype != LK_F32)
                options.addend = lk_cast(graph, options.addend, LK_F32);
        }
        lk_diff_set(diff, ref, lk_matmul(graph, a, b, options));
    }
}

static void matmul_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    const LkAttributes *t = &node->attr;
    LkRef a = node->in[0], b = node->in[1];
    if (t->has_addend)
        lk_diff_add(diff, node->in[node->n_in - 1], dy);
    if (t->has_bias && lk_diff_needs(diff, node->in[2]))
        lk_graph_problem(lk_diff_graph(diff), "a trainable bias");
    if (lk_diff_needs(diff, a)) {
        LkRef saved = lk_diff_saved(diff, b);
        if (t->trans_a)
            add_product(diff, a, saved, t->trans_b, dy, true, t->alpha);
        else
            add_product(diff, a, dy, false, saved, !t->trans_b, t->alpha);
    }
    if (lk_diff_needs(diff, b)) {
        LkRef saved = lk_diff_saved(diff, a);
        if (t->trans_b)
            add_product(diff, b, dy, true, saved, t->trans_a, t->alpha);
        else
            add_product(diff, b, saved, !t->trans_a, dy, false, t->alpha);
    }
}

static void conv2d_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    if (lk_diff_needs(diff, node->in[1]))
        lk_graph_problem(lk_diff_graph(diff), "a trainable convolution");
    LkRef in[2] = {dy, node->in[1]};
    LkAttributes attr = node->attr;
    attr.has_bias = false;
    lk_diff_add(diff, node->in[0], lk_diff_emit(diff, LK_OP_CONV2D_BACKWARD_DATA, &attr, 2, in, node->in[0]));
}

static void attention_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkGraph *graph = lk_diff_graph(diff);
    LkRef in[6], out[3];
    for (int i = 0; i < 3; i++) {
        in[i] = lk_diff_saved(diff, node->in[i]);
        out[i] = like(graph, node->in[i]);
    }
    in[3] = lk_diff_saved(diff, node->out[0]);
    in[4] = lk_diff_saved(diff, node->out[1]);
    in[5] = dy;
    if (lk_graph_append(graph, LK_OP_ATTENTION_BACKWARD, &node->attr, 6, in, 3, out) < 0)
        return;
    for (int i = 0; i < 3; i++)
        lk_diff_add(diff, node->in[i], out[i]);
}

/** Whether a norm's gradient can take what is known of x's on top of itself: of x's type; or in f32, if that makes it
 * complete, so that it is rounded once as it would be on its own. */
static bool adds_known(LkDiff *diff, LkRef x, LkRef known, bool of_f32)
{
    LkDType dtype = lk_graph_tensor(lk_diff_graph(diff), x)->dtype;
    LkDType known_dtype = lk_graph_tensor(lk_diff_graph(diff), known)->dtype;
    return known != LK_NONE && (known_dtype == dtype || (of_f32 && known_dtype == LK_F32 && lk_diff_is_last(diff, x)));
}

/** A norm's gradient, the residual stream's under it in the same pass where that can be; `n_in` inputs before it. */
static void add_norm(LkDiff *diff, LkOp op, const LkNode *node, LkRef *in, int n_in)
{
    LkRef x = node->in[0];
    LkAttributes attr = node->attr;
    in[n_in] = lk_diff_partial(diff, x);
    attr.has_addend = adds_known(diff, x, in[n_in], op == LK_OP_GROUP_NORM_BACKWARD);
    LkRef dx = lk_diff_emit(diff, op, &attr, attr.has_addend ? n_in + 1 : n_in, in, x);
    if (attr.has_addend)
        lk_diff_set(diff, x, dx);
    else
        lk_diff_add(diff, x, dx);
}

static void group_norm_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef x = lk_diff_saved(diff, node->in[0]), stats = lk_diff_saved(diff, node->out[1]);
    LkRef in[6] = {dy, x, stats, node->in[1], node->in[2]};
    add_norm(diff, LK_OP_GROUP_NORM_BACKWARD, node, in, 5);
}

static void layer_norm_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef x = lk_diff_saved(diff, node->in[0]), stats = lk_diff_saved(diff, node->out[1]);
    LkRef in[5] = {dy, x, stats, node->in[1]};
    add_norm(diff, LK_OP_LAYER_NORM_BACKWARD, node, in, 4);
}

static void activation_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef in[2] = {dy, lk_diff_saved(diff, node->in[0])};
    lk_diff_add(diff, node->in[0], lk_diff_emit(diff, LK_OP_ACTIVATION_BACKWARD, &node->attr, 2, in, node->in[0]));
}

static void geglu_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef in[2] = {dy, lk_diff_saved(diff, node->in[0])};
    lk_diff_add(diff, node->in[0], lk_diff_emit(diff, LK_OP_GEGLU_BACKWARD, &node->attr, 2, in, node->in[0]));
}

static void add_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    lk_diff_add(diff, node->in[0], dy);
    lk_diff_add(diff, node->in[1], dy);
}

static void add_rows_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    lk_diff_add(diff, node->in[0], dy);
    if (lk_diff_needs(diff, node->in[1]))
        lk_diff_add(diff, node->in[1], lk_diff_emit(diff, LK_OP_SUM_ROWS, NULL, 1, &dy, node->in[1]));
}

static void upsample2_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    lk_diff_add(diff, node->in[0], lk_diff_emit(diff, LK_OP_UPSAMPLE2_BACKWARD, NULL, 1, &dy, node->in[0]));
}

static void concat_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkGraph *graph = lk_diff_graph(diff);
    int64_t begin = 0;
    for (int i = 0; i < 2; i++) {
        int64_t count = lk_tensor_cols(lk_graph_tensor(graph, node->in[i]));
        if (lk_diff_needs(diff, node->in[i]))
            lk_diff_add(diff, node->in[i], lk_slice(graph, dy, begin, count));
        begin += count;
    }
}

/** [a | b], where LK_NONE stands for nothing. */
static LkRef beside(LkGraph *graph, LkRef a, LkRef b)
{
    return a == LK_NONE ? b : b == LK_NONE ? a : lk_concat(graph, a, b);
}

/** Zeros with the rows of `like_rows` and this many columns; LK_NONE for none. */
static LkRef zeros(LkGraph *graph, LkRef like_rows, int64_t cols)
{
    LkTensor t = *lk_graph_tensor(graph, like_rows);
    if (cols == 0)
        return LK_NONE;
    t.shape[t.rank - 1] = cols;
    LkRef z = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    lk_zero(graph, z);
    return z;
}

static void slice_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkGraph *graph = lk_diff_graph(diff);
    int64_t before = node->attr.begin, count = lk_tensor_cols(lk_graph_tensor(graph, node->out[0]));
    int64_t after = lk_tensor_cols(lk_graph_tensor(graph, node->in[0])) - before - count;
    LkRef left = beside(graph, zeros(graph, dy, before), dy);
    lk_diff_add(diff, node->in[0], beside(graph, left, zeros(graph, dy, after)));
}

static void cast_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkGraph *graph = lk_diff_graph(diff);
    lk_diff_add(diff, node->in[0], lk_cast(graph, dy, lk_graph_tensor(graph, node->in[0])->dtype));
}

LkDiffRule lk_diff_rule(LkOp op)
{
    static const LkDiffRule rules[LK_OP_COUNT] = {
        [LK_OP_MATMUL] = matmul_rule,
        [LK_OP_CONV2D] = conv2d_rule,
        [LK_OP_ATTENTION] = attention_rule,
        [LK_OP_GROUP_NORM] = group_norm_rule,
        [LK_OP_LAYER_NORM] = layer_norm_rule,
        [LK_OP_ACTIVATION] = activation_rule,
        [LK_OP_GEGLU] = geglu_rule,
        [LK_OP_ADD] = add_rule,
        [LK_OP_ADD_ROWS] = add_rows_rule,
        [LK_OP_UPSAMPLE2] = upsample2_rule,
        [LK_OP_CONCAT] = concat_rule,
        [LK_OP_SLICE] = slice_rule,
        [LK_OP_CAST] = cast_rule,
        [LK_OP_MULTIPLY] = lk_multiply_rule,
        [LK_OP_SCALE_ROWS] = lk_scale_rows_rule,
        [LK_OP_DROPOUT] = lk_dropout_rule,
        [LK_OP_GATHER_TAPS] = lk_gather_taps_rule,
        [LK_OP_KRONECKER] = lk_kronecker_rule,
        [LK_OP_DORA_SCALE] = lk_dora_scale_rule,
    };
    return rules[op];
}
