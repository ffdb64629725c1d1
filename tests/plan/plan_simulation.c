#include "plan_simulation.h"

#include <stdio.h>
#include <stdlib.h>

/** The arena: for every byte the tensor that it holds a part of, or what is below zero. */
typedef struct Arena {
    const LkGraph *graph;
    const LkPlan *plan;
    LkPlanNeeds needs;
    int32_t *holds;
    char *reason;
} Arena;

static bool fail(Arena *arena, const char *what, int32_t node, LkRef tensor)
{
    snprintf(arena->reason, 200, "node %d, tensor %d: %s", node, tensor, what);
    return false;
}

enum { EMPTY = -1 };

/** What the scratch memory of a node holds. */
static int32_t scratch_of(int32_t node)
{
    return -2 - node;
}

static int64_t scratch_bytes(const Arena *arena, int32_t node)
{
    return arena->needs.bytes ? arena->needs.bytes[node] : 0;
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
    LkRef in = lk_graph_owner(arena->graph, node->in[i]), out = lk_graph_owner(arena->graph, node->out[k]);
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

/** Whether what an older node works on, which may not have ended, is as it was when it began. */
static bool undisturbed(Arena *arena, int32_t older)
{
    const LkNode *node = &arena->graph->nodes[older];
    int64_t scratch = scratch_bytes(arena, older), at = arena->plan->workspace[older];
    for (int64_t b = at; b < at + scratch; b++)
        if (arena->holds[b] != scratch_of(older))
            return fail(arena, "the scratch memory of a node that has not ended is written over", older, LK_NONE);
    for (int i = 0; i < node->n_in + node->n_out; i++) {
        LkRef owner = lk_graph_owner(arena->graph, i < node->n_in ? node->in[i] : node->out[i - node->n_in]);
        if (placed(arena, owner) && !whole(arena, older, owner))
            return false;
    }
    return true;
}

static bool all_undisturbed(Arena *arena, int32_t now)
{
    for (int32_t older = 0; older < now && arena->needs.until; older++)
        if (arena->needs.until[older] >= now && !undisturbed(arena, older))
            return false;
    return true;
}

static bool run_node(Arena *arena, int32_t n)
{
    const LkNode *node = &arena->graph->nodes[n];
    const LkPlan *plan = arena->plan;
    int64_t scratch = scratch_bytes(arena, n);
    for (int i = 0; i < node->n_in; i++) {
        LkRef in = lk_graph_owner(arena->graph, node->in[i]);
        if (placed(arena, in) && !whole(arena, n, in))
            return false;
    }
    if (scratch > 0 && !put(arena, n, plan->workspace[n], scratch, scratch_of(n)))
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

static bool run(Arena *arena)
{
    const LkGraph *graph = arena->graph;
    for (int64_t b = 0; b < arena->plan->arena_bytes; b++)
        arena->holds[b] = EMPTY;
    for (LkRef t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].kind == LK_TENSOR_INPUT &&
            !put(arena, -1, arena->plan->offset[t], lk_tensor_bytes(&graph->tensors[t]), t))
            return false;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (!run_node(arena, n) || !all_undisturbed(arena, n))
            return false;
    for (LkRef t = 0; t < graph->n_tensors; t++) {
        const LkTensor *tensor = &graph->tensors[t];
        bool stays = tensor->kind == LK_TENSOR_INPUT || (tensor->kind == LK_TENSOR_ACTIVATION && tensor->output);
        if (stays && !whole(arena, graph->n_nodes, t))
            return false;
    }
    return true;
}

bool plan_simulate(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, char reason[200])
{
    Arena arena = {.graph = graph, .plan = plan, .needs = needs, .reason = reason};
    arena.holds = malloc(((size_t)plan->arena_bytes + 1) * sizeof *arena.holds);
    snprintf(reason, 200, "no memory");
    bool good = arena.holds && run(&arena);
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

int64_t plan_lower_bound(const LkGraph *graph, LkPlanNeeds needs)
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
        int64_t bytes = alive[n] + (needs.bytes ? rounded(needs.bytes[n]) : 0);
        most = bytes > most ? bytes : most;
    }
    free(alive);
    return most;
}
