/* Our own kernels: the table that cuda.cu makes on a GPU, and their launch, which runs the CPU build of the phase. */
#include "private.h"

#include "base/parallel.h"
#include "kernels/cuda.h"
#include "kernels/kernels.h"

#include <string.h>
#include <sys/mman.h>

enum { DTYPES = 3 };

/* Only the addresses matter. */
static const char functions[LK_KERNEL_COUNT][DTYPES][LK_KERNEL_MAX_PHASES];

const void *lk_kernel_cuda(int id, int dtype, int phase)
{
    if (id < 0 || id >= LK_KERNEL_COUNT || dtype < 0 || dtype >= DTYPES || phase < 0)
        return NULL;
    return phase < lk_kernel((LkKernelId)id, (LkDType)dtype)->phases ? &functions[id][dtype][phase] : NULL;
}

typedef struct Launch {
    const LkKernel *kernel;
    int phase;
    _Alignas(16) char args[];
} Launch;

static void run_blocks(void *context, int64_t first, int64_t last)
{
    const Launch *launch = context;
    launch->kernel->phase[launch->phase].run(launch->args, first, last);
}

/** Whether the page of an address exists. */
static bool mapped(uintptr_t address)
{
    unsigned char there;
    return mincore((void *)(address & ~(uintptr_t)4095), 4096, &there) == 0;
}

/** Looks at the addresses with which the arguments begin: device memory must be alive, and pageable memory must not be
 * there. In every struct of args.h the pointers come first and then the sizes, which are below 2^40; what lies behind
 * may be padding and look like anything. Tails alone are a table behind its size: their addresses are not looked at. */
static bool pointers_fit(const Launch *launch)
{
    for (size_t at = 0; at + sizeof(uintptr_t) <= launch->kernel->args_size; at += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, launch->args + at, sizeof word);
        if (word != 0 && word < (uintptr_t)1 << 40)
            break;
        FakePlace place = fake_place((const void *)word, 1);
        if (word != 0 && (place == FAKE_NOWHERE || (place == FAKE_PAGEABLE && mapped(word))) &&
            !fake_accessible((const void *)word, 1, launch->kernel->phase[launch->phase].name))
            return false;
    }
    return true;
}

static void run_launch(const void *data)
{
    const Launch *launch = data;
    if (pointers_fit(launch))
        lk_parallel_for(launch->kernel->phase[launch->phase].blocks(launch->args), run_blocks, (void *)launch);
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **args, size_t shared,
                             cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    ptrdiff_t index = (const char *)function - &functions[0][0][0];
    if (!function || index < 0 || index >= (ptrdiff_t)sizeof functions)
        return fake_return(cudaErrorInvalidDeviceFunction);
    if (!fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    int phase = (int)(index % LK_KERNEL_MAX_PHASES), dtype = (int)(index / LK_KERNEL_MAX_PHASES % DTYPES);
    const LkKernel *kernel = lk_kernel((LkKernelId)(index / LK_KERNEL_MAX_PHASES / DTYPES), (LkDType)dtype);
    if (!args || !args[0])
        return fake_return(cudaErrorInvalidValue);
    int64_t blocks = kernel->phase[phase].blocks(args[0]);
    int lanes = kernel->phase[phase].lanes(args[0]);
    if (grid.x != blocks || blocks < 1 || (int)block.x != lanes || grid.y != 1 || grid.z != 1 || block.y != 1 ||
        block.z != 1 || shared != 0) {
        fake_violate("%s was launched with %u blocks of %u lanes and %zu bytes; it wants %lld blocks of %d lanes.",
                     kernel->phase[phase].name, grid.x, block.x, shared, (long long)blocks, lanes);
        return fake_return(cudaErrorInvalidConfiguration);
    }
    FakeWork *work = fake_work_new(kernel->phase[phase].name, sizeof(Launch) + kernel->args_size, run_launch);
    Launch *launch = (Launch *)work->data;
    launch->kernel = kernel;
    launch->phase = phase;
    memcpy(launch->args, args[0], kernel->args_size);
    return fake_return(fake_enqueue(stream, work));
}
