/* Fused attention, backward, in its deterministic form: dq is the product of one matrix (kept in the workspace where
 * the card's engine needs it) and not a sum that many blocks add to. */
#include "backend/cuda/cudnn_attention.h"

#include "backend/cuda/card_limits.h"
#include "backend/cuda/cudnn_cache.h"

/** Bytes of workspace for one head of one sample, as far as they grow with the picture. */
static int64_t bytes_of_a_head(const LkCudnn *cudnn, const LkSdpaGeometry *g)
{
    const LkCardLimits *limits = lk_card_limits(cudnn->sm);
    int64_t rows = (g->q_len + 127) / 128 * 128, columns = (g->kv_len + 127) / 128 * 128;
    int64_t matrix = !limits || limits->backward_workspace ? 2 * rows * columns : 0;
    return matrix + 8 * rows;
}

/** How many heads of `batch` samples fit: the largest divisor of the heads that does, else the smallest, of those whose
 * groups all begin where 16 divides the address of the statistics, f32 [q_len] a head. */
static int64_t heads_at_once(const LkSdpaGeometry *g, int64_t bytes, int64_t cap)
{
    int64_t found = g->heads;
    for (int64_t group = g->heads; group >= 1; group--) {
        bool whole = g->heads % group == 0, aligned = group == g->heads || group * g->q_len % 4 == 0;
        if (!whole || !aligned)
            continue;
        found = group;
        if (group * bytes <= cap)
            break;
    }
    return found;
}

LkSdpaGeometry lk_cudnn_sdpa_backward_part(const LkCudnn *cudnn, const LkSdpaGeometry *geometry, int64_t cap_bytes)
{
    LkSdpaGeometry part = *geometry;
    int64_t bytes = bytes_of_a_head(cudnn, geometry);
    int64_t stats_heads = geometry->stats_heads ? geometry->stats_heads : geometry->heads;
    part.heads = heads_at_once(geometry, geometry->batch * bytes, cap_bytes);
    bool fits = part.batch * part.heads * bytes <= cap_bytes, aligned = stats_heads * geometry->q_len % 4 == 0;
    if (fits || !aligned)
        return part;
    part.batch = 1;
    part.heads = heads_at_once(geometry, bytes, cap_bytes);
    return part;
}

/** The tensors of the backward graph that are the caller's. */
typedef struct Ends {
    LkCudnnTensor q, k, v, o, stats, d_o, dq, dk, dv;
} Ends;

static Ends ends(LkCudnnGraph *graph, cudnnDataType_t type, const LkSdpaShapes *s)
{
    return (Ends){
        .q = lk_cudnn_tensor(graph, type, &s->q, LK_SDPA_Q),
        .k = lk_cudnn_tensor(graph, type, &s->k_transposed, LK_SDPA_K),
        .v = lk_cudnn_tensor(graph, type, &s->k_transposed, LK_SDPA_V),
        .o = lk_cudnn_tensor(graph, type, &s->o, LK_SDPA_O),
        .stats = lk_cudnn_tensor(graph, CUDNN_DATA_FLOAT, &s->stats, LK_SDPA_STATS),
        .d_o = lk_cudnn_tensor(graph, type, &s->q, LK_SDPA_DO),
        .dq = lk_cudnn_tensor(graph, type, &s->q, LK_SDPA_DQ),
        .dk = lk_cudnn_tensor(graph, type, &s->k, LK_SDPA_DK),
        .dv = lk_cudnn_tensor(graph, type, &s->k, LK_SDPA_DV),
    };
}

