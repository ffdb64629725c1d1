#include "tensor/sweep.h"

#include <stdlib.h>

/** Whether a node's result is wanted by a node after it or by the host. */
static bool is_wanted(const LkGraph *graph, const LkNode *node, const bool *wanted)
{
    for (int k = 0; k < node->n_out; k++) {
        const LkTensor *owner = &graph->tensors[lk_graph_owner(graph, node->out[k])];
        if (owner->kind == LK_TENSOR_STATE || owner->output || wanted[owner - graph->tensors])
            return true;
    }
    return false;
}

void lk_graph_sweep(LkGraph *graph)
{
    bool *wanted = calloc((size_t)graph->n_tensors + 1, sizeof *wanted);
    bool *keep = calloc((size_t)graph->n_nodes + 1, sizeof *keep);
    if (!wanted || !keep) {
        graph->out_of_memory = true;
    } else {
        for (int32_t i = graph->n_nodes - 1; i >= 0; i--) {
            const LkNode *node = &graph->nodes[i];
            keep[i] = is_wanted(graph, node, wanted);
            for (int k = 0; keep[i] && k < node->n_in; k++)
                wanted[lk_graph_owner(graph, node->in[k])] = true;
        }
        int32_t kept = 0;
        lk_graph_forget_writers(graph);
        for (int32_t i = 0; i < graph->n_nodes; i++) {
            if (!keep[i])
                continue;
            graph->nodes[kept] = graph->nodes[i];
            lk_graph_note_writer(graph, kept++);
        }
        graph->n_nodes = kept;
    }
    free(wanted);
    free(keep);
}
