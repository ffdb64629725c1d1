/* The optimizers beside AdamW: every way to run a kernel against this processor's best (tests/ops hold that against
 * double precision, tests/training against the optimizers' own implementations). */
#include "tests/kernels/check.h"

#include <string.h>

/** Makes truths of what the processor's best build gives, then runs all others. `outputs` have their tolerances. */
static void check_all(LkKernelId id, const void *args, Output *outputs, int n, const char *name, int64_t count)
{
    Check c = {.id = id, .dtype = LK_F32, .args = args};
    double *truth[MAX_OUTPUTS] = {0};
    for (int k = 0; k < n; k++)
        array_reset(outputs[k].array);
    lk_kernel_launch_cpu(id, LK_F32, args);
    for (int k = 0; k < n; k++) {
        Array now = outputs[k].array;
        now.start = now.data;
        truth[k] = malloc(sizeof(double) * (now.count + 1));
        for (size_t i = 0; i < now.count; i++)
            truth[k][i] = at(now, (int64_t)i);
        outputs[k].truth = truth[k];
        c.outputs[k] = outputs[k];
        array_reset(outputs[k].array);
    }
    check(&c, "%s of %lld", name, (long long)count);
    for (int k = 0; k < n; k++)
        free(truth[k]);
}

/** What an optimizer works on. */
typedef struct Bench {
    int64_t count;
    Array p, g, a, b, c, start, carry, scratch, coefficient, scalars;
    LkOptimizerArgs args;
} Bench;

static void bench_open(Bench *t, int64_t count, const void *scalars, size_t bytes)
{
    *t = (Bench){.count = count,
                 .p = array_random(LK_F32, count, 1, 0.1, 0),
                 .g = array_random(LK_F32, count, 2, 0.1, 0),
                 .a = array_random(LK_F32, count, 3, 0.1, 0),
                 .b = array_random(LK_F32, count, 4, 0.003, 0.02),
                 .c = array_random(LK_F32, count, 5, 0.1, 0),
                 .start = array_random(LK_F32, count, 6, 0.1, 0),
                 .carry = array_random(LK_F32, LK_CARRY_COUNT, 7, 0.001, 0.5),
                 .scratch = array_new(LK_F32, lk_adapt_gather_scratch(count)),
                 .coefficient = array_random(LK_F32, 1, 8, 0, 0.3),
                 .scalars = array_new(LK_F32, (int64_t)(bytes / 4))};
    memcpy(t->scalars.start, scalars, bytes);
    array_reset(t->scalars);
    t->args = (LkOptimizerArgs){.p = t->p.data,
                                .g = t->g.data,
                                .a = t->a.data,
                                .b = t->b.data,
                                .c = t->c.data,
                                .start = t->start.data,
                                .carry = t->carry.data,
                                .scalars = t->scalars.data,
                                .coefficient = t->coefficient.data,
                                .scratch = t->scratch.data,
                                .count = count,
                                .slot = 2};
}

static void bench_close(Bench *t)
{
    Array all[] = {t->p, t->g, t->a, t->b, t->c, t->start, t->carry, t->scratch, t->coefficient, t->scalars};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
}

static void test_elements(int64_t count)
{
    LkSgdScalars sgd = {0.1f, 0.01f, 0.9f, 1, 0.9f};
    LkLionScalars lion = {0.01f, 0.999f, 0.9f, 0.1f, 0.99f, 0.01f};
    LkScheduleFreeScalars free = {0.99f, 0.01f, 0.3f, 1e-6f, 0.01f, 0.3f, 0.7f, -0.01f, 0.02f};
    Bench t;
    bench_open(&t, count, &sgd, sizeof sgd);
    check_all(LK_KERNEL_SGD, &t.args, (Output[]){{.array = t.p, .tolerance = 3e-7}, {.array = t.a, .tolerance = 3e-7}},
              2, "sgd", count);
    bench_close(&t);
    bench_open(&t, count, &lion, sizeof lion);
    check_all(LK_KERNEL_LION, &t.args, (Output[]){{.array = t.p, .tolerance = 3e-7}, {.array = t.a, .tolerance = 3e-7}},
              2, "lion", count);
    bench_close(&t);
    bench_open(&t, count, &free, sizeof free);
    check_all(LK_KERNEL_SCHEDULE_FREE, &t.args,
              (Output[]){{.array = t.p, .tolerance = 1e-6},
                         {.array = t.a, .tolerance = 1e-6},
                         {.array = t.b, .tolerance = 1e-6}},
              3, "schedule free", count);
    bench_close(&t);
}

