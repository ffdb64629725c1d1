/* Memory of the card, and copies between it and the host. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>
#include <string.h>

void *lk_cuda_host_new(size_t bytes, bool *pinned, LkError *error)
{
    void *data = NULL;
    cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocDefault);
    *pinned = status == cudaSuccess;
    if (*pinned)
        return data;
    (void)cudaGetLastError();
    if (status != cudaErrorMemoryAllocation && status != cudaErrorNotSupported) {
        lk_cuda_ok(status, "memory for copies", error);
        return NULL;
    }
    data = aligned_alloc(LK_CUDA_ALIGNMENT, (size_t)lk_cuda_aligned((int64_t)bytes));
    if (!data)
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for copies to the graphics card (%zu bytes).",
                bytes);
    return data;
}

void lk_cuda_host_free(void *data, bool pinned)
{
    if (data && pinned)
        (void)cudaFreeHost(data);
    else
        free(data);
}

bool lk_cuda_wait(LkDevice *device, const char *what, LkError *error)
{
    cudaError_t status = cudaEventRecord(device->reached, device->stream);
    if (status == cudaSuccess)
        status = cudaEventSynchronize(device->reached);
    device->emptied += status == cudaSuccess;
    return lk_cuda_ok(status, what, error);
}

void *lk_cuda_memory_new(LkDevice *device, int64_t bytes, const char *what, LkError *error)
{
    void *data = NULL;
    if (!lk_cuda_ok(cudaMalloc(&data, (size_t)bytes), what, error)) {
        (void)cudaGetLastError(); /* running out of memory is no reason to fail from now on */
        return NULL;
    }
    device->allocated += bytes;
    return data;
}

void lk_cuda_memory_free(LkDevice *device, void *data, int64_t bytes)
{
    if (!data)
        return;
    (void)cudaFree(data);
    device->allocated -= bytes;
}

static void *take_state(LkDevice *device, size_t bytes, LkError *error)
{
    void *data = lk_cuda_memory_new(device, (int64_t)bytes, "the adapter and its optimizer", error);
    if (data && lk_cuda_ok(cudaMemsetAsync(data, 0, bytes, device->stream), "a state", error))
        return data;
    lk_cuda_memory_free(device, data, (int64_t)bytes);
    return NULL;
}

static void give_state(LkDevice *device, void *data, size_t bytes)
{
    lk_cuda_memory_free(device, data, (int64_t)bytes);
}

const LkHeldMemory lk_cuda_state_memory = {take_state, give_state};

void *lk_cuda_staging(LkDevice *device, int number, LkError *error)
{
    if (device->sending[number] &&
        !lk_cuda_ok(cudaEventSynchronize(device->staged[number]), "waiting for a copy", error))
        return NULL;
    device->sending[number] = false;
    return device->staging[number];
}

bool lk_cuda_staging_send(LkDevice *device, int number, void *to, size_t step, size_t row, size_t rows, LkError *error)
{
    const void *from = device->staging[number];
    cudaStream_t stream = device->copy_stream;
    cudaError_t status = step == row
                             ? cudaMemcpyAsync(to, from, row * rows, cudaMemcpyHostToDevice, stream)
                             : cudaMemcpy2DAsync(to, step, from, row, row, rows, cudaMemcpyHostToDevice, stream);
    device->sending[number] = true;
    if (status == cudaSuccess)
        status = cudaEventRecord(device->staged[number], device->copy_stream);
    return lk_cuda_ok(status, "copying to the card", error);
}

bool lk_cuda_upload(LkDevice *device, void *to, const void *from, size_t bytes, LkError *error)
{
    /* The two streams are not ordered: what still uses this memory must be done. */
    if (!lk_cuda_wait(device, "waiting for the card", error))
        return false;
    for (size_t done = 0, part, i = 0; done < bytes; done += part, i++) {
        part = bytes - done < LK_CUDA_STAGING ? bytes - done : (size_t)LK_CUDA_STAGING;
        void *staging = lk_cuda_staging(device, (int)(i % LK_CUDA_STAGINGS), error);
        if (!staging)
            return false;
        memcpy(staging, (const uint8_t *)from + done, part);
        if (!lk_cuda_staging_send(device, (int)(i % LK_CUDA_STAGINGS), (uint8_t *)to + done, part, part, 1, error))
            return false;
    }
    return lk_cuda_ok(cudaStreamSynchronize(device->copy_stream), "copying to the card", error);
}

bool lk_cuda_download(LkDevice *device, void *to, const void *from, size_t bytes, LkError *error)
{
    for (size_t done = 0, part; done < bytes; done += part) {
        part = bytes - done < LK_CUDA_STAGING ? bytes - done : (size_t)LK_CUDA_STAGING;
        void *staging = lk_cuda_staging(device, 0, error);
        if (!staging)
            return false;
        cudaError_t status =
            cudaMemcpyAsync(staging, (const uint8_t *)from + done, part, cudaMemcpyDeviceToHost, device->stream);
        if (!lk_cuda_ok(status, "copying from the card", error) || !lk_cuda_wait(device, "computing", error))
            return false;
        memcpy((uint8_t *)to + done, staging, part);
    }
    return true;
}
