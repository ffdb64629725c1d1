/* Speed of attention: bench [threads] [f32|bf16]. Forward counts 4·H·S·T·D operations, backward 10·H·S·T·D. */
#include "tests/attention/arrays.h"

#include <stdio.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/** Seconds of the fastest of at least 5 runs in at least 0.25 s. */
static double best(Arrays *a, bool (*run)(Arrays *, LkError *))
{
    LkError error = {0};
    double fastest = 1e9, start = now();
    for (int i = 0; i < 5 || now() - start < 0.25; i++) {
        double t = now();
        if (!run(a, &error))
            return 0;
        t = now() - t;
        fastest = t < fastest ? t : fastest;
    }
    return fastest;
}

static void measure(int64_t heads, int64_t q_len, int64_t kv_len, int64_t dim, bool causal, LkDType dtype, int threads)
{
    LkError error = {0};
    Arrays a;
    LkAttentionShape shape = {.batch = 1,
                              .heads = heads,
                              .q_len = q_len,
                              .kv_len = kv_len,
                              .head_dim = dim,
                              .q_stride = heads * dim,
                              .kv_stride = heads * dim,
                              .o_stride = heads * dim,
                              .scale = 0.2f,
                              .causal = causal,
                              .dtype = dtype};
    if (!arrays_new(&a, &shape, threads, &error)) {
        printf("%s\n", error.text);
        return;
    }
    arrays_fill(&a, 1);
    double forward = best(&a, arrays_forward), backward = best(&a, arrays_backward);
    double product = 2 * (double)heads * (double)q_len * (double)kv_len * (double)dim * 1e-9;
    printf("%-12s %-4s %2lldx%4lldx%4lldx%-3lld%s  forward %8.3f ms %6.1f   backward %8.3f ms %6.1f GFLOP/s   "
           "workspace %.1f, %.1f MiB\n",
           lk_cpu_attention_isa(a.forward), lk_dtype_name(dtype), (long long)heads, (long long)q_len, (long long)kv_len,
           (long long)dim, causal ? "c" : " ", forward * 1e3, 2 * product / forward, backward * 1e3,
           5 * product / backward, (double)lk_cpu_attention_workspace(a.forward) / 1048576,
           (double)lk_cpu_attention_workspace(a.backward) / 1048576);
    fflush(stdout);
    arrays_free(&a);
}

int main(int argc, char **argv)
{
    static const struct {
        int64_t heads, q_len, kv_len, dim;
        bool causal;
    } shapes[] = {
        {8, 4096, 4096, 40, false}, {8, 1024, 1024, 80, false},  {8, 256, 256, 160, false},   {8, 64, 64, 160, false},
        {8, 4096, 77, 40, false},   {8, 1024, 77, 80, false},    {8, 256, 77, 160, false},    {8, 64, 77, 160, false},
        {12, 77, 77, 64, true},     {10, 4096, 4096, 64, false}, {1, 4096, 4096, 512, false},
    };
    int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    for (int dtype = LK_F32; dtype <= LK_BF16; dtype++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            if (argc < 3 || strcmp(argv[2], lk_dtype_name((LkDType)dtype)) == 0)
                measure(shapes[i].heads, shapes[i].q_len, shapes[i].kv_len, shapes[i].dim, shapes[i].causal,
                        (LkDType)dtype, threads);
    return 0;
}
