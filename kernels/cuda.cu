/* All kernels for a GPU: one __global__ wrapper for each phase and type, and the table that finds them.
 *
 * The backend launches with grid = phase.blocks(args), block = phase.lanes(args) and the args struct as the only
 * parameter: cudaLaunchKernel(lk_kernel_cuda(id, dtype, phase), grid, block, (void *[]){args}, 0, stream).
 * No dynamic shared memory. */
#include "kernels/cuda.h"
#include "kernels/every_type.h"
#include "kernels/list.h"

/* One thread block is one block of work. __grid_constant__: args are read from constant memory, never copied. */
#define WRAP(function, suffix, Args)                                                                                   \
    __global__ void __launch_bounds__(LK_MAX_LANES) cuda_##function##_##suffix(const __grid_constant__ Args args)      \
    {                                                                                                                  \
        LkBlock b = {(int64_t)blockIdx.x};                                                                             \
        function##_##suffix(&args, b);                                                                                 \
    }
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    WRAP(function, f32, Args) WRAP(function, bf16, Args) WRAP(function, f16, Args)
LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes) WRAP(function, f32, Args)
LK_FLOAT_PHASES(X)
#undef X

/* In the order of LkDType: f32, bf16, f16. */
extern "C" const void *lk_kernel_cuda(int id, int dtype, int phase)
{
    if (dtype < 0 || dtype > 2)
        return nullptr;
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    if (id == LK_KERNEL_##ID && phase == number) {                                                                     \
        const void *all[] = {(const void *)cuda_##function##_f32, (const void *)cuda_##function##_bf16,                \
                             (const void *)cuda_##function##_f16};                                                     \
        return all[dtype];                                                                                             \
    }
    LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    if (id == LK_KERNEL_##ID && phase == number)                                                                       \
        return (const void *)cuda_##function##_f32;
    LK_FLOAT_PHASES(X)
#undef X
    return nullptr;
}
