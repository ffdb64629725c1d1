#include "tensor/dump.h"

#include <inttypes.h>

const char *lk_op_name(LkOp op)
{
    static const char *const names[LK_OP_COUNT] = {
        [LK_OP_MATMUL] = "matmul",
        [LK_OP_CONV2D] = "conv2d",
        [LK_OP_CONV2D_BACKWARD_DATA] = "conv2d_backward_data",
        [LK_OP_ATTENTION] = "attention",
        [LK_OP_ATTENTION_BACKWARD] = "attention_backward",
        [LK_OP_GROUP_NORM] = "group_norm",
        [LK_OP_GROUP_NORM_BACKWARD] = "group_norm_backward",
        [LK_OP_LAYER_NORM] = "layer_norm",
        [LK_OP_LAYER_NORM_BACKWARD] = "layer_norm_backward",
        [LK_OP_ACTIVATION] = "activation",
        [LK_OP_ACTIVATION_BACKWARD] = "activation_backward",
        [LK_OP_GEGLU] = "geglu",
        [LK_OP_GEGLU_BACKWARD] = "geglu_backward",
        [LK_OP_ADD] = "add",
        [LK_OP_ADD_ROWS] = "add_rows",
        [LK_OP_SUM_ROWS] = "sum_rows",
        [LK_OP_UPSAMPLE2] = "upsample2",
        [LK_OP_UPSAMPLE2_BACKWARD] = "upsample2_backward",
        [LK_OP_CONCAT] = "concat",
        [LK_OP_SLICE] = "slice",
        [LK_OP_EMBEDDING] = "embedding",
        [LK_OP_TIME_EMBEDDING] = "time_embedding",
        [LK_OP_Q_SAMPLE] = "q_sample",
        [LK_OP_LOSS] = "loss",
        [LK_OP_CAST] = "cast",
        [LK_OP_ZERO] = "zero",
        [LK_OP_FETCH] = "fetch",
        [LK_OP_DEQUANTISE] = "dequantise",
        [LK_OP_MULTIPLY] = "multiply",
        [LK_OP_SCALE_ROWS] = "scale_rows",
        [LK_OP_SUM_PRODUCTS] = "sum_products",
        [LK_OP_GATHER_TAPS] = "gather_taps",
        [LK_OP_SPREAD_TAPS] = "spread_taps",
        [LK_OP_DROPOUT] = "dropout",
        [LK_OP_LIMIT_NORM] = "limit_norm",
        [LK_OP_KRONECKER] = "kronecker",
        [LK_OP_KRONECKER_BACKWARD] = "kronecker_backward",
        [LK_OP_DORA_SCALE] = "dora_scale",
        [LK_OP_DORA_SCALE_BACKWARD] = "dora_scale_backward",
        [LK_OP_CLIP_COEFFICIENT] = "clip_coefficient",
        [LK_OP_NOTE] = "note",
        [LK_OP_ADAMW] = "adamw",
        [LK_OP_SGD] = "sgd",
        [LK_OP_LION] = "lion",
        [LK_OP_SCHEDULE_FREE] = "schedule_free",
        [LK_OP_ADAMW_8BIT] = "adamw_8bit",
        [LK_OP_LION_8BIT] = "lion_8bit",
        [LK_OP_ADAPT_GATHER] = "adapt_gather",
        [LK_OP_ADAPT_SETTLE] = "adapt_settle",
        [LK_OP_ADAPT_APPLY] = "adapt_apply",
        [LK_OP_ADAFACTOR] = "adafactor",
        [LK_OP_EMA] = "ema",
    };
    return (unsigned)op < LK_OP_COUNT ? names[op] : "?";
}

static void dump_tensor(const LkGraph *graph, LkRef ref, FILE *out)
{
    const LkTensor *t = lk_graph_tensor(graph, ref);
    fprintf(out, " %%%d:%s[", ref, lk_dtype_name(t->dtype));
    for (int i = 0; i < t->rank; i++)
        fprintf(out, "%s%" PRId64, i ? "," : "", t->shape[i]);
    fprintf(out, "]");
}

void lk_graph_dump(const LkGraph *graph, const LkPlan *plan, FILE *out)
{
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        fprintf(out, "%d", n);
        for (int k = 0; k < node->n_out; k++) {
            dump_tensor(graph, node->out[k], out);
            if (plan && plan->offset[node->out[k]] >= 0)
                fprintf(out, "@%" PRId64, plan->offset[node->out[k]]);
        }
        fprintf(out, " = %s", lk_op_name(node->op));
        for (int k = 0; k < node->n_in; k++) {
            const LkTensor *t = lk_graph_tensor(graph, node->in[k]);
            fprintf(out, " %%%d", node->in[k]);
            if (t->name)
                fprintf(out, "(%s)", t->name);
        }
        fprintf(out, "\n");
    }
    if (plan)
        fprintf(out, "arena %" PRId64 " live %" PRId64 "\n", plan->arena_bytes, plan->live_bytes);
}
