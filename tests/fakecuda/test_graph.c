/* Capture and replay of the stand-in: what is recorded, what is not allowed meanwhile, and what order a graph keeps. */
#include "fake.h"

#include "kernels/cuda.h"
#include "kernels/kernels.h"
#include "tests/tap.h"

#include <cuda_runtime_api.h>
#include <string.h>

enum { N = 64 };

typedef struct Bench {
    float *device, *sum, *pinned;
    cudaStream_t main, side;
    cudaEvent_t fork, join;
} Bench;

static void bench_open(Bench *b)
{
    bool ok = !cudaMalloc((void **)&b->device, N * sizeof(float)) && !cudaMalloc((void **)&b->sum, N * sizeof(float)) &&
              !cudaHostAlloc((void **)&b->pinned, N * sizeof(float), 0) && !cudaStreamCreateWithFlags(&b->main, 1) &&
              !cudaStreamCreateWithFlags(&b->side, 1) && !cudaEventCreateWithFlags(&b->fork, 2) &&
              !cudaEventCreateWithFlags(&b->join, 2);
    if (!ok)
        tap_ok(false, "a bench opens");
    for (int i = 0; ok && i < N; i++)
        b->pinned[i] = (float)i;
}

static void bench_close(Bench *b)
{
    cudaEventDestroy(b->fork);
    cudaEventDestroy(b->join);
    cudaStreamDestroy(b->main);
    cudaStreamDestroy(b->side);
    cudaFreeHost(b->pinned);
    cudaFree(b->device);
    cudaFree(b->sum);
}

/** y = a * x + b * y. */
static void axpby(float *y, const float *x, float a, float b, cudaStream_t stream)
{
    LkAxpbyArgs args = {.a = x, .b = b != 0 ? y : NULL, .y = y, .count = N, .alpha = a, .beta = b};
    const LkKernel *kernel = lk_kernel(LK_KERNEL_AXPBY, LK_F32);
    dim3 grid = {(unsigned)kernel->phase[0].blocks(&args), 1, 1};
    dim3 block = {(unsigned)kernel->phase[0].lanes(&args), 1, 1};
    cudaLaunchKernel(lk_kernel_cuda(LK_KERNEL_AXPBY, LK_F32, 0), grid, block, (void *[]){&args}, 0, stream);
    memset(&args, 0xee, sizeof args); /* they were taken by value */
}

static float element(const Bench *b, const float *from, int i)
{
    float host[N];
    cudaMemcpyAsync(host, from, sizeof host, cudaMemcpyDeviceToHost, b->main);
    return host[i];
}

static void test_replay(void)
{
    Bench b = {0};
    bench_open(&b);
    cudaMemsetAsync(b.sum, 0, N * sizeof(float), b.main);
    cudaStreamSynchronize(b.main);
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    bool began = cudaStreamBeginCapture(b.main, cudaStreamCaptureModeThreadLocal) == cudaSuccess;
    cudaMemcpyAsync(b.device, b.pinned, N * sizeof(float), cudaMemcpyHostToDevice, b.main);
    axpby(b.sum, b.device, 2, 1, b.main);
    bool ended = cudaStreamEndCapture(b.main, &graph) == cudaSuccess;
    tap_ok(began && ended && element(&b, b.sum, 3) == 0, "capture runs nothing");
    tap_ok(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess && cudaGraphDestroy(graph) == cudaSuccess,
           "an executable graph needs its graph no more");
    cudaGraphLaunch(exec, b.main);
    b.pinned[3] = 5; /* before it has run */
    float first = element(&b, b.sum, 3);
    cudaGraphLaunch(exec, b.main);
    cudaGraphLaunch(exec, b.main);
    tap_ok(first == 10 && element(&b, b.sum, 3) == 30, "each launch is one run, with the bytes that are there then");
    cudaGraphLaunch(exec, b.main);
    cudaGraphExecDestroy(exec);
    tap_ok(element(&b, b.sum, 3) == 40, "a launched graph may be destroyed");
    bench_close(&b);
}

