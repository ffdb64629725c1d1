/* Convolutions and their gradients for the input, by cuDNN on channels-last pictures. */
#include "backend/cuda/bias.h"

#include <stdlib.h>

typedef struct ConvStep {
    LkStep base;
    LkCudnnPlan *plan;
    LkHeldWeight *weight; /* NULL where it was brought into the arena */
    LkCudaBias bias;
    bool backward;
    void *pointers[LK_CONV_POINTERS];
    uint8_t *scratch;
    int64_t bias_at; /* offset in the scratch memory */
} ConvStep;

static LkConvGeometry geometry_of(const LkDevice *device, const LkGraph *graph, const LkNode *node, bool backward)
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
                            .bias = !backward && node->attr.has_bias,
                            .tf32 = lk_cuda_tf32(device, graph)};
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    ConvStep *s = (ConvStep *)base;
    s->pointers[LK_CONV_X] = lk_program_address(program, s->backward ? base->node->out[0] : base->node->in[0]);
    s->pointers[LK_CONV_Y] = lk_program_address(program, s->backward ? base->node->in[0] : base->node->out[0]);
    s->pointers[LK_CONV_W] = s->weight ? s->weight->data : lk_program_address(program, base->node->in[1]);
    lk_cuda_bias_bind(&s->bias, program);
    s->scratch = (uint8_t *)(uintptr_t)lk_cuda_aligned((int64_t)(uintptr_t)scratch);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    ConvStep *s = (ConvStep *)base;
    bool ok = true;
    s->pointers[LK_CONV_BIAS] =
        (void *)(uintptr_t)lk_cuda_bias_enqueue(&s->bias, base->device, s->scratch + s->bias_at, &ok, error);
    return ok && lk_cudnn_run(s->plan, base->device->dnn.handle, s->pointers, s->scratch, error);
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
    LkConvGeometry geometry = geometry_of(program->device, program->graph, node, s->backward);
    bool stored = lk_cuda_is_weight(program->graph, node->in[1]);
    if (!stored && !node->attr.taps_first && node->attr.kernel > 1)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "The CUDA backend convolves with frozen weights only.");
    if (stored)
        s->weight = lk_cuda_weight(program, node->in[1], LK_CUDA_CHANNELS_LAST, geometry.dtype, error);
    if ((stored && !s->weight) ||
        !lk_cuda_bias_init(&s->bias, program, geometry.bias ? node->in[2] : LK_NONE, geometry.dtype, error))
        return false;
    s->plan = s->backward ? lk_cudnn_conv_backward_data_new(&program->device->dnn, &geometry, error)
                          : lk_cudnn_conv_new(&program->device->dnn, &geometry, error);
    if (!s->plan)
        return false;
    s->bias_at = lk_cudnn_workspace(s->plan);
    int64_t bytes = s->bias_at + lk_cuda_bias_scratch(&s->bias);
    s->base.scratch_bytes = bytes > 0 ? bytes + LK_CUDA_ALIGNMENT : 0;
    return true;
}

LkStep *lk_cuda_conv_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    ConvStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (step && prepare(program, step, error))
        return &step->base;
    if (step)
        free_step(&step->base);
    return NULL;
}
