/* The attention nodes of a program: cuDNN's fused attention where the card has it, else the composite one. */
#include "backend/cuda/composite.h"

#include <stdlib.h>

/** Workspace beyond which not even one head of one sample is left to cuDNN: 1280 × 1280 pictures of SD 1.5 and larger
 * ones, of which a head's matrix would have gigabytes and more elements than 31 bits count. */
#define MOST_WORKSPACE (INT64_C(1) << 30)

typedef struct AttentionStep {
    LkStep base;
    LkSdpaGeometry g;
    bool backward;
    LkCudnnPlan *plan; /* for some samples and heads at once, or … */
    int64_t samples, heads;
    LkComposite *composite;
    void *pointers[LK_SDPA_POINTERS];
    uint8_t *scratch;
} AttentionStep;

static int64_t element_size(const AttentionStep *s)
{
    return (int64_t)lk_dtype_size(s->g.dtype);
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    static const int forward_out[] = {LK_SDPA_O, LK_SDPA_STATS}, backward_out[] = {LK_SDPA_DQ, LK_SDPA_DK, LK_SDPA_DV};
    AttentionStep *s = (AttentionStep *)base;
    for (int i = 0; i < base->node->n_in; i++) /* q, k, v, o, stats, do: in this order */
        s->pointers[LK_SDPA_Q + i] = lk_program_address(program, base->node->in[i]);
    for (int i = 0; i < base->node->n_out; i++)
        s->pointers[(s->backward ? backward_out : forward_out)[i]] = lk_program_address(program, base->node->out[i]);
    s->scratch = (uint8_t *)(uintptr_t)lk_cuda_aligned((int64_t)(uintptr_t)scratch);
    return true;
}

/** Where the part of sample n and head h on begins in one of the tensors. */
static void *part_of(const AttentionStep *s, int which, int64_t n, int64_t h)
{
    const LkSdpaGeometry *g = &s->g;
    bool of_keys = which == LK_SDPA_K || which == LK_SDPA_V || which == LK_SDPA_DK || which == LK_SDPA_DV;
    int64_t row = which == LK_SDPA_O ? lk_sdpa_o_stride(g) : g->row_stride;
    int64_t tokens = n * (of_keys ? g->kv_rows : g->q_len) * row + h * g->head_dim;
    int64_t bytes = which == LK_SDPA_STATS ? (n * g->stats_heads + h) * g->q_len * (int64_t)sizeof(float)
                                           : tokens * element_size(s);
    return s->pointers[which] ? (uint8_t *)s->pointers[which] + bytes : NULL;
}

/** The fused kernel, one part after the other. */
static bool run_plan(const AttentionStep *s, LkError *error)
{
    for (int64_t n = 0; n < s->g.batch; n += s->samples)
        for (int64_t h = 0; h < s->g.heads; h += s->heads) {
            void *pointers[LK_SDPA_POINTERS];
            for (int i = 0; i < LK_SDPA_POINTERS; i++)
                pointers[i] = part_of(s, i, n, h);
            if (!lk_cudnn_run(s->plan, s->base.device->dnn.handle, pointers, s->scratch, error))
                return false;
        }
    return true;
}

static bool clear(const AttentionStep *s, void *data, int64_t elements, LkError *error)
{
    return lk_cuda_ok(cudaMemsetAsync(data, 0, (size_t)(elements * element_size(s)), s->base.device->stream),
                      "clearing a gradient", error);
}

/** The gradients of keys that do not count are zero. And the probability of the only key is 1 whatever the query:
 * nothing but rounding reaches query and key, and an optimizer that divides by the gradient's size would follow it. */
static bool clear_the_rest(const AttentionStep *s, LkError *error)
{
    const LkSdpaGeometry *g = &s->g;
    int64_t row = g->row_stride, rest = (g->kv_rows - g->kv_len) * row;
    for (int64_t n = 0; n < g->batch && rest > 0; n++)
        for (int i = LK_SDPA_DK; i <= LK_SDPA_DV; i++)
            if (!clear(s, (uint8_t *)s->pointers[i] + (n * g->kv_rows + g->kv_len) * row * element_size(s), rest,
                       error))
                return false;
    return g->kv_len != 1 || (clear(s, s->pointers[LK_SDPA_DQ], g->batch * g->q_len * row, error) &&
                              clear(s, s->pointers[LK_SDPA_DK], g->batch * g->kv_rows * row, error));
}

static bool run_step(LkStep *base, LkError *error)
{
    const AttentionStep *s = (const AttentionStep *)base;
    bool ok = s->plan ? run_plan(s, error) : lk_composite_run(s->composite, s->pointers, s->scratch, error);
    return ok && (!s->backward || clear_the_rest(s, error));
}

static void free_step(LkStep *base)
{
    AttentionStep *s = (AttentionStep *)base;
    lk_cudnn_plan_free(s->plan);
    lk_composite_free(s->composite);
    free(s);
}

static LkSdpaGeometry geometry_of(const LkDevice *device, const LkGraph *graph, const LkNode *node)
{
    const LkTensor *q = lk_graph_tensor(graph, node->in[0]), *k = lk_graph_tensor(graph, node->in[1]);
    const LkTensor *o = lk_graph_tensor(graph, node->op == LK_OP_ATTENTION ? node->out[0] : node->in[3]);
    return (LkSdpaGeometry){.dtype = q->dtype,
                            .batch = q->shape[0],
                            .heads = node->attr.heads,
                            .q_len = q->shape[1],
                            .kv_len = node->attr.kv_length,
                            .kv_rows = k->shape[1],
                            .head_dim = q->shape[2] / node->attr.heads,
                            .row_stride = q->shape[2],
                            .o_stride = lk_tensor_pitch(o),
                            .stats_heads = node->attr.heads,
                            .scale = node->attr.alpha,
                            .causal = node->attr.causal,
                            .tf32 = lk_cuda_tf32(device, graph)};
}

/** The fused kernel if there is one that is content with a part of the card's memory. */
static LkCudnnPlan *fused(AttentionStep *s)
{
    const LkCudnn *dnn = &s->base.device->dnn;
    LkSdpaGeometry part = s->g;
    LkError ignored = {0}; /* what cuDNN turns down, the composite does */
    if (!lk_cudnn_sdpa_supported(dnn->sm, &part, s->backward))
        return NULL;
    if (s->backward)
        part = lk_cudnn_sdpa_backward_part(dnn, &part, s->base.device->attention_workspace);
    s->samples = part.batch;
    s->heads = part.heads;
    LkCudnnPlan *plan =
        s->backward ? lk_cudnn_sdpa_backward_new(dnn, &part, &ignored) : lk_cudnn_sdpa_new(dnn, &part, &ignored);
    if (!plan || lk_cudnn_workspace(plan) <= MOST_WORKSPACE)
        return plan;
    lk_cudnn_plan_free(plan);
    return NULL;
}

LkStep *lk_cuda_attention_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    AttentionStep *s = lk_step_new(program, node, &class, sizeof *s, error);
    if (!s)
        return NULL;
    s->g = geometry_of(program->device, program->graph, node);
    s->backward = node->op == LK_OP_ATTENTION_BACKWARD;
    s->plan = fused(s);
    if (!s->plan)
        s->composite = lk_composite_new(program->device, &s->g, s->backward, error);
    if (!s->plan && !s->composite) {
        free_step(&s->base);
        return NULL;
    }
    int64_t workspace = s->plan ? lk_cudnn_workspace(s->plan) : lk_composite_workspace(s->composite);
    s->base.scratch_bytes = workspace > 0 ? workspace + LK_CUDA_ALIGNMENT : 0;
    return &s->base;
}