static void test_adapt(int64_t count)
{
    LkAdaptScalars s = {0.9f, 0.9f, 0.1f, 0.99f, 0.01f, 0.95f, 0.05f, 1e-8f, 0.01f, 0.02f, 0.4f, 1.5f, INFINITY, 0};
    static const LkKernelId gathers[] = {LK_KERNEL_PRODIGY_GATHER, LK_KERNEL_DADAPT_GATHER};
    static const LkKernelId settles[] = {LK_KERNEL_PRODIGY_SETTLE, LK_KERNEL_DADAPT_SETTLE};
    static const LkKernelId applies[] = {LK_KERNEL_PRODIGY_APPLY, LK_KERNEL_DADAPT_APPLY};
    Bench t;
    for (int kind = 0; kind < 2; kind++) {
        bench_open(&t, count, &s, sizeof s);
        check_all(gathers[kind], &t.args,
                  (Output[]){{.array = t.a, .tolerance = 1e-6},
                             {.array = t.b, .tolerance = 1e-6},
                             {.array = t.c, .tolerance = 1e-6},
                             {.array = t.carry, .tolerance = 2e-6}},
                  4, kind ? "dadapt gathers" : "prodigy gathers", count);
        check_all(settles[kind], &t.args, (Output[]){{.array = t.carry, .tolerance = 1e-6}}, 1,
                  kind ? "dadapt settles" : "prodigy settles", count);
        check_all(applies[kind], &t.args, (Output[]){{.array = t.p, .tolerance = 1e-6}}, 1,
                  kind ? "dadapt applies" : "prodigy applies", count);
        bench_close(&t);
    }
}

/** Codes are compared as words: another code where two are as near is a small error of few of them. */
static void test_8bit(int64_t count)
{
    LkAdamwScalars adamw = lk_adamw_scalars(3, 0.01, 0.9, 0.999, 1e-8, 0.05);
    LkLionScalars lion = {0.01f, 0.999f, 0.9f, 0.1f, 0.99f, 0.01f};
    int64_t words = (count + 3) / 4, blocks = (count + LK_QUANTUM - 1) / LK_QUANTUM;
    for (int kind = 0; kind < 2; kind++) {
        Bench t;
        if (kind == 0)
            bench_open(&t, count, &adamw, sizeof adamw);
        else
            bench_open(&t, count, &lion, sizeof lion);
        Array m = array_random(LK_I32, words, 11, 2e8, 1e9), v = array_random(LK_I32, words, 12, 2e8, 1e9);
        Array m_scale = array_random(LK_F32, blocks, 13, 0.01, 0.1),
              v_scale = array_random(LK_F32, blocks, 14, 0.01, 0.1);
        LkOptimizer8Args args = {t.p.data,       t.g.data,           m.data, v.data, m_scale.data, v_scale.data,
                                 t.scalars.data, t.coefficient.data, count};
        Output outputs[] = {{.array = t.p, .tolerance = 1e-6},
                            {.array = m, .tolerance = 2e-2},
                            {.array = m_scale, .tolerance = 1e-6},
                            {.array = v, .tolerance = 2e-2},
                            {.array = v_scale, .tolerance = 1e-6}};
        check_all(kind ? LK_KERNEL_LION_8BIT : LK_KERNEL_ADAMW_8BIT, &args, outputs, kind ? 3 : 5,
                  kind ? "lion, 8 bits," : "adamw, 8 bits,", count);
        Array all[] = {m, v, m_scale, v_scale};
        for (int i = 0; i < 4; i++)
            array_free(all[i]);
        bench_close(&t);
    }
}

/** A tensor of matrices of that size, then one of a single line. */
static void test_adafactor(int64_t batch, int64_t inner, int64_t rows, int64_t columns)
{
    LkAdafactorScalars s = {0.01f, 0.7f, 0.3f, 1e-10f, 1e-3f, 0.5f, 1, 0.01f};
    int64_t count = batch * rows * columns;
    Bench t;
    bench_open(&t, count + columns, &s, sizeof s);
    Array table = array_new(LK_I32, 2 * LK_MATRIX_COUNT), scratch = array_new(LK_F32, 2 * LK_ADAFACTOR_SCRATCH);
    Array r = array_random(LK_F32, batch * rows + 1, 21, 0.001, 0.02);
    Array c = array_random(LK_F32, (batch + 1) * columns, 22, 0.001, 0.02);
    const int64_t numbers[2][LK_MATRIX_COUNT] = {{0, batch, inner, rows, columns, 0, 0, 0},
                                                 {count, 1, 1, 1, columns, batch * rows, batch * columns, 0}};
    for (int i = 0; i < 2 * LK_MATRIX_COUNT; i++)
        put(LK_I32, table.start, (size_t)i, (double)numbers[i / LK_MATRIX_COUNT][i % LK_MATRIX_COUNT]);
    array_reset(table);
    LkAdafactorArgs args = {.p = t.p.data,
                            .g = t.g.data,
                            .rows = r.data,
                            .columns = c.data,
                            .table = table.data,
                            .scalars = t.scalars.data,
                            .coefficient = t.coefficient.data,
                            .scratch = scratch.data,
                            .matrices = 2,
                            .scalars_stride = 0};
    check_all(
        LK_KERNEL_ADAFACTOR, &args,
        (Output[]){{.array = t.p, .tolerance = 1e-6}, {.array = r, .tolerance = 1e-6}, {.array = c, .tolerance = 1e-6}},
        3, "adafactor", count + columns);
    Array all[] = {table, scratch, r, c};
    for (int i = 0; i < 4; i++)
        array_free(all[i]);
    bench_close(&t);
}

int main(void)
{
    static const int64_t sizes[] = {1, 7, 256, 300, 4099, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        test_elements(sizes[i]);
        test_adapt(sizes[i]);
        test_8bit(sizes[i]);
    }
    test_adafactor(1, 1, 1, 1);
    test_adafactor(1, 1, 16, 77);
    test_adafactor(1, 1, 130, 5);
    test_adafactor(35, 7, 3, 3);
    test_adafactor(48, 16, 1, 1);
    return tap_done();
}
