/* Weights that are kept beside the arena and copied into it. The host's memory is the device's here, so that nothing is
 * gained by it; but whatever a graph for a card does can be done. */
#include "backend/cpu/cpu.h"

#include <stdlib.h>

typedef struct FetchStep {
    LkStep base;
    const void *from;
    void *to;
} FetchStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)scratch;
    (void)error;
    FetchStep *step = (FetchStep *)base;
    step->from = lk_program_address(program, base->node->in[0]);
    step->to = lk_program_address(program, base->node->out[0]);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    (void)error;
    const FetchStep *step = (const FetchStep *)base;
    lk_cpu_copy(step->to, step->from, (size_t)lk_weight_bytes(lk_graph_tensor(base->graph, base->node->in[0])));
    return true;
}

static void free_step(LkStep *base)
{
    free(base);
}

LkStep *lk_cpu_fetch_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    FetchStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    if (lk_cpu_weight_plain(program, node->in[0], error))
        return &step->base;
    free(step);
    return NULL;
}
