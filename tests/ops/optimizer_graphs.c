#include "optimizer_graphs.h"

#include "tensor/optimizer_ops.h"

#include <math.h>

/** A part of a state, so that what lies around it must stay as it is. */
static LkRef part(GraphTest *test, LkDType dtype, TestFill fill, double mean, double scale, int64_t count)
{
    LkRef whole = test_state(test, dtype, fill, mean, scale, 1, (int64_t[]){count + 40});
    return lk_graph_view(test->graph, whole, 16, 1, &count);
}

static LkRef normal(GraphTest *test, double scale, int64_t count)
{
    return part(test, LK_F32, TEST_NORMAL, 0, scale, count);
}

static LkRef positive(GraphTest *test, double scale, int64_t count)
{
    return part(test, LK_F32, TEST_POSITIVE, 0, scale, count);
}

/** Weights, gradient and its factor. */
static LkOptimizerRefs begin(GraphTest *test, const int64_t *s, double factor)
{
    return (LkOptimizerRefs){.p = normal(test, 0.1, s[0]),
                             .g = normal(test, 0.1, s[0]),
                             .clip = test_input(test, LK_F32, TEST_UNIFORM, factor, 0.7, 1, (int64_t[]){2}),
                             .scalars = test->scalars,
                             .group = (int)s[1]};
}

static void sgd(GraphTest *test, const int64_t *s, double factor)
{
    LkOptimizerRefs o = begin(test, s, factor);
    lk_sgd(test->graph, &o, normal(test, 0.1, s[0]));
}

static void lion(GraphTest *test, const int64_t *s, double factor)
{
    LkOptimizerRefs o = begin(test, s, factor);
    lk_lion(test->graph, &o, normal(test, 0.1, s[0]));
}

static void schedule_free(GraphTest *test, const int64_t *s, double factor)
{
    LkOptimizerRefs o = begin(test, s, factor);
    lk_schedule_free(test->graph, &o, normal(test, 0.1, s[0]), positive(test, 0.1, s[0]));
}

static LkRef codes(GraphTest *test, const int64_t *s)
{
    return part(test, LK_I32, TEST_INTEGERS, 0, 2147483000, (s[0] + 3) / 4);
}

static LkRef scales(GraphTest *test, const int64_t *s)
{
    return part(test, LK_F32, TEST_UNIFORM, 0.05, 0.1, (s[0] + LK_QUANTUM - 1) / LK_QUANTUM);
}

static void adamw_8bit(GraphTest *test, const int64_t *s, double factor)
{
    LkOptimizerRefs o = begin(test, s, factor);
    lk_adamw_8bit(test->graph, &o, codes(test, s), codes(test, s), scales(test, s), scales(test, s));
}

static void lion_8bit(GraphTest *test, const int64_t *s, double factor)
{
    LkOptimizerRefs o = begin(test, s, factor);
    lk_lion_8bit(test->graph, &o, codes(test, s), scales(test, s));
}

/** Two stretches with one rate. */
static void adapt(GraphTest *test, const int64_t *s, bool dadapt, double factor)
{
    static float carried[LK_CARRY_COUNT] = {[LK_CARRY_D] = 0.6f, [LK_CARRY_D_MAX] = 0.7f, [LK_CARRY_NUMERATOR] = 0.01f};
    LkRef carry = test_given(test, LK_F32, carried, 1, (int64_t[]){LK_CARRY_COUNT});
    LkRef clip = test_input(test, LK_F32, TEST_UNIFORM, factor, 0.7, 1, (int64_t[]){2});
    LkRef p[2], m[2], v[2];
    LkOptimizerRefs o = {.clip = clip, .scalars = test->scalars, .group = (int)s[1]};
    for (int i = 0; i < 2; i++) {
        int64_t count = i == 0 ? s[0] : 77;
        p[i] = o.p = normal(test, 0.1, count);
        o.g = normal(test, 0.1, count);
        m[i] = normal(test, 0.1, count);
        v[i] = positive(test, 0.1, count);
        lk_adapt_gather(test->graph, &o, m[i], v[i], normal(test, 0.1, count),
                        dadapt ? LK_NONE : normal(test, 0.1, count), carry, 3 * i);
    }
    lk_adapt_settle(test->graph, &o, carry, dadapt);
    for (int i = 0; i < 2; i++) {
        o.p = p[i];
        lk_adapt_apply(test->graph, &o, m[i], v[i], carry, dadapt);
    }
}

void backend_sgd(GraphTest *test, const int64_t *s)
{
    sgd(test, s, 0.2);
}

void backend_lion(GraphTest *test, const int64_t *s)
{
    lion(test, s, 0.2);
}

void backend_schedule_free(GraphTest *test, const int64_t *s)
{
    schedule_free(test, s, 0.2);
}

void backend_adamw_8bit(GraphTest *test, const int64_t *s)
{
    adamw_8bit(test, s, 0.2);
}

void backend_lion_8bit(GraphTest *test, const int64_t *s)
{
    lion_8bit(test, s, 0.2);
}

void backend_prodigy(GraphTest *test, const int64_t *s)
{
    adapt(test, s, false, 0.2);
}

void backend_dadapt(GraphTest *test, const int64_t *s)
{
    adapt(test, s, true, 0.2);
}

void backend_ema(GraphTest *test, const int64_t *s)
{
    lk_ema(test->graph, normal(test, 0.1, s[0]), normal(test, 0.1, s[0]), test->scalars, LK_NONE);
}

static void adafactor(GraphTest *test, const int64_t *s, double factor)
{
    static float table[2][LK_MATRIX_COUNT];
    enum { OUTER = 3, INNER = 5 }; /* the second tensor is so many matrices */
    int64_t first = s[0] * s[1], batch = OUTER * INNER, all = first + 7 + batch * s[2] * s[3];
    const float rows[2][LK_MATRIX_COUNT] = {
        {0, 1, 1, (float)s[0], (float)s[1], 0, 0, 0},
        {(float)(first + 7), (float)batch, INNER, (float)s[2], (float)s[3], (float)s[0], (float)s[1], 1},
    };
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < LK_MATRIX_COUNT; k++)
            table[i][k] = rows[i][k];
    LkOptimizerRefs o = begin(test, (int64_t[]){all, 0}, factor);
    LkRef matrices = test_given(test, LK_I32, table[0], 2, (int64_t[]){2, LK_MATRIX_COUNT});
    lk_adafactor(test->graph, &o, positive(test, 0.1, s[0] + batch * s[2]), positive(test, 0.1, s[1] + batch * s[3]),
                 matrices);
}

void backend_adafactor(GraphTest *test, const int64_t *s)
{
    adafactor(test, s, 0.2);
}

void backend_optimizers_not_finite(GraphTest *test, const int64_t *s)
{
    sgd(test, s, INFINITY);
    lion(test, s, INFINITY);
    schedule_free(test, s, INFINITY);
    adamw_8bit(test, s, INFINITY);
    lion_8bit(test, s, INFINITY);
    adapt(test, s, false, INFINITY);
    adapt(test, s, true, INFINITY);
    sgd(test, s, 0.2); /* the only one that changes something */
}
