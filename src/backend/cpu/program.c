/* A graph made ready to run on the CPU. */
#include "backend/cpu/cpu.h"

#include "backend/cpu/program.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static LkStep *new_step(LkProgram *program, const LkNode *node, LkError *error)
{
    switch (node->op) {
    case LK_OP_MATMUL:
        return lk_cpu_is_thin(program->graph, node) ? lk_cpu_thin_new(program, node, error)
                                                    : lk_cpu_matmul_new(program, node, error);
    case LK_OP_CONV2D:
    case LK_OP_CONV2D_BACKWARD_DATA:
        return lk_cpu_conv_new(program, node, error);
    case LK_OP_ATTENTION:
    case LK_OP_ATTENTION_BACKWARD:
        return lk_cpu_attention_step_new(program, node, error);
    case LK_OP_FETCH:
        return lk_cpu_fetch_new(program, node, error);
    default:
        return lk_cpu_kernel_new(program, node, error);
    }
}

LkProgram *lk_cpu_compile(LkDevice *device, const LkGraph *graph, LkError *error)
{
    if (!lk_graph_check(graph, error))
        return NULL;
    LkProgram *program = calloc(1, sizeof *program);
    size_t nodes = (size_t)graph->n_nodes + 1, tensors = (size_t)graph->n_tensors + 1;
    if (program) {
        program->device = device;
        program->graph = graph;
        program->steps = calloc(nodes, sizeof(LkStep *));
        program->node_bytes = calloc(nodes, sizeof *program->node_bytes);
        program->address = calloc(tensors, sizeof *program->address);
    }
    if (!program || !program->steps || !program->node_bytes || !program->address) {
        lk_cpu_program_free(program);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        program->steps[n] = new_step(program, &graph->nodes[n], error);
        if (!program->steps[n]) {
            lk_cpu_program_free(program);
            return NULL;
        }
        program->node_bytes[n] = (int64_t)program->steps[n]->scratch_bytes;
    }
    return program;
}

const int64_t *lk_cpu_node_bytes(const LkProgram *program)
{
    return program->node_bytes;
}

int64_t lk_cpu_weight_bytes(const LkProgram *program)
{
    int64_t bytes = 0;
    for (int i = 0; i < program->uses.count; i++) {
        const LkStoredWeight *weight = program->uses.items[i];
        bytes += weight->data ? 0 : (int64_t)weight->bytes;
    }
    return bytes;
}

int64_t lk_cpu_state_bytes(const LkProgram *program)
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
                lk_held_state(&program->device->states, program->device, t, &lk_cpu_state_memory, error);
            if (!state)
                return false;
            program->address[i] = state->data;
        } else if (t->kind == LK_TENSOR_WEIGHT) {
            LkStoredWeight *plain = lk_cpu_weight_find(program->device, t->name, lk_cpu_plain_role(t), t->dtype);
            program->address[i] = plain ? plain->data : NULL;
        }
    }
    return true;
}

bool lk_cpu_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    if (plan->arena_bytes > program->device->arena_bytes)
        return lk_fail(error, LK_ERROR_DEVICE, "The program needs a larger arena than was reserved.");
    if (!lk_cpu_weights_load(program, source, error) || !place_tensors(program, plan, error))
        return false;
    for (int32_t n = 0; n < program->graph->n_nodes; n++) {
        void *scratch = plan->workspace[n] >= 0 ? program->device->arena + plan->workspace[n] : NULL;
        LkStep *step = program->steps[n];
        if (!step->class->bind(step, program, scratch, error))
            return false;
    }
    program->bound = true;
    return true;
}

void *lk_cpu_address(const LkProgram *program, LkRef ref)
{
    if (ref == LK_NONE)
        return NULL;
    const LkTensor *t = &program->graph->tensors[ref];
    uint8_t *base = program->address[lk_graph_owner(program->graph, ref)];
    return base ? base + (size_t)t->offset * lk_dtype_size(t->dtype) : NULL;
}

/** The address of a tensor the host may touch, if it has this size. */
static void *host_address(const LkProgram *program, LkRef ref, size_t bytes, LkError *error)
{
    return lk_held_whole(program->graph, ref, program->bound, bytes, error) ? lk_cpu_address(program, ref) : NULL;
}

bool lk_cpu_write(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error)
{
    void *address = host_address(program, tensor, bytes, error);
    if (address)
        memcpy(address, data, bytes);
    return address != NULL;
}

bool lk_cpu_read(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error)
{
    const void *address = host_address(program, tensor, bytes, error);
    if (address)
        memcpy(data, address, bytes);
    return address != NULL;
}

bool lk_cpu_run(LkProgram *program, LkError *error)
{
    if (!program->bound)
        return lk_fail(error, LK_ERROR_DEVICE, "The program was run before it had memory.");
    for (int32_t n = 0; n < program->graph->n_nodes; n++)
        if (!program->steps[n]->class->run(program->steps[n], error))
            return false;
    return true;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool lk_cpu_measure(LkProgram *program, double *seconds, LkError *error)
{
    if (!program->bound)
        return lk_fail(error, LK_ERROR_DEVICE, "The program was measured before it had memory.");
    for (int32_t n = 0; n < program->graph->n_nodes; n++) {
        double start = now();
        if (!program->steps[n]->class->run(program->steps[n], error))
            return false;
        seconds[n] = now() - start;
    }
    return true;
}

void lk_cpu_program_free(LkProgram *program)
{
    if (!program)
        return;
    for (int32_t n = 0; program->steps && n < program->graph->n_nodes; n++)
        if (program->steps[n])
            program->steps[n]->class->free(program->steps[n]);
    for (int i = 0; i < program->uses.count; i++)
        ((LkStoredWeight *)program->uses.items[i])->users--;
    free(program->uses.items);
    free(program->steps);
    free(program->node_bytes);
    free(program->address);
    free(program);
}
