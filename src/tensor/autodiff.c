#include "tensor/autodiff_internal.h"
#include "tensor/by_product.h"
#include "tensor/graph_ops.h"
#include "tensor/low_rank.h"
#include "tensor/sweep.h"

#include <stdlib.h>
#include <string.h>

struct LkDiff {
    LkGraph *graph;
    LkRecompute recompute;
    int32_t forward_nodes, forward_tensors;
    int32_t now;      /* the forward node whose gradients are being added */
    bool *needs;      /* per forward tensor (owners) */
    LkRef *gradient;  /* per forward tensor (owners) */
    LkRef *copy;      /* per forward tensor (owners): its recomputed copy, or LK_NONE */
    bool *built;      /* per forward tensor (owners): made of weights and states alone */
    uint8_t *readers; /* per forward tensor (owners): how many nodes read it (capped) */
    int64_t *columns; /* per forward tensor (owners): of how many columns the gradient was written, each on its own */
};

LkRef lk_graph_parameter(LkGraph *graph, LkRef shadow, LkRef gradient, int64_t offset, int rank, const int64_t *shape)
{
    LkRef ref = lk_graph_view(graph, shadow, offset, rank, shape);
    if (ref != LK_NONE && gradient != LK_NONE) {
        LkTensor *tensor = &graph->tensors[ref];
        tensor->trainable = true;
        tensor->grad_base = gradient;
        tensor->grad_offset = offset;
    }
    return ref;
}

LkGraph *lk_diff_graph(LkDiff *diff)
{
    return diff->graph;
}

bool lk_diff_needs(const LkDiff *diff, LkRef ref)
{
    return diff->graph->tensors[ref].trainable || diff->needs[lk_graph_owner(diff->graph, ref)];
}

/** Counts the readers of every tensor. */
static void count_readers(LkDiff *diff)
{
    for (int32_t i = 0; i < diff->forward_nodes; i++)
        for (int k = 0; k < diff->graph->nodes[i].n_in; k++) {
            uint8_t *readers = &diff->readers[lk_graph_owner(diff->graph, diff->graph->nodes[i].in[k])];
            *readers = *readers < UINT8_MAX ? *readers + 1 : UINT8_MAX;
        }
}

static LkRef columns_problem(LkDiff *diff)
{
    return lk_graph_problem(diff->graph, "a tensor of which not every column is read once");
}

/** Whether two views of one tensor have a column in common. */
static bool meet(const LkTensor *a, const LkTensor *b)
{
    return a->offset < b->offset + lk_tensor_cols(b) && b->offset < a->offset + lk_tensor_cols(a);
}

LkRef lk_diff_columns(LkDiff *diff, LkRef ref)
{
    LkGraph *graph = diff->graph;
    LkRef owner = lk_graph_owner(graph, ref), gradient = diff->gradient[owner];
    LkTensor t = graph->tensors[owner];
    if (gradient == LK_NONE)
        gradient = diff->gradient[owner] = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    else if (diff->columns[owner] == 0)
        return columns_problem(diff); /* read whole too */
    if (gradient == LK_NONE)
        return LK_NONE;
    for (LkRef i = gradient; i < graph->n_tensors; i++)
        if (graph->tensors[i].kind == LK_TENSOR_VIEW && graph->tensors[i].base == gradient &&
            meet(&graph->tensors[i], &graph->tensors[ref]))
            return columns_problem(diff);
    diff->columns[owner] += lk_tensor_cols(&graph->tensors[ref]);
    return lk_graph_seen_as(graph, gradient, ref);
}

bool lk_diff_is_shared(const LkDiff *diff, LkRef ref)
{
    return diff->readers[lk_graph_owner(diff->graph, ref)] > 1;
}

bool lk_diff_is_last(const LkDiff *diff, LkRef ref)
{
    LkRef owner = lk_graph_owner(diff->graph, ref);
    for (int32_t n = 0; n < diff->now; n++)
        for (int k = 0; k < diff->graph->nodes[n].n_in; k++)
            if (lk_graph_owner(diff->graph, diff->graph->nodes[n].in[k]) == owner)
                return false;
    return true;
}

