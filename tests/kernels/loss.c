/* Losses, their gradients, and softmax. */
#include "tests/kernels/check.h"

static double loss(int kind, double d, double c)
{
    switch (kind) {
    case LK_LOSS_L2:
        return d * d;
    case LK_LOSS_L1:
        return fabs(d);
    case LK_LOSS_HUBER:
        return 2 * c * (sqrt(d * d + c * c) - c);
    default:
        return 2 * (sqrt(d * d + c * c) - c);
    }
}

static void test_loss(LkDType t, int kind, int64_t n, int64_t s, bool all)
{
    int64_t count = n * s;
    Array pred = array_random(t, count, 1, 1, 0), target = array_random(LK_F32, count, 2, 1, 0);
    Array weight = array_random(LK_F32, n, 3, 0.3, 1), c = array_random(LK_F32, n, 4, 0.05, 0.5);
    Array mask = array_random(LK_F32, count, 5, 0.2, 0.7), scale = array_random(LK_F32, 1, 6, 0, 1024);
    Array raw = array_new(LK_F32, n), d_pred = array_new(t, count), scratch = array_new(LK_F32, lk_loss_scratch(n, s));
    double *raw_truth = calloc((size_t)n, sizeof(double)), *gradient = malloc(sizeof(double) * (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        double d = at(pred, i) - at(target, i), h = 1e-6, m = all ? at(mask, i) : 1, cn = at(c, i / s);
        double slope = (loss(kind, d + h, cn) - loss(kind, d - h, cn)) / (2 * h);
        raw_truth[i / s] += m * loss(kind, d, cn) / (double)s;
        gradient[i] = slope * m * (all ? at(weight, i / s) * at(scale, 0) : 1) / (double)count;
    }
    LkLossArgs a = {.pred = pred.data,
                    .target = target.data,
                    .huber_c = c.data,
                    .raw = raw.data,
                    .d_pred = d_pred.data,
                    .scratch = scratch.data,
                    .n = n,
                    .s = s,
                    .kind = kind};
    if (all) {
        a.weight = weight.data;
        a.mask = mask.data;
        a.scale = scale.data;
    }
    /* L1's gradient is one number over and over: no rounding errors that average out. */
    double tolerance = kind == LK_LOSS_L1 && t != LK_F32 ? type_tolerance(d_pred) : 1e-6;
    check(&(Check){LK_KERNEL_LOSS, t, &a, {{raw, raw_truth, 1e-6}, {d_pred, gradient, tolerance}}, scratch},
          "kind %d, %lldx%lld%s", kind, (long long)n, (long long)s, all ? ", weight, mask, scale" : "");
    a.d_pred = NULL; /* also fine */
    check(&(Check){LK_KERNEL_LOSS, t, &a, {{raw, raw_truth, 1e-6}}, scratch}, "kind %d, %lldx%lld%s, value only", kind,
          (long long)n, (long long)s, all ? ", weight, mask, scale" : "");
    Array every[] = {pred, target, weight, c, mask, scale, raw, d_pred, scratch};
    for (size_t i = 0; i < sizeof every / sizeof *every; i++)
        array_free(every[i]);
    free(raw_truth);
    free(gradient);
}

typedef struct Causal {
    bool on;
    int64_t queries, first;
} Causal;

/** Returns the logarithm of the row's sum. */
static double softmax_truth(Array x, int64_t r, int64_t cols, int64_t stride, double scale, Causal causal, double *y)
{
    int64_t seen = causal.on ? r % causal.queries + causal.first + 1 : cols;
    seen = seen > cols ? cols : seen;
    double max = -INFINITY, sum = 0;
    for (int64_t k = 0; k < seen; k++)
        max = fmax(max, scale * at(x, r * stride + k));
    for (int64_t k = 0; k < seen; k++)
        sum += exp(scale * at(x, r * stride + k) - max);
    for (int64_t k = 0; k < cols; k++)
        y[k] = k < seen ? exp(scale * at(x, r * stride + k) - max) / sum : 0;
    return max + log(sum);
}

static void test_softmax(LkDType t, int64_t rows, int64_t cols, int64_t padding, float scale, Causal causal)
{
    int64_t stride = cols + padding;
    Array x = array_random(LK_F32, rows * stride, 7, 6, 20), y = array_random(t, rows * stride, 8, 1, 0);
    Array dp = array_random(LK_F32, rows * stride, 9, 1, 0), ds = array_random(t, rows * stride, 10, 1, 0);
    Array p = array_new(t, rows * stride);
    double *truth = malloc(sizeof(double) * (size_t)(rows * stride)),
           *gradient = malloc(sizeof(double) * (size_t)(rows * stride));
    for (int64_t i = 0; i < rows * stride; i++) {
        truth[i] = at(y, i);
        gradient[i] = at(ds, i);
    }
    /* lse: where there are matrices, their rows lie 5 further apart than they are many */
    int64_t queries = causal.on ? causal.queries : rows, lse_stride = queries + 5;
    int64_t lse_count = (rows - 1) / queries * lse_stride + queries;
    Array lse = array_random(LK_F32, lse_count, 11, 1, 0);
    double *logs = malloc(sizeof(double) * (size_t)lse_count);
    for (int64_t i = 0; i < lse_count; i++)
        logs[i] = at(lse, i);
    for (int64_t r = 0; r < rows; r++)
        logs[r / queries * lse_stride + r % queries] =
            softmax_truth(x, r, cols, stride, scale, causal, truth + r * stride);
    LkSoftmaxArgs a = {x.data,  y.data,       rows,     cols,       stride, stride,
                       queries, causal.first, lse.data, lse_stride, scale,  causal.on};
    Check forward = {LK_KERNEL_SOFTMAX, t, &a, {{y, truth, 3e-6}, {lse, logs, 3e-7}}, .scratch = x};
    check(&forward, "%lldx%lld + %lld%s", (long long)rows, (long long)cols, (long long)padding,
          causal.on ? ", causal" : "");
    if (t == LK_F32 && padding == 0) {
        a.y = x.data;
        a.lse = NULL;
        check(&(Check){LK_KERNEL_SOFTMAX, t, &a, {{x, truth, 3e-6}}}, "%lldx%lld%s, in place", (long long)rows,
              (long long)cols, causal.on ? ", causal" : "");
    }
    for (int64_t i = 0; i < rows * stride; i++)
        put(t, p.start, (size_t)i, truth[i]);
    array_reset(p);
    for (int64_t r = 0; r < rows; r++) {
        double dot = 0;
        for (int64_t k = 0; k < cols; k++)
            dot += at(p, r * stride + k) * at(dp, r * stride + k);
        for (int64_t k = 0; k < cols; k++)
            gradient[r * stride + k] = (double)scale * at(p, r * stride + k) * (at(dp, r * stride + k) - dot);
    }
    LkSoftmaxBackwardArgs b = {p.data, dp.data, ds.data, rows, cols, stride, stride, stride, scale};
    check(&(Check){LK_KERNEL_SOFTMAX_BACKWARD, t, &b, {{ds, gradient, 2e-6}}}, "%lldx%lld + %lld", (long long)rows,
          (long long)cols, (long long)padding);
    Array all[] = {x, y, dp, ds, p, lse};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(logs);
    free(truth);
    free(gradient);
}

int main(void)
{
    EACH_TYPE(t)
    {
        for (int kind = LK_LOSS_L2; kind <= LK_LOSS_SMOOTH_L1; kind++) {
            test_loss(t, kind, 1, 1, false);
            test_loss(t, kind, 3, 37, true);
            test_loss(t, kind, 2, 8195, kind % 2 == 0);
        }
        test_loss(t, LK_LOSS_L2, 2, 8195, false);
        test_softmax(t, 1, 1, 0, 1, (Causal){false, 0, 0});
        test_softmax(t, 13, 77, 0, 0.15f, (Causal){false, 0, 0});
        test_softmax(t, 7, 77, 3, -0.15f, (Causal){false, 0, 0});
        test_softmax(t, 12, 13, 5, 0.2f, (Causal){true, 6, 3});
        test_softmax(t, 154, 77, 0, 0.125f, (Causal){true, 77, 0});
        test_softmax(t, 3, 4097, 0, 0.1f, (Causal){false, 0, 0});
    }
    return tap_done();
}
