/* The nodes that our own kernels compute: the same launches whatever the device. */
#include "backend/program.h"

#include <stdlib.h>

typedef struct KernelStep {
    LkStep base;
    const LkProgramClass *program;
    LkLaunches launches;
} KernelStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    LkNodeMemory memory = {.scratch = scratch};
    for (int i = 0; i < base->node->n_in; i++)
        memory.in[i] = lk_program_address(program, base->node->in[i]);
    for (int i = 0; i < base->node->n_out; i++)
        memory.out[i] = lk_program_address(program, base->node->out[i]);
    lk_node_launches(base->graph, base->node, &memory, &((KernelStep *)base)->launches);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    const KernelStep *step = (const KernelStep *)base;
    for (int i = 0; i < step->launches.count; i++) {
        const LkLaunch *launch = &step->launches.launch[i];
        if (!step->program->launch(base->device, launch->id, launch->dtype, &launch->args, error))
            return false;
    }
    return true;
}

static void free_step(LkStep *base)
{
    free(base);
}

LkStep *lk_kernel_step_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    if (!lk_op_has_kernel(node->op)) {
        lk_fail(error, LK_ERROR_UNSUPPORTED, "The %s backend has no operation number %d.", program->class->name,
                (int)node->op);
        return NULL;
    }
    KernelStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    step->program = program->class;
    step->base.scratch_bytes = (int64_t)lk_node_scratch(program->graph, node);
    for (int i = 0; i < node->n_in; i++)
        if (lk_graph_tensor(program->graph, lk_graph_owner(program->graph, node->in[i]))->kind == LK_TENSOR_WEIGHT &&
            !program->class->plain(program, node->in[i], error)) {
            free(step);
            return NULL;
        }
    return &step->base;
}
