/* The stand-in's runtime keeps what fake.h promises: each promise is shown to hold, and to catch its mistake. */
#include "fake.h"

#include "kernels/cuda.h"
#include "kernels/kernels.h"
#include "tests/tap.h"

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 1000 };

/** A device buffer of N floats, a pinned one, and two streams. */
typedef struct Bench {
    float *device, *second, *pinned, host[N];
    cudaStream_t compute, copy;
    cudaEvent_t event;
} Bench;

static void bench_open(Bench *b)
{
    memset(b, 0, sizeof *b);
    bool ok = cudaMalloc((void **)&b->device, sizeof b->host) == cudaSuccess &&
              cudaMalloc((void **)&b->second, sizeof b->host) == cudaSuccess &&
              cudaHostAlloc((void **)&b->pinned, sizeof b->host, cudaHostAllocDefault) == cudaSuccess &&
              cudaStreamCreateWithFlags(&b->compute, cudaStreamNonBlocking) == cudaSuccess &&
              cudaStreamCreateWithFlags(&b->copy, cudaStreamNonBlocking) == cudaSuccess &&
              cudaEventCreateWithFlags(&b->event, cudaEventDisableTiming) == cudaSuccess;
    if (!ok)
        tap_ok(false, "a bench opens");
    for (int i = 0; i < N; i++)
        b->pinned[i] = (float)i;
}

static void bench_close(Bench *b)
{
    cudaEventDestroy(b->event);
    cudaStreamDestroy(b->compute);
    cudaStreamDestroy(b->copy);
    cudaFreeHost(b->pinned);
    cudaFree(b->device);
    cudaFree(b->second);
}

static void upload(Bench *b, cudaStream_t stream)
{
    cudaMemcpyAsync(b->device, b->pinned, sizeof b->host, cudaMemcpyHostToDevice, stream);
}

/** y = a * x by our own kernel. */
static cudaError_t scale(float *y, const float *x, float factor, int lanes, cudaStream_t stream)
{
    LkAxpbyArgs args = {.a = x, .y = y, .count = N, .alpha = factor};
    const LkKernel *kernel = lk_kernel(LK_KERNEL_AXPBY, LK_F32);
    dim3 grid = {(unsigned)kernel->phase[0].blocks(&args), 1, 1};
    dim3 block = {(unsigned)(lanes ? lanes : kernel->phase[0].lanes(&args)), 1, 1};
    return cudaLaunchKernel(lk_kernel_cuda(LK_KERNEL_AXPBY, LK_F32, 0), grid, block, (void *[]){&args}, 0, stream);
}

/** Whether host[i] = factor * i. */
static bool host_is(const Bench *b, float factor)
{
    for (int i = 0; i < N; i++)
        if (!(fabsf(b->host[i] - factor * (float)i) < 1e-3f))
            return false;
    return true;
}

static void fetch(Bench *b, const float *from, cudaStream_t stream)
{
    cudaMemcpyAsync(b->host, from, sizeof b->host, cudaMemcpyDeviceToHost, stream);
}

static void test_order(void)
{
    Bench b;
    bench_open(&b);
    upload(&b, b.compute);
    tap_ok(scale(b.second, b.device, 3, 0, b.compute) == cudaSuccess, "a kernel is launched");
    fetch(&b, b.second, b.compute);
    tap_ok(host_is(&b, 3), "one stream is in order");

    float *pinned_out;
    cudaHostAlloc((void **)&pinned_out, sizeof b.host, 0);
    memset(pinned_out, 0, sizeof b.host);
    cudaMemcpyAsync(pinned_out, b.second, sizeof b.host, cudaMemcpyDeviceToHost, b.compute);
    tap_ok(pinned_out[7] == 0, "a result is not there before one waits for it");
    cudaStreamSynchronize(b.compute);
    tap_ok(pinned_out[7] == 21, "and there afterwards");
    cudaFreeHost(pinned_out);

    upload(&b, b.copy);
    b.pinned[1] = -5;
    cudaStreamSynchronize(b.copy);
    fetch(&b, b.device, b.copy);
    tap_ok(b.host[1] == -5, "a pinned buffer that is changed too early is seen");
    float staged[N];
    memset(staged, 0, sizeof staged);
    cudaMemcpyAsync(b.device, staged, sizeof staged, cudaMemcpyHostToDevice, b.copy);
    staged[1] = 9;
    fetch(&b, b.device, b.copy);
    tap_ok(b.host[1] == 0, "pageable memory is taken at once");
    bench_close(&b);
}

