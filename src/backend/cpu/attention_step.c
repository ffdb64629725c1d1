/* The attention nodes of a program. */
#include "backend/cpu/attention.h"
#include "backend/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

typedef struct AttentionStep {
    LkStep base;
    LkCpuAttention *attention;
    void *in[6], *out[3]; /* as the node has them */
    void *scratch;
} AttentionStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    AttentionStep *step = (AttentionStep *)base;
    for (int i = 0; i < base->node->n_in; i++)
        step->in[i] = lk_program_address(program, base->node->in[i]);
    for (int i = 0; i < base->node->n_out; i++)
        step->out[i] = lk_program_address(program, base->node->out[i]);
    step->scratch = scratch;
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    AttentionStep *s = (AttentionStep *)base;
    if (base->node->op == LK_OP_ATTENTION)
        return lk_cpu_attention_forward(s->attention, s->in[0], s->in[1], s->in[2], s->out[0], s->out[1], s->scratch,
                                        error);
    bool ok = lk_cpu_attention_backward(s->attention, s->in[0], s->in[1], s->in[2], s->in[3], s->in[4], s->in[5],
                                        s->out[0], s->out[1], s->out[2], s->scratch, error);
    /* The probability of the only key is 1 whatever the query: nothing but rounding reaches query and key, and an
     * optimizer that divides by the gradient's size would follow it. (The innermost level of 64 × 64 pictures.) */
    for (int i = 0; i < 2 && ok && base->node->attr.kv_length == 1; i++)
        memset(s->out[i], 0, (size_t)lk_tensor_bytes(lk_graph_tensor(base->graph, base->node->out[i])));
    return ok;
}

static void free_step(LkStep *base)
{
    lk_cpu_attention_free(((AttentionStep *)base)->attention);
    free(base);
}

LkStep *lk_cpu_attention_step_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    AttentionStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    const LkTensor *q = lk_graph_tensor(program->graph, node->in[0]), *k = lk_graph_tensor(program->graph, node->in[1]);
    LkAttentionShape shape = {.batch = q->shape[0],
                              .heads = node->attr.heads,
                              .q_len = q->shape[1],
                              .kv_len = node->attr.kv_length,
                              .head_dim = q->shape[2] / node->attr.heads,
                              .q_stride = q->shape[2],
                              .kv_stride = q->shape[2],
                              .o_stride = q->shape[2],
                              .kv_rows = k->shape[1],
                              .scale = node->attr.alpha,
                              .causal = node->attr.causal,
                              .dtype = q->dtype};
    step->attention =
        lk_cpu_attention_new(&shape, node->op == LK_OP_ATTENTION_BACKWARD, program->device->threads, error);
    if (!step->attention) {
        free_step(&step->base);
        return NULL;
    }
    step->base.scratch_bytes = lk_cpu_attention_workspace(step->attention);
    return &step->base;
}
