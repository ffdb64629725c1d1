#include "plan_simulation.h"

#include <stdio.h>
#include <stdlib.h>

/** The arena: for every byte the tensor that it holds a part of, or -1. */
typedef struct Arena {
    const LkGraph *graph;
    const LkPlan *plan;
    int32_t *holds;
    char *reason;
} Arena;

static bool fail(Arena *arena, const char *what, int32_t node, LkRef tensor)
{
    snprintf(arena->reason, 200, "node %d, tensor %d: %s", node, tensor, what);
    return false;
}

/** Whether the tensor lives in the arena at all. */
static bool placed(const Arena *arena, LkRef owner)
{
    LkTensorKind kind = arena->graph->tensors[owner].kind;
    return kind == LK_TENSOR_ACTIVATION || kind == LK_TENSOR_INPUT;
}

static bool put(Arena *arena, int32_t node, int64_t offset, int64_t bytes, LkRef tensor)
{
    if (offset < 0 || offset % LK_ALIGNMENT != 0 || offset + bytes > arena->plan->arena_bytes)
        return fail(arena, "lies outside the arena, or not at a multiple of the alignment", node, tensor);
    for (int64_t b = offset; b < offset + bytes; b++)
        arena->holds[b] = tensor;
    return true;
}

static bool whole(Arena *arena, int32_t node, LkRef owner)
{
    int64_t offset = arena->plan->offset[owner], bytes = lk_tensor_bytes(&arena->graph->tensors[owner]);
    if (offset < 0 || offset + bytes > arena->plan->arena_bytes)
        return fail(arena, "lies outside the arena", node, owner);
    for (int64_t b = offset; b < offset + bytes; b++)
        if (arena->holds[b] != owner)
            return fail(arena, "is read but not whole", node, owner);
    return true;
}

static bool apart(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

/** Whether output k may lie where it does with regard to operand i of the node. */
static bool operand_safe(const Arena *arena, const LkNode *node, int k, int i)
{
    LkRef in = lk_graph_owner(arena->graph, node->in[i]), out = node->out[k];
    if (!placed(arena, in) || in == out)
        return true;
    const LkTensor *x = &arena->graph->tensors[in], *y = &arena->graph->tensors[out];
    int64_t at = arena->plan->offset[in], to = arena->plan->offset[out];
    if (apart(at, lk_tensor_bytes(x), to, lk_tensor_bytes(y)))
        return true;
    bool addend = node->op == LK_OP_MATMUL && node->attr.has_addend && i == node->n_in - 1;
    return k == 0 && at == to && x->dtype == y->dtype && lk_tensor_count(x) == lk_tensor_count(y) &&
           (addend || lk_op_in_place(node->op, i));
}

static bool run_node(Arena *arena, int32_t n, const int64_t *node_bytes)
{
    const LkNode *node = &arena->graph->nodes[n];
    const LkPlan *plan = arena->plan;
    int64_t scratch = node_bytes ? node_bytes[n] : 0;
    for (int i = 0; i < node->n_in; i++) {
        LkRef in = lk_graph_owner(arena->graph, node->in[i]);
        if (placed(arena, in) && !whole(arena, n, in))
            return false;
    }
    if (scratch > 0 && !put(arena, n, plan->workspace[n], scratch, -1))
        return false;
    for (int i = 0; i < node->n_in; i++) { /* scratch memory is written while operands are still read */
        LkRef in = lk_graph_owner(arena->graph, node->in[i]);
        if (placed(arena, in) && !whole(arena, n, in))
            return false;
    }
    for (int k = 0; k < node->n_out; k++) {
        LkRef out = lk_graph_owner(arena->graph, node->out[k]);
        if (!placed(arena, out))
            continue;
        for (int i = 0; i < node->n_in; i++)
            if (!operand_safe(arena, node, k, i))
                return fail(arena, "is written over an operand", n, out);
        if (!put(arena, n, plan->offset[out], lk_tensor_bytes(&arena->graph->tensors[out]), out))
            return false;
        if (scratch > 0 &&
            !apart(plan->workspace[n], scratch, plan->offset[out], lk_tensor_bytes(&arena->graph->tensors[out])))
            return fail(arena, "is written over scratch memory", n, out);
    }
    for (int k = 0; k < node->n_out; k++) {
        LkRef out = lk_graph_owner(arena->graph, node->out[k]);
        if (placed(arena, out) && !whole(arena, n, out))
            return false;
    }
    return true;
}

static bool run(Arena *arena, const int64_t *node_bytes)
{
    const LkGraph *graph = arena->graph;
    for (int64_t b = 0; b < arena->plan->arena_bytes; b++)
        arena->holds[b] = -1;
    for (LkRef t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].kind == LK_TENSOR_INPUT &&
            !put(arena, -1, arena->plan->offset[t], lk_tensor_bytes(&graph->tensors[t]), t))
            return false;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (!run_node(arena, n, node_bytes))
            return false;
    for (LkRef t = 0; t < graph->n_tensors; t++) {
        const LkTensor *tensor = &graph->tensors[t];
        bool stays = tensor->kind == LK_TENSOR_INPUT || (tensor->kind == LK_TENSOR_ACTIVATION && tensor->output);
        if (stays && !whole(arena, graph->n_nodes, t))
            return false;
    }
    return true;
}