/** An upload on one stream, a kernel on another, with or without an event between them. */
static bool two_streams(bool wait, FakeSchedule schedule)
{
    Bench b;
    fake_schedule(schedule, 1);
    bench_open(&b);
    upload(&b, b.copy);
    cudaEventRecord(b.event, b.copy);
    if (wait)
        cudaStreamWaitEvent(b.compute, b.event, 0);
    scale(b.second, b.device, 2, 0, b.compute);
    fetch(&b, b.second, b.compute);
    bool right = host_is(&b, 2);
    bench_close(&b);
    fake_schedule(FAKE_LATE, 0);
    return right;
}

static void test_streams(void)
{
    tap_ok(!two_streams(false, FAKE_LATE), "a missing event is wrong data");
    tap_ok(two_streams(true, FAKE_LATE), "an event orders two streams");
    tap_ok(two_streams(true, FAKE_EAGER) && two_streams(true, FAKE_RANDOM), "in every schedule");
    Bench b;
    bench_open(&b);
    cudaEvent_t start, end;
    cudaEventCreate(&start);
    cudaEventCreate(&end);
    cudaEventRecord(start, b.compute);
    upload(&b, b.compute);
    cudaEventRecord(end, b.compute);
    float ms = -1;
    tap_ok(cudaEventElapsedTime(&ms, start, end) == cudaErrorNotReady, "an event that was not reached has no time");
    tap_ok(cudaEventSynchronize(end) == cudaSuccess && cudaEventElapsedTime(&ms, start, end) == cudaSuccess && ms >= 0,
           "one that was has");
    tap_ok(cudaEventElapsedTime(&ms, start, b.event) == cudaErrorInvalidResourceHandle,
           "an event without timing has none");
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    bench_close(&b);
}

/** The signal that ended a child that ran `act`; 0 when none did. */
static int signal_of(void (*act)(Bench *b))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        Bench b;
        signal(SIGSEGV, SIG_DFL); /* not a sanitizer's */
        signal(SIGBUS, SIG_DFL);
        bench_open(&b);
        act(&b);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void read_device(Bench *b)
{
    cudaStreamSynchronize(b->compute);
    b->host[0] = *(volatile float *)b->device;
}

static void write_device(Bench *b)
{
    *(volatile float *)b->device = 1;
}

static void read_pinned(Bench *b)
{
    b->host[0] = *(volatile float *)b->pinned;
}

static void test_memory(void)
{
    int read = signal_of(read_device), write = signal_of(write_device), fine = signal_of(read_pinned);
    tap_ok(read == SIGSEGV && write == SIGSEGV && fine == 0, "the host cannot touch device memory: %d, %d, %d", read,
           write, fine);
    Bench b;
    bench_open(&b);
    fetch(&b, b.device, b.compute);
    tap_ok(isnan(b.host[0]) && isnan(b.host[N - 1]), "fresh memory is NaN");

    float *small;
    cudaMalloc((void **)&small, (N - 1) * sizeof *small);
    upload(&b, b.compute);
    scale(small, b.device, 1, 0, b.compute); /* N elements into N - 1 */
    tap_ok(fake_violations() == 0, "nothing is noticed before the work has run");
    cudaStreamSynchronize(b.compute);
    tap_ok(fake_violations() == 1 && strstr(fake_violation(), "behind"), "a write behind an allocation: %s",
           fake_violation());
    fake_forgive();
    cudaFree(small);
    scale(small, b.device, 1, 0, b.compute);
    tap_ok(cudaStreamSynchronize(b.compute) == cudaErrorIllegalAddress && fake_violations() == 1,
           "freed memory is not used: %s", fake_violation());
    void *none;
    tap_ok(cudaMalloc(&none, 16) == cudaErrorIllegalAddress && cudaGetLastError() == cudaErrorIllegalAddress,
           "a device that failed stays so");
    fake_forgive();
    scale(b.device, b.host, 1, 0, b.compute);
    tap_ok(cudaStreamSynchronize(b.compute) == cudaErrorIllegalAddress, "a kernel gets no pageable memory: %s",
           fake_violation());
    fake_forgive();
    tap_ok(cudaMemcpyAsync(b.device, b.pinned, sizeof b.host + 1, cudaMemcpyHostToDevice, b.copy) ==
                   cudaErrorInvalidValue &&
               cudaMemcpyAsync(b.device, b.pinned, 4, cudaMemcpyDeviceToHost, b.copy) == cudaErrorInvalidValue &&
               fake_violations() == 2,
           "copies know their direction and end");
    tap_ok(scale(b.device, b.device, 1, 96, b.compute) == cudaErrorInvalidConfiguration && fake_violations() == 3,
           "a launch has the kernel's own grid and block: %s", fake_violation());
    tap_ok(cudaFree(b.device + 1) == cudaErrorInvalidValue && fake_violations() == 4,
           "only whole allocations are freed");
    fake_forgive();
    bench_close(&b);
}

