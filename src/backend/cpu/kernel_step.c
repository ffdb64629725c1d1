/* The nodes that our own kernels compute. */
#include "backend/cpu/cpu.h"
#include "backend/node_launches.h"

#include <stdlib.h>

typedef struct KernelStep {
    LkStep base;
    LkLaunches launches;
} KernelStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    LkNodeMemory memory;
    lk_held_node_memory(program, base->node, lk_cpu_address, scratch, &memory);
    lk_node_launches(base->graph, base->node, &memory, &((KernelStep *)base)->launches);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    (void)error;
    const LkLaunches *launches = &((KernelStep *)base)->launches;
    for (int i = 0; i < launches->count; i++)
        lk_kernel_launch_cpu(launches->launch[i].id, launches->launch[i].dtype, &launches->launch[i].args);
    return true;
}

static void free_step(LkStep *base)
{
    free(base);
}

LkStep *lk_cpu_kernel_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    if (!lk_op_has_kernel(node->op)) {
        lk_fail(error, LK_ERROR_UNSUPPORTED, "The CPU backend has no operation number %d.", (int)node->op);
        return NULL;
    }
    KernelStep *step = calloc(1, sizeof *step);
    if (!step) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    step->base = (LkStep){.class = &class, .device = program->device, .graph = program->graph, .node = node};
    step->base.scratch_bytes = lk_node_scratch(program->graph, node);
    for (int i = 0; i < node->n_in; i++)
        if (lk_graph_tensor(program->graph, lk_graph_owner(program->graph, node->in[i]))->kind == LK_TENSOR_WEIGHT &&
            !lk_cpu_weight_plain(program, node->in[i], error)) {
            free(step);
            return NULL;
        }
    return &step->base;
}
