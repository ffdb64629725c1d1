/* Weights that are kept in pinned memory of the host and copied to the arena while the card computes: a copy begins
 * once the stream has come to the fetch's place, from where on nothing else uses its part of the arena, and the first
 * node that reads it waits for it. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>

typedef struct FetchStep {
    LkStep base;
    cudaEvent_t free, arrived;
    const void *from;
    void *to;
    size_t row, rows, step; /* bytes of a row, of all of a weight without gaps; from row to row in the arena */
} FetchStep;

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)scratch;
    (void)error;
    FetchStep *step = (FetchStep *)base;
    step->from = lk_program_address(program, base->node->in[0]);
    step->to = lk_program_address(program, base->node->out[0]);
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    const FetchStep *step = (const FetchStep *)base;
    cudaStream_t copies = base->device->copy_stream;
    cudaError_t status = cudaEventRecord(step->free, base->device->stream);
    if (status == cudaSuccess)
        status = cudaStreamWaitEvent(copies, step->free, 0);
    if (status == cudaSuccess)
        status = step->rows == 1 ? cudaMemcpyAsync(step->to, step->from, step->row, cudaMemcpyHostToDevice, copies)
                                 : cudaMemcpy2DAsync(step->to, step->step, step->from, step->row, step->row, step->rows,
                                                     cudaMemcpyHostToDevice, copies);
    if (status == cudaSuccess)
        status = cudaEventRecord(step->arrived, copies);
    return lk_cuda_ok(status, "fetching a weight", error);
}

bool lk_cuda_fetch_wait(LkStep *step, LkError *error)
{
    return lk_cuda_ok(cudaStreamWaitEvent(step->device->stream, ((FetchStep *)step)->arrived, 0),
                      "waiting for a weight", error);
}

int32_t *lk_cuda_fetch_waits(const LkGraph *graph, LkError *error)
{
    int32_t arrived = -1, *waits = malloc(((size_t)graph->n_nodes + 1) * sizeof *waits);
    int32_t *fetch = malloc(((size_t)graph->n_tensors + 1) * sizeof *fetch);
    if (!waits || !fetch) {
        free(waits);
        free(fetch);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    for (LkRef i = 0; i < graph->n_tensors; i++)
        fetch[i] = -1;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        waits[n] = -1;
        for (int k = 0; k < node->n_in; k++) {
            int32_t from = node->in[k] == LK_NONE ? -1 : fetch[lk_graph_owner(graph, node->in[k])];
            if (from > arrived)
                arrived = waits[n] = from;
        }
        if (node->op == LK_OP_FETCH)
            fetch[lk_graph_owner(graph, node->out[0])] = n;
    }
    free(fetch);
    return waits;
}

static void free_step(LkStep *base)
{
    FetchStep *step = (FetchStep *)base;
    if (step->free)
        (void)cudaEventDestroy(step->free);
    if (step->arrived)
        (void)cudaEventDestroy(step->arrived);
    free(step);
}

static bool prepare(LkProgram *program, FetchStep *step, LkError *error)
{
    LkRef ref = step->base.node->in[0];
    const LkTensor *weight = lk_graph_tensor(program->graph, ref);
    const LkTensor *fetched = lk_graph_tensor(program->graph, step->base.node->out[0]);
    bool dense = lk_tensor_is_dense(fetched);
    step->rows = dense ? 1 : (size_t)lk_tensor_rows(weight);
    step->row = (size_t)lk_weight_bytes(weight) / step->rows;
    step->step = dense ? step->row : (size_t)fetched->pitch * lk_dtype_size(fetched->dtype);
    cudaError_t status = cudaEventCreateWithFlags(&step->free, cudaEventDisableTiming);
    if (status == cudaSuccess)
        status = cudaEventCreateWithFlags(&step->arrived, cudaEventDisableTiming);
    return lk_cuda_ok(status, "preparing to fetch a weight", error) &&
           lk_cuda_weight(program, ref, lk_cuda_plain_layout(weight), weight->dtype, error);
}

LkStep *lk_cuda_fetch_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    FetchStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (step && prepare(program, step, error))
        return &step->base;
    if (step)
        free_step(&step->base);
    return NULL;
}
