/* A graph made ready to run on the card. */
#include "backend/cuda/card_limits.h"
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>
#include <string.h>

void *lk_cuda_step_new(LkProgram *program, const LkNode *node, const LkStepClass *class, size_t size, LkError *error)
{
    LkStep *step = calloc(1, size);
    if (!step) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    *step = (LkStep){.class = class, .device = program->device, .graph = program->graph, .node = node};
    return step;
}

static LkStep *new_step(LkProgram *program, const LkNode *node, LkError *error)
{
    switch (node->op) {
    case LK_OP_MATMUL:
        return lk_cuda_matmul_new(program, node, error);
    case LK_OP_CONV2D:
    case LK_OP_CONV2D_BACKWARD_DATA:
        return lk_cuda_conv_new(program, node, error);
    case LK_OP_ATTENTION:
    case LK_OP_ATTENTION_BACKWARD:
        return lk_cuda_attention_new(program, node, error);
    case LK_OP_FETCH:
        return lk_cuda_fetch_new(program, node, error);
    default:
        return lk_cuda_kernel_new(program, node, error);
    }
}

static bool make_tables(LkProgram *program, LkError *error)
{
    const LkGraph *graph = program->graph;
    size_t nodes = (size_t)graph->n_nodes + 1, tensors = (size_t)graph->n_tensors + 1;
    program->steps = calloc(nodes, sizeof(LkStep *));
    program->node_bytes = calloc(nodes, sizeof *program->node_bytes);
    program->waits = calloc(nodes, sizeof *program->waits);
    program->address = calloc(tensors, sizeof *program->address);
    program->input_offset = calloc(tensors, sizeof *program->input_offset);
    return (program->steps && program->node_bytes && program->waits && program->address && program->input_offset) ||
           lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
}

/** Memory for what the host writes before a run. */
static bool make_inputs(LkProgram *program, LkError *error)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < program->graph->n_tensors; i++) {
        const LkTensor *t = &program->graph->tensors[i];
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
    if (!lk_graph_check(graph, error) || !lk_card_trains(device->sm, graph->compute, device->name, error) ||
        !lk_cuda_enter(device, error))
        return NULL;
    LkProgram *program = calloc(1, sizeof *program);
    if (!program) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    program->device = device;
    program->graph = graph;
    bool ok = make_tables(program, error) && make_inputs(program, error);
    for (int32_t n = 0; n < graph->n_nodes && ok; n++) {
        program->steps[n] = new_step(program, &graph->nodes[n], error);
        ok = program->steps[n] != NULL;
        program->node_bytes[n] = ok ? program->steps[n]->scratch_bytes : 0;
    }
    if (ok && lk_cuda_fetch_waits(graph, program->waits, error))
        return program;
    lk_cuda_program_free(program);
    return NULL;
}

void lk_cuda_program_free(LkProgram *program)
{
    if (!program)
        return;
    LkError ignored = {0};
    (void)lk_cuda_enter(program->device, &ignored);
    (void)cudaStreamSynchronize(program->device->stream);
    lk_cuda_uncapture(program);
    for (int32_t n = 0; program->steps && n < program->graph->n_nodes; n++)
        if (program->steps[n])
            program->steps[n]->class->free(program->steps[n]);
    for (int i = 0; i < program->uses.count; i++)
        ((LkCudaWeight *)program->uses.items[i])->users--;
    lk_cuda_host_free(program->inputs, program->pinned);
    if (program->sent)
        (void)cudaEventDestroy(program->sent);
    free(program->uses.items);
    free(program->steps);
    free(program->node_bytes);
    free(program->waits);
    free(program->address);
    free(program->input_offset);
    free(program);
}

const int64_t *lk_cuda_node_bytes(const LkProgram *program)
{
    return program->node_bytes;
}

int64_t lk_cuda_weight_bytes(const LkProgram *program)
{
    int64_t bytes = 0;
    for (int i = 0; i < program->uses.count; i++) {
        const LkCudaWeight *weight = program->uses.items[i];
        bytes += weight->data || weight->on_host ? 0 : (int64_t)weight->bytes;
    }
    return bytes;
}

int64_t lk_cuda_state_bytes(const LkProgram *program)
{
    return lk_held_states_missing(program->device->states, program->graph);
}

/** Gives every tensor that owns memory its address. */
static bool place_tensors(LkProgram *program, const LkPlan *plan, LkError *error)
{
    const LkGraph *graph = program->graph;
    for (int32_t i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        if (plan->offset[i] >= 0) {
            program->address[i] = program->device->arena + plan->offset[i];
        } else if (t->kind == LK_TENSOR_STATE) {
            LkHeldState *state =
                lk_held_state(&program->device->states, program->device, t, &lk_cuda_state_memory, error);
            if (!state)
                return false;
            program->address[i] = state->data;
        } else if (t->kind == LK_TENSOR_WEIGHT) {
            LkCudaWeight *plain =
                lk_cuda_weight_find(program->device, t->name, lk_cuda_plain_layout(t), t->dtype, t->on_host);
            program->address[i] = plain ? plain->data : NULL;
        }
    }
    return true;
}

bool lk_cuda_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    LkDevice *device = program->device;
    if (!lk_cuda_enter(device, error))
        return false;
    if (plan->arena_bytes > device->arena_bytes)
        return lk_fail(error, LK_ERROR_DEVICE, "The program needs a larger arena than was reserved.");
    lk_cuda_uncapture(program);
    if (!lk_cuda_weights_load(program, source, error) || !place_tensors(program, plan, error))
        return false;
    for (int32_t n = 0; n < program->graph->n_nodes; n++) {
        void *scratch = plan->workspace[n] >= 0 ? device->arena + plan->workspace[n] : NULL;
        LkStep *step = program->steps[n];
        if (!step->class->bind(step, program, scratch, error))
            return false;
    }
    program->bound = true;
    return true;
}

void *lk_cuda_address(const LkProgram *program, LkRef ref)
{
    if (ref == LK_NONE)
        return NULL;
    const LkTensor *t = &program->graph->tensors[ref];
    uint8_t *base = program->address[lk_graph_owner(program->graph, ref)];
    return base ? base + (size_t)t->offset * lk_dtype_size(t->dtype) : NULL;
}
