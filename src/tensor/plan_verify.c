/* The planner's result checked by its definition: whatever is alive together may not share a byte. */
#include "tensor/plan.h"

#include <stdlib.h>

static bool overlap(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static bool writes(const LkGraph *graph, const LkNode *node, LkRef owner)
{
    for (int k = 0; k < node->n_out; k++)
        if (lk_graph_owner(graph, node->out[k]) == owner)
            return true;
    return false;
}

static bool reads(const LkGraph *graph, const LkNode *node, LkRef owner)
{
    for (int k = 0; k < node->n_in; k++)
        if (lk_graph_owner(graph, node->in[k]) == owner)
            return true;
    return false;
}

/** The last node that may begin before node n has ended. */
static int32_t ends_after(LkPlanNeeds needs, int32_t n)
{
    return needs.until ? needs.until[n] : n;
}

/** The last node that begins before all who write or read `owner` have ended, or n_nodes when it must stay. */
static int32_t last_use(const LkGraph *graph, LkPlanNeeds needs, LkRef owner)
{
    const LkTensor *tensor = &graph->tensors[owner];
    if (tensor->output || tensor->kind == LK_TENSOR_INPUT)
        return graph->n_nodes;
    int32_t last = -1;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if ((reads(graph, &graph->nodes[n], owner) || writes(graph, &graph->nodes[n], owner)) &&
            ends_after(needs, n) > last)
            last = ends_after(needs, n);
    return last;
}

/** Whether an older node may still read `owner` while node n runs. */
static bool is_busy(const LkGraph *graph, LkPlanNeeds needs, LkRef owner, int32_t n)
{
    for (int32_t older = 0; older < n && needs.until; older++)
        if (needs.until[older] >= n && reads(graph, &graph->nodes[older], owner))
            return true;
    return false;
}

/** While node n writes `out`, may it overlap `other`? Only if `other` has the same size and n reads it for the last
 * time, in place, as each of the operands that it is. */
static bool may_share(const LkGraph *graph, LkPlanNeeds needs, int32_t n, LkRef out, LkRef other, int32_t other_last,
                      const LkPlan *plan)
{
    const LkNode *node = &graph->nodes[n];
    const LkTensor *x = &graph->tensors[other], *y = &graph->tensors[out];
    if (other_last != n || is_busy(graph, needs, other, n) || node->out[0] != out /* nor a part of it */ ||
        plan->offset[out] != plan->offset[other] || x->dtype != y->dtype || lk_tensor_count(x) != lk_tensor_count(y))
        return false;
    bool read = false;
    for (int k = 0; k < node->n_in; k++) {
        if (lk_graph_owner(graph, node->in[k]) != other)
            continue;
        bool addend = node->op == LK_OP_MATMUL && node->attr.has_addend && k == node->n_in - 1;
        if (!addend && !lk_op_in_place(node->op, k))
            return false;
        read = true;
    }
    return read;
}

static bool wants_scratch(LkPlanNeeds needs, int32_t n)
{
    return needs.bytes && needs.bytes[n] > 0;
}

/** Checks what node n writes against every tensor whose value is still needed after the node began. */
static bool verify_writes(const LkGraph *graph, const LkPlan *plan, const int32_t *last, LkPlanNeeds needs, int32_t n,
                          LkError *error)
{
    const LkNode *node = &graph->nodes[n];
    for (LkRef other = 0; other < graph->n_tensors; other++) {
        const LkTensor *t = &graph->tensors[other];
        if (plan->offset[other] < 0 || t->node > n || last[other] < n)
            continue;
        int64_t bytes = lk_tensor_bytes(t);
        for (int k = 0; k < node->n_out; k++) {
            LkRef out = lk_graph_owner(graph, node->out[k]);
            if (graph->tensors[out].kind != LK_TENSOR_ACTIVATION || out == other)
                continue;
            if (overlap(plan->offset[out], lk_tensor_bytes(&graph->tensors[out]), plan->offset[other], bytes) &&
                !may_share(graph, needs, n, out, other, last[other], plan))
                return lk_fail(error, LK_ERROR_MEMORY, "Node %d writes tensor %d over tensor %d.", n, out, other);
        }
        if (wants_scratch(needs, n) && overlap(plan->workspace[n], needs.bytes[n], plan->offset[other], bytes))
            return lk_fail(error, LK_ERROR_MEMORY, "The scratch memory of node %d lies over tensor %d.", n, other);
    }
    return true;
}

/** Checks what node n writes against the scratch memory of older nodes that may not have ended. */
static bool verify_beside(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, int32_t n, LkError *error)
{
    const LkNode *node = &graph->nodes[n];
    for (int32_t older = 0; older < n && needs.until; older++) {
        if (needs.until[older] < n || !wants_scratch(needs, older))
            continue;
        int64_t at = plan->workspace[older], bytes = needs.bytes[older];
        bool over = wants_scratch(needs, n) && overlap(at, bytes, plan->workspace[n], needs.bytes[n]);
        for (int k = 0; k < node->n_out; k++) {
            LkRef out = lk_graph_owner(graph, node->out[k]);
            over |= graph->tensors[out].kind == LK_TENSOR_ACTIVATION &&
                    overlap(at, bytes, plan->offset[out], lk_tensor_bytes(&graph->tensors[out]));
        }
        if (over)
            return lk_fail(error, LK_ERROR_MEMORY, "Node %d writes over the scratch memory of node %d.", n, older);
    }
    return true;
}

/** Checks that everything lies inside the arena, and that the inputs, which the host writes, lie apart. */
static bool verify_places(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, LkError *error)
{
    for (LkRef i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        if (plan->offset[i] >= 0 && plan->offset[i] + lk_tensor_bytes(t) > plan->arena_bytes)
            return lk_fail(error, LK_ERROR_MEMORY, "Tensor %d reaches outside the arena.", i);
        for (LkRef j = 0; j < i && t->kind == LK_TENSOR_INPUT; j++)
            if (graph->tensors[j].kind == LK_TENSOR_INPUT &&
                overlap(plan->offset[i], lk_tensor_bytes(t), plan->offset[j], lk_tensor_bytes(&graph->tensors[j])))
                return lk_fail(error, LK_ERROR_MEMORY, "Input %d lies over input %d.", i, j);
    }
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (wants_scratch(needs, n) &&
            (plan->workspace[n] < 0 || plan->workspace[n] + needs.bytes[n] > plan->arena_bytes))
            return lk_fail(error, LK_ERROR_MEMORY, "The scratch memory of node %d lies outside the arena.", n);
    return true;
}

bool lk_plan_verify(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, LkError *error)
{
    int32_t *last = malloc(((size_t)graph->n_tensors + 1) * sizeof *last);
    if (!last)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to check the plan.");
    for (LkRef i = 0; i < graph->n_tensors; i++)
        last[i] = plan->offset[i] >= 0 ? last_use(graph, needs, i) : -1;
    bool ok = verify_places(graph, plan, needs, error);
    for (int32_t n = 0; n < graph->n_nodes && ok; n++)
        ok = verify_writes(graph, plan, last, needs, n, error) && verify_beside(graph, plan, needs, n, error);
    free(last);
    return ok;
}
