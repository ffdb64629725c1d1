/* A graph made ready to run on the CPU. */
#include "backend/cpu/cpu.h"

#include "backend/cpu/program.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Whether a node is as only a backend with folded_terms is given them (tensor/joined.h). */
static bool is_joined(const LkGraph *graph, const LkNode *node)
{
    bool forward = node->op == LK_OP_ATTENTION, backward = node->op == LK_OP_ATTENTION_BACKWARD;
    return (node->op == LK_OP_MATMUL && node->attr.low_rank[0].given) ||
           ((forward || node->op == LK_OP_FETCH) && !lk_tensor_is_dense(lk_graph_tensor(graph, node->out[0]))) ||
           (backward && !lk_tensor_is_dense(lk_graph_tensor(graph, node->in[3])));
}

static LkStep *new_step(LkProgram *program, const LkNode *node, LkError *error)
{
    if (is_joined(program->graph, node)) {
        lk_fail(error, LK_ERROR_UNSUPPORTED, "The CPU makes no two products as one.");
        return NULL;
    }
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
        return lk_kernel_step_new(program, node, error);
    }
}

static LkHeldWeight *find_plain(const LkHeld *held, const LkTensor *weight)
{
    LkStoredWeight *plain = lk_cpu_weight_find(held, weight->name, lk_cpu_plain_role(weight), weight->dtype);
    return plain ? &plain->held : NULL;
}

static bool launch(LkDevice *device, LkKernelId id, LkDType dtype, const void *args, LkError *error)
{
    (void)device;
    (void)error;
    lk_kernel_launch_cpu(id, dtype, args);
    return true;
}

LkProgram *lk_cpu_compile(LkDevice *device, const LkGraph *graph, LkError *error)
{
    static const LkProgramClass class = {.step = new_step,
                                         .plain = lk_cpu_weight_plain,
                                         .find_plain = find_plain,
                                         .launch = launch,
                                         .state_memory = &lk_cpu_state_memory,
                                         .name = "CPU"};
    if (!lk_graph_check(graph, error))
        return NULL;
    LkProgram *program = calloc(1, sizeof *program);
    if (!program) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    *program = (LkProgram){.class = &class, .device = device, .held = &device->held, .graph = graph};
    if (lk_program_init(program, error))
        return program;
    lk_cpu_program_free(program);
    return NULL;
}

bool lk_cpu_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    return lk_program_fits(program, plan, error) && lk_cpu_weights_load(program, source, error) &&
           lk_program_place(program, plan, error);
}

bool lk_cpu_write(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error)
{
    void *address = lk_program_host_address(program, tensor, bytes, error);
    if (address)
        memcpy(address, data, bytes);
    return address != NULL;
}

bool lk_cpu_read(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error)
{
    const void *address = lk_program_host_address(program, tensor, bytes, error);
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
    if (program)
        lk_program_clear(program);
    free(program);
}