bool plan_simulate(const LkGraph *graph, const LkPlan *plan, const int64_t *node_bytes, char reason[200])
{
    Arena arena = {.graph = graph, .plan = plan, .reason = reason};
    arena.holds = malloc(((size_t)plan->arena_bytes + 1) * sizeof *arena.holds);
    snprintf(reason, 200, "no memory");
    bool good = arena.holds && run(&arena, node_bytes);
    free(arena.holds);
    return good;
}

/** The last node that reads a tensor; n_nodes for what stays. */
static int32_t needed_until(const LkGraph *graph, LkRef owner)
{
    if (graph->tensors[owner].kind == LK_TENSOR_INPUT || graph->tensors[owner].output)
        return graph->n_nodes;
    for (int32_t n = graph->n_nodes - 1; n >= 0; n--)
        for (int i = 0; i < graph->nodes[n].n_in; i++)
            if (lk_graph_owner(graph, graph->nodes[n].in[i]) == owner)
                return n;
    return -1;
}

/** The node that first writes a tensor; -1 for inputs, n_nodes for what nothing writes. */
static int32_t made_at(const LkGraph *graph, LkRef owner)
{
    if (graph->tensors[owner].kind == LK_TENSOR_INPUT)
        return -1;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_out; k++)
            if (graph->nodes[n].out[k] == owner)
                return n;
    return graph->n_nodes;
}

static int64_t rounded(int64_t bytes)
{
    return (bytes + LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
}

int64_t plan_lower_bound(const LkGraph *graph, const int64_t *node_bytes)
{
    int64_t most = 0, *alive = calloc((size_t)graph->n_nodes + 1, sizeof *alive);
    for (LkRef t = 0; alive && t < graph->n_tensors; t++) {
        if (graph->tensors[t].kind != LK_TENSOR_INPUT && graph->tensors[t].kind != LK_TENSOR_ACTIVATION)
            continue;
        int32_t from = made_at(graph, t), until = needed_until(graph, t);
        for (int32_t n = from < 0 ? 0 : from; n < until && n < graph->n_nodes; n++)
            alive[n] += rounded(lk_tensor_bytes(&graph->tensors[t]));
    }
    for (int32_t n = 0; alive && n < graph->n_nodes; n++) {
        int64_t bytes = alive[n] + (node_bytes ? rounded(node_bytes[n]) : 0);
        most = bytes > most ? bytes : most;
    }
    free(alive);
    return most;
}
