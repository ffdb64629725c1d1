#include "profile.h"

#include "tensor/dump.h"
#include "tensor/low_rank.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const LkTensor *owner_of(const LkGraph *graph, LkRef ref)
{
    return lk_graph_tensor(graph, lk_graph_owner(graph, ref));
}

static const char *matmul_class(const LkGraph *graph, const LkNode *node)
{
    if (owner_of(graph, node->out[0])->kind == LK_TENSOR_STATE)
        return "LoRA weight gradients";
    if (owner_of(graph, node->in[1])->kind == LK_TENSOR_WEIGHT)
        return node->attr.trans_b ? "linear forward" : "linear backward";
    return node->attr.trans_b ? "LoRA forward" : "LoRA backward";
}

static void matmul_cost(const LkGraph *graph, const LkNode *node, NodeCost *cost)
{
    const LkTensor *a = lk_graph_tensor(graph, node->in[0]), *y = lk_graph_tensor(graph, node->out[0]);
    int64_t k = node->attr.trans_a ? lk_tensor_rows(a) : lk_tensor_cols(a);
    cost->class = matmul_class(graph, node);
    if (node->attr.low_rank[0].given)
        k += lk_tensor_cols(lk_graph_tensor(graph, node->in[lk_low_rank_input(node, 0)]));
    cost->flops = 2.0 * (double)lk_tensor_count(y) * (double)k;
    snprintf(cost->shape, sizeof cost->shape, "%lldx%lldx%lld%s%s%s%s", (long long)lk_tensor_rows(y), (long long)k,
             (long long)lk_tensor_cols(y), node->attr.trans_a ? " aT" : "", node->attr.trans_b ? " bT" : "",
             y->dtype == LK_F32 ? " f32" : "", node->attr.has_addend ? " +=" : "");
}

static void conv_cost(const LkGraph *graph, const LkNode *node, NodeCost *cost)
{
    bool backward = node->op == LK_OP_CONV2D_BACKWARD_DATA;
    const LkTensor *y = lk_graph_tensor(graph, backward ? node->in[0] : node->out[0]);
    const LkTensor *w = lk_graph_tensor(graph, node->in[1]);
    cost->class = backward ? "convolution backward" : "convolution forward";
    cost->flops = 2.0 * (double)lk_tensor_rows(y) * (double)lk_tensor_count(w);
    snprintf(cost->shape, sizeof cost->shape, "%lldx%lld %lld>%lld k%lld s%d", (long long)y->shape[1],
             (long long)y->shape[2], (long long)w->shape[1], (long long)w->shape[0], (long long)w->shape[2],
             node->attr.stride);
}

static void attention_cost(const LkGraph *graph, const LkNode *node, NodeCost *cost)
{
    bool backward = node->op == LK_OP_ATTENTION_BACKWARD;
    const LkTensor *q = lk_graph_tensor(graph, node->in[0]);
    cost->class = backward ? "attention backward" : "attention forward";
    cost->flops = (backward ? 10.0 : 4.0) * (double)lk_tensor_count(q) * (double)node->attr.kv_length;
    snprintf(cost->shape, sizeof cost->shape, "%lldx%lldx%lldx%lld", (long long)node->attr.heads,
             (long long)q->shape[1], (long long)node->attr.kv_length, (long long)(q->shape[2] / node->attr.heads));
}

static const char *other_class(LkOp op)
{
    switch (op) {
    case LK_OP_GROUP_NORM:
        return "group norm forward";
    case LK_OP_GROUP_NORM_BACKWARD:
        return "group norm backward";
    case LK_OP_LAYER_NORM:
        return "layer norm forward";
    case LK_OP_LAYER_NORM_BACKWARD:
        return "layer norm backward";
    case LK_OP_GEGLU:
    case LK_OP_GEGLU_BACKWARD:
    case LK_OP_ACTIVATION:
    case LK_OP_ACTIVATION_BACKWARD:
        return "activations";
    case LK_OP_ADD:
    case LK_OP_ADD_ROWS:
    case LK_OP_SUM_ROWS:
        return "sums";
    case LK_OP_CONCAT:
    case LK_OP_SLICE:
    case LK_OP_UPSAMPLE2:
    case LK_OP_UPSAMPLE2_BACKWARD:
        return "copies";
    case LK_OP_CAST:
        return "casts";
    case LK_OP_ADAMW:
    case LK_OP_CLIP_COEFFICIENT:
    case LK_OP_ZERO:
        return "optimizer";
    default:
        return "other";
    }
}

