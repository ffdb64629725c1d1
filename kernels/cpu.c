/* All kernels with one lane a block. Compiled once for each instruction set, with LK_TABLE naming the result. */
#include "kernels/every_type.h"
#include "kernels/table.h"

/* One function for each phase and type: runs blocks first..last-1. */
#define RUN(function, suffix, Args)                                                                                    \
    static void run_##function##_##suffix(const void *args, int64_t first, int64_t last)                               \
    {                                                                                                                  \
        Args a = *(const Args *)args;                                                                                  \
        for (int64_t i = first; i < last; i++)                                                                         \
            function##_##suffix(&a, (LkBlock){.index = i});                                                            \
    }
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    RUN(function, f32, Args) RUN(function, bf16, Args) RUN(function, f16, Args)
LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes) RUN(function, f32, Args)
LK_FLOAT_PHASES(X)
#undef X

#define HEAD(ID, dtype, Args, count)                                                                                   \
    [LK_KERNEL_##ID][dtype].name = #ID, [LK_KERNEL_##ID][dtype].args_size = sizeof(Args),                              \
    [LK_KERNEL_##ID][dtype].phases = count,
#define PHASE(ID, dtype, number, function, suffix)                                                                     \
    [LK_KERNEL_##                                                                                                      \
        ID][dtype].phase[number] = {#function, lk_blocks_##function, lk_lanes_##function, run_##function##_##suffix},

const LkKernelTable LK_TABLE = {
#define X(ID, Args, count) HEAD(ID, LK_F32, Args, count) HEAD(ID, LK_BF16, Args, count) HEAD(ID, LK_F16, Args, count)
    LK_KERNEL_LIST(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    PHASE(ID, LK_F32, number, function, f32)                                                                           \
    PHASE(ID, LK_BF16, number, function, bf16) PHASE(ID, LK_F16, number, function, f16)
        LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    PHASE(ID, LK_F32, number, function, f32)                                                                           \
    PHASE(ID, LK_BF16, number, function, f32) PHASE(ID, LK_F16, number, function, f32)
            LK_FLOAT_PHASES(X)
#undef X
};
