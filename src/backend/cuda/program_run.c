/* Running a program: inputs through pinned memory, all nodes as one captured graph, results back. The host waits for
 * the card where it reads something, and nowhere else. */
#include "backend/cuda/cuda_backend.h"

#include <string.h>

/** Waits until the inputs of the last run are on the card: until that run begins, at the latest. */
static bool inputs_sent(LkCudaProgram *program, LkError *error)
{
    if (program->in_flight && program->emptied == program->base.device->emptied &&
        !lk_cuda_ok(cudaEventSynchronize(program->sent), "computing", error))
        return false;
    program->in_flight = false;
    return true;
}

bool lk_cuda_write(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error)
{
    LkDevice *device = program->device;
    void *address = lk_cuda_enter(device, error) ? lk_program_host_address(program, tensor, bytes, error) : NULL;
    if (!address)
        return false;
    LkRef owner = lk_graph_owner(program->graph, tensor);
    if (program->graph->tensors[owner].kind != LK_TENSOR_INPUT)
        return lk_cuda_upload(device, address, data, bytes, error);
    LkCudaProgram *own = (LkCudaProgram *)program;
    if (!inputs_sent(own, error))
        return false;
    const LkTensor *t = lk_graph_tensor(program->graph, tensor);
    uint8_t *input = own->inputs + own->input_offset[owner] + (size_t)t->offset * lk_dtype_size(t->dtype);
    memcpy(input, data, bytes);
    return lk_cuda_ok(cudaMemcpyAsync(address, input, bytes, cudaMemcpyHostToDevice, device->stream),
                      "copying an input to the card", error);
}

bool lk_cuda_read(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error)
{
    const void *address =
        lk_cuda_enter(program->device, error) ? lk_program_host_address(program, tensor, bytes, error) : NULL;
    return address && lk_cuda_download(program->device, data, address, bytes, error);
}

/** Lets the stream wait for the weight that node n reads. */
static bool await_weight(const LkCudaProgram *program, int32_t n, LkError *error)
{
    int32_t fetch = program->waits[n];
    return fetch < 0 || lk_cuda_fetch_wait(program->base.steps[fetch], error);
}

static bool enqueue_all(LkCudaProgram *program, LkError *error)
{
    int32_t n_nodes = program->base.graph->n_nodes;
    for (int32_t n = 0; n < n_nodes; n++)
        if (!lk_cuda_tracks_join(program, n, error) || !await_weight(program, n, error) ||
            !lk_cuda_tails_fill(program, n, error) || !lk_cuda_tracks_run(program, n, error))
            return false;
    return lk_cuda_tracks_join(program, n_nodes, error);
}

void lk_cuda_uncapture(LkCudaProgram *program)
{
    if (program->captured)
        (void)cudaGraphExecDestroy(program->captured);
    program->captured = NULL;
    program->direct = false;
    program->runs = 0;
}

/** Records all nodes once, so that from then on one call launches them all: thousands of launches would keep the host
 * busier than a fast card. */
static bool capture(LkCudaProgram *program, LkError *error)
{
    cudaGraph_t graph = NULL;
    cudaStream_t stream = program->base.device->stream;
    if (!lk_cuda_ok(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "recording a step", error))
        return false;
    bool ok = enqueue_all(program, error);
    cudaError_t status = cudaStreamEndCapture(stream, &graph); /* ends it also after a failure */
    ok = ok && lk_cuda_ok(status, "recording a step", error) &&
         lk_cuda_ok(cudaGraphInstantiate(&program->captured, graph, 0), "preparing a recorded step", error);
    /* The card's memory for it is taken now, while there is another way, and not by the first launch. */
    ok = ok && lk_cuda_ok(cudaGraphUpload(program->captured, stream), "preparing a recorded step", error);
    if (graph)
        (void)cudaGraphDestroy(graph);
    if (!ok && program->captured) {
        (void)cudaGraphExecDestroy(program->captured);
        program->captured = NULL;
    }
    return ok;
}

/** Records the program if it can be. Where it cannot (a card whose memory is full to the brim has no room for the
 * record, a library may not let itself be recorded), it runs call by call as it did the first time: slower, but right;
 * and whatever else is wrong, that run says. */
static void record(LkCudaProgram *program)
{
    LkError ignored = {0};
    if (program->captured || program->direct || capture(program, &ignored))
        return;
    (void)cudaGetLastError();
    program->direct = true;
}

bool lk_cuda_recorded(const LkProgram *program)
{
    return ((const LkCudaProgram *)program)->captured != NULL;
}

bool lk_cuda_run(LkProgram *base, LkError *error)
{
    LkDevice *device = base->device;
    LkCudaProgram *program = (LkCudaProgram *)base;
    if (!base->bound)
        return lk_fail(error, LK_ERROR_DEVICE, "The program was run before it had memory.");
    if (!lk_cuda_enter(device, error))
        return false;
    if (!lk_cuda_ok(cudaEventRecord(program->sent, device->stream), "starting a step", error))
        return false;
    program->in_flight = true;
    program->emptied = device->emptied;
    /* The first run is not recorded: libraries load what they need then, which must not happen while recording. */
    if (program->runs++ == 0)
        return enqueue_all(program, error);
    record(program);
    if (program->direct)
        return enqueue_all(program, error);
    return lk_cuda_ok(cudaGraphLaunch(program->captured, device->stream), "starting a step", error);
}

/** Runs node n alone, between two events. */
static bool measure_node(LkCudaProgram *program, int32_t n, const cudaEvent_t *events, double *seconds, LkError *error)
{
    cudaStream_t stream = program->base.device->stream;
    LkStep *step = program->base.steps[n];
    float milliseconds = 0;
    if (!lk_cuda_ok(cudaEventRecord(events[0], stream), "measuring", error) || !await_weight(program, n, error) ||
        !lk_cuda_tails_fill(program, n, error) || !step->class->run(step, error))
        return false;
    cudaError_t status = cudaEventRecord(events[1], stream);
    if (status == cudaSuccess)
        status = cudaEventSynchronize(events[1]);
    if (status == cudaSuccess)
        status = cudaEventElapsedTime(&milliseconds, events[0], events[1]);
    *seconds = milliseconds * 1e-3;
    return lk_cuda_ok(status, "measuring", error);
}

bool lk_cuda_measure(LkProgram *program, double *seconds, LkError *error)
{
    if (!program->bound)
        return lk_fail(error, LK_ERROR_DEVICE, "The program was measured before it had memory.");
    if (!lk_cuda_enter(program->device, error))
        return false;
    cudaEvent_t events[2] = {0};
    bool ok = true;
    for (int i = 0; i < 2; i++)
        ok = ok && lk_cuda_ok(cudaEventCreate(&events[i]), "measuring", error);
    for (int32_t n = 0; n < program->graph->n_nodes && ok; n++)
        ok = measure_node((LkCudaProgram *)program, n, events, &seconds[n], error);
    for (int i = 0; i < 2; i++)
        if (events[i])
            (void)cudaEventDestroy(events[i]);
    return ok && lk_cuda_wait(program->device, "measuring", error);
}
