#include "backend/program.h"

#include <stdlib.h>

void *lk_step_new(LkProgram *program, const LkNode *node, const LkStepClass *class, size_t size, LkError *error)
{
    LkStep *step = calloc(1, size);
    if (!step) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    *step = (LkStep){.class = class, .device = program->device, .graph = program->graph, .node = node};
    return step;
}

bool lk_program_init(LkProgram *program, LkError *error)
{
    const LkGraph *graph = program->graph;
    size_t nodes = (size_t)graph->n_nodes + 1, tensors = (size_t)graph->n_tensors + 1;
    program->steps = calloc(nodes, sizeof(LkStep *));
    program->node_bytes = calloc(nodes, sizeof *program->node_bytes);
    program->address = calloc(tensors, sizeof *program->address);
    if (!program->steps || !program->node_bytes || !program->address)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        program->steps[n] = program->class->step(program, &graph->nodes[n], error);
        if (!program->steps[n])
            return false;
        program->node_bytes[n] = program->steps[n]->scratch_bytes;
    }
    return true;
}

void lk_program_clear(LkProgram *program)
{
    for (int32_t n = 0; program->steps && n < program->graph->n_nodes; n++)
        if (program->steps[n])
            program->steps[n]->class->free(program->steps[n]);
    for (int i = 0; i < program->uses.count; i++)
        ((LkHeldWeight *)program->uses.items[i])->users--;
    free(program->uses.items);
    free(program->steps);
    free(program->node_bytes);
    free(program->address);
}

LkPlanNeeds lk_program_needs(const LkProgram *program)
{
    return (LkPlanNeeds){.bytes = program->node_bytes, .until = program->until};
}

int64_t lk_program_weight_bytes(const LkProgram *program)
{
    return lk_held_weights_missing(&program->uses, false);
}

int64_t lk_program_state_bytes(const LkProgram *program)
{
    return lk_held_states_missing(program->held->states, program->graph);
}

bool lk_program_fits(const LkProgram *program, const LkPlan *plan, LkError *error)
{
    return plan->arena_bytes <= program->held->arena_bytes ||
           lk_fail(error, LK_ERROR_DEVICE, "The program needs a larger arena than was reserved.");
}

/** Gives every tensor that owns memory its address. */
static bool place_tensors(LkProgram *program, const LkPlan *plan, LkError *error)
{
    const LkGraph *graph = program->graph;
    const LkProgramClass *class = program->class;
    for (int32_t i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        if (plan->offset[i] >= 0) {
            program->address[i] = program->held->arena + plan->offset[i];
        } else if (t->kind == LK_TENSOR_STATE) {
            LkHeldState *state = lk_held_state(&program->held->states, program->device, t, class->state_memory, error);
            if (!state)
                return false;
            program->address[i] = state->data;
        } else if (t->kind == LK_TENSOR_WEIGHT) {
            LkHeldWeight *plain = class->find_plain(program->held, t);
            program->address[i] = plain ? plain->data : NULL;
        }
    }
    return true;
}

bool lk_program_place(LkProgram *program, const LkPlan *plan, LkError *error)
{
    if (!place_tensors(program, plan, error))
        return false;
    for (int32_t n = 0; n < program->graph->n_nodes; n++) {
        void *scratch = plan->workspace[n] >= 0 ? program->held->arena + plan->workspace[n] : NULL;
        LkStep *step = program->steps[n];
        if (!step->class->bind(step, program, scratch, error))
            return false;
    }
    return program->bound = true;
}

void *lk_program_address(const LkProgram *program, LkRef ref)
{
    if (ref == LK_NONE)
        return NULL;
    const LkTensor *t = &program->graph->tensors[ref];
    uint8_t *base = program->address[lk_graph_owner(program->graph, ref)];
    return base ? base + (size_t)t->offset * lk_dtype_size(t->dtype) : NULL;
}

void *lk_program_host_address(const LkProgram *program, LkRef ref, size_t bytes, LkError *error)
{
    const LkTensor *t = lk_graph_tensor(program->graph, ref);
    if (ref != LK_NONE && program->bound && (size_t)lk_tensor_bytes(t) == bytes)
        return lk_program_address(program, ref);
    lk_fail(error, LK_ERROR_DEVICE, "A tensor of %lld bytes was accessed as %zu bytes.", (long long)lk_tensor_bytes(t),
            bytes);
    return NULL;
}
