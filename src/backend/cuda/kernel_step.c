/* The nodes that our own kernels compute. */
#include "backend/cuda/cuda_backend.h"
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
    lk_held_node_memory(program, base->node, lk_cuda_address, scratch, &memory);
    lk_node_launches(base->graph, base->node, &memory, &((KernelStep *)base)->launches);
    return true;
}

static bool enqueue_step(LkStep *base, LkError *error)
{
    const LkLaunches *launches = &((KernelStep *)base)->launches;
    for (int i = 0; i < launches->count; i++)
        if (!lk_cuda_launch(base->device, launches->launch[i].id, launches->launch[i].dtype, &launches->launch[i].args,
                            error))
            return false;
    return true;
}

static void free_step(LkStep *base)
{
    free(base);
}

LkStep *lk_cuda_kernel_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, enqueue_step, free_step};
    if (!lk_op_has_kernel(node->op)) {
        lk_fail(error, LK_ERROR_UNSUPPORTED, "The CUDA backend has no operation number %d.", (int)node->op);
        return NULL;
    }
    KernelStep *step = lk_cuda_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    step->base.scratch_bytes = (int64_t)lk_node_scratch(program->graph, node);
    for (int i = 0; i < node->n_in; i++) {
        const LkTensor *weight = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, node->in[i]));
        if (weight->kind == LK_TENSOR_WEIGHT &&
            !lk_cuda_weight(program, node->in[i], lk_cuda_plain_layout(weight), weight->dtype, error)) {
            free(step);
            return NULL;
        }
    }
    return &step->base;
}
