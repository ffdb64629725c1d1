/* Memory of the reference backend and the loop over nodes. */
#include "backend/reference/reference.h"

#include "backend/reference/ops.h"
#include "tensor/dump.h"

#include <stdlib.h>

struct LkReference {
    const LkGraph *graph;
    int32_t n_tensors;
    double **data; /* per tensor: its own memory; NULL for views */
};

/** What runs an operation, and how many tensors it may have. */
static const struct {
    ReferenceOp *run;
    int min_in, max_in, n_out;
    int by_products; /* results that may be asked for beside those */
} operations[LK_OP_COUNT] = {
    [LK_OP_MATMUL] = {reference_matmul, 2, 6, 1},
    [LK_OP_CONV2D] = {reference_conv2d, 2, 3, 1},
    [LK_OP_CONV2D_BACKWARD_DATA] = {reference_conv2d_backward_data, 2, 2, 1},
    [LK_OP_ATTENTION] = {reference_attention, 3, 3, 2},
    [LK_OP_ATTENTION_BACKWARD] = {reference_attention_backward, 6, 6, 3},
    [LK_OP_GROUP_NORM] = {reference_group_norm, 3, 3, 2},
    [LK_OP_GROUP_NORM_BACKWARD] = {reference_group_norm_backward, 5, 6, 1},
    [LK_OP_LAYER_NORM] = {reference_layer_norm, 3, 3, 2},
    [LK_OP_LAYER_NORM_BACKWARD] = {reference_layer_norm_backward, 4, 6, 1, 1},
    [LK_OP_ACTIVATION] = {reference_activation, 1, 1, 1},
    [LK_OP_ACTIVATION_BACKWARD] = {reference_activation_backward, 2, 2, 1},
    [LK_OP_GEGLU] = {reference_geglu, 1, 3, 1},
    [LK_OP_GEGLU_BACKWARD] = {reference_geglu_backward, 2, 6, 1, 1},
    [LK_OP_ADD] = {reference_add, 2, 2, 1},
    [LK_OP_ADD_ROWS] = {reference_add_rows, 2, 2, 1},
    [LK_OP_SUM_ROWS] = {reference_sum_rows, 1, 1, 1},
    [LK_OP_UPSAMPLE2] = {reference_upsample2, 1, 1, 1},
    [LK_OP_UPSAMPLE2_BACKWARD] = {reference_upsample2_backward, 1, 1, 1},
    [LK_OP_CONCAT] = {reference_concat, 2, 2, 1},
    [LK_OP_SLICE] = {reference_slice, 1, 1, 1},
    [LK_OP_EMBEDDING] = {reference_embedding, 3, 3, 1},
    [LK_OP_TIME_EMBEDDING] = {reference_time_embedding, 1, 1, 1},
    [LK_OP_Q_SAMPLE] = {reference_q_sample, 4, 4, 1},
    [LK_OP_LOSS] = {reference_loss, 4, 6, 2},
    [LK_OP_CAST] = {reference_cast, 1, 1, 1},
    [LK_OP_ZERO] = {reference_zero, 0, 0, 1},
    [LK_OP_FETCH] = {reference_fetch, 1, 1, 1},
    [LK_OP_DEQUANTISE] = {reference_dequantise, 2, 2, 1},
    [LK_OP_MULTIPLY] = {reference_multiply, 2, 2, 1},
    [LK_OP_SCALE_ROWS] = {reference_scale_rows, 2, 4, 1},
    [LK_OP_SUM_PRODUCTS] = {reference_sum_products, 3, 4, 1},
    [LK_OP_GATHER_TAPS] = {reference_gather_taps, 1, 1, 1},
    [LK_OP_SPREAD_TAPS] = {reference_spread_taps, 1, 1, 1},
    [LK_OP_DROPOUT] = {reference_dropout, 2, 2, 1},
    [LK_OP_LIMIT_NORM] = {reference_limit_norm, 4, 5, 2},
    [LK_OP_KRONECKER] = {reference_kronecker, 2, 2, 1},
    [LK_OP_KRONECKER_BACKWARD] = {reference_kronecker_backward, 3, 3, 2},
    [LK_OP_DORA_SCALE] = {reference_dora_scale, 3, 4, 2},
    [LK_OP_DORA_SCALE_BACKWARD] = {reference_dora_scale_backward, 5, 6, 2},
    [LK_OP_CLIP_COEFFICIENT] = {reference_clip_coefficient, 2, 3, 1},
    [LK_OP_NOTE] = {reference_note, 2, 2, 1},
    [LK_OP_ADAMW] = {reference_adamw, 6, 6, 3},
    [LK_OP_SGD] = {reference_sgd, 5, 5, 2},
    [LK_OP_LION] = {reference_lion, 5, 5, 2},
    [LK_OP_SCHEDULE_FREE] = {reference_schedule_free, 6, 6, 3},
    [LK_OP_ADAMW_8BIT] = {reference_adamw_8bit, 8, 8, 5},
    [LK_OP_LION_8BIT] = {reference_lion_8bit, 6, 6, 3},
    [LK_OP_ADAPT_GATHER] = {reference_adapt_gather, 8, 9, 4},
    [LK_OP_ADAPT_SETTLE] = {reference_adapt_settle, 3, 3, 1},
    [LK_OP_ADAPT_APPLY] = {reference_adapt_apply, 6, 6, 1},
    [LK_OP_ADAFACTOR] = {reference_adafactor, 7, 7, 3},
    [LK_OP_EMA] = {reference_ema, 3, 4, 1},
};

