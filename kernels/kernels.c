#include "kernels/kernels.h"

#include "base/parallel.h"
#include "kernels/shape.h"
#include "kernels/table.h"

#include <math.h>

/* Threads for a row of c elements: one for each 16-byte word of a 16-bit type, in whole warps. */
static int row_lanes(int64_t c)
{
    int64_t lanes = lk_ceil_div(c, 8);
    return (int)(lanes >= LK_MAX_LANES ? LK_MAX_LANES : lanes < 1 ? 32 : lk_ceil_div(lanes, 32) * 32);
}

/* Threads for a block of spans (span.h). */
static int span_lanes(int64_t c)
{
    return row_lanes(lk_chunks_per_block(c) * lk_ceil_div(c, 8) * 8);
}

#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    int64_t lk_blocks_##function(const void *args)                                                                     \
    {                                                                                                                  \
        const Args *a = args;                                                                                          \
        (void)a;                                                                                                       \
        return blocks;                                                                                                 \
    }                                                                                                                  \
    int lk_lanes_##function(const void *args)                                                                          \
    {                                                                                                                  \
        const Args *a = args;                                                                                          \
        (void)a;                                                                                                       \
        return lanes;                                                                                                  \
    }
LK_TYPED_PHASES(X)
LK_FLOAT_PHASES(X)
#undef X

/* What this processor can run best. */
static const struct {
    const char *name;
    const LkKernelTable *table;
} builds[] = {
#ifdef LK_X86
    {"x86-64-v4", &lk_kernels_v4},
    {"x86-64-v3", &lk_kernels_v3},
    {"x86-64-v2", &lk_kernels_v2},
#endif
    {"generic", &lk_kernels_generic},
};

#if defined LK_X86 && defined __GNUC__ && !defined __clang__ && __GNUC__ < 12
/* This compiler does not know the levels by name: by what tells each of them from the one below. */
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
#define HAS_V2       (HAS("sse4.2") && HAS("ssse3") && HAS("popcnt"))
#define HAS_V3       (HAS_V2 && HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma") && HAS("f16c"))
#define HAS_V4       (HAS_V3 && HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl"))
#elif defined LK_X86
#define HAS_V2 __builtin_cpu_supports("x86-64-v2")
#define HAS_V3 __builtin_cpu_supports("x86-64-v3")
#define HAS_V4 __builtin_cpu_supports("x86-64-v4")
#endif

static int best_build(void)
{
#ifdef LK_X86
    return HAS_V4 ? 0 : HAS_V3 ? 1 : HAS_V2 ? 2 : 3;
#else
    return 0;
#endif
}

const char *lk_kernel_isa(void)
{
    return builds[best_build()].name;
}

const LkKernel *lk_kernel(LkKernelId id, LkDType dtype)
{
    if ((unsigned)id >= LK_KERNEL_COUNT || (unsigned)dtype >= LK_KERNEL_DTYPES)
        return NULL;
    return &(*builds[best_build()].table)[id][dtype];
}

const LkKernel *lk_kernel_of_isa(int isa, LkKernelId id, LkDType dtype)
{
    int count = (int)(sizeof builds / sizeof *builds);
    if (isa < 0 || best_build() + isa >= count || (unsigned)id >= LK_KERNEL_COUNT ||
        (unsigned)dtype >= LK_KERNEL_DTYPES)
        return NULL;
    return &(*builds[best_build() + isa].table)[id][dtype];
}

/* One phase with its args, as a context of lk_parallel_for. */
typedef struct LkLaunch {
    const LkKernelPhase *phase;
    const void *args;
} LkLaunch;

static void run_blocks(void *context, int64_t first, int64_t last)
{
    const LkLaunch *launch = context;
    launch->phase->run(launch->args, first, last);
}

void lk_kernel_launch_cpu(LkKernelId id, LkDType dtype, const void *args)
{
    const LkKernel *kernel = lk_kernel(id, dtype);
    for (int i = 0; kernel && i < kernel->phases; i++) {
        LkLaunch launch = {&kernel->phase[i], args};
        lk_parallel_for(launch.phase->blocks(args), run_blocks, &launch);
    }
}

int64_t lk_group_norm_scratch(int64_t n, int64_t s, int64_t c)
{
    return 2 * n * lk_chunks(s) * c + 2 * n * c;
}

int64_t lk_group_norm_backward_scratch(int64_t n, int64_t s, int64_t c)
{
    return 2 * n * lk_chunks(s) * c + 4 * n * c;
}

int64_t lk_sum_rows_scratch(int64_t n, int64_t s, int64_t c)
{
    return n * lk_chunks(s) * c;
}

int64_t lk_loss_scratch(int64_t n, int64_t s)
{
    return n * lk_sum_tiles(s);
}

int64_t lk_sum_squares_scratch(int64_t count)
{
    return lk_sum_tiles(count);
}

int64_t lk_adapt_gather_scratch(int64_t count)
{
    return 2 * lk_sum_tiles(count);
}

LkAdamwScalars lk_adamw_scalars(int64_t step, double lr, double beta1, double beta2, double eps, double weight_decay)
{
    return (LkAdamwScalars){
        .decay = (float)(1.0 - lr * weight_decay),
        .beta1 = (float)beta1,
        .one_minus_beta1 = (float)(1.0 - beta1),
        .beta2 = (float)beta2,
        .one_minus_beta2 = (float)(1.0 - beta2),
        .step_size = (float)(lr / (1.0 - pow(beta1, (double)step))),
        .bias2_sqrt = (float)sqrt(1.0 - pow(beta2, (double)step)),
        .eps = (float)eps,
    };
}
