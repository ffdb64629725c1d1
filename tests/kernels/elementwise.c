/* Sums of tensors, noise, casts, fills, VAE latents. */
#include "tests/kernels/check.h"

static double *truth_new(int64_t count)
{
    return malloc(sizeof(double) * (size_t)count);
}

static void test_axpby(LkDType t, int64_t n, float alpha, float beta, bool two)
{
    Array x = array_random(t, n, 1, 1, 0), z = array_random(t, n, 2, 1, 0), y = array_new(t, n);
    double *truth = truth_new(n);
    for (int64_t i = 0; i < n; i++)
        truth[i] = (double)alpha * at(x, i) + (two ? (double)beta * at(z, i) : 0);
    LkAxpbyArgs a = {x.data, two ? z.data : NULL, y.data, n, alpha, beta};
    check(&(Check){LK_KERNEL_AXPBY, t, &a, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%g %g, %lld%s",
          (double)alpha, (double)beta, (long long)n, two ? "" : ", one input");
    a.y = x.data;
    check(&(Check){LK_KERNEL_AXPBY, t, &a, {{x, truth, 2e-7}}, .same_for_all_lanes = true}, "%g %g, %lld%s, in place",
          (double)alpha, (double)beta, (long long)n, two ? "" : ", one input");
    array_free(x);
    array_free(y);
    array_free(z);
    free(truth);
}

static void test_q_sample(LkDType t, int64_t n, int64_t s)
{
    Array x = array_random(LK_F32, n * s, 3, 1, 0), z = array_random(LK_F32, n * s, 4, 1, 0);
    Array a = array_random(LK_F32, n, 5, 0.3, 0.5), b = array_random(LK_F32, n, 6, 0.3, 0.5), y = array_new(t, n * s);
    double *truth = truth_new(n * s);
    for (int64_t i = 0; i < n * s; i++)
        truth[i] = at(a, i / s) * at(x, i) + at(b, i / s) * at(z, i);
    LkQSampleArgs args = {x.data, z.data, a.data, b.data, y.data, n, s};
    check(&(Check){LK_KERNEL_Q_SAMPLE, t, &args, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%lldx%lld",
          (long long)n, (long long)s);
    Array all[] = {x, z, a, b, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
}

static void test_cast(LkDType t, int64_t n)
{
    Array x = array_random(LK_F32, n, 7, 1, 0), y = array_new(t, n), z = array_random(t, n, 8, 1, 0),
          w = array_new(LK_F32, n);
    put(LK_F32, x.start, 0, INFINITY);
    put(LK_F32, x.start, (size_t)n - 1, NAN);
    array_reset(x);
    double *down = truth_new(n), *up = truth_new(n);
    for (int64_t i = 0; i < n; i++) {
        down[i] = at(x, i);
        up[i] = at(z, i);
    }
    LkCastArgs a = {x.data, y.data, n};
    check(&(Check){LK_KERNEL_CAST_FROM_F32, t, &a, {{y, down, -1}}, .same_for_all_lanes = true}, "%lld, same bits",
          (long long)n);
    LkCastArgs b = {z.data, w.data, n};
    check(&(Check){LK_KERNEL_CAST_TO_F32, t, &b, {{w, up, -1}}, .same_for_all_lanes = true}, "%lld, same bits",
          (long long)n);
    LkFillArgs c = {y.data, n, 0.5f};
    for (int64_t i = 0; i < n; i++)
        down[i] = 0.5;
    check(&(Check){LK_KERNEL_FILL, t, &c, {{y, down, -1}}, .same_for_all_lanes = true}, "%lld", (long long)n);
    Array all[] = {x, y, z, w};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(down);
    free(up);
}

static void test_vae(LkDType t, int64_t positions, int64_t c, bool noise)
{
    Array moments = array_random(LK_F32, positions * 2 * c, 9, 5, 0),
          eps = array_random(LK_F32, positions * c, 10, 1, 0);
    /* Beyond both clamps. */
    put(LK_F32, moments.start, (size_t)c, -100);
    put(LK_F32, moments.start, (size_t)(2 * c * positions) - 1, 21);
    array_reset(moments);
    Array y = array_new(t, positions * c);
    double *truth = truth_new(positions * c);
    for (int64_t i = 0; i < positions; i++)
        for (int64_t k = 0; k < c; k++) {
            double logvar = fmin(fmax(at(moments, 2 * i * c + c + k), -30), 20);
            double latent = at(moments, 2 * i * c + k) + (noise ? exp(logvar / 2) * at(eps, i * c + k) : 0);
            truth[i * c + k] = (latent - 0.125) * (double)0.18215f;
        }
    LkVaeSampleArgs a = {moments.data, noise ? eps.data : NULL, y.data, positions, c, 0.125f, 0.18215f};
    check(&(Check){LK_KERNEL_VAE_SAMPLE, t, &a, {{y, truth, 5e-7}}, .same_for_all_lanes = true}, "%lldx%lld%s",
          (long long)positions, (long long)c, noise ? "" : ", mean");
    array_free(moments);
    array_free(eps);
    array_free(y);
    free(truth);
}

int main(void)
{
    static const int64_t sizes[] = {1, 7, 2048, 4999};
    EACH_TYPE(t)
    {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            test_axpby(t, sizes[i], 1, 1, true);
            test_axpby(t, sizes[i], 0.75f, -1.5f, true);
            test_axpby(t, sizes[i], 2.5f, 1, false);
            test_cast(t, sizes[i] + 1);
        }
        test_q_sample(t, 1, 1);
        test_q_sample(t, 3, 13);
        test_q_sample(t, 2, 4099);
        test_vae(t, 1, 4, true);
        test_vae(t, 67, 4, true);
        test_vae(t, 2053, 16, false);
    }
    return tap_done();
}
