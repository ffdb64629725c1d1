/* Convolutions and their gradients for the input, by oneDNN on channels-last pictures. */
#include "backend/cpu/cpu.h"

#include <stdlib.h>

typedef struct ConvStep {
    LkStep base;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[5]; /* x or dx, weights, y or dy, scratchpad, bias */
    LkStoredWeight *weight;  /* NULL where the weight was brought into the arena */
    LkRepack repack;
    size_t own_scratch; /* bytes of the scratch memory before the repacked weight */
    bool backward;
} ConvStep;

typedef struct Descriptors {
    dnnl_memory_desc_t x, any, plain, bias, y;
} Descriptors;

static void free_descriptors(Descriptors *d)
{
    dnnl_memory_desc_destroy(d->x);
    dnnl_memory_desc_destroy(d->any);
    dnnl_memory_desc_destroy(d->plain);
    dnnl_memory_desc_destroy(d->bias);
    dnnl_memory_desc_destroy(d->y);
}

/** A picture tensor [N,H,W,C] as oneDNN names it: dims N,C,H,W, stored channels last. */
static dnnl_status_t picture(dnnl_memory_desc_t *desc, const LkTensor *t)
{
    dnnl_dims_t dims = {t->shape[0], t->shape[3], t->shape[1], t->shape[2]};
    return dnnl_memory_desc_create_with_tag(desc, 4, dims, lk_cpu_data_type(t->dtype), dnnl_acdb);
}

static bool describe(const LkGraph *graph, const LkNode *node, bool backward, Descriptors *d, LkError *error)
{
    const LkTensor *x = lk_graph_tensor(graph, backward ? node->out[0] : node->in[0]);
    const LkTensor *y = lk_graph_tensor(graph, backward ? node->in[0] : node->out[0]);
    const LkTensor *w = lk_graph_tensor(graph, node->in[1]);
    dnnl_dims_t dims = {w->shape[0], w->shape[1], w->shape[2], w->shape[3]};
    dnnl_status_t status = picture(&d->x, x);
    if (status == dnnl_success)
        status = picture(&d->y, y);
    if (status == dnnl_success)
        status = dnnl_memory_desc_create_with_tag(&d->any, 4, dims, lk_cpu_data_type(w->dtype), dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_memory_desc_create_with_tag(&d->plain, 4, dims, lk_cpu_data_type(w->dtype),
                                                  node->attr.taps_first ? dnnl_acdb : dnnl_abcd);
    if (status == dnnl_success && node->attr.has_bias)
        status = dnnl_memory_desc_create_with_tag(&d->bias, 1, dims, dnnl_f32, dnnl_a);
    return lk_cpu_status(status, "describing a convolution", error);
}

/** What the weight becomes before the convolution reads it: stored so, or made so in scratch memory in every run. */
static bool prepare_weight(LkProgram *program, ConvStep *step, const_dnnl_memory_desc_t layout,
                           const_dnnl_memory_desc_t plain, LkError *error)
{
    LkRef ref = step->base.node->in[1];
    if (lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref))->kind == LK_TENSOR_WEIGHT) {
        LkWeightRole role = step->backward ? LK_WEIGHT_BACKWARD : LK_WEIGHT_FORWARD;
        step->weight = lk_cpu_weight(program, ref, role, layout, plain, error);
        return step->weight != NULL;
    }
    if (dnnl_memory_desc_equal(layout, plain))
        return true;
    step->own_scratch = (step->base.scratch_bytes + LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
    if (!lk_cpu_repack_init(&step->repack, program->device, plain, layout, error))
        return false;
    step->base.scratch_bytes = step->own_scratch + step->repack.bytes;
    return true;
}

