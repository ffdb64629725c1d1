/* The GPU functions of kernels.h's table. In C and C++; ids and dtypes as plain numbers of LkKernelId and LkDType. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/** The __global__ function of a phase, to launch with cudaLaunchKernel; NULL when there is none. */
const void *lk_kernel_cuda(int id, int dtype, int phase);

#ifdef __cplusplus
}
#endif