/** Marks every tensor that depends on a parameter. */
static void find_needs(LkDiff *diff)
{
    for (int32_t i = 0; i < diff->forward_nodes; i++) {
        const LkNode *node = &diff->graph->nodes[i];
        bool needs = false;
        for (int k = 0; k < node->n_in; k++)
            needs |= lk_diff_needs(diff, node->in[k]);
        for (int k = 0; k < node->n_out && needs; k++)
            diff->needs[lk_graph_owner(diff->graph, node->out[k])] = true;
    }
}

/** Whether a tensor is there without being computed: a weight, a state, or the adapter's shadow. */
static bool is_given(const LkGraph *graph, LkRef owner)
{
    const LkTensor *t = &graph->tensors[owner];
    bool cast = t->node >= 0 && graph->nodes[t->node].op == LK_OP_CAST;
    return t->kind == LK_TENSOR_WEIGHT || t->kind == LK_TENSOR_STATE ||
           (cast && is_given(graph, lk_graph_owner(graph, graph->nodes[t->node].in[0])));
}

/** Marks every tensor that is made of weights and states alone: an adapter's change of a weight. */
static void find_built(LkDiff *diff)
{
    const LkGraph *graph = diff->graph;
    for (int32_t i = 0; i < diff->forward_nodes; i++) {
        const LkNode *node = &graph->nodes[i];
        bool built = node->n_in > 0;
        for (int k = 0; k < node->n_in && built; k++) {
            LkRef in = lk_graph_owner(graph, node->in[k]);
            built = diff->built[in] || (is_given(graph, in) && node->op != LK_OP_CAST);
        }
        for (int k = 0; k < node->n_out && built; k++)
            diff->built[lk_graph_owner(graph, node->out[k])] = true;
    }
}

LkRef lk_diff_partial(LkDiff *diff, LkRef ref)
{
    LkRef gradient = diff->gradient[lk_graph_owner(diff->graph, ref)];
    return gradient == LK_NONE ? LK_NONE : lk_graph_seen_as(diff->graph, gradient, ref);
}

/** Whether a node reads the tensor that owns this memory. Only nodes from `first` on can. */
static bool is_read(const LkGraph *graph, LkRef owner, int32_t first)
{
    for (int32_t n = first; n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_in; k++)
            if (lk_graph_owner(graph, graph->nodes[n].in[k]) == owner)
                return true;
    return false;
}

/** Lets the matrix product that made `ref`, which nothing has read yet, round its sum to `dtype` itself. Returns
 * whether it could. */
static bool round_in_product(LkGraph *graph, LkRef ref, LkDType dtype)
{
    LkRef owner = lk_graph_owner(graph, ref);
    int32_t producer = graph->tensors[owner].node;
    if (graph->tensors[owner].kind != LK_TENSOR_ACTIVATION || producer < 0 ||
        graph->nodes[producer].op != LK_OP_MATMUL || is_read(graph, owner, producer + 1))
        return false;
    for (LkRef i = owner; i < graph->n_tensors; i++) /* with its views, which are younger */
        if (lk_graph_owner(graph, i) == owner)
            graph->tensors[i].dtype = dtype;
    return true;
}

/** The gradient of what the node makes, complete, in that tensor's type; of a product that keeps its sums in f32, in
 * the type of its factors, with one of which the gradient is multiplied. */
static LkRef gradient_for(LkDiff *diff, const LkNode *node)
{
    LkRef gradient = lk_diff_partial(diff, node->out[0]), owner = lk_graph_owner(diff->graph, node->out[0]);
    if (diff->columns[owner] > 0 && diff->columns[owner] != lk_tensor_cols(&diff->graph->tensors[owner]))
        return columns_problem(diff);
    LkDType dtype = diff->graph->tensors[node->op == LK_OP_MATMUL ? node->in[0] : node->out[0]].dtype;
    if (gradient == LK_NONE || diff->graph->tensors[gradient].dtype == dtype ||
        round_in_product(diff->graph, gradient, dtype))
        return gradient;
    return lk_cast(diff->graph, gradient, dtype);
}

