#include "tensor/plan.h"

#include <stdlib.h>
#include <string.h>

/** A piece of the arena: one tensor, several that follow each other in place, or a node's scratch memory. */
typedef struct Block {
    int64_t bytes, offset;
    int32_t first, last; /* nodes between which it is alive, both included */
    bool scratch, input;
} Block;

/** A block that has its place, as the search for the next one's reads it. */
typedef struct Placed {
    int64_t offset, end;
    int32_t first, last;
} Placed;

typedef struct Planner {
    const LkGraph *graph;
    LkPlanNeeds needs;
    Block *blocks;
    int32_t n_blocks;
    int32_t *block_of; /* per tensor: its block, or -1 */
    int32_t *last_use; /* per tensor: the last node while which it is needed */
    int32_t *busy;     /* per tensor: the last node beside which an older one may still read it, or -1 */
    Placed *placed;    /* by offset */
    int32_t *order;
    int64_t *first_offset; /* per block: where the first of two attempts put it */
} Planner;

static int64_t round_up(int64_t bytes)
{
    return (bytes + LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
}

bool lk_op_in_place(LkOp op, int input)
{
    switch (op) {
    case LK_OP_ADD:
    case LK_OP_ACTIVATION_BACKWARD:
        return input <= 1;
    case LK_OP_ACTIVATION:
    case LK_OP_ADD_ROWS:
    case LK_OP_LAYER_NORM:
    case LK_OP_GROUP_NORM:
        return input == 0;
    case LK_OP_GEGLU_BACKWARD: /* x */
        return input == 1;
    case LK_OP_GROUP_NORM_BACKWARD: /* dy, or the addend */
        return input == 0 || input == 5;
    case LK_OP_LAYER_NORM_BACKWARD: /* the same; where a beta is in its place, that is a weight, which nothing is put
                                       over */
        return input == 0 || input == 4;
    default:
        return false;
    }
}

/** The last node that may run while node n does. */
static int32_t runs_until(const Planner *p, int32_t n)
{
    return p->needs.until ? p->needs.until[n] : n;
}

static void find_last_uses(Planner *p)
{
    const LkGraph *graph = p->graph;
    for (int32_t i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        bool stays = t->output || t->kind == LK_TENSOR_INPUT;
        p->last_use[i] = stays ? graph->n_nodes : -1;
        p->busy[i] = -1;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        int32_t last = runs_until(p, n);
        for (int k = 0; k < node->n_in + node->n_out; k++) {
            LkRef owner = lk_graph_owner(graph, k < node->n_in ? node->in[k] : node->out[k - node->n_in]);
            if (p->last_use[owner] < last)
                p->last_use[owner] = last;
            if (k < node->n_in && last > n && p->busy[owner] < last)
                p->busy[owner] = last;
        }
    }
}

static int32_t new_block(Planner *p, int64_t bytes, int32_t first, int32_t last)
{
    p->blocks[p->n_blocks] = (Block){.bytes = round_up(bytes), .offset = -1, .first = first, .last = last};
    return p->n_blocks++;
}

/** The input of node n over which its output may be written: same size, and not needed after n. -1 if none. */
static LkRef find_victim(const Planner *p, int32_t n)
{
    const LkGraph *graph = p->graph;
    const LkNode *node = &graph->nodes[n];
    const LkTensor *out = &graph->tensors[node->out[0]];
    for (int k = 0; k < node->n_in && out->kind == LK_TENSOR_ACTIVATION; k++) {
        LkRef owner = lk_graph_owner(graph, node->in[k]);
        const LkTensor *in = &graph->tensors[owner];
        bool addend = node->op == LK_OP_MATMUL && node->attr.has_addend && k == node->n_in - 1;
        if (!(lk_op_in_place(node->op, k) || addend) || in->kind != LK_TENSOR_ACTIVATION || in->dtype != out->dtype ||
            p->last_use[owner] != n || p->busy[owner] >= n || lk_tensor_count(in) != lk_tensor_count(out) ||
            p->block_of[owner] < 0)
            continue;
        bool used_twice = false;
        for (int j = 0; j < node->n_in; j++)
            used_twice |= j != k && lk_graph_owner(graph, node->in[j]) == owner;
        if (!used_twice)
            return owner;
    }
    return LK_NONE;
}

static void make_blocks(Planner *p)
{
    const LkGraph *graph = p->graph;
    const int64_t *scratch = p->needs.bytes;
    for (LkRef i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].kind == LK_TENSOR_INPUT) {
            p->block_of[i] = new_block(p, lk_tensor_bytes(&graph->tensors[i]), 0, graph->n_nodes);
            p->blocks[p->block_of[i]].input = true;
        }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        for (int k = 0; k < node->n_out; k++) {
            LkRef out = lk_graph_owner(graph, node->out[k]);
            if (graph->tensors[out].kind != LK_TENSOR_ACTIVATION || p->block_of[out] >= 0)
                continue;
            LkRef victim = k == 0 ? find_victim(p, n) : LK_NONE;
            if (victim != LK_NONE) {
                Block *block = &p->blocks[p->block_of[victim]];
                if (block->last < p->last_use[out])
                    block->last = p->last_use[out];
                p->block_of[out] = p->block_of[victim];
            } else {
                p->block_of[out] = new_block(p, lk_tensor_bytes(&graph->tensors[out]), n, p->last_use[out]);
            }
        }
    }
    for (int32_t n = 0; n < graph->n_nodes && scratch; n++)
        if (scratch[n] > 0)
            p->blocks[new_block(p, scratch[n], n, runs_until(p, n))].scratch = true;
}

