/* Convolutions and their gradients for the input, by cuDNN on channels-last pictures. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>

typedef struct ConvStep {
    LkStep base;
    LkCudnnPlan *plan;
    LkCudaWeight *weight, *bias; /* in the pictures' type, both */
    bool backward;
    void *pointers[LK_CONV_POINTERS];
    void *scratch;
} ConvStep;

static LkConvGeometry geometry_of(const LkGraph *graph, const LkNode *node, bool backward)
{
    const LkTensor *x = lk_graph_tensor(graph, backward ? node->out[0] : node->in[0]);
    const LkTensor *y = lk_graph_tensor(graph, backward ? node->in[0] : node->out[0]);
    return (LkConvGeometry){.dtype = x->dtype,
                            .n = x->shape[0],
                            .h = x->shape[1],
                            .w = x->shape[2],
                            .c_in = x->shape[3],
                            .out_h = y->shape[1],
                            .out_w = y->shape[2],
                            .c_out = y->shape[3],
                            .kernel = node->attr.kernel,
                            .stride = node->attr.stride,
                            .pad_before = node->attr.pad_before,
                            .pad_after = node->attr.pad_after,
                            .bias = !backward && node->attr.has_bias};
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    ConvStep *s = (ConvStep *)base;
    s->pointers[LK_CONV_X] = lk_cuda_address(program, s->backward ? base->node->out[0] : base->node->in[0]);
    s->pointers[LK_CONV_Y] = lk_cuda_address(program, s->backward ? base->node->in[0] : base->node->out[0]);
    s->pointers[LK_CONV_W] = s->weight->data;
    s->pointers[LK_CONV_BIAS] = s->bias ? s->bias->data : NULL;
    s->scratch = (void *)(uintptr_t)lk_cuda_aligned((int64_t)(uintptr_t)scratch);
    return true;
}

static bool enqueue_step(LkStep *base, LkError *error)
{
    ConvStep *s = (ConvStep *)base;
    return lk_cudnn_run(s->plan, base->device->dnn.handle, s->pointers, s->scratch, error);
}

static void free_step(LkStep *base)
{
    lk_cudnn_plan_free(((ConvStep *)base)->plan);
    free(base);
}

static bool prepare(LkProgram *program, ConvStep *s, LkError *error)
{
    const LkNode *node = s->base.node;
    s->backward = node->op == LK_OP_CONV2D_BACKWARD_DATA;
    LkConvGeometry geometry = geometry_of(program->graph, node, s->backward);
    if (!lk_cuda_is_weight(program->graph, node->in[1]) ||
        (geometry.bias && !lk_cuda_is_weight(program->graph, node->in[2])))
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "The CUDA backend convolves with frozen weights only.");
    s->weight = lk_cuda_weight(program, node->in[1], LK_CUDA_CHANNELS_LAST, geometry.dtype, error);
    if (s->weight && geometry.bias)
        s->bias = lk_cuda_weight(program, node->in[2], LK_CUDA_PLAIN, geometry.dtype, error);
    if (!s->weight || (geometry.bias && !s->bias))
        return false;
    s->plan = s->backward ? lk_cudnn_conv_backward_data_new(&program->device->dnn, &geometry, error)
                          : lk_cudnn_conv_new(&program->device->dnn, &geometry, error);
    if (!s->plan)
        return false;
    int64_t workspace = lk_cudnn_workspace(s->plan);
    s->base.scratch_bytes = workspace > 0 ? workspace + LK_CUDA_ALIGNMENT : 0;
    return true;
}

LkStep *lk_cuda_conv_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, enqueue_step, free_step};
    ConvStep *step = lk_cuda_step_new(program, node, &class, sizeof *step, error);
    if (step && prepare(program, step, error))
        return &step->base;
    if (step)
        free_step(&step->base);
    return NULL;
}