void lk_diff_set(LkDiff *diff, LkRef ref, LkRef gradient)
{
    LkRef owner = lk_graph_owner(diff->graph, ref);
    LkTensor t = diff->graph->tensors[owner];
    if (gradient == LK_NONE)
        return;
    if (diff->columns[owner] > 0) {
        columns_problem(diff);
        return;
    }
    if (lk_tensor_count(&t) != lk_tensor_count(&diff->graph->tensors[gradient])) {
        lk_graph_problem(diff->graph, "a part of an activation cannot be differentiated");
        return;
    }
    diff->gradient[owner] = lk_graph_reshape(diff->graph, gradient, t.rank, t.shape);
}

LkRef lk_diff_parameter_gradient(LkDiff *diff, LkRef ref)
{
    LkTensor t = diff->graph->tensors[ref];
    return lk_graph_view(diff->graph, t.grad_base, t.grad_offset, t.rank, t.shape);
}

void lk_diff_add(LkDiff *diff, LkRef ref, LkRef gradient)
{
    LkGraph *graph = diff->graph;
    if (gradient == LK_NONE || !lk_diff_needs(diff, ref))
        return;
    if (graph->tensors[ref].trainable) {
        LkRef place = lk_diff_parameter_gradient(diff, ref);
        if (place == LK_NONE)
            return;
        LkRef in[2] = {place,
                       lk_graph_tensor(graph, gradient)->dtype == LK_F32 ? gradient : lk_cast(graph, gradient, LK_F32)};
        lk_graph_append(graph, LK_OP_ADD, NULL, 2, in, 1, &place);
        return;
    }
    LkRef known = lk_diff_partial(diff, ref);
    if (known != LK_NONE && graph->tensors[known].dtype != graph->tensors[gradient].dtype) {
        known = graph->tensors[known].dtype == LK_F32 ? known : lk_cast(graph, known, LK_F32);
        gradient = graph->tensors[gradient].dtype == LK_F32 ? gradient : lk_cast(graph, gradient, LK_F32);
    }
    lk_diff_set(diff, ref, known == LK_NONE ? gradient : lk_add(graph, known, gradient));
}

/** The copy of a tensor as input of a recomputed node, where there is one. */
static LkRef copied(LkDiff *diff, LkRef ref)
{
    LkRef owner = lk_graph_owner(diff->graph, ref);
    if (owner >= diff->forward_tensors || diff->copy[owner] == LK_NONE)
        return ref;
    return lk_graph_seen_as(diff->graph, diff->copy[owner], ref);
}

/** Appends the same node again with copied inputs and new outputs. */
static void copy_node(LkDiff *diff, int32_t index)
{
    LkNode node = diff->graph->nodes[index];
    LkRef in[LK_MAX_INPUTS], out[LK_MAX_OUTPUTS];
    for (int k = 0; k < node.n_in; k++)
        in[k] = copied(diff, node.in[k]);
    for (int k = 0; k < node.n_out; k++) {
        LkTensor t = diff->graph->tensors[node.out[k]];
        if (t.kind != LK_TENSOR_ACTIVATION)
            return; /* a node that changes a state must not run twice */
        out[k] = lk_graph_activation(diff->graph, t.dtype, t.rank, t.shape);
    }
    lk_graph_append(diff->graph, node.op, &node.attr, node.n_in, in, node.n_out, out);
    for (int k = 0; k < node.n_out; k++)
        diff->copy[node.out[k]] = out[k];
}

/** Operations whose result costs no more than reading their input again. */
static bool is_cheap(LkOp op)
{
    return op == LK_OP_GROUP_NORM || op == LK_OP_LAYER_NORM || op == LK_OP_ACTIVATION || op == LK_OP_GEGLU;
}

/** Makes an adapter's change of a weight again, with what it is made of: it is too large to be kept. */
static void build_again(LkDiff *diff, LkRef owner)
{
    int32_t producer = diff->graph->tensors[owner].node;
    if (diff->copy[owner] != LK_NONE)
        return;
    for (int k = 0; k < diff->graph->nodes[producer].n_in; k++) {
        LkRef in = lk_graph_owner(diff->graph, diff->graph->nodes[producer].in[k]);
        if (!is_given(diff->graph, in))
            build_again(diff, in);
    }
    copy_node(diff, producer);
}

