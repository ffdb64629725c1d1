/* Fused attention, forward: Dao et al., "FlashAttention" (arXiv:2205.14135), as one graph of cuDNN. */
#include "backend/cuda/cudnn_attention.h"

#include "backend/cuda/card_limits.h"
#include "backend/cuda/cudnn_cache.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Before this, the backward pass was wrong for some lengths (9.10), wanted masks for lengths that 128 does not divide
 * (to 9.15), and had no deterministic form for every card. */
#define MIN_VERSION 91800

LkSdpaShapes lk_sdpa_shapes(const LkSdpaGeometry *g)
{
    int64_t b = g->batch, h = g->heads, s = g->q_len, l = g->kv_len, d = g->head_dim, row = g->row_stride;
    int64_t stats_heads = g->stats_heads ? g->stats_heads : h, o_row = lk_sdpa_o_stride(g);
    return (LkSdpaShapes){
        .q = {{b, h, s, d}, {s * row, d, row, 1}},
        .o = {{b, h, s, d}, {s * o_row, d, o_row, 1}},
        .k = {{b, h, l, d}, {g->kv_rows * row, d, row, 1}},
        .k_transposed = {{b, h, d, l}, {g->kv_rows * row, d, 1, row}},
        .stats = {{b, h, s, 1}, {stats_heads * s, s, 1, 1}},
        .row = {{b, h, s, 1}, {h * s, s, 1, 1}},
        .scores = {{b, h, s, l}, {h * s * l, s * l, l, 1}},
        .scores_transposed = {{b, h, l, s}, {h * s * l, s * l, 1, l}},
        .products = {{b, h, s, d}, {h * s * d, s * d, d, 1}},
    };
}

LkCudnnTensor lk_sdpa_op(LkCudnnGraph *graph, cudnnPointwiseMode_t mode, LkCudnnTensor x, LkCudnnTensor b,
                         const LkCudnnShape *shape)
{
    LkCudnnTensor y = lk_cudnn_virtual(graph, CUDNN_DATA_FLOAT, shape);
    lk_cudnn_pointwise(graph, mode, x, b, NULL, y);
    return y;
}

LkCudnnTensor lk_sdpa_mask(LkCudnnGraph *graph, const LkSdpaGeometry *geometry, const LkCudnnShape *shape,
                           LkCudnnTensor scores)
{
    if (!geometry->causal)
        return scores;
    LkCudnnTensor row = lk_cudnn_virtual(graph, CUDNN_DATA_INT32, shape),
                  column = lk_cudnn_virtual(graph, CUDNN_DATA_INT32, shape);
    LkCudnnTensor seen = lk_cudnn_virtual(graph, CUDNN_DATA_BOOLEAN, shape),
                  y = lk_cudnn_virtual(graph, CUDNN_DATA_FLOAT, shape);
    lk_cudnn_index(graph, scores, 2, row);
    lk_cudnn_index(graph, scores, 3, column);
    lk_cudnn_pointwise(graph, CUDNN_POINTWISE_CMP_GE, row, column, NULL, seen);
    lk_cudnn_pointwise(graph, CUDNN_POINTWISE_BINARY_SELECT, scores, lk_cudnn_value(graph, -INFINITY), seen, y);
    return y;
}

bool lk_cudnn_sdpa_supported(int sm, const LkSdpaGeometry *g, bool backward)
{
    const LkCardLimits *limits = lk_card_limits(sm);
    if (!limits || !limits->attention || (g->dtype != LK_BF16 && g->dtype != LK_F16))
        return false;
    int64_t widest = backward ? limits->attention_backward : limits->attention_head;
    return g->head_dim % 8 == 0 && g->row_stride % 8 == 0 && g->o_stride % 8 == 0 && g->head_dim <= widest &&
           g->q_len > 1 && g->kv_len > 1;
}

