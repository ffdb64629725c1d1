#include "tensor/by_product.h"

#include <stdlib.h>
#include <string.h>

enum { X = 1, STATS = 2, GAMMA = 3 }; /* inputs of the gradients; of the operations 0 is x and 1 gamma */

/** Where every node goes: behind which old node, and whether it stays at all. */
typedef struct Places {
    int32_t *behind; /* per node: an old node's index, its own where it stays in place */
    bool *gone;
} Places;

static LkOp gradient_of(LkOp op)
{
    return op == LK_OP_GEGLU ? LK_OP_GEGLU_BACKWARD : op == LK_OP_LAYER_NORM ? LK_OP_LAYER_NORM_BACKWARD : LK_OP_COUNT;
}

static bool reads(const LkGraph *graph, const LkNode *node, LkRef owner)
{
    for (int k = 0; k < node->n_in; k++)
        if (node->in[k] != LK_NONE && lk_graph_owner(graph, node->in[k]) == owner)
            return true;
    return false;
}

/** Whether a node is a product that is added to a state in its place. */
static bool adds_to_state(const LkGraph *graph, const LkNode *node)
{
    return node->op == LK_OP_MATMUL && node->attr.has_addend && node->in[node->n_in - 1] == node->out[0] &&
           graph->tensors[lk_graph_owner(graph, node->out[0])].kind == LK_TENSOR_STATE;
}

/** The first gradient behind node n that reads what it reads; n_nodes where there is none. */
static int32_t find_gradient(const LkGraph *graph, int32_t n)
{
    const LkNode *node = &graph->nodes[n];
    LkOp op = gradient_of(node->op);
    for (int32_t m = n + 1; m < graph->n_nodes; m++) {
        const LkNode *other = &graph->nodes[m];
        if (other->op == op && other->n_out == 1 && other->in[X] == node->in[0] &&
            (op == LK_OP_GEGLU_BACKWARD || other->in[GAMMA] == node->in[1]))
            return m;
    }
    return graph->n_nodes;
}

/** Whether product r may be made behind node m: nobody looks at the sum until then, they only add to it too. */
static bool can_wait(const LkGraph *graph, int32_t r, int32_t m)
{
    LkRef state = lk_graph_owner(graph, graph->nodes[r].out[0]);
    for (int32_t n = r + 1; n <= m; n++)
        if (reads(graph, &graph->nodes[n], state) && !adds_to_state(graph, &graph->nodes[n]))
            return false;
    return true;
}

/** Whether all readers of node n's result are products that can be made behind node m; of mean and deviation m alone.
 */
static bool is_for_gradients(const LkGraph *graph, int32_t n, int32_t m)
{
    const LkNode *node = &graph->nodes[n];
    for (int k = 0; k < node->n_out; k++)
        if (graph->tensors[node->out[k]].kind != LK_TENSOR_ACTIVATION || graph->tensors[node->out[k]].output)
            return false;
    for (int32_t r = n + 1; r < graph->n_nodes; r++) {
        if (reads(graph, &graph->nodes[r], node->out[0]) &&
            (!adds_to_state(graph, &graph->nodes[r]) || (r < m && !can_wait(graph, r, m))))
            return false;
        if (node->n_out > 1 && r != m && reads(graph, &graph->nodes[r], node->out[1]))
            return false;
    }
    return true;
}

/** The layer norm before node n that node n does again and that stays; -1 where there is none. */
static int32_t find_first(const LkGraph *graph, const Places *places, int32_t n)
{
    const LkNode *node = &graph->nodes[n];
    for (int32_t i = n - 1; i >= 0; i--) {
        const LkNode *other = &graph->nodes[i];
        if (other->op == node->op && !places->gone[i] && other->attr.eps == node->attr.eps &&
            memcmp(other->in, node->in, 3 * sizeof *node->in) == 0)
            return i;
    }
    return -1;
}

/** Lets the gradient m make what node n makes. Mean and deviation, where n's own are read, are those of the first time.
 */
static bool join(LkGraph *graph, const Places *places, int32_t n, int32_t m)
{
    LkNode *again = &graph->nodes[n], *gradient = &graph->nodes[m];
    if (again->op == LK_OP_LAYER_NORM) {
        bool own = gradient->in[STATS] == again->out[1];
        int32_t first = own ? find_first(graph, places, n) : -1;
        if ((own && first < 0) || gradient->n_in == LK_MAX_INPUTS)
            return false;
        if (own)
            gradient->in[STATS] = graph->nodes[first].out[1];
        gradient->in[gradient->n_in++] = again->in[2]; /* beta */
    }
    gradient->out[gradient->n_out++] = again->out[0];
    return true;
}

static void find_places(LkGraph *graph, Places *places)
{
    for (int32_t n = 0; n < graph->n_nodes; n++)
        places->behind[n] = n;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        if (gradient_of(graph->nodes[n].op) == LK_OP_COUNT)
            continue;
        int32_t m = find_gradient(graph, n);
        LkRef y = graph->nodes[n].out[0];
        if (m == graph->n_nodes || !is_for_gradients(graph, n, m) || !join(graph, places, n, m))
            continue;
        places->gone[n] = true;
        for (int32_t r = n + 1; r < m; r++)
            if (reads(graph, &graph->nodes[r], y) && places->behind[r] < m)
                places->behind[r] = m;
    }
}

/** Puts the nodes in their new order; those that go behind the same node keep theirs. `at` has room for one a node. */
static void move(LkGraph *graph, const Places *places, LkNode *old, int32_t *at)
{
    int32_t n_old = graph->n_nodes, kept = 0;
    memcpy(old, graph->nodes, (size_t)n_old * sizeof *old);
    memset(at, 0, (size_t)n_old * sizeof *at);
    for (int32_t n = 0; n < n_old; n++)
        at[places->behind[n]] += !places->gone[n];
    for (int32_t n = 0; n < n_old; n++) {
        int32_t count = at[n];
        at[n] = kept;
        kept += count;
    }
    for (int32_t n = 0; n < n_old; n++)
        if (!places->gone[n] && places->behind[n] == n)
            graph->nodes[at[n]++] = old[n];
    for (int32_t n = 0; n < n_old; n++)
        if (places->behind[n] != n)
            graph->nodes[at[places->behind[n]]++] = old[n];
    graph->n_nodes = kept;
}

void lk_graph_make_by_products(LkGraph *graph)
{
    size_t nodes = (size_t)graph->n_nodes + 1;
    Places places = {malloc(nodes * sizeof *places.behind), calloc(nodes, sizeof *places.gone)};
    LkNode *old = malloc(nodes * sizeof *old);
    int32_t *at = malloc(nodes * sizeof *at);
    if (places.behind && places.gone && old && at) {
        find_places(graph, &places);
        move(graph, &places, old, at);
    } else {
        graph->out_of_memory = true;
    }
    free(places.behind);
    free(places.gone);
    free(old);
    free(at);
}
