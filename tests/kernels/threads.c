#define LK_THREADED_LANES 1
#include "tests/kernels/threads.h"

#include "kernels/every_type.h"
#include "kernels/list.h"

#include <stdlib.h>

typedef void (*RunBlock)(const void *args, LkBlock b);

#define RUN(function, suffix, Args)                                                                                    \
    static void run_##function##_##suffix(const void *args, LkBlock b)                                                 \
    {                                                                                                                  \
        function##_##suffix((const Args *)args, b);                                                                    \
    }
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    RUN(function, f32, Args) RUN(function, bf16, Args) RUN(function, f16, Args)
LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes) RUN(function, f32, Args)
LK_FLOAT_PHASES(X)
#undef X

static const RunBlock runs[LK_KERNEL_COUNT][3][LK_KERNEL_MAX_PHASES] = {
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    [LK_KERNEL_##ID][LK_F32][number] = run_##function##_f32,                                                           \
    [LK_KERNEL_##ID][LK_BF16][number] = run_##function##_bf16,                                                         \
    [LK_KERNEL_##ID][LK_F16][number] = run_##function##_f16,
    LK_TYPED_PHASES(X)
#undef X
#define X(ID, number, function, Args, blocks, lanes)                                                                   \
    [LK_KERNEL_##ID][LK_F32][number] = run_##function##_f32, [LK_KERNEL_##ID][LK_BF16][number] = run_##function##_f32, \
    [LK_KERNEL_##ID][LK_F16][number] = run_##function##_f32,
        LK_FLOAT_PHASES(X)
#undef X
};

typedef struct Lane {
    RunBlock run;
    const void *args;
    int64_t blocks;
    int lane, lanes;
    LkTeam *team;
} Lane;

/* A lane walks through all blocks; nothing but the kernel's own barriers keeps it in step with the others. */
static void *lane_main(void *data)
{
    const Lane *l = data;
    for (int64_t i = 0; i < l->blocks; i++)
        l->run(l->args, (LkBlock){.index = i, .lane = l->lane, .lanes = l->lanes, .team = l->team});
    return NULL;
}

void lk_kernel_launch_threads(LkKernelId id, LkDType dtype, const void *args, int lanes)
{
    const LkKernel *kernel = lk_kernel(id, dtype);
    for (int phase = 0; phase < kernel->phases; phase++) {
        LkTeam team;
        Lane all[LK_MAX_THREADS];
        pthread_t threads[LK_MAX_THREADS];
        pthread_barrier_init(&team.barrier, NULL, (unsigned)lanes);
        for (int i = 0; i < lanes; i++) {
            all[i] = (Lane){runs[id][dtype][phase], args, kernel->phase[phase].blocks(args), i, lanes, &team};
            if (pthread_create(&threads[i], NULL, lane_main, &all[i]))
                abort(); /* a test program; the others wait at a barrier for ever */
        }
        for (int i = 0; i < lanes; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&team.barrier);
    }
}
