#include "backend/cuda/product_kind.h"

/* A product whose result is so small that its blocks would leave most of the card idle, over at least so many terms,
 * is done in parts: an adapter's gradient is 16 × 640 from 4096 tokens. The parts are added in their order, by a kernel
 * whose start takes as long as a block's work on some 1024 terms: below twice that nothing is won (SDXL at 1024 × 1024
 * has 864 gradients over 1024 tokens). */
enum { TILE = 64, FEW_TILES = 64, MANY_TERMS = 2048, MOST_PARTS = 32, FEWEST_TERMS = 512 };

static int64_t tiles_of(int64_t n)
{
    return (n + TILE - 1) / TILE;
}

/* The largest number of parts that divides the terms, keeps each part long enough and the card not more than full. */
int64_t lk_product_parts(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *a = lk_graph_tensor(graph, node->in[0]), *y = lk_graph_tensor(graph, node->out[0]);
    int64_t tiles = tiles_of(lk_tensor_rows(y)) * tiles_of(lk_tensor_cols(y)), terms = lk_tensor_rows(a);
    int64_t most = tiles < FEW_TILES ? FEW_TILES / tiles : 1;
    most = most < MOST_PARTS ? most : MOST_PARTS;
    if (!node->attr.trans_a || node->attr.trans_b || node->attr.has_bias || y->dtype != LK_F32 || terms < MANY_TERMS ||
        !lk_tensor_is_dense(y))
        return 1;
    while (most > 1 && (terms % most || terms / most < FEWEST_TERMS))
        most--;
    return most;
}

static bool is_narrow(LkDType dtype)
{
    return dtype == LK_BF16 || dtype == LK_F16;
}

/** Whether a node is y0 + h · u of few terms, y0 in f32 and all else of one type of 16 bits. */
static bool is_low_rank(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *h = lk_graph_tensor(graph, node->in[0]), *u = lk_graph_tensor(graph, node->in[1]);
    const LkTensor *y0 = lk_graph_tensor(graph, node->in[node->n_in - 1]);
    const LkTensor *y = lk_graph_tensor(graph, node->out[0]);
    return !node->attr.trans_a && !node->attr.has_bias && y0->dtype == LK_F32 && is_narrow(y->dtype) &&
           h->dtype == y->dtype && u->dtype == y->dtype && lk_tensor_cols(h) <= LK_LOW_RANK_MOST_TERMS &&
           lk_tensor_is_dense(u) && graph->tensors[lk_graph_owner(graph, node->in[1])].kind != LK_TENSOR_WEIGHT;
}

LkProductKind lk_product_kind(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *y = lk_graph_tensor(graph, node->out[0]);
    if (node->attr.low_rank[0].given)
        return LK_PRODUCT_JOINED;
    if (lk_product_parts(graph, node) > 1)
        return LK_PRODUCT_IN_PARTS;
    if (!node->attr.has_addend || lk_graph_tensor(graph, node->in[node->n_in - 1])->dtype == y->dtype)
        return LK_PRODUCT_PLAIN;
    return is_low_rank(graph, node) ? LK_PRODUCT_LOW_RANK : LK_PRODUCT_ROUNDED;
}
