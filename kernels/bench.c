/* Speed of the kernels on this processor, as bytes of inputs and outputs (each counted once) per second, beside memcpy.
 */
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 4096, WIDTH = 320, HIDDEN = 1280, KEYS = 4096, PARAMETERS = 3 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One set of arrays, large enough for every case. */
typedef struct Memory {
    void *x, *y, *z, *out;
    float *gamma, *beta, *stats, *scratch;
} Memory;

typedef struct Copy {
    char *to;
    const char *from;
} Copy;

static void copy_part(void *context, int64_t first, int64_t last)
{
    const Copy *copy = context;
    memcpy(copy->to + first, copy->from + first, (size_t)(last - first));
}

/* Best time of many runs within a quarter of a second (5 at least). */
static double best_time(LkKernelId id, LkDType dtype, const void *args, Copy *copy, int64_t bytes)
{
    double best = 1e9, start = now();
    for (int i = 0; i < 5 || now() - start < 0.25; i++) {
        double t = now();
        if (args)
            lk_kernel_launch_cpu(id, dtype, args);
        else
            lk_parallel_for(bytes, copy_part, copy);
        t = now() - t;
        best = t < best ? t : best;
    }
    return best;
}

static void measure(const Memory *m, const char *name, LkKernelId id, LkDType dtype, const void *args, int64_t bytes)
{
    Copy copy = {m->out, m->x};
    double seconds = best_time(id, dtype, args, NULL, 0);
    double memcpy_seconds = best_time(id, dtype, NULL, &copy, bytes / 2);
    printf("%-28s %-5s %8.1f us %7.1f GB/s   memcpy of as many bytes %6.1f GB/s   %.2f\n", name, lk_dtype_name(dtype),
           seconds * 1e6, (double)bytes / seconds * 1e-9, (double)bytes / memcpy_seconds * 1e-9,
           memcpy_seconds / seconds);
    fflush(stdout);
}

static void bench_norms(const Memory *m, LkDType t)
{
    int64_t bytes = (int64_t)lk_dtype_size(t) * ROWS * WIDTH;
    for (int silu = 0; silu < 2; silu++) {
        LkGroupNormArgs norm = {m->x, m->gamma, m->beta, m->out, m->stats, m->scratch, 1, ROWS, WIDTH, 32, 1e-5f, silu};
        measure(m, silu ? "group_norm silu" : "group_norm", LK_KERNEL_GROUP_NORM, t, &norm, 2 * bytes);
        LkGroupNormBackwardArgs back = {m->y,       m->x, m->gamma, m->beta, m->stats, m->out,
                                        m->scratch, 1,    ROWS,     WIDTH,   32,       silu};
        measure(m, silu ? "group_norm silu backward" : "group_norm backward", LK_KERNEL_GROUP_NORM_BACKWARD, t, &back,
                3 * bytes);
    }
    LkLayerNormArgs layer = {m->x, m->gamma, m->beta, m->out, m->stats, ROWS, WIDTH, WIDTH, 1e-5f};
    measure(m, "layer_norm", LK_KERNEL_LAYER_NORM, t, &layer, 2 * bytes);
    LkLayerNormBackwardArgs back = {m->y, m->x, m->gamma, m->stats, m->out, ROWS, WIDTH};
    measure(m, "layer_norm backward", LK_KERNEL_LAYER_NORM_BACKWARD, t, &back, 3 * bytes);
}

static void bench_activations(const Memory *m, LkDType t)
{
    static const char *const names[] = {"silu", "quick_gelu", "gelu_erf", "gelu_tanh"};
    int64_t count = ROWS * WIDTH, bytes = (int64_t)lk_dtype_size(t) * count;
    char label[40];
    for (int kind = LK_SILU; kind <= LK_GELU_TANH; kind++) {
        LkActivationArgs a = {m->x, m->out, count, kind};
        measure(m, names[kind], LK_KERNEL_ACTIVATION, t, &a, 2 * bytes);
        LkActivationBackwardArgs b = {m->y, m->x, m->out, count, kind};
        snprintf(label, sizeof label, "%s backward", names[kind]);
        measure(m, label, LK_KERNEL_ACTIVATION_BACKWARD, t, &b, 3 * bytes);
    }
    bytes = (int64_t)lk_dtype_size(t) * ROWS * HIDDEN;
    LkGegluArgs g = {.x = m->x, .y = m->out, .rows = ROWS, .c = HIDDEN, .y_step = HIDDEN};
    measure(m, "geglu", LK_KERNEL_GEGLU, t, &g, 3 * bytes);
    LkGegluBackwardArgs h = {.dy = m->y, .x = m->x, .dx = m->out, .rows = ROWS, .c = HIDDEN};
    measure(m, "geglu backward", LK_KERNEL_GEGLU_BACKWARD, t, &h, 5 * bytes);
    g.low =
        (LkLowRank){.h = m->z, .u = m->z, .terms = 16, .row_step = 16, .column_step = 16, .term_step = 1, .scale = 1};
    h.low = h.low_dy = g.low;
    measure(m, "geglu of rank 16", LK_KERNEL_GEGLU_LOW_RANK, t, &g, 3 * bytes);
    measure(m, "geglu of rank 16 backward", LK_KERNEL_GEGLU_LOW_RANK_BACKWARD, t, &h, 5 * bytes);
    LkAddLowRankArgs low = {.x = m->x, .y = m->out, .rows = ROWS, .c = HIDDEN, .low = g.low};
    measure(m, "add of rank 16", LK_KERNEL_ADD_LOW_RANK, t, &low, bytes + (int64_t)4 * ROWS * HIDDEN);
}

