/* The backward pass of the adapters' operations; their inputs and outputs are in adapter_ops.h. */
#include "tensor/adapter_ops.h"
#include "tensor/autodiff_internal.h"

/** A new f32 activation with the shape of `ref`. */
static LkRef floats_like(LkDiff *diff, LkRef ref)
{
    LkTensor t = *lk_graph_tensor(lk_diff_graph(diff), ref);
    return lk_graph_activation(lk_diff_graph(diff), LK_F32, t.rank, t.shape);
}

void lk_multiply_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    for (int i = 0; i < 2; i++)
        if (lk_diff_needs(diff, node->in[i]))
            lk_diff_add(diff, node->in[i],
                        lk_multiply(lk_diff_graph(diff), dy, lk_diff_saved(diff, node->in[1 - i]), node->attr.alpha));
}

void lk_scale_rows_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkGraph *graph = lk_diff_graph(diff);
    LkRef v = lk_diff_saved(diff, node->in[1]), addend = node->attr.has_addend ? node->in[node->n_in - 1] : LK_NONE;
    if (lk_diff_needs(diff, node->in[1])) {
        LkRef in[4] = {dy, lk_diff_saved(diff, node->out[0]), v, node->attr.has_bias ? node->in[2] : LK_NONE};
        LkRef dv = floats_like(diff, node->in[1]);
        LkAttributes attr = {.has_bias = node->attr.has_bias};
        lk_graph_append(graph, LK_OP_SUM_PRODUCTS, &attr, attr.has_bias ? 4 : 3, in, 1, &dv);
        lk_diff_add(diff, node->in[1], dv);
    }
    LkRef dx = lk_scale_rows(graph, dy, v, LK_NONE, LK_NONE);
    lk_diff_add(diff, node->in[0], dx);
    if (addend != LK_NONE)
        lk_diff_add(diff, addend, dx);
}

void lk_dropout_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef in[2] = {dy, node->in[1]};
    lk_diff_add(diff, node->in[0], lk_diff_emit(diff, LK_OP_DROPOUT, &node->attr, 2, in, node->in[0]));
}

void lk_gather_taps_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    /* In the type of dy: taps in f32 keep their sum from being rounded nine times, a copied gradient is rounded once.
     */
    LkGraph *graph = lk_diff_graph(diff);
    LkTensor z = *lk_graph_tensor(graph, node->in[0]);
    LkRef dz = lk_graph_activation(graph, lk_graph_tensor(graph, dy)->dtype, z.rank, z.shape);
    lk_graph_append(graph, LK_OP_SPREAD_TAPS, &node->attr, 1, &dy, 1, &dz);
    lk_diff_add(diff, node->in[0], dz);
}

void lk_kronecker_rule(LkDiff *diff, const LkNode *node, LkRef dy)
{
    LkRef in[3] = {dy, lk_diff_saved(diff, node->in[0]), lk_diff_saved(diff, node->in[1])};
    LkRef out[2] = {floats_like(diff, node->in[0]), floats_like(diff, node->in[1])};
    lk_graph_append(lk_diff_graph(diff), LK_OP_KRONECKER_BACKWARD, &node->attr, 3, in, 2, out);
    for (int i = 0; i < 2; i++)
        lk_diff_add(diff, node->in[i], out[i]);
}

void lk_dora_scale_rule(LkDiff *diff, const LkNode *node, LkRef ds)
{
    LkGraph *graph = lk_diff_graph(diff);
    if (node->attr.alpha != 1) {
        lk_graph_problem(graph, "a DoRA trained at another strength than 1");
        return;
    }
    LkTensor t = *lk_graph_tensor(graph, node->in[1]);
    const bool keep = node->attr.has_addend;
    LkRef in[6] = {ds,
                   node->in[0],
                   lk_diff_saved(diff, node->in[1]),
                   lk_diff_saved(diff, node->in[2]),
                   lk_diff_saved(diff, node->out[1]),
                   keep ? lk_diff_saved(diff, node->in[3]) : LK_NONE};
    LkRef out[2] = {lk_graph_activation(graph, t.dtype, t.rank, t.shape), floats_like(diff, node->in[2])};
    lk_graph_append(graph, LK_OP_DORA_SCALE_BACKWARD, &node->attr, keep ? 6 : 5, in, 2, out);
    lk_diff_add(diff, node->in[1], out[0]);
    lk_diff_add(diff, node->in[2], out[1]);
}
