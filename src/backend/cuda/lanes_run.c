/* Lanes as streams: events let a lane's stream wait for the main one, and the main one for them. While a run is
 * recorded they become the edges of its graph. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>
#include <string.h>

bool lk_cuda_lanes_init(LkCudaProgram *program, LkError *error)
{
    if (program->base.device->one_lane)
        return true;
    LkLanes *lanes = program->lanes = lk_lanes_new(program->base.graph);
    size_t bytes = ((size_t)program->base.graph->n_nodes + 1) * sizeof(int32_t);
    if (lanes)
        program->signals = calloc((size_t)lanes->n_signals + 1, sizeof *program->signals);
    program->base.until = malloc(bytes);
    if (!lanes || !program->signals || !program->base.until)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    memcpy(program->base.until, lanes->until, bytes - sizeof(int32_t));
    cudaError_t status = cudaEventCreateWithFlags(&program->reached, cudaEventDisableTiming);
    for (int32_t i = 0; i < lanes->n_signals && status == cudaSuccess; i++)
        status = cudaEventCreateWithFlags(&program->signals[i], cudaEventDisableTiming);
    return lk_cuda_ok(status, "preparing a program", error);
}

void lk_cuda_lanes_clear(LkCudaProgram *program)
{
    for (int32_t i = 0; program->signals && i < program->lanes->n_signals; i++)
        if (program->signals[i])
            (void)cudaEventDestroy(program->signals[i]);
    if (program->reached)
        (void)cudaEventDestroy(program->reached);
    free(program->signals);
    lk_lanes_free(program->lanes);
}

bool lk_cuda_lanes_join(const LkCudaProgram *program, int32_t n, LkError *error)
{
    cudaError_t status = cudaSuccess;
    for (int lane = 0; program->lanes && lane < LK_LANE_COUNT && status == cudaSuccess; lane++) {
        int32_t signal = program->lanes->joins[n][lane];
        if (signal >= 0)
            status = cudaStreamWaitEvent(program->base.device->stream, program->signals[signal], 0);
    }
    return lk_cuda_ok(status, "joining what was computed beside", error);
}

bool lk_cuda_lanes_run(const LkCudaProgram *program, int32_t n, LkError *error)
{
    LkDevice *device = program->base.device;
    LkStep *step = program->base.steps[n];
    LkLane lane = program->lanes ? program->lanes->lane[n] : LK_LANE_MAIN;
    if (lane == LK_LANE_MAIN)
        return step->class->run(step, error);
    cudaStream_t main = device->stream, beside = device->lanes[lane];
    cudaError_t status = cudaEventRecord(program->reached, main);
    if (status == cudaSuccess)
        status = cudaStreamWaitEvent(beside, program->reached, 0);
    if (!lk_cuda_ok(status, "computing beside", error))
        return false;
    device->stream = beside;
    bool ok = step->class->run(step, error);
    device->stream = main;
    int32_t signal = program->lanes->signal[n];
    return ok &&
           (signal < 0 || lk_cuda_ok(cudaEventRecord(program->signals[signal], beside), "computing beside", error));
}

void lk_cuda_drain(LkDevice *device)
{
    (void)cudaStreamSynchronize(device->stream);
    (void)cudaStreamSynchronize(device->copy_stream);
    for (int lane = 0; lane < LK_LANE_COUNT; lane++)
        if (device->lanes[lane])
            (void)cudaStreamSynchronize(device->lanes[lane]);
}
