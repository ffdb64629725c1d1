/* Attention of the CPU backend against one in double precision that keeps whole rows of probabilities. */
#include "tests/attention/arrays.h"
#include "tests/tap.h"

#include <math.h>

/** What o, dq, dk, dv (indexed like the arrays) and the log-sum-exp must be. */
typedef struct Truth {
    double *value[ARRAYS], *lse;
} Truth;

static double at(const Arrays *a, int array, int64_t row, int64_t column)
{
    return arrays_get(a->shape.dtype, a->data[array], row * arrays_stride(&a->shape, array) + column);
}

/** One query: probabilities over the keys, then what it adds to the results. `o` and d_o are taken from the truth and
 * the arrays; the row sums of dS use the exact o. */
static void true_query(const Arrays *a, Truth *t, int64_t batch, int64_t head, int64_t query, double *p)
{
    const LkAttentionShape *s = &a->shape;
    int64_t row = batch * s->q_len + query, first = batch * arrays_rows(s, K), column = head * s->head_dim;
    int64_t keys = s->causal && query + 1 < s->kv_len ? query + 1 : s->kv_len;
    double max = -INFINITY, sum = 0, delta = 0;
    for (int64_t j = 0; j < keys; j++) {
        p[j] = 0;
        for (int64_t d = 0; d < s->head_dim; d++)
            p[j] += at(a, Q, row, column + d) * at(a, K, first + j, column + d);
        p[j] *= (double)s->scale;
        max = fmax(max, p[j]);
    }
    for (int64_t j = 0; j < keys; j++)
        sum += p[j] = exp(p[j] - max);
    t->lse[(batch * s->heads + head) * s->q_len + query] = max + log(sum);
    for (int64_t d = 0; d < s->head_dim; d++) {
        double o = 0;
        for (int64_t j = 0; j < keys; j++)
            o += p[j] / sum * at(a, V, first + j, column + d);
        t->value[O][row * s->o_stride + column + d] = o;
        delta += o * at(a, D_O, row, column + d);
    }
    for (int64_t j = 0; j < keys; j++) {
        double dp = 0, probability = p[j] / sum;
        for (int64_t d = 0; d < s->head_dim; d++)
            dp += at(a, D_O, row, column + d) * at(a, V, first + j, column + d);
        double ds = (double)s->scale * probability * (dp - delta);
        for (int64_t d = 0; d < s->head_dim; d++) {
            int64_t key = (first + j) * s->kv_stride + column + d;
            t->value[DQ][row * s->q_stride + column + d] += ds * at(a, K, first + j, column + d);
            t->value[DK][key] += ds * at(a, Q, row, column + d);
            t->value[DV][key] += probability * at(a, D_O, row, column + d);
        }
    }
}

static void truth_new(Truth *t, const Arrays *a)
{
    const LkAttentionShape *s = &a->shape;
    double *p = malloc((size_t)s->kv_len * sizeof *p);
    *t = (Truth){.lse = malloc((size_t)(s->batch * s->heads * s->q_len) * sizeof(double))};
    for (int i = O; i < ARRAYS; i++)
        t->value[i] = calloc(a->bytes[i] / lk_dtype_size(s->dtype), sizeof(double));
    for (int64_t batch = 0; batch < s->batch; batch++)
        for (int64_t head = 0; head < s->heads; head++)
            for (int64_t query = 0; query < s->q_len; query++)
                true_query(a, t, batch, head, query, p);
    free(p);
}

static void truth_free(Truth *t)
{
    for (int i = 0; i < ARRAYS; i++)
        free(t->value[i]);
    free(t->lse);
}

/** Relative L2 error of an array; NaN if a gap between rows was touched. */
static double error_of(const Arrays *a, const Truth *t, int array)
{
    const LkAttentionShape *s = &a->shape;
    int64_t stride = arrays_stride(s, array);
    double wrong = 0, whole = 0;
    for (int64_t row = 0; row < s->batch * arrays_rows(s, array); row++)
        for (int64_t c = 0; c < stride; c++) {
            double want = t->value[array][row * stride + c];
            if (c >= s->heads * s->head_dim) {
                uint32_t pattern = 0x5a5a5a5a;
                size_t size = lk_dtype_size(s->dtype);
                if (memcmp((char *)a->data[array] + (size_t)(row * stride + c) * size, &pattern, size) != 0)
                    return NAN;
                continue;
            }
            wrong += pow(at(a, array, row, c) - want, 2);
            whole += want * want;
        }
    /* With one key nothing flows back to q and k: then the error itself counts. */
    double count = (double)(s->batch * arrays_rows(s, array) * s->heads * s->head_dim);
    return sqrt(wrong / (whole > 1e-20 * count ? whole : count));
}