static int larger_first(const void *x, const void *y, void *context)
{
    const Block *blocks = context, *a = &blocks[*(const int32_t *)x], *b = &blocks[*(const int32_t *)y];
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return (a > b) - (a < b);
}

static int longer_first(const void *x, const void *y, void *context)
{
    const Block *blocks = context, *a = &blocks[*(const int32_t *)x], *b = &blocks[*(const int32_t *)y];
    int32_t la = a->last - a->first, lb = b->last - b->first;
    if (la != lb)
        return la > lb ? -1 : 1;
    return larger_first(x, y, context);
}

/** Puts the blocks, in this order, at the lowest offset where they fit; returns the arena's size. */
static int64_t place(Planner *p, int (*order)(const void *, const void *, void *))
{
    for (int32_t i = 0; i < p->n_blocks; i++)
        p->order[i] = i;
    qsort_r(p->order, (size_t)p->n_blocks, sizeof *p->order, order, p->blocks);
    int64_t arena = 0;
    int32_t placed = 0;
    for (int32_t i = 0; i < p->n_blocks; i++) {
        Block *block = &p->blocks[p->order[i]];
        int64_t offset = 0;
        for (int32_t j = 0; j < placed; j++) { /* the first gap that is wide enough wins */
            const Placed *other = &p->placed[j];
            if (other->offset >= offset + block->bytes)
                break; /* and so does every later one */
            if (other->end > offset && other->last >= block->first && block->last >= other->first)
                offset = other->end;
        }
        block->offset = offset;
        if (arena < offset + block->bytes)
            arena = offset + block->bytes;
        int32_t at = placed++;
        while (at > 0 && p->placed[at - 1].offset > offset)
            at--;
        memmove(&p->placed[at + 1], &p->placed[at], (size_t)(placed - 1 - at) * sizeof *p->placed);
        p->placed[at] = (Placed){offset, offset + block->bytes, block->first, block->last};
    }
    return arena;
}

/** Tries two orders and keeps the better; returns the arena's size. */
static int64_t place_best(Planner *p)
{
    int64_t by_size = place(p, larger_first);
    for (int32_t i = 0; i < p->n_blocks; i++)
        p->first_offset[i] = p->blocks[i].offset;
    int64_t by_life = place(p, longer_first);
    if (by_life <= by_size)
        return by_life;
    for (int32_t i = 0; i < p->n_blocks; i++)
        p->blocks[i].offset = p->first_offset[i];
    return by_size;
}

