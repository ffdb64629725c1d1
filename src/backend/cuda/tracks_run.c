/* Tracks as streams: events let a track's stream wait for the main one, and the main one for them. While a run is
 * recorded they become the edges of its graph. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>

bool lk_cuda_tracks_init(LkCudaProgram *program, LkError *error)
{
    if (program->base.device->one_track)
        return true;
    LkTracks *tracks = program->tracks = lk_tracks_new(program->base.graph);
    if (tracks)
        program->signals = calloc((size_t)tracks->n_signals + 1, sizeof *program->signals);
    if (!tracks || !program->signals)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    program->base.until = tracks->until;
    cudaError_t status = cudaEventCreateWithFlags(&program->reached, cudaEventDisableTiming);
    for (int32_t i = 0; i < tracks->n_signals && status == cudaSuccess; i++)
        status = cudaEventCreateWithFlags(&program->signals[i], cudaEventDisableTiming);
    return lk_cuda_ok(status, "preparing a program", error);
}

void lk_cuda_tracks_clear(LkCudaProgram *program)
{
    for (int32_t i = 0; program->signals && i < program->tracks->n_signals; i++)
        if (program->signals[i])
            (void)cudaEventDestroy(program->signals[i]);
    if (program->reached)
        (void)cudaEventDestroy(program->reached);
    free(program->signals);
    lk_tracks_free(program->tracks);
}

bool lk_cuda_tracks_join(const LkCudaProgram *program, int32_t n, LkError *error)
{
    cudaError_t status = cudaSuccess;
    for (int track = 0; program->tracks && track < LK_TRACK_COUNT && status == cudaSuccess; track++) {
        int32_t signal = program->tracks->joins[n][track];
        if (signal >= 0)
            status = cudaStreamWaitEvent(program->base.device->stream, program->signals[signal], 0);
    }
    return lk_cuda_ok(status, "joining what was computed beside", error);
}

bool lk_cuda_tracks_run(const LkCudaProgram *program, int32_t n, LkError *error)
{
    LkDevice *device = program->base.device;
    LkStep *step = program->base.steps[n];
    LkTrack track = program->tracks ? program->tracks->track[n] : LK_TRACK_MAIN;
    if (track == LK_TRACK_MAIN)
        return step->class->run(step, error);
    cudaStream_t main = device->stream, beside = device->tracks[track];
    cudaError_t status = cudaEventRecord(program->reached, main);
    if (status == cudaSuccess)
        status = cudaStreamWaitEvent(beside, program->reached, 0);
    if (!lk_cuda_ok(status, "computing beside", error))
        return false;
    device->stream = beside;
    bool ok = step->class->run(step, error);
    device->stream = main;
    int32_t signal = program->tracks->signal[n];
    return ok &&
           (signal < 0 || lk_cuda_ok(cudaEventRecord(program->signals[signal], beside), "computing beside", error));
}

void lk_cuda_drain(LkDevice *device)
{
    (void)cudaStreamSynchronize(device->stream);
    (void)cudaStreamSynchronize(device->copy_stream);
    for (int track = 0; track < LK_TRACK_COUNT; track++)
        if (device->tracks[track])
            (void)cudaStreamSynchronize(device->tracks[track]);
}
