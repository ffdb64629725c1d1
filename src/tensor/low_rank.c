#include "tensor/low_rank.h"

#include <stdlib.h>

/** What is known of the tensors that own memory. */
typedef struct Uses {
    int32_t *product;     /* the foldable product that makes it, or -1 */
    int32_t *first_write; /* the first node that writes it, or n_nodes */
    bool *written_again;  /* by another one too */
    bool *read_otherwise; /* by something that cannot make the product itself */
    bool *read_as_x;      /* by a GEGLU, or as its gradient's x */
} Uses;

/** Which addend a node's input could have: -1 for none, or where it has one. */
static int addend_of(const LkNode *node, int input)
{
    int which = -1;
    if (node->op == LK_OP_GEGLU && input == 0)
        which = LK_LOW_RANK_X;
    if (node->op == LK_OP_GEGLU_BACKWARD && input < 2)
        which = input == 0 ? LK_LOW_RANK_DY : LK_LOW_RANK_X;
    return which >= 0 && !node->attr.low_rank[which].given ? which : -1;
}

int lk_low_rank_input(const LkNode *node, int which)
{
    int plain = node->op == LK_OP_GEGLU ? 1 : 2 + (node->op == LK_OP_MATMUL && node->attr.has_bias);
    return which == LK_LOW_RANK_DY && node->attr.low_rank[LK_LOW_RANK_X].given ? plain + 2 : plain;
}

/** Whether a node is y0 + h · u of few terms, all of one type; y0 may be f32. */
static bool is_foldable(const LkGraph *graph, const LkNode *node)
{
    const LkAttributes *attr = &node->attr;
    if (node->op != LK_OP_MATMUL || !attr->has_addend || attr->has_bias || attr->trans_a)
        return false;
    const LkTensor *h = lk_graph_tensor(graph, node->in[0]), *u = lk_graph_tensor(graph, node->in[1]);
    const LkTensor *y0 = lk_graph_tensor(graph, node->in[2]), *y = lk_graph_tensor(graph, node->out[0]);
    return y->kind == LK_TENSOR_ACTIVATION && lk_tensor_is_dense(h) && lk_tensor_is_dense(u) && !y->output &&
           lk_tensor_cols(h) <= graph->folded_terms && h->dtype == y->dtype && u->dtype == y->dtype &&
           (y0->dtype == y->dtype || y0->dtype == LK_F32) && lk_tensor_cols(y0) == lk_tensor_cols(y);
}

static void note_read(const LkGraph *graph, Uses *uses, const LkNode *node, int input)
{
    if (node->in[input] == LK_NONE)
        return;
    LkRef owner = lk_graph_owner(graph, node->in[input]);
    int which = addend_of(node, input);
    if (which < 0 || !lk_graph_is_whole(graph, node->in[input]))
        uses->read_otherwise[owner] = true;
    if (which == LK_LOW_RANK_X)
        uses->read_as_x[owner] = true;
}

static void find_uses(const LkGraph *graph, Uses *uses)
{
    for (LkRef t = 0; t < graph->n_tensors; t++) {
        uses->product[t] = -1;
        uses->first_write[t] = graph->n_nodes;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        for (int k = 0; k < node->n_in; k++)
            note_read(graph, uses, node, k);
        for (int k = 0; k < node->n_out; k++) {
            LkRef owner = lk_graph_owner(graph, node->out[k]);
            uses->written_again[owner] = uses->first_write[owner] < n;
            if (!uses->written_again[owner])
                uses->first_write[owner] = n;
        }
        if (is_foldable(graph, node))
            uses->product[node->out[0]] = n;
    }
}

/** Whether a tensor says at node `reader` what it said at node `before`. */
static bool stays(const LkGraph *graph, const Uses *uses, LkRef ref, int32_t before, int32_t reader)
{
    LkRef owner = lk_graph_owner(graph, ref);
    return uses->first_write[owner] >= reader || (uses->first_write[owner] < before && !uses->written_again[owner]);
}

/** Whether every reader, the last of which is `reader`, may make the product itself. A gradient that is not complete
 * yet is kept in f32, which GEGLU's own gradient reads; an x is not. */
static bool may_fold(const LkGraph *graph, const Uses *uses, LkRef y, int32_t reader)
{
    int32_t product = uses->product[y];
    if (product < 0 || uses->read_otherwise[y] || uses->written_again[y])
        return false;
    if (lk_graph_tensor(graph, graph->nodes[product].in[2])->dtype != lk_graph_tensor(graph, y)->dtype &&
        uses->read_as_x[y])
        return false;
    for (int k = 0; k < 3; k++)
        if (!stays(graph, uses, graph->nodes[product].in[k], product, reader))
            return false;
    return true;
}

/** Lets `input` of a node be y0, with h and u behind its other inputs. */
static void fold(LkGraph *graph, LkNode *node, int input, int which, const LkNode *product)
{
    LkTensor seen = *lk_graph_tensor(graph, node->in[input]);
    LkRef y0 = lk_graph_reshape(graph, product->in[2], seen.rank, seen.shape);
    if (y0 == LK_NONE)
        return;
    node->in[input] = y0;
    node->attr.low_rank[which] =
        (LkLowRankAddend){.given = true, .trans_b = product->attr.trans_b, .alpha = product->attr.alpha};
    int at = lk_low_rank_input(node, which);
    for (int k = node->n_in - 1; k >= at; k--) /* of dy's, where x has none yet */
        node->in[k + 2] = node->in[k];
    node->in[at] = product->in[0];
    node->in[at + 1] = product->in[1];
    node->n_in += 2;
}

/** Folds what may be. last: room for the last reader of each tensor, until which the factors have to stay. */
static void fold_all(LkGraph *graph, const Uses *uses, int32_t *last)
{
    for (LkRef t = 0; t < graph->n_tensors; t++)
        last[t] = -1;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_in; k++)
            if (graph->nodes[n].in[k] != LK_NONE)
                last[lk_graph_owner(graph, graph->nodes[n].in[k])] = n;
    int32_t tensors = graph->n_tensors; /* folding adds views */
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int k = 0; k < 2 && k < graph->nodes[n].n_in; k++) {
            LkNode *node = &graph->nodes[n];
            int which = addend_of(node, k);
            LkRef y = which < 0 ? LK_NONE : lk_graph_owner(graph, node->in[k]);
            if (y != LK_NONE && y < tensors && may_fold(graph, uses, y, last[y]))
                fold(graph, node, k, which, &graph->nodes[uses->product[y]]);
        }
}

void lk_graph_fold_low_rank(LkGraph *graph)
{
    if (graph->folded_terms == 0)
        return;
    size_t n = (size_t)graph->n_tensors + 1;
    Uses uses = {.product = malloc(n * sizeof *uses.product),
                 .first_write = malloc(n * sizeof *uses.first_write),
                 .written_again = calloc(n, sizeof *uses.written_again),
                 .read_otherwise = calloc(n, sizeof *uses.read_otherwise),
                 .read_as_x = calloc(n, sizeof *uses.read_as_x)};
    int32_t *last = malloc(n * sizeof *last);
    if (uses.product && uses.first_write && uses.written_again && uses.read_otherwise && uses.read_as_x && last) {
        find_uses(graph, &uses);
        fold_all(graph, &uses, last);
    } else {
        graph->out_of_memory = true;
    }
    free(uses.product);
    free(uses.first_write);
    free(uses.written_again);
    free(uses.read_otherwise);
    free(uses.read_as_x);
    free(last);
}