static double lse_error(const Arrays *a, const Truth *t)
{
    double worst = 0;
    for (int64_t i = 0; i < a->shape.batch * a->shape.heads * a->shape.q_len; i++)
        worst = fmax(worst, fabs((double)a->lse[i] - t->lse[i]) / (1 + fabs(t->lse[i])));
    return worst;
}

static bool run_both(Arrays *a, LkError *error)
{
    return arrays_forward(a, error) && arrays_backward(a, error);
}

static bool same_bytes(const Arrays *a, const Arrays *b)
{
    for (int i = 0; i < ARRAYS; i++)
        if (memcmp(a->data[i], b->data[i], a->bytes[i]) != 0)
            return false;
    size_t rows = (size_t)(a->shape.batch * a->shape.heads * a->shape.q_len);
    return memcmp(a->lse, b->lse, rows * sizeof *a->lse) == 0;
}

/** Right, and the same bytes with 1, 2 and 3 threads and when run again. */
static void check(LkAttentionShape shape, float spread)
{
    char name[200];
    LkError error = {0};
    Arrays a, b;
    Truth truth;
    snprintf(name, sizeof name, "%s batch %lld heads %lld %lldx%lldx%lld%s strides %lld,%lld,%lld rows %lld spread %g",
             lk_dtype_name(shape.dtype), (long long)shape.batch, (long long)shape.heads, (long long)shape.q_len,
             (long long)shape.kv_len, (long long)shape.head_dim, shape.causal ? " causal" : "",
             (long long)shape.q_stride, (long long)shape.kv_stride, (long long)shape.o_stride, (long long)shape.kv_rows,
             (double)spread);
    if (!arrays_new(&a, &shape, 1, &error)) {
        tap_ok(false, "%s: %s", name, error.text);
        return;
    }
    arrays_fill(&a, spread);
    bool ran = run_both(&a, &error);
    truth_new(&truth, &a);
    /* bf16 keeps 8 bits. With a large spread scores are large, and so is the error of a probability. */
    double limit = shape.dtype == LK_F32 ? 3e-6 : 1e-2;
    double lse_limit = shape.dtype == LK_F32 ? 1e-6 : 1e-4;
    if (spread > 2)
        limit *= 10, lse_limit *= 3;
    double errors[] = {error_of(&a, &truth, O), error_of(&a, &truth, DQ), error_of(&a, &truth, DK),
                       error_of(&a, &truth, DV)};
    bool right = ran && lse_error(&a, &truth) <= lse_limit;
    for (int i = 0; i < 4; i++)
        right = right && errors[i] <= limit;
    tap_ok(right, "%s (%s)", name, lk_cpu_attention_isa(a.forward));
    tap_note("errors: o %.1e, dq %.1e, dk %.1e, dv %.1e, lse %.1e", errors[0], errors[1], errors[2], errors[3],
             lse_error(&a, &truth));
    bool same = true;
    for (int threads = 1; threads <= 3; threads++) {
        if (!arrays_new(&b, &shape, threads, &error))
            abort();
        arrays_fill(&b, spread);
        memset(b.forward_space, 0xff, lk_cpu_attention_workspace(b.forward)); /* NaN: nothing may be read unwritten */
        memset(b.backward_space, 0xff, lk_cpu_attention_workspace(b.backward));
        same = run_both(&b, &error) && same_bytes(&a, &b) && same;
        arrays_free(&b);
    }
    tap_ok(same, "%s: the same bytes again and with other numbers of threads", name);
    truth_free(&truth);
    arrays_free(&a);
}

static LkAttentionShape plain(LkDType dtype, int64_t heads, int64_t q_len, int64_t kv_len, int64_t dim)
{
    int64_t row = heads * dim;
    return (LkAttentionShape){.batch = 1,
                              .heads = heads,
                              .q_len = q_len,
                              .kv_len = kv_len,
                              .head_dim = dim,
                              .q_stride = row,
                              .kv_stride = row,
                              .o_stride = row,
                              .scale = 1 / sqrtf((float)dim),
                              .dtype = dtype};
}