/** The primitive for this layout of the weights. */
static dnnl_status_t primitive_desc(LkDevice *device, const LkNode *node, bool backward, const Descriptors *d,
                                    const_dnnl_memory_desc_t weights, dnnl_primitive_desc_t *desc)
{
    const LkAttributes *t = &node->attr;
    dnnl_dims_t strides = {t->stride, t->stride}, dilation = {0, 0};
    dnnl_dims_t before = {t->pad_before, t->pad_before}, after = {t->pad_after, t->pad_after};
    if (!backward)
        return dnnl_convolution_forward_primitive_desc_create(desc, device->engine, dnnl_forward_inference,
                                                              dnnl_convolution_direct, d->x, weights, d->bias, d->y,
                                                              strides, dilation, before, after, device->attr);
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = dnnl_convolution_forward_primitive_desc_create(
        &hint, device->engine, dnnl_forward_training, dnnl_convolution_direct, d->x, weights, NULL, d->y, strides,
        dilation, before, after, device->attr);
    if (status == dnnl_success)
        status = dnnl_convolution_backward_data_primitive_desc_create(desc, device->engine, dnnl_convolution_direct,
                                                                      d->x, weights, d->y, strides, dilation, before,
                                                                      after, hint, device->attr);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

static bool prepare(LkProgram *program, ConvStep *step, LkError *error)
{
    const LkNode *node = step->base.node;
    LkDevice *device = program->device;
    LkWeightRole role = step->backward ? LK_WEIGHT_BACKWARD : LK_WEIGHT_FORWARD;
    Descriptors d = {0};
    if (!describe(program->graph, node, step->backward, &d, error)) {
        free_descriptors(&d);
        return false;
    }
    const LkTensor *w = lk_graph_tensor(program->graph, node->in[1]);
    LkStoredWeight *known = w->name ? lk_cpu_weight_find(&device->held, w->name, role, w->dtype) : NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = primitive_desc(device, node, step->backward, &d, known ? known->desc : d.any, &desc);
    bool ok = lk_cpu_status(status, "preparing a convolution", error);
    if (ok) {
        const_dnnl_memory_desc_t layout = dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
        const_dnnl_memory_desc_t scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
        step->base.scratch_bytes = dnnl_memory_desc_get_size(scratch);
        ok = prepare_weight(program, step, layout, d.plain, error);
        const_dnnl_memory_desc_t descs[5] = {d.x, layout, d.y, scratch, d.bias};
        for (int i = 0; i < 5 && ok; i++)
            if (descs[i])
                ok = lk_cpu_status(dnnl_memory_create(&step->memory[i], descs[i], device->engine, DNNL_MEMORY_NONE),
                                   "making a convolution's memory", error);
        ok = ok && lk_cpu_status(dnnl_primitive_create(&step->primitive, desc), "making a convolution", error);
    }
    if (ok && node->attr.has_bias)
        ok = lk_cpu_weight_plain(program, node->in[2], error);
    dnnl_primitive_desc_destroy(desc);
    free_descriptors(&d);
    return ok;
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    ConvStep *step = (ConvStep *)base;
    const LkNode *node = base->node;
    void *weight = step->weight ? step->weight->held.data : lk_program_address(program, node->in[1]);
    if (step->repack.bytes > 0) {
        void *packed = (uint8_t *)scratch + step->own_scratch;
        if (!lk_cpu_repack_bind(&step->repack, weight, packed, error))
            return false;
        weight = packed;
    }
    void *data[5] = {lk_program_address(program, step->backward ? node->out[0] : node->in[0]), weight,
                     lk_program_address(program, step->backward ? node->in[0] : node->out[0]), scratch,
                     node->attr.has_bias ? lk_program_address(program, node->in[2]) : NULL};
    for (int i = 0; i < 5; i++)
        if (step->memory[i] &&
            !lk_cpu_status(dnnl_memory_set_data_handle(step->memory[i], data[i]), "placing a convolution", error))
            return false;
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    ConvStep *step = (ConvStep *)base;
    if (!lk_cpu_repack_run(&step->repack, base->device, error))
        return false;
    dnnl_exec_arg_t args[5] = {{step->backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, step->memory[0]},
                               {DNNL_ARG_WEIGHTS, step->memory[1]},
                               {step->backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, step->memory[2]},
                               {DNNL_ARG_SCRATCHPAD, step->memory[3]},
                               {DNNL_ARG_BIAS, step->memory[4]}};
    return lk_cpu_status(dnnl_primitive_execute(step->primitive, base->device->stream, step->memory[4] ? 5 : 4, args),
                         "a convolution", error);
}

static void free_step(LkStep *base)
{
    ConvStep *step = (ConvStep *)base;
    for (int i = 0; i < 5; i++)
        dnnl_memory_destroy(step->memory[i]);
    dnnl_primitive_destroy(step->primitive);
    lk_cpu_repack_clear(&step->repack);
    free(step);
}

LkStep *lk_cpu_conv_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    ConvStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    step->backward = node->op == LK_OP_CONV2D_BACKWARD_DATA;
    if (!prepare(program, step, error)) {
        free_step(&step->base);
        return NULL;
    }
    return &step->base;
}
