#include "launches.h"

#include "backend/cuda/card_limits.h"
#include "backend/cuda/product_kind.h"
#include "backend/node_launches.h"
#include "tensor/low_rank.h"

int roof_attention_calls(int sm, const LkGraph *graph, const LkNode *node)
{
    const LkTensor *q = lk_graph_tensor(graph, node->in[0]);
    double matrix =
        2.0 * (double)node->attr.heads * (double)q->shape[0] * (double)q->shape[1] * (double)node->attr.kv_length;
    return lk_card_limits(sm)->backward_workspace ? 1 + (int)(matrix / (double)(256 << 20)) : 1;
}

bool roof_is_held(const LkGraph *graph, const LkNode *node)
{
    return graph->tensors[lk_graph_owner(graph, node->in[1])].kind == LK_TENSOR_WEIGHT;
}

/** Whether a joined product before node n has the same weight. */
static bool is_again(const LkGraph *graph, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (graph->nodes[i].op == LK_OP_MATMUL && lk_product_kind(graph, &graph->nodes[i]) == LK_PRODUCT_JOINED &&
            graph->nodes[i].in[1] == graph->nodes[n].in[1])
            return true;
    return false;
}

RoofTails roof_tails(const LkGraph *graph)
{
    RoofTails tails = {0};
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        if (node->op != LK_OP_MATMUL || lk_product_kind(graph, node) != LK_PRODUCT_JOINED ||
            !roof_is_held(graph, node) || is_again(graph, n))
            continue;
        const LkTensor *x = lk_graph_tensor(graph, node->in[0]);
        const LkTensor *u = lk_graph_tensor(graph, node->in[lk_low_rank_input(node, 0) + 1]);
        double width = (double)(lk_tensor_pitch(x) - lk_tensor_cols(x));
        tails.weights++;
        tails.bytes += (double)lk_tensor_bytes(u) + width * (double)lk_tensor_rows(u) * (double)lk_dtype_size(u->dtype);
    }
    tails.launches = (tails.weights + LK_TAILS_AT_ONCE - 1) / LK_TAILS_AT_ONCE;
    return tails;
}

int roof_launches(int sm, const LkGraph *graph, const LkNode *node)
{
    if (lk_op_has_kernel(node->op)) {
        static char somewhere[64];
        LkNodeMemory memory = {.scratch = somewhere};
        LkLaunches launches = {0};
        for (int i = 0; i < node->n_in; i++)
            memory.in[i] = node->in[i] == LK_NONE ? NULL : somewhere;
        for (int i = 0; i < node->n_out; i++)
            memory.out[i] = somewhere;
        lk_node_launches(graph, node, &memory, &launches);
        int phases = 0;
        for (int i = 0; i < launches.count; i++)
            phases += lk_kernel(launches.launch[i].id, launches.launch[i].dtype)->phases;
        return phases;
    }
    if (node->op == LK_OP_MATMUL)
        switch (lk_product_kind(graph, node)) {
        case LK_PRODUCT_IN_PARTS: /* and their sum */
        case LK_PRODUCT_ROUNDED:  /* and the rounding */
            return 2;
        case LK_PRODUCT_JOINED: /* and what is put behind a weight in the arena */
            return roof_is_held(graph, node) ? 1 : 2;
        default:
            return 1;
        }
    if (node->op == LK_OP_ATTENTION_BACKWARD)
        return 3 * roof_attention_calls(sm, graph, node); /* rows' sums, dk and dv, dq */
    return 1;
}