LkRef lk_diff_saved(LkDiff *diff, LkRef ref)
{
    LkRef owner = lk_graph_owner(diff->graph, ref);
    if (diff->recompute != LK_RECOMPUTE_NONE && owner < diff->forward_tensors && diff->built[owner])
        build_again(diff, owner);
    int32_t producer = diff->graph->tensors[owner].node;
    if (diff->recompute == LK_RECOMPUTE_CHEAP && producer >= 0 && producer < diff->forward_nodes &&
        diff->copy[owner] == LK_NONE && is_cheap(diff->graph->nodes[producer].op) &&
        diff->graph->nodes[producer].out[0] == owner)
        copy_node(diff, producer);
    return copied(diff, ref);
}

/** Computes the block that ends at node `last` again, before its backward nodes are added. */
static void copy_segment(LkDiff *diff, int32_t last)
{
    int32_t segment = diff->graph->nodes[last].segment, first = last;
    while (first > 0 && diff->graph->nodes[first - 1].segment == segment)
        first--;
    for (int32_t i = first; i <= last; i++)
        copy_node(diff, i);
    /* A change of a weight is made once more where its gradient is: the block's would all be alive at once. */
    for (int32_t i = first; i <= last; i++)
        for (int k = 0; k < diff->graph->nodes[i].n_out; k++) {
            LkRef owner = lk_graph_owner(diff->graph, diff->graph->nodes[i].out[k]);
            if (diff->built[owner])
                diff->copy[owner] = LK_NONE;
        }
}

static void differentiate(LkDiff *diff)
{
    int32_t segment = 0;
    for (int32_t i = diff->forward_nodes - 1; i >= 0; i--) {
        LkNode node = diff->graph->nodes[i];
        diff->now = i;
        if (diff->recompute == LK_RECOMPUTE_BLOCKS && node.segment > 0 && node.segment != segment)
            copy_segment(diff, i);
        segment = node.segment;
        if (node.n_out == 0 || !diff->needs[lk_graph_owner(diff->graph, node.out[0])])
            continue;
        LkRef d_out = gradient_for(diff, &node);
        if (d_out == LK_NONE)
            continue;
        LkDiffRule rule = lk_diff_rule(node.op);
        if (rule)
            rule(diff, &node, d_out);
        else
            lk_graph_problem(diff->graph, "an operation (%d) that cannot be differentiated", (int)node.op);
    }
}

bool lk_autodiff(LkGraph *graph, LkRef y, LkRef d_y, LkRecompute recompute, LkError *error)
{
    if (!lk_graph_check(graph, error))
        return false;
    LkDiff diff = {
        .graph = graph, .recompute = recompute, .forward_nodes = graph->n_nodes, .forward_tensors = graph->n_tensors};
    size_t n = (size_t)graph->n_tensors;
    diff.needs = calloc(n, sizeof *diff.needs);
    diff.gradient = malloc(n * sizeof *diff.gradient);
    diff.copy = malloc(n * sizeof *diff.copy);
    diff.readers = calloc(n, sizeof *diff.readers);
    diff.built = calloc(n, sizeof *diff.built);
    diff.columns = calloc(n, sizeof *diff.columns);
    if (diff.columns && diff.built && diff.needs && diff.gradient && diff.copy && diff.readers) {
        for (size_t i = 0; i < n; i++)
            diff.gradient[i] = diff.copy[i] = LK_NONE;
        find_needs(&diff);
        find_built(&diff);
        count_readers(&diff);
        lk_diff_set(&diff, y, d_y);
        differentiate(&diff);
        lk_graph_make_by_products(graph);
        lk_graph_fold_low_rank(graph);
        lk_graph_sweep(graph);
    } else {
        graph->out_of_memory = true;
    }
    free(diff.needs);
    free(diff.gradient);
    free(diff.copy);
    free(diff.readers);
    free(diff.built);
    free(diff.columns);
    return lk_graph_check(graph, error);
}
