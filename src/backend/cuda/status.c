/* Statuses of CUDA and cuBLASLt in words that say what to do. */
#include "backend/cuda/card_limits.h"
#include "backend/cuda/cuda_backend.h"

bool lk_cuda_ok(cudaError_t status, const char *what, LkError *error)
{
    switch (status) {
    case cudaSuccess:
        return true;
    case cudaErrorMemoryAllocation:
        return lk_card_is_full(what, error);
    case cudaErrorNoDevice:
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "The NVIDIA driver found no graphics card. Check that the card is seated and has power, and "
                       "restart the computer.");
    case cudaErrorInsufficientDriver:
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "There is no NVIDIA driver, or it is older than this program's CUDA %d.%d. Install the newest "
                       "driver and restart the computer.",
                       CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    case cudaErrorOperatingSystem:
    case cudaErrorNotPermitted:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorSystemNotReady:
    case cudaErrorUnknown:
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "The NVIDIA driver does not answer (%s). After an update of the driver, or when the computer "
                       "has slept, restart it; inside a sandbox or container, allow it to use the graphics card.",
                       cudaGetErrorString(status));
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorJitCompilerNotFound:
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "This program has no code for this graphics card (%s). Install the newest driver and the newest "
                       "version of this program.",
                       cudaGetErrorString(status));
    case cudaErrorDevicesUnavailable:
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "Another program has the graphics card to itself. Close it, or set the card's compute mode to "
                       "default (nvidia-smi -c 0).");
    default:
        return lk_fail(error, LK_ERROR_DEVICE, "The graphics card failed (%s): %s.", what, cudaGetErrorString(status));
    }
}

bool lk_cublas_ok(cublasStatus_t status, const char *what, LkError *error)
{
    if (status == CUBLAS_STATUS_SUCCESS)
        return true;
    if (status == CUBLAS_STATUS_ALLOC_FAILED)
        return lk_card_is_full(what, error);
    return lk_fail(error, LK_ERROR_DEVICE, "cuBLASLt could not do its part (%s): %s.", what,
                   cublasLtGetStatusString(status));
}

bool lk_cuda_enter(const LkDevice *device, LkError *error)
{
    return lk_cuda_ok(cudaSetDevice(device->index), "choosing the card", error);
}