LkReference *lk_reference_new(const LkGraph *graph, LkError *error)
{
    LkReference *reference = calloc(1, sizeof *reference);
    if (!reference || !(reference->data = calloc((size_t)graph->n_tensors + 1, sizeof *reference->data))) {
        lk_fail(error, LK_ERROR_MEMORY, "The reference backend got no memory for %d tensors.", graph->n_tensors);
        lk_reference_free(reference);
        return NULL;
    }
    reference->graph = graph;
    reference->n_tensors = graph->n_tensors;
    for (LkRef t = 0; t < graph->n_tensors; t++) {
        const LkTensor *tensor = &graph->tensors[t];
        int64_t count = lk_tensor_count(tensor);
        if (tensor->kind == LK_TENSOR_VIEW) {
            const LkTensor *base = lk_graph_tensor(graph, tensor->base);
            int64_t reach = (lk_tensor_rows(tensor) - 1) * lk_tensor_pitch(tensor) + lk_tensor_cols(tensor);
            if (base->kind == LK_TENSOR_VIEW || tensor->offset < 0 || tensor->offset + reach > lk_tensor_count(base)) {
                lk_fail(error, LK_ERROR_USAGE, "View %d does not lie inside tensor %d, which must own its memory.", t,
                        tensor->base);
                lk_reference_free(reference);
                return NULL;
            }
        } else if (!(reference->data[t] = calloc((size_t)count + 1, sizeof(double)))) {
            lk_fail(error, LK_ERROR_MEMORY, "The reference backend got no memory for tensor %d.", t);
            lk_reference_free(reference);
            return NULL;
        }
    }
    return reference;
}

void lk_reference_free(LkReference *reference)
{
    if (!reference)
        return;
    for (int32_t t = 0; reference->data && t < reference->n_tensors; t++)
        free(reference->data[t]);
    free(reference->data);
    free(reference);
}

double *lk_reference_data(LkReference *reference, LkRef ref)
{
    if (ref < 0 || ref >= reference->n_tensors)
        return NULL;
    const LkTensor *tensor = &reference->graph->tensors[ref];
    return tensor->kind == LK_TENSOR_VIEW ? reference->data[tensor->base] + tensor->offset : reference->data[ref];
}

static bool run_node(LkReference *reference, int32_t n, LkError *error)
{
    const LkNode *node = &reference->graph->nodes[n];
    if ((unsigned)node->op >= LK_OP_COUNT || !operations[node->op].run)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "Node %d has the unknown operation %d.", n, (int)node->op);
    if (node->n_in < operations[node->op].min_in || node->n_in > operations[node->op].max_in ||
        node->n_out < operations[node->op].n_out ||
        node->n_out > operations[node->op].n_out + operations[node->op].by_products)
        return lk_fail(error, LK_ERROR_USAGE, "Node %d (%s) has %d inputs and %d outputs.", n, lk_op_name(node->op),
                       node->n_in, node->n_out);
    ReferenceCall call = {.node = node, .attr = &node->attr};
    for (int i = 0; i < LK_MAX_INPUTS; i++) {
        LkRef ref = i < node->n_in ? node->in[i] : LK_NONE;
        call.in_tensor[i] = lk_graph_tensor(reference->graph, ref);
        call.in[i] = lk_reference_data(reference, ref);
    }
    for (int i = 0; i < LK_MAX_OUTPUTS; i++) {
        LkRef ref = i < node->n_out ? node->out[i] : LK_NONE;
        call.out_tensor[i] = lk_graph_tensor(reference->graph, ref);
        call.out[i] = lk_reference_data(reference, ref);
    }
    if (!operations[node->op].run(&call))
        return lk_fail(error, LK_ERROR_USAGE, "Node %d (%s) was given an index out of range.", n, lk_op_name(node->op));
    return true;
}

bool lk_reference_run_range(LkReference *reference, int32_t first, int32_t end, LkError *error)
{
    for (int32_t n = first; n < end; n++)
        if (!run_node(reference, n, error))
            return false;
    return true;
}

bool lk_reference_run(LkReference *reference, LkError *error)
{
    return lk_reference_run_range(reference, 0, reference->graph->n_nodes, error);
}