bool lk_sdpa_check(const LkCudnn *cudnn, const LkSdpaGeometry *g, bool backward, char name[LK_SDPA_NAME],
                   LkError *error)
{
    snprintf(name, LK_SDPA_NAME,
             "%s: %s, %" PRId64 " times %" PRId64 " of %" PRId64 " heads of %" PRId64 ", %" PRId64 " rows by %" PRId64
             " of %" PRId64 " in steps of %" PRId64 " to %" PRId64 ", scale %.9g%s",
             backward ? "the attention's gradient" : "the attention", lk_dtype_name(g->dtype), g->batch, g->heads,
             g->stats_heads ? g->stats_heads : g->heads, g->head_dim, g->q_len, g->kv_len, g->kv_rows, g->row_stride,
             lk_sdpa_o_stride(g), (double)g->scale, g->causal ? ", causal" : "");
    if (cudnnGetVersion() < MIN_VERSION)
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "cuDNN 9.18 or newer is needed for attention; the one that was found is %zu.%zu.%zu.",
                       cudnnGetVersion() / 10000, cudnnGetVersion() / 100 % 100, cudnnGetVersion() % 100);
    if (!lk_cudnn_sdpa_supported(cudnn->sm, g, backward))
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "cuDNN cannot compute %s on this card.", name);
    return true;
}

LkCudnnPlan *lk_cudnn_sdpa_new(const LkCudnn *cudnn, const LkSdpaGeometry *g, LkError *error)
{
    char name[LK_SDPA_NAME];
    if (!lk_sdpa_check(cudnn, g, false, name, error))
        return NULL;
    LkCudnnPlan *known = lk_cudnn_cache_find(cudnn, name);
    if (known)
        return known;
    LkCudnnGraph graph = {.cudnn = cudnn};
    LkSdpaShapes s = lk_sdpa_shapes(g);
    cudnnDataType_t type = lk_cudnn_data_type(g->dtype);
    LkCudnnTensor q = lk_cudnn_tensor(&graph, type, &s.q, LK_SDPA_Q),
                  k = lk_cudnn_tensor(&graph, type, &s.k_transposed, LK_SDPA_K);
    LkCudnnTensor v = lk_cudnn_tensor(&graph, type, &s.k, LK_SDPA_V),
                  o = lk_cudnn_tensor(&graph, type, &s.o, LK_SDPA_O);
    LkCudnnTensor stats = lk_cudnn_tensor(&graph, CUDNN_DATA_FLOAT, &s.stats, LK_SDPA_STATS);

    /* p = softmax(scale · q · kᵀ), o = p · v */
    LkCudnnTensor scores = lk_cudnn_virtual(&graph, CUDNN_DATA_FLOAT, &s.scores);
    lk_cudnn_matmul(&graph, q, k, scores);
    scores = lk_sdpa_op(&graph, CUDNN_POINTWISE_MUL, scores, lk_cudnn_value(&graph, g->scale), &s.scores);
    scores = lk_sdpa_mask(&graph, g, &s.scores, scores);
    LkCudnnTensor largest = lk_cudnn_virtual(&graph, CUDNN_DATA_FLOAT, &s.row);
    lk_cudnn_reduction(&graph, CUDNN_REDUCE_TENSOR_MAX, scores, largest);
    LkCudnnTensor below = lk_sdpa_op(&graph, CUDNN_POINTWISE_SUB, scores, largest, &s.scores);
    LkCudnnTensor powers = lk_sdpa_op(&graph, CUDNN_POINTWISE_EXP, below, NULL, &s.scores);
    LkCudnnTensor sum = lk_cudnn_virtual(&graph, CUDNN_DATA_FLOAT, &s.row);
    lk_cudnn_reduction(&graph, CUDNN_REDUCE_TENSOR_ADD, powers, sum);
    LkCudnnTensor logarithm = lk_sdpa_op(&graph, CUDNN_POINTWISE_LOG, sum, NULL, &s.row);
    lk_cudnn_pointwise(&graph, CUDNN_POINTWISE_ADD, largest, logarithm, NULL, stats);
    LkCudnnTensor p = lk_cudnn_virtual(&graph, type, &s.scores);
    lk_cudnn_pointwise(&graph, CUDNN_POINTWISE_DIV, powers, sum, NULL, p);
    lk_cudnn_matmul(&graph, p, v, o);

    LkCudnnChoice choice = {.slow = true, .workspace_cap = LK_CUDNN_WORKSPACE_CAP, .engine = -1};
    return lk_cudnn_cache_keep(cudnn, name, lk_cudnn_graph_plan(&graph, &choice, name, error));
}
