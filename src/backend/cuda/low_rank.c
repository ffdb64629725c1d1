/* Products of few terms onto a sum in f32: the last of a tensor's gradient, and what it is rounded by. cuBLASLt has no
 * sum of one type from an addend of another. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>

typedef struct LowRankStep {
    LkStep base;
    LkAddLowRankArgs args;
} LowRankStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)scratch, (void)error;
    LowRankStep *s = (LowRankStep *)base;
    s->args.low.h = lk_program_address(program, base->node->in[0]);
    s->args.low.u = lk_program_address(program, base->node->in[1]);
    s->args.x = lk_program_address(program, base->node->in[base->node->n_in - 1]);
    s->args.y = lk_program_address(program, base->node->out[0]);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    LkDType dtype = lk_graph_tensor(base->graph, base->node->out[0])->dtype;
    return lk_cuda_launch(base->device, LK_KERNEL_ADD_LOW_RANK, dtype, &((LowRankStep *)base)->args, error);
}

static void free_step(LkStep *base)
{
    free(base);
}

LkStep *lk_cuda_low_rank_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    const LkTensor *h = lk_graph_tensor(program->graph, node->in[0]), *u = lk_graph_tensor(program->graph, node->in[1]);
    int64_t terms = lk_tensor_cols(h), columns = node->attr.trans_b ? lk_tensor_rows(u) : lk_tensor_cols(u);
    LowRankStep *s = lk_step_new(program, node, &class, sizeof *s, error);
    if (!s)
        return NULL;
    s->args = (LkAddLowRankArgs){.rows = lk_tensor_rows(h),
                                 .c = columns,
                                 .low = {.terms = terms,
                                         .row_step = lk_tensor_pitch(h),
                                         .column_step = node->attr.trans_b ? terms : 1,
                                         .term_step = node->attr.trans_b ? 1 : columns,
                                         .scale = node->attr.alpha}};
    return &s->base;
}