NodeCost profile_cost(const LkGraph *graph, const LkNode *node)
{
    NodeCost cost = {.class = other_class(node->op)};
    for (int k = 0; k < node->n_in; k++)
        cost.bytes += (double)lk_tensor_bytes(lk_graph_tensor(graph, node->in[k]));
    for (int k = 0; k < node->n_out; k++)
        cost.bytes += (double)lk_tensor_bytes(lk_graph_tensor(graph, node->out[k]));
    if (node->op == LK_OP_SLICE) /* reads no more than it copies */
        cost.bytes = 2 * (double)lk_tensor_bytes(lk_graph_tensor(graph, node->out[0]));
    if (node->op == LK_OP_MATMUL) {
        matmul_cost(graph, node, &cost);
    } else if (node->op == LK_OP_CONV2D || node->op == LK_OP_CONV2D_BACKWARD_DATA) {
        conv_cost(graph, node, &cost);
    } else if (node->op == LK_OP_ATTENTION || node->op == LK_OP_ATTENTION_BACKWARD) {
        attention_cost(graph, node, &cost);
    } else {
        const LkTensor *t = lk_graph_tensor(graph, node->in[0]);
        snprintf(cost.shape, sizeof cost.shape, "%s %lldx%lld%s", lk_op_name(node->op), (long long)lk_tensor_rows(t),
                 (long long)lk_tensor_cols(t), t->dtype == LK_F32 ? " f32" : "");
    }
    return cost;
}

/** The sum over nodes of one kind. */
typedef struct Total {
    char name[128];
    int nodes;
    double seconds, flops, bytes, best, best_of; /* best: oneDNN alone; best_of: our time of the same nodes */
} Total;

static int slower_first(const void *x, const void *y)
{
    const Total *a = x, *b = y;
    return a->seconds > b->seconds ? -1 : a->seconds < b->seconds;
}

static GArray *totals(const LkGraph *graph, const double *seconds, const double *best, bool shapes)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(Total));
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        NodeCost cost = profile_cost(graph, &graph->nodes[n]);
        char name[128];
        snprintf(name, sizeof name, "%-22s %s", cost.class, shapes ? cost.shape : "");
        guint i = 0;
        while (i < list->len && strcmp(g_array_index(list, Total, i).name, name) != 0)
            i++;
        if (i == list->len)
            g_array_set_size(list, i + 1);
        Total *total = &g_array_index(list, Total, i);
        memcpy(total->name, name, sizeof name);
        total->nodes++;
        total->seconds += seconds[n];
        total->flops += cost.flops;
        total->bytes += cost.bytes;
        if (best && best[n] > 0) {
            total->best += best[n];
            total->best_of += seconds[n];
        }
    }
    g_array_sort(list, slower_first);
    return list;
}

static void print_total(const Total *t, double all)
{
    printf("%-48s %5d %9.3f %5.1f%%", t->name, t->nodes, t->seconds * 1e3, 100 * t->seconds / all);
    if (t->flops > 0)
        printf(" %8.1f GFLOP/s", t->flops / t->seconds * 1e-9);
    else
        printf(" %8.1f GB/s   ", t->bytes / t->seconds * 1e-9);
    if (t->best > 0)
        printf("   oneDNN alone %9.3f ms (%.2f)", t->best * 1e3, t->best / t->best_of);
    printf("\n");
}

void profile_classes(const LkGraph *graph, const double *seconds, const double *best, double flops_roof,
                     double bytes_roof)
{
    g_autoptr(GArray) list = totals(graph, seconds, best, false);
    double all = 0, flops = 0;
    for (guint i = 0; i < list->len; i++) {
        all += g_array_index(list, Total, i).seconds;
        flops += g_array_index(list, Total, i).flops;
    }
    printf("%-48s %5s %9s %6s\n", "class", "nodes", "ms", "share");
    for (guint i = 0; i < list->len; i++)
        print_total(&g_array_index(list, Total, i), all);
    printf("%-48s %5d %9.3f        %8.1f GFLOP/s of %.3f TFLOP\n", "all", graph->n_nodes, all * 1e3, flops / all * 1e-9,
           flops * 1e-12);
    printf("roof now: %.1f GFLOP/s, memcpy %.1f GB/s\n", flops_roof * 1e-9, bytes_roof * 1e-9);
}

void profile_kinds(const LkGraph *graph, const double *seconds, const double *best, int count)
{
    g_autoptr(GArray) list = totals(graph, seconds, best, true);
    double all = 0;
    for (guint i = 0; i < list->len; i++)
        all += g_array_index(list, Total, i).seconds;
    for (guint i = 0; i < list->len && i < (guint)count; i++)
        print_total(&g_array_index(list, Total, i), all);
}