static void bench_rows(const Memory *m, LkDType t)
{
    int64_t count = ROWS * WIDTH, bytes = (int64_t)lk_dtype_size(t) * count;
    LkAxpbyArgs add = {m->x, m->y, m->out, count, 1, 1};
    measure(m, "add", LK_KERNEL_AXPBY, t, &add, 3 * bytes);
    LkAddRowsArgs rows = {m->x, m->z, m->out, 1, ROWS, WIDTH};
    measure(m, "add_rows", LK_KERNEL_ADD_ROWS, t, &rows, 2 * bytes);
    LkSumRowsArgs sum = {m->x, m->out, m->scratch, 1, ROWS, WIDTH};
    measure(m, "sum_rows", LK_KERNEL_SUM_ROWS, t, &sum, bytes);
    LkUpsample2Args up = {m->x, m->out, 1, 32, 32, WIDTH};
    measure(m, "upsample2", LK_KERNEL_UPSAMPLE2, t, &up, 5 * bytes / 4);
    LkUpsample2Args down = {m->out, m->x, 1, 32, 32, WIDTH};
    measure(m, "upsample2 backward", LK_KERNEL_UPSAMPLE2_BACKWARD, t, &down, 5 * bytes / 4);
    LkCopy2dArgs copy = {m->x, m->out, ROWS, WIDTH, WIDTH, 2 * WIDTH};
    measure(m, "copy2d", LK_KERNEL_COPY2D, t, &copy, 2 * bytes);
    LkFillTailsArgs tails = {.count = 1, .most = (int64_t)ROWS * 48};
    tails.tails[0] =
        (LkTail){.u = m->x, .to = m->out, .rows = ROWS, .step = WIDTH + 48, .width = 48, .begin = 16, .terms = 16};
    measure(m, "fill_tails", LK_KERNEL_FILL_TAILS, t, &tails, (int64_t)lk_dtype_size(t) * ROWS * (48 + 16));
    LkCastArgs cast = {m->x, m->out, count};
    measure(m, "cast from f32", LK_KERNEL_CAST_FROM_F32, t, &cast, count * (int64_t)(4 + lk_dtype_size(t)));
    measure(m, "cast to f32", LK_KERNEL_CAST_TO_F32, t, &cast, count * (int64_t)(4 + lk_dtype_size(t)));
    LkSoftmaxArgs softmax = {m->x, m->out, 512, KEYS, KEYS, KEYS, 1, .scale = 0.125f};
    measure(m, "softmax 512x4096", LK_KERNEL_SOFTMAX, t, &softmax,
            (int64_t)512 * KEYS * (int64_t)(4 + lk_dtype_size(t)));
    LkSoftmaxBackwardArgs back = {m->y, m->x, m->out, 512, KEYS, KEYS, KEYS, KEYS, 0.125f};
    measure(m, "softmax backward 512x4096", LK_KERNEL_SOFTMAX_BACKWARD, t, &back,
            (int64_t)512 * KEYS * (int64_t)(4 + 2 * lk_dtype_size(t)));
}

static void bench_optimizer(const Memory *m)
{
    LkAdamwScalars scalars = lk_adamw_scalars(10, 1e-4, 0.9, 0.999, 1e-8, 0.01);
    double sum;
    LkSumSquaresArgs squares = {m->x, &sum, m->scratch, PARAMETERS};
    measure(m, "sum_squares", LK_KERNEL_SUM_SQUARES, LK_F32, &squares, 4 * (int64_t)PARAMETERS);
    LkAdamwArgs adamw = {m->y, m->x, m->z, m->out, &scalars, NULL, PARAMETERS};
    measure(m, "adamw", LK_KERNEL_ADAMW, LK_F32, &adamw, 28 * (int64_t)PARAMETERS);
}

int main(int count, char **arguments)
{
    if (count > 1)
        lk_parallel_set_threads((int)strtol(arguments[1], NULL, 10));
    size_t size = (size_t)ROWS * HIDDEN * 3 * 4;
    Memory m = {
        aligned_alloc(64, size),     aligned_alloc(64, size),     aligned_alloc(64, size),     aligned_alloc(64, size),
        aligned_alloc(64, 4 * 4096), aligned_alloc(64, 4 * 4096), aligned_alloc(64, 8 * ROWS), malloc(size)};
    /* Rubbish of ordinary size in every type: bf16 pairs that also are floats. */
    for (size_t i = 0; i < size / 2; i++) {
        uint16_t h = lk_f32_to_bf16((float)(i % 19) * 0.2f - 1.9f);
        memcpy((char *)m.x + 2 * i, &h, 2);
        memcpy((char *)m.y + 2 * i, &h, 2);
        memcpy((char *)m.out + 2 * i, &h, 2);
    }
    memset(m.z, 0, size);
    for (int i = 0; i < 4096; i++) {
        m.gamma[i] = 1;
        m.beta[i] = 0;
    }
    for (int i = 0; i < 2 * ROWS; i++)
        m.stats[i] = 1;
    printf("%s, %d threads, %dx%d (hidden %d)\n", lk_kernel_isa(), lk_parallel_threads(), ROWS, WIDTH, HIDDEN);
    for (LkDType t = LK_F32; t <= LK_BF16; t++) {
        bench_norms(&m, t);
        bench_activations(&m, t);
        bench_rows(&m, t);
    }
    bench_optimizer(&m);
    void *all[] = {m.x, m.y, m.z, m.out, m.gamma, m.beta, m.stats, m.scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    return 0;
}
