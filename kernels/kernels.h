/* Our own compute: the table of kernels and how to run them on the CPU.
 *
 * A kernel is one to three phases, to be run one after the other with the same args struct (args.h). A phase is a
 * number of independent blocks of work; which blocks run together or on which thread never changes a result. */
#pragma once

#include "base/dtype.h"
#include "kernels/args.h"

#include <stddef.h>
#include <stdint.h>

enum { LK_KERNEL_MAX_PHASES = 3 };

typedef struct LkKernelPhase {
    const char *name;
    int64_t (*blocks)(const void *args); /* how many blocks of work (0: nothing to do) */
    int (*lanes)(const void *args);      /* threads a block should have on a GPU: 32..256, a multiple of 32 */
    /** Runs blocks first..last-1 on the calling thread (CPU). */
    void (*run)(const void *args, int64_t first, int64_t last);
} LkKernelPhase;

typedef struct LkKernel {
    const char *name;
    size_t args_size;
    int phases;
    LkKernelPhase phase[LK_KERNEL_MAX_PHASES];
} LkKernel;

/** The kernel for an element type, with `run` compiled for this processor. NULL when there is none (f64, i32). */
const LkKernel *lk_kernel(LkKernelId id, LkDType dtype);

/** For tests: the same kernel compiled for the isa'th best instruction set that this processor has (0: lk_kernel's
 * choice). NULL behind the last one. */
const LkKernel *lk_kernel_of_isa(int isa, LkKernelId id, LkDType dtype);

/** Runs all phases on all threads of lk_parallel_for. `args` is the struct that LkKernelId names beside the id. */
void lk_kernel_launch_cpu(LkKernelId id, LkDType dtype, const void *args);

/** Which instruction set the kernels use: "x86-64-v4", "x86-64-v3", "x86-64-v2" or "generic". */
const char *lk_kernel_isa(void);

/** Floats of scratch memory. */
int64_t lk_group_norm_scratch(int64_t n, int64_t s, int64_t c);
int64_t lk_group_norm_backward_scratch(int64_t n, int64_t s, int64_t c);
int64_t lk_sum_rows_scratch(int64_t n, int64_t s, int64_t c);
int64_t lk_loss_scratch(int64_t n, int64_t s);
int64_t lk_sum_squares_scratch(int64_t count);
int64_t lk_adapt_gather_scratch(int64_t count);

/** The scalars of step number `step` (1 for the first), computed in double as torch.optim.AdamW does. */
LkAdamwScalars lk_adamw_scalars(int64_t step, double lr, double beta1, double beta2, double eps, double weight_decay);
