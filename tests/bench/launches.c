#include "launches.h"

#include "backend/cuda/card_limits.h"
#include "backend/cuda/product_kind.h"
#include "backend/node_launches.h"

int roof_attention_calls(int sm, const LkGraph *graph, const LkNode *node)
{
    const LkTensor *q = lk_graph_tensor(graph, node->in[0]);
    double matrix =
        2.0 * (double)node->attr.heads * (double)q->shape[0] * (double)q->shape[1] * (double)node->attr.kv_length;
    return lk_card_limits(sm)->backward_workspace ? 1 + (int)(matrix / (double)(256 << 20)) : 1;
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
        default:
            return 1;
        }
    if (node->op == LK_OP_ATTENTION_BACKWARD)
        return 3 * roof_attention_calls(sm, graph, node); /* rows' sums, dk and dv, dq */
    return 1;
}
