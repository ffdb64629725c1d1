/* A graph made ready to run on the card. */
#include "backend/cuda/card_limits.h"
#include "backend/cuda/cuda_backend.h"
#include "backend/cuda/product_kind.h"

#include <stdlib.h>

bool lk_cuda_tf32(const LkDevice *device, const LkGraph *graph)
{
    const LkCardLimits *limits = lk_card_limits(device->sm);
    return graph->tf32 && graph->compute == LK_F32 && limits && limits->tf32;
}

static LkStep *new_product(LkProgram *program, const LkNode *node, LkError *error)
{
    switch (lk_product_kind(program->graph, node)) {
    case LK_PRODUCT_LOW_RANK:
        return lk_cuda_low_rank_new(program, node, error);
    case LK_PRODUCT_JOINED:
        return lk_cuda_joined_new(program, node, error);
    default:
        return lk_cuda_matmul_new(program, node, error);
    }
}

static LkStep *new_step(LkProgram *program, const LkNode *node, LkError *error)
{
    switch (node->op) {
    case LK_OP_MATMUL:
        return new_product(program, node, error);
    case LK_OP_CONV2D:
    case LK_OP_CONV2D_BACKWARD_DATA:
        return lk_cuda_conv_new(program, node, error);
    case LK_OP_ATTENTION:
    case LK_OP_ATTENTION_BACKWARD:
        return lk_cuda_attention_new(program, node, error);
    case LK_OP_FETCH:
        return lk_cuda_fetch_new(program, node, error);
    default:
        return lk_kernel_step_new(program, node, error);
    }
}

static LkHeldWeight *plain(LkProgram *program, LkRef ref, LkError *error)
{
    const LkTensor *weight = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    return lk_cuda_weight(program, ref, lk_cuda_plain_layout(weight), weight->dtype, error);
}

static LkHeldWeight *find_plain(const LkHeld *held, const LkTensor *weight)
{
    return lk_held_weight_find(&held->weights, weight->name, lk_cuda_plain_layout(weight), weight->dtype,
                               weight->on_host);
}

/** Memory for what the host writes before a run. */
static bool make_inputs(LkCudaProgram *program, LkError *error)
{
    const LkGraph *graph = program->base.graph;
    int64_t bytes = 0;
    program->input_offset = calloc((size_t)graph->n_tensors + 1, sizeof *program->input_offset);
    if (!program->input_offset)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    for (int32_t i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        program->input_offset[i] = bytes;
        bytes += t->kind == LK_TENSOR_INPUT ? lk_cuda_aligned(lk_tensor_bytes(t)) : 0;
    }
    if (bytes > 0 && !(program->inputs = lk_cuda_host_new((size_t)bytes, &program->pinned, error)))
        return false;
    return lk_cuda_ok(cudaEventCreateWithFlags(&program->sent, cudaEventDisableTiming | cudaEventBlockingSync),
                      "preparing a program", error);
}

LkProgram *lk_cuda_compile(LkDevice *device, const LkGraph *graph, LkError *error)
{
    static const LkProgramClass class = {.step = new_step,
                                         .plain = plain,
                                         .find_plain = find_plain,
                                         .launch = lk_cuda_launch,
                                         .state_memory = &lk_cuda_state_memory,
                                         .name = "CUDA"};
    if (!lk_graph_check(graph, error) || !lk_card_trains(device->sm, graph->compute, device->name, error) ||
        !lk_cuda_enter(device, error))
        return NULL;
    LkCudaProgram *program = calloc(1, sizeof *program);
    if (!program) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    program->base = (LkProgram){.class = &class, .device = device, .held = &device->held, .graph = graph};
    if (make_inputs(program, error) && lk_program_init(&program->base, error) && lk_cuda_tracks_init(program, error) &&
        (program->waits = lk_cuda_fetch_waits(graph, error)))
        return &program->base;
    lk_cuda_program_free(&program->base);
    return NULL;
}

void lk_cuda_program_free(LkProgram *base)
{
    if (!base)
        return;
    LkError ignored = {0};
    LkCudaProgram *program = (LkCudaProgram *)base;
    (void)lk_cuda_enter(base->device, &ignored);
    lk_cuda_drain(base->device);
    lk_cuda_uncapture(program);
    lk_program_clear(base);
    lk_cuda_tracks_clear(program);
    free(program->tails.items);
    lk_cuda_host_free(program->inputs, program->pinned);
    if (program->sent)
        (void)cudaEventDestroy(program->sent);
    free(program->waits);
    free(program->input_offset);
    free(program);
}

bool lk_cuda_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    if (!lk_cuda_enter(program->device, error) || !lk_program_fits(program, plan, error))
        return false;
    lk_cuda_uncapture((LkCudaProgram *)program);
    return lk_cuda_weights_load(program, source, error) && lk_program_place(program, plan, error);
}