/** Captures work on two streams; returns what ending it gives. */
static cudaError_t capture_fork(Bench *b, bool wait, bool joined, cudaGraph_t *graph)
{
    cudaStreamBeginCapture(b->main, cudaStreamCaptureModeGlobal);
    cudaEventRecord(b->fork, b->main);
    cudaStreamWaitEvent(b->side, b->fork, 0);
    cudaMemcpyAsync(b->device, b->pinned, N * sizeof(float), cudaMemcpyHostToDevice, b->side);
    cudaEventRecord(b->join, b->side);
    if (wait)
        cudaStreamWaitEvent(b->main, b->join, 0);
    axpby(b->sum, b->device, 1, 0, b->main);
    if (joined && !wait)
        cudaStreamWaitEvent(b->main, b->join, 0);
    return cudaStreamEndCapture(b->main, graph);
}

static float run_fork(Bench *b, bool wait)
{
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    if (capture_fork(b, wait, true, &graph) != cudaSuccess)
        return -1;
    cudaGraphInstantiate(&exec, graph, 0);
    cudaGraphDestroy(graph);
    cudaMemsetAsync(b->device, 0, N * sizeof(float), b->main);
    cudaGraphLaunch(exec, b->main);
    float value = element(b, b->sum, 9);
    cudaGraphExecDestroy(exec);
    return value;
}

static void test_fork(void)
{
    Bench b = {0};
    bench_open(&b);
    cudaGraph_t graph;
    tap_ok(run_fork(&b, true) == 9, "a stream forks and joins in a capture");
    tap_ok(run_fork(&b, false) == 0, "a dependency that is missing in a graph is wrong data");
    tap_ok(capture_fork(&b, false, false, &graph) == cudaErrorStreamCaptureUnjoined, "a fork must be joined");
    cudaMemsetAsync(b.device, 0, N * sizeof(float), b.main);
    tap_ok(element(&b, b.device, 1) == 0, "streams work on after a capture that failed");
    bench_close(&b);
}

/** The error of an act while one captures, and that the capture is lost with it. */
static void check_forbidden(const char *what, Bench *b, cudaError_t (*act)(Bench *b), cudaError_t expected)
{
    cudaGraph_t graph;
    cudaStreamBeginCapture(b->main, cudaStreamCaptureModeGlobal);
    axpby(b->sum, b->device, 1, 0, b->main);
    cudaError_t error = act(b), end = cudaStreamEndCapture(b->main, &graph);
    tap_ok(error == expected && end == cudaErrorStreamCaptureInvalidated && !graph, "%s while capturing: %s", what,
           cudaGetErrorString(error));
}

static cudaError_t do_malloc(Bench *b)
{
    (void)b;
    void *p;
    return cudaMalloc(&p, 64);
}

static cudaError_t do_free(Bench *b)
{
    return cudaFree(b->device);
}

static cudaError_t do_sync(Bench *b)
{
    return cudaStreamSynchronize(b->main);
}

static cudaError_t do_sync_all(Bench *b)
{
    (void)b;
    return cudaDeviceSynchronize();
}

static cudaError_t do_default_stream(Bench *b)
{
    return cudaMemsetAsync(b->sum, 0, 4, NULL);
}

static cudaError_t do_event_sync(Bench *b)
{
    cudaEventRecord(b->fork, b->main);
    return cudaEventSynchronize(b->fork);
}

static cudaError_t do_foreign_event(Bench *b)
{
    cudaEventRecord(b->fork, b->side);
    return cudaStreamWaitEvent(b->main, b->fork, 0);
}

static void test_forbidden(void)
{
    Bench b = {0};
    bench_open(&b);
    check_forbidden("allocating", &b, do_malloc, cudaErrorStreamCaptureUnsupported);
    check_forbidden("freeing", &b, do_free, cudaErrorStreamCaptureUnsupported);
    check_forbidden("waiting for the stream", &b, do_sync, cudaErrorStreamCaptureUnsupported);
    check_forbidden("waiting for the device", &b, do_sync_all, cudaErrorStreamCaptureUnsupported);
    check_forbidden("the default stream", &b, do_default_stream, cudaErrorStreamCaptureImplicit);
    check_forbidden("waiting for a captured event", &b, do_event_sync, cudaErrorCapturedEvent);
    check_forbidden("an event from outside", &b, do_foreign_event, cudaErrorStreamCaptureIsolation);
    cudaGraph_t graph;
    tap_ok(cudaStreamEndCapture(b.main, &graph) == cudaErrorIllegalState, "only a capture that was begun can end");
    bench_close(&b);
}

int main(void)
{
    test_replay();
    test_fork();
    test_forbidden();
    tap_ok(fake_violations() == 0 && fake_leaks() == 0, "nothing is left");
    return tap_done();
}