static void test_limit(void)
{
    fake_reset();
    fake_device(86, fake_context_bytes() + 10000, 1);
    size_t free_bytes = 0, total = 0;
    void *a = NULL, *b = NULL;
    cudaMemGetInfo(&free_bytes, &total);
    tap_ok(free_bytes == 10000 && total == (size_t)fake_context_bytes() + 10000, "a small device: %zu free",
           free_bytes);
    tap_ok(cudaMalloc(&a, 6000) == cudaSuccess && cudaMalloc(&b, 6000) == cudaErrorMemoryAllocation && !b,
           "its memory ends");
    tap_ok(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess,
           "which is no failure of the device");
    cudaFree(a);
    tap_ok(cudaMalloc(&b, 10000) == cudaSuccess && fake_memory_peak() == 10000, "memory comes back");
    tap_ok(fake_leaks() == 1, "a leak is counted");
    cudaFree(b);
    tap_ok(fake_leaks() == 0, "and gone when freed");
    fake_reset();
}

static void test_failures(void)
{
    fake_fail_nth(3);
    cudaStream_t stream = NULL;
    void *p = NULL, *q = NULL;
    bool before = cudaStreamCreateWithFlags(&stream, 0) == cudaSuccess && cudaMalloc(&p, 64) == cudaSuccess;
    bool at = cudaMalloc(&q, 64) == cudaErrorMemoryAllocation && strcmp(fake_failed(), "cudaMalloc") == 0;
    bool behind = cudaMalloc(&q, 64) == cudaSuccess;
    tap_ok(before && at && behind, "the third call fails, and it alone");
    int64_t count = 0;
    const char *const *names = fake_log(&count);
    tap_ok(count == 4 && strcmp(names[0], "cudaStreamCreateWithFlags") == 0 && fake_calls_of("cudaMalloc") == 3,
           "calls are listed");
    fake_fail_from(1);
    cudaError_t synced = cudaStreamSynchronize(stream), freed = cudaFree(p);
    fake_fail_nth(0);
    tap_ok(synced == cudaErrorLaunchFailure && freed != cudaSuccess && cudaFree(q) == cudaSuccess,
           "a lost device fails in every call");
    fake_fail_nth_of("cudaStreamDestroy", 1);
    tap_ok(cudaStreamDestroy(stream) != cudaSuccess && fake_leaks() == 0, "what destroys does so although it fails");
    fake_fail_nth(0);
}

static void test_drivers(void)
{
    static const struct {
        FakeDriver driver;
        cudaError_t error;
    } states[] = {
        {FAKE_DRIVER_NONE, cudaErrorInsufficientDriver},
        {FAKE_DRIVER_TOO_OLD, cudaErrorInsufficientDriver},
        {FAKE_DRIVER_NO_DEVICE, cudaErrorNoDevice},
        {FAKE_DRIVER_NO_PERMISSION, cudaErrorOperatingSystem},
        {FAKE_DRIVER_MISMATCH, cudaErrorSystemDriverMismatch},
        {FAKE_DRIVER_UNKNOWN, cudaErrorUnknown},
    };
    int count = 0, version = -1;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        fake_driver(states[i].driver);
        cudaError_t error = cudaGetDeviceCount(&count);
        tap_ok(error == states[i].error, "a system where %s", cudaGetErrorString(error));
    }
    fake_driver(FAKE_DRIVER_NONE);
    tap_ok(cudaDriverGetVersion(&version) == cudaSuccess && version == 0, "no driver has version 0");
    fake_reset();
    fake_device(75, 8ll << 30, 2);
    struct cudaDeviceProp prop;
    tap_ok(cudaGetDeviceCount(&count) == cudaSuccess && count == 2 &&
               cudaGetDeviceProperties(&prop, 1) == cudaSuccess && prop.major == 7 && prop.minor == 5 &&
               prop.totalGlobalMem == (size_t)8 << 30 && cudaSetDevice(2) == cudaErrorInvalidDevice,
           "two cards: %s", prop.name);
    cudaStream_t stream;
    cudaSetDevice(1);
    cudaStreamCreateWithFlags(&stream, 0);
    cudaSetDevice(0);
    float *device;
    cudaMalloc((void **)&device, 64);
    tap_ok(cudaMemsetAsync(device, 0, 64, stream) == cudaErrorInvalidResourceHandle && fake_violations() == 1,
           "a stream is of its device: %s", fake_violation());
    fake_forgive();
    cudaStreamDestroy(stream);
    cudaFree(device);
    fake_reset();
}

int main(void)
{
    test_order();
    test_streams();
    test_memory();
    test_limit();
    test_failures();
    test_drivers();
    tap_ok(fake_violations() == 0 && fake_leaks() == 0, "nothing is left");
    return tap_done();
}