static void check_shapes(LkDType dtype)
{
    static const int64_t sizes[][4] = {
        /* heads, queries, keys, head_dim */
        {1, 1, 1, 2},      {2, 1, 7, 4},       {3, 2, 2, 6},       {2, 7, 1, 12},     {1, 8, 8, 2},
        {2, 32, 32, 6},    {1, 128, 128, 4},   {2, 32, 8, 12},     {1, 5, 3, 1},      {2, 13, 17, 3},
        {1, 31, 37, 5},    {3, 61, 67, 7},     {1, 127, 131, 13},  {2, 33, 63, 17},   {1, 65, 129, 31},
        {2, 64, 64, 160},  {1, 256, 256, 160}, {2, 300, 77, 40},   {2, 77, 77, 64},   {1, 600, 77, 40},
        {1, 1200, 33, 40}, {1, 40, 2100, 40},  {1, 130, 1100, 80}, {1, 96, 200, 512}, {2, 512, 512, 40},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        LkAttentionShape shape = plain(dtype, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
        check(shape, 1);
        shape.causal = true;
        check(shape, 1);
    }
    LkAttentionShape shape = plain(dtype, 3, 50, 70, 11);
    shape.batch = 2;
    shape.q_stride += 5;
    shape.kv_stride += 1;
    shape.o_stride += 20;
    shape.kv_rows = 75;
    check(shape, 1);
    shape.causal = true;
    check(shape, 1);
    /* Scores of hundreds: the reference of the softmax must be raised on the way. */
    shape = plain(dtype, 2, 100, 700, 24);
    check(shape, 5);
    shape.causal = true;
    check(shape, 5);
}

/** Scores that rise or fall along the keys by more than f32 can express as powers of two. */
static void check_slopes(LkDType dtype, float slope)
{
    LkError error = {0};
    LkAttentionShape shape = plain(dtype, 1, 40, 500, 2);
    Arrays a;
    Truth truth;
    if (!arrays_new(&a, &shape, 1, &error))
        abort();
    arrays_fill(&a, 1);
    for (int64_t i = 0; i < 2 * shape.kv_len; i++) {
        float x = slope * (float)(i / 2);
        if (dtype == LK_F32)
            ((float *)a.data[K])[i] = x;
        else
            ((uint16_t *)a.data[K])[i] = lk_f32_to_bf16(x);
    }
    bool ran = run_both(&a, &error);
    truth_new(&truth, &a);
    double o = error_of(&a, &truth, O), limit = dtype == LK_F32 ? 1e-3 : 2e-2;
    tap_ok(ran && o <= limit && lse_error(&a, &truth) < 1e-4, "%s scores that run from 0 to %g: errors %.1e, %.1e",
           lk_dtype_name(dtype), (double)slope * 500, o, lse_error(&a, &truth));
    bool finite = true;
    for (int array = DQ; array < ARRAYS; array++)
        for (size_t i = 0; i < a.bytes[array] / lk_dtype_size(dtype); i++)
            finite = finite && isfinite(arrays_get(dtype, a.data[array], (int64_t)i));
    tap_ok(finite, "and finite gradients");
    truth_free(&truth);
    arrays_free(&a);
}

/** A NaN among the numbers must come out, in its own head only. */
static void check_nan(LkDType dtype)
{
    static const int sources[] = {Q, K, V, D_O};
    for (int i = 0; i < 4; i++) {
        LkError error = {0};
        LkAttentionShape shape = plain(dtype, 2, 20, 30, 8);
        Arrays a;
        if (!arrays_new(&a, &shape, 2, &error))
            abort();
        arrays_fill(&a, 1);
        int64_t spot = 5 * 16 + 3;
        if (dtype == LK_F32)
            ((float *)a.data[sources[i]])[spot] = NAN;
        else
            ((uint16_t *)a.data[sources[i]])[spot] = 0x7fc0;
        bool ran = run_both(&a, &error), seen = false, other = false;
        for (int array = O; array < ARRAYS; array++)
            for (int64_t e = 0; e < (int64_t)(a.bytes[array] / lk_dtype_size(dtype)); e++)
                if (array != D_O && isnan(arrays_get(dtype, a.data[array], e)))
                    *(e % 16 < 8 ? &seen : &other) = true;
        tap_ok(ran && seen && !other, "%s: a NaN in input %d comes out, in its own head", lk_dtype_name(dtype), i);
        arrays_free(&a);
    }
}

static void check_refusals(void)
{
    LkAttentionShape good = plain(LK_F32, 2, 8, 8, 4), bad[9];
    for (int i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].heads = 0;
    bad[1].q_len = -1;
    bad[2].kv_len = INT64_MAX;
    bad[3].q_stride = 7;
    bad[4].kv_rows = 7;
    bad[5].scale = NAN;
    bad[6].scale = -1;
    bad[7].dtype = LK_I32;
    bad[8].o_stride = INT64_MAX;
    for (int i = 0; i < 9; i++) {
        LkError error = {0};
        LkCpuAttention *attention = lk_cpu_attention_new(&bad[i], i % 2, 1, &error);
        tap_ok(!attention && error.code == LK_ERROR_UNSUPPORTED, "refused: %s", error.text);
        lk_cpu_attention_free(attention);
    }
}

int main(void)
{
    for (int dtype = LK_F32; dtype <= LK_BF16; dtype++) {
        check_shapes((LkDType)dtype);
        check_slopes((LkDType)dtype, 2);
        check_slopes((LkDType)dtype, -2);
        check_nan((LkDType)dtype);
    }
    check_refusals();
    return tap_done();
}