/** The operations in the order in which cuDNN knows the pattern (its frontend's deterministic backward pass). */
static void operations(LkCudnnGraph *graph, const LkSdpaGeometry *g, const LkSdpaShapes *s, cudnnDataType_t type)
{
    Ends e = ends(graph, type, s);
    LkCudnnTensor scale = lk_cudnn_value(graph, g->scale), one = lk_cudnn_value(graph, 1);

    /* sums = rows of do · o */
    LkCudnnTensor product = lk_sdpa_op(graph, CUDNN_POINTWISE_MUL, e.d_o, e.o, &s->products);
    LkCudnnTensor sum = lk_cudnn_virtual(graph, CUDNN_DATA_FLOAT, &s->row), sums = lk_cudnn_scratch(graph, &s->row);
    lk_cudnn_reduction(graph, CUDNN_REDUCE_TENSOR_ADD, product, sum);
    lk_cudnn_pointwise(graph, CUDNN_POINTWISE_MUL, sum, one, NULL, sums);

    /* p = exp(scale · q · kᵀ - stats), dv = pᵀ · do */
    LkCudnnTensor scores = lk_cudnn_virtual(graph, CUDNN_DATA_FLOAT, &s->scores);
    lk_cudnn_matmul(graph, e.q, e.k, scores);
    scores = lk_sdpa_op(graph, CUDNN_POINTWISE_MUL, scores, scale, &s->scores);
    scores = lk_sdpa_op(graph, CUDNN_POINTWISE_SUB, scores, e.stats, &s->scores);
    scores = lk_sdpa_mask(graph, g, &s->scores, scores);
    LkCudnnTensor p = lk_sdpa_op(graph, CUDNN_POINTWISE_EXP, scores, NULL, &s->scores);
    LkCudnnTensor p_transposed = lk_cudnn_virtual(graph, type, &s->scores_transposed);
    lk_cudnn_reshape(graph, p, p_transposed);
    lk_cudnn_matmul(graph, p_transposed, e.d_o, e.dv);

    /* ds = scale · p · (do · vᵀ - sums), dk = dsᵀ · q, dq = ds · k */
    LkCudnnTensor dp = lk_cudnn_virtual(graph, CUDNN_DATA_FLOAT, &s->scores);
    lk_cudnn_matmul(graph, e.d_o, e.v, dp);
    dp = lk_sdpa_op(graph, CUDNN_POINTWISE_SUB, dp, sums, &s->scores);
    dp = lk_sdpa_op(graph, CUDNN_POINTWISE_MUL, dp, p, &s->scores);
    LkCudnnTensor ds = lk_sdpa_op(graph, CUDNN_POINTWISE_MUL, dp, scale, &s->scores);
    LkCudnnTensor ds_transposed = lk_cudnn_virtual(graph, type, &s->scores_transposed);
    lk_cudnn_reshape(graph, ds, ds_transposed);
    lk_cudnn_matmul(graph, ds_transposed, e.q, e.dk);
    LkCudnnTensor k = lk_cudnn_virtual(graph, type, &s->k);
    lk_cudnn_reshape(graph, e.k, k);
    lk_cudnn_matmul(graph, ds, k, e.dq);
}

LkCudnnPlan *lk_cudnn_sdpa_backward_new(const LkCudnn *cudnn, const LkSdpaGeometry *g, LkError *error)
{
    /* Blackwell's data centre cards: the heuristics know only the engine that sums dq by atomics; this one does not. */
    static const int64_t knobs[][2] = {{CUDNN_KNOB_TYPE_KERNEL_CFG, 31}, {CUDNN_KNOB_TYPE_STAGES, 2}};
    static const int64_t knobs_9_23[][2] = {
        {CUDNN_KNOB_TYPE_TILE_M, 3},   {CUDNN_KNOB_TYPE_TILE_N, 2},     {CUDNN_KNOB_TYPE_KERNEL_CFG, 2},
        {CUDNN_KNOB_TYPE_STREAM_K, 0}, {CUDNN_KNOB_TYPE_TILE_CGA_M, 0}, {CUDNN_KNOB_TYPE_STAGES, 2},
    };
    char name[LK_SDPA_NAME];
    if (!lk_sdpa_check(cudnn, g, true, name, error))
        return NULL;
    LkCudnnPlan *known = lk_cudnn_cache_find(cudnn, name);
    if (known)
        return known;
    LkCudnnGraph graph = {.cudnn = cudnn};
    LkSdpaShapes shapes = lk_sdpa_shapes(g);
    operations(&graph, g, &shapes, lk_cudnn_data_type(g->dtype));
    LkCudnnChoice choice = {.slow = true, .engine = -1};
    if (cudnn->sm / 10 == 10) {
        bool newer = cudnnGetVersion() >= 92300;
        choice.engine = 5;
        choice.knobs = newer ? knobs_9_23 : knobs;
        choice.n_knobs = newer ? 6 : 2;
    }
    return lk_cudnn_cache_keep(cudnn, name, lk_cudnn_graph_plan(&graph, &choice, name, error));
}
