/* The kernels' tests on a graphics card (LK_ON_DEVICE): arrays in pinned memory of the host, which the card reads and
 * writes at the same addresses, and one more way to run a kernel. */
#pragma once

#include "kernels/cuda.h"
#include "kernels/kernels.h"
#include "tests/tap.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>

static inline void *array_memory_new(size_t bytes)
{
    void *memory = NULL;
    cudaError_t status = cudaHostAlloc(&memory, bytes, cudaHostAllocPortable | cudaHostAllocMapped);
    if (status == cudaSuccess)
        return memory;
    fprintf(stderr, "No memory that host and card share: %s\n", cudaGetErrorString(status));
    exit(1);
}

static inline void array_memory_free(void *memory)
{
    cudaFreeHost(memory);
}

/** Runs all phases on the card and waits. Everything that `args` points to must come from array_memory_new. */
static inline bool device_launch(LkKernelId id, LkDType dtype, const void *args)
{
    const LkKernel *kernel = lk_kernel(id, dtype);
    cudaError_t status = cudaSuccess;
    for (int i = 0; i < kernel->phases && status == cudaSuccess; i++) {
        struct dim3 grid = {(unsigned)kernel->phase[i].blocks(args), 1, 1};
        struct dim3 block = {(unsigned)kernel->phase[i].lanes(args), 1, 1};
        void *parameters[1] = {(void *)(uintptr_t)args};
        if (grid.x > 0)
            status = cudaLaunchKernel(lk_kernel_cuda((int)id, (int)dtype, i), grid, block, parameters, 0, NULL);
    }
    if (status == cudaSuccess)
        status = cudaDeviceSynchronize();
    if (status != cudaSuccess)
        tap_note("the card says: %s", cudaGetErrorString(status));
    return status == cudaSuccess;
}