/** Finds the node where most bytes are alive, and what they are. `change` holds by how much each node has more alive
 * than the one before. */
static void find_peak(const Planner *p, int64_t *change, LkPlan *plan)
{
    int64_t live = 0;
    memset(change, 0, ((size_t)p->graph->n_nodes + 2) * sizeof *change);
    for (int32_t i = 0; i < p->n_blocks; i++) {
        change[p->blocks[i].first] += p->blocks[i].bytes;
        change[p->blocks[i].last + 1] -= p->blocks[i].bytes;
    }
    for (int32_t n = 0; n < p->graph->n_nodes; n++) {
        live += change[n];
        if (live > plan->live_bytes) {
            plan->live_bytes = live;
            plan->peak_node = n;
        }
    }
    for (int32_t i = 0; plan->live_bytes > 0 && i < p->n_blocks; i++) {
        const Block *block = &p->blocks[i];
        if (block->first > plan->peak_node || block->last < plan->peak_node)
            continue;
        plan->workspace_bytes += block->scratch ? block->bytes : 0;
        plan->input_bytes += block->input ? block->bytes : 0;
    }
    plan->activation_bytes = plan->live_bytes - plan->workspace_bytes - plan->input_bytes;
}

static void fill_plan(const Planner *p, LkPlan *plan)
{
    const int64_t *bytes = p->needs.bytes;
    for (LkRef i = 0; i < p->graph->n_tensors; i++)
        plan->offset[i] = p->block_of[i] >= 0 ? p->blocks[p->block_of[i]].offset : -1;
    int32_t scratch = p->n_blocks;
    while (scratch > 0 && p->blocks[scratch - 1].scratch)
        scratch--; /* scratch blocks come last, in the order of their nodes */
    for (int32_t n = 0; n < p->graph->n_nodes; n++)
        plan->workspace[n] = bytes && bytes[n] > 0 ? p->blocks[scratch++].offset : -1;
    find_peak(p, p->first_offset, plan);
}

static bool run_planner(Planner *p, LkPlan *plan)
{
    size_t tensors = (size_t)p->graph->n_tensors + 1, most = tensors + (size_t)p->graph->n_nodes;
    p->blocks = malloc(most * sizeof *p->blocks);
    p->block_of = malloc(tensors * sizeof *p->block_of);
    p->last_use = malloc(tensors * sizeof *p->last_use);
    p->busy = malloc(tensors * sizeof *p->busy);
    p->placed = malloc(most * sizeof *p->placed);
    p->first_offset = malloc((most + 1) * sizeof *p->first_offset);
    p->order = malloc(most * sizeof *p->order);
    plan->offset = malloc(tensors * sizeof *plan->offset);
    plan->workspace = malloc(((size_t)p->graph->n_nodes + 1) * sizeof *plan->workspace);
    if (!p->blocks || !p->block_of || !p->last_use || !p->busy || !p->placed || !p->order || !p->first_offset ||
        !plan->offset || !plan->workspace)
        return false;
    for (size_t i = 0; i < tensors; i++)
        p->block_of[i] = -1;
    find_last_uses(p);
    make_blocks(p);
    plan->arena_bytes = place_best(p);
    fill_plan(p, plan);
    return true;
}

LkPlan *lk_plan_new(const LkGraph *graph, LkPlanNeeds needs, LkError *error)
{
    Planner planner = {.graph = graph, .needs = needs};
    LkPlan *plan = calloc(1, sizeof *plan);
    bool ok = plan && run_planner(&planner, plan);
    free(planner.blocks);
    free(planner.block_of);
    free(planner.last_use);
    free(planner.busy);
    free(planner.placed);
    free(planner.first_offset);
    free(planner.order);
    if (!ok) {
        lk_plan_free(plan);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to plan the model's memory.");
        return NULL;
    }
    plan->n_tensors = graph->n_tensors;
    plan->n_nodes = graph->n_nodes;
    return plan;
}

void lk_plan_free(LkPlan *plan)
{
    if (!plan)
        return;
    free(plan->offset);
    free(plan->workspace);
    free(plan);
}
