/* Between kernels.c and the builds for each instruction set (cpu.c). */
#pragma once

#include "kernels/kernels.h"
#include "kernels/list.h"

/* Element types of kernels, numbered as in LkDType. */
enum { LK_KERNEL_DTYPES = 3 };
_Static_assert(LK_F32 == 0 && LK_BF16 == 1 && LK_F16 == 2, "the order in which cuda.cu lists them");

typedef LkKernel LkKernelTable[LK_KERNEL_COUNT][LK_KERNEL_DTYPES];

extern const LkKernelTable lk_kernels_generic, lk_kernels_v2, lk_kernels_v3, lk_kernels_v4;

/* The number of blocks and of GPU lanes of each phase. */
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    int64_t lk_blocks_##function(const void *args);                                                                    \
    int lk_lanes_##function(const void *args);
LK_TYPED_PHASES(X)
LK_FLOAT_PHASES(X)
#undef X
