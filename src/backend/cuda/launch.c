/* Our own kernels on the card. */
#include "backend/cuda/cuda_backend.h"

#include "kernels/cuda.h"

/** Blocks of a launch, on every card. */
#define MOST_BLOCKS INT64_C(0x7fffffff)

bool lk_cuda_launch(LkDevice *device, LkKernelId id, LkDType dtype, const void *args, LkError *error)
{
    const LkKernel *kernel = lk_kernel(id, dtype);
    if (!kernel)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "There is no kernel for numbers of the type %s.",
                       lk_dtype_name(dtype));
    for (int i = 0; i < kernel->phases; i++) {
        int64_t blocks = kernel->phase[i].blocks(args);
        if (blocks == 0)
            continue;
        if (blocks > MOST_BLOCKS)
            return lk_cuda_ok(cudaErrorInvalidConfiguration, kernel->phase[i].name, error);
        void *parameters[1] = {(void *)(uintptr_t)args};
        struct dim3 grid = {(unsigned)blocks, 1, 1}, block = {(unsigned)kernel->phase[i].lanes(args), 1, 1};
        cudaError_t status = cudaLaunchKernel(lk_kernel_cuda(id, dtype, i), grid, block, parameters, 0, device->stream);
        if (!lk_cuda_ok(status, kernel->phase[i].name, error))
            return false;
    }
    return true;
}
