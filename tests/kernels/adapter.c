/* Adapters: products by element, by row and of Kronecker, taps of a convolution, dropout, DoRA's norms, norm limits. */
#include "base/philox.h"
#include "tests/kernels/check.h"

static double *truth_new(int64_t count)
{
    return calloc((size_t)count + 1, sizeof(double));
}

static void free_all(const Array *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++)
        array_free(arrays[i]);
}

static void test_multiply(LkDType t, int64_t count)
{
    Array a = array_random(t, count, 1, 1, 0), b = array_random(t, count, 2, 1, 0), y = array_new(t, count);
    double *truth = truth_new(count);
    for (int64_t i = 0; i < count; i++)
        truth[i] = 0.5 * at(a, i) * at(b, i);
    LkMultiplyArgs args = {a.data, b.data, y.data, count, 0.5f};
    check(&(Check){LK_KERNEL_MULTIPLY, t, &args, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%lld",
          (long long)count);
    free_all((Array[]){a, b, y}, 3);
    free(truth);
}

static void test_rows(LkDType t, int64_t n, int64_t s, int64_t c, bool added)
{
    int64_t count = n * s * c;
    Array x = array_random(t, count, 3, 1, 0), e = array_random(t, count, 4, 1, 0),
          dy = array_random(t, count, 5, 1, 0);
    Array v = array_random(LK_F32, n * c, 6, 1, 0), bias = array_random(LK_F32, c, 7, 1, 0), y = array_new(t, count);
    Array dv = array_new(LK_F32, n * c), scratch = array_new(LK_F32, lk_sum_rows_scratch(n, s, c));
    double *truth = truth_new(count), *sums = truth_new(n * c);
    for (int64_t i = 0; i < count; i++) {
        int64_t k = i / (s * c) * c + i % c;
        double shifted = at(x, i) + (added ? at(e, i) - at(bias, i % c) : 0);
        truth[i] = shifted * at(v, k) + (added ? at(bias, i % c) : 0);
        sums[k] += at(dy, i) * (at(x, i) - (added ? at(bias, i % c) : 0)) / at(v, k);
    }
    LkScaleRowsArgs a = {x.data, added ? e.data : NULL, v.data, added ? (const float *)bias.data : NULL, y.data, n, s,
                         c};
    check(&(Check){LK_KERNEL_SCALE_ROWS, t, &a, {{y, truth, 1e-6}}, .same_for_all_lanes = true}, "%lldx%lldx%lld %d",
          (long long)n, (long long)s, (long long)c, added);
    LkSumProductsArgs b = {dy.data, x.data, v.data, added ? (const float *)bias.data : NULL, dv.data, scratch.data,
                           n,       s,      c};
    check(&(Check){LK_KERNEL_SUM_PRODUCTS, t, &b, {{dv, sums, 1e-6}}, scratch, true}, "%lldx%lldx%lld %d", (long long)n,
          (long long)s, (long long)c, added);
    free_all((Array[]){x, e, dy, v, bias, y, dv, scratch}, 8);
    free(truth);
    free(sums);
}

static void test_taps(LkDType t, int64_t n, int64_t h, int64_t w, int64_t c, int stride)
{
    int64_t p = (h - 1) / stride + 1, q = (w - 1) / stride + 1; /* 3×3, one place of padding */
    Array z = array_random(t, n * h * w * c * 9, 8, 1, 0), y = array_new(t, n * p * q * c);
    Array wide = array_random(LK_F32, n * h * w * c * 9, 8, 1, 0), y_wide = array_new(t, n * p * q * c);
    Array dy = array_random(t, n * p * q * c, 9, 1, 0), dz = array_new(t, n * h * w * c * 9);
    double *truth = truth_new(n * p * q * c), *spread = truth_new(n * h * w * c * 9);
    double *wide_truth = truth_new(n * p * q * c);
    for (int64_t i = 0; i < n * p * q * c * 9; i++) {
        int64_t tap = i % 9, k = i / 9 % c, place = i / 9 / c, sample = place / (p * q);
        int64_t row = place / q % p * stride + tap / 3 - 1, column = place % q * stride + tap % 3 - 1;
        if (row < 0 || row >= h || column < 0 || column >= w)
            continue;
        int64_t from = (((sample * h + row) * w + column) * c + k) * 9 + tap;
        truth[place * c + k] += at(z, from);
        wide_truth[place * c + k] += at(wide, from);
        spread[from] = at(dy, place * c + k);
    }
    LkTapsArgs a = {z.data, y.data, n, h, w, p, q, c, 3, stride, 1},
               b = {dz.data, dy.data, n, h, w, p, q, c, 3, stride, 1},
               unrounded = {wide.data, y_wide.data, n, h, w, p, q, c, 3, stride, 1, true};
    check(&(Check){LK_KERNEL_GATHER_TAPS, t, &a, {{y, truth, 1e-6, 1}}, .same_for_all_lanes = true},
          "%lldx%lldx%lldx%lld stride %d", (long long)n, (long long)h, (long long)w, (long long)c, stride);
    check(&(Check){LK_KERNEL_GATHER_TAPS, t, &unrounded, {{y_wide, wide_truth, 1e-6, 1}}, .same_for_all_lanes = true},
          "%lldx%lldx%lldx%lld stride %d of f32", (long long)n, (long long)h, (long long)w, (long long)c, stride);
    check(&(Check){LK_KERNEL_SPREAD_TAPS, t, &b, {{dz, spread, -1}}, .same_for_all_lanes = true},
          "%lldx%lldx%lldx%lld stride %d", (long long)n, (long long)h, (long long)w, (long long)c, stride);
    free_all((Array[]){z, y, dy, dz, wide, y_wide}, 6);
    free(truth);
    free(wide_truth);
    free(spread);
}

static void test_dropout(LkDType t, int64_t count)
{
    Array x = array_random(t, count, 10, 1, 0), key = array_new(LK_I32, 4), y = array_new(t, count);
    const int32_t words[4] = {12345, -7, 99, 0};
    for (size_t i = 0; i < 4; i++)
        put(LK_I32, key.start, i, words[i]);
    array_reset(key);
    LkRandom stream = {(uint32_t)words[0] | (uint64_t)(uint32_t)words[1] << 32, LK_RANDOM_DROPOUT, (uint32_t)words[2]};
    double *truth = truth_new(count);
    for (int64_t i = 0; i < count; i++)
        truth[i] = lk_random_u32(stream, ((uint64_t)5 << 42) + (uint64_t)i) >= 0x40000000u ? at(x, i) / 0.75 : 0;
    LkDropoutArgs a = {x.data, key.data, y.data, count, 5, LK_RANDOM_DROPOUT, 0.25f};
    check(&(Check){LK_KERNEL_DROPOUT, t, &a, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%lld", (long long)count);
    free_all((Array[]){x, key, y}, 3);
    free(truth);
}

static void test_kronecker(LkDType t, int64_t m, int64_t n, int64_t p, int64_t q, int64_t taps)
{
    int64_t left = m * n, right = p * taps * q;
    Array a = array_random(t, left, 11, 1, 0), b = array_random(t, right, 12, 1, 0), y = array_new(t, left * right);
    Array dy = array_random(t, left * right, 13, 1, 0), da = array_new(LK_F32, left), db = array_new(LK_F32, right);
    double *truth = truth_new(left * right), *sums = truth_new(left), *others = truth_new(right);
    for (int64_t i = 0; i < left; i++)
        for (int64_t k = 0; k < right; k++) {
            int64_t tap = k / q % taps, place = (((i / n * p + k / (taps * q)) * taps + tap) * n + i % n) * q + k % q;
            truth[place] = 1.5 * at(a, i) * at(b, k);
            sums[i] += 1.5 * at(dy, place) * at(b, k);
            others[k] += 1.5 * at(dy, place) * at(a, i);
        }
    LkKroneckerArgs args = {a.data, b.data, y.data, NULL, m, n, p, q, taps, 1.5f};
    check(&(Check){LK_KERNEL_KRONECKER, t, &args, {{y, truth, 2e-7}}, .same_for_all_lanes = true},
          "%lldx%lld, %lldx%lld, %lld taps", (long long)m, (long long)n, (long long)p, (long long)q, (long long)taps);
    args.y = dy.data;
    args.d = da.data;
    check(&(Check){LK_KERNEL_KRONECKER_LEFT, t, &args, {{da, sums, 1e-5}}}, "%lldx%lld", (long long)m, (long long)n);
    args.d = db.data;
    check(&(Check){LK_KERNEL_KRONECKER_RIGHT, t, &args, {{db, others, 1e-5}}, .same_for_all_lanes = true}, "%lldx%lld",
          (long long)p, (long long)q);
    free_all((Array[]){a, b, y, dy, da, db}, 6);
    free(truth);
    free(sums);
    free(others);
}

static void test_dora(LkDType t, int64_t out, int64_t in, int64_t taps)
{
    int64_t count = out * in * taps;
    Array w = array_random(t, count, 14, 1, 0), delta = array_random(t, count, 15, 0.3, 0), d = array_new(t, count);
    Array magnitude = array_random(LK_F32, out, 16, 1, 3), ds = array_random(LK_F32, out, 17, 1, 0);
    Array s = array_new(LK_F32, out), norm = array_new(LK_F32, out), dm = array_new(LK_F32, out);
    Array given = array_new(LK_F32, out);
    double *scales = truth_new(out), *norms = truth_new(out), *slopes = truth_new(out), *changes = truth_new(count);
    for (int64_t o = 0; o < out; o++) {
        for (int64_t i = 0; i < in * taps; i++)
            norms[o] += pow(at(w, o * in * taps + i) + at(delta, (o * taps + i % taps) * in + i / taps), 2);
        norms[o] = sqrt(norms[o]);
        put(LK_F32, given.start, (size_t)o, norms[o]);
        scales[o] = at(magnitude, o) / (norms[o] + 1e-7);
        slopes[o] = at(ds, o) / (norms[o] + 1e-7);
        for (int64_t i = 0; i < in * taps; i++) {
            int64_t place = (o * taps + i % taps) * in + i / taps;
            double v = at(w, o * in * taps + i) + at(delta, place);
            changes[place] = -slopes[o] * at(magnitude, o) / (norms[o] + 1e-7) * v / norms[o];
        }
    }
    array_reset(given);
    LkDoraScaleArgs a = {w.data, delta.data, magnitude.data, NULL, s.data, norm.data, out, in, taps, 1e-7f, 1};
    check(&(Check){LK_KERNEL_DORA_SCALE, t, &a, {{s, scales, 1e-6}, {norm, norms, 1e-6}}}, "%lldx%lldx%lld",
          (long long)out, (long long)in, (long long)taps);
    LkDoraScaleBackwardArgs b = {ds.data, w.data, delta.data, magnitude.data, given.data, NULL, d.data,
                                 dm.data, out,    in,         taps,           1e-7f};
    check(&(Check){LK_KERNEL_DORA_SCALE_BACKWARD, t, &b, {{d, changes, 1e-6}, {dm, slopes, 1e-6}}}, "%lldx%lldx%lld",
          (long long)out, (long long)in, (long long)taps);
    free_all((Array[]){w, delta, d, magnitude, ds, s, norm, dm, given}, 9);
    free(scales);
    free(norms);
    free(slopes);
    free(changes);
}

static void test_limit(int64_t a_count, int64_t b_count, int64_t gram, double limit)
{
    Array a = array_random(LK_F32, a_count, 18, 1, 0), b = array_random(LK_F32, b_count, 19, 1, 0);
    Array ga = array_random(LK_F32, gram, 20, 1, 1), gb = array_random(LK_F32, gram, 21, 1, 1);
    Array scratch = array_new(LK_F32, 1);
    double sum = 0, *left = truth_new(a_count), *right = truth_new(b_count);
    for (int64_t i = 0; i < gram; i++)
        sum += at(ga, i) * at(gb, i);
    double norm = 0.5 * sqrt(fmax(sum, 0)), factor = norm > limit ? sqrt(limit / norm) : 1;
    for (int64_t i = 0; i < a_count; i++)
        left[i] = factor * at(a, i);
    for (int64_t i = 0; i < b_count; i++)
        right[i] = factor * at(b, i);
    LkLimitNormArgs args = {a.data,  b.data,  ga.data, gb.data, scratch.data, NULL,
                            a_count, b_count, gram,    0.5f,    (float)limit};
    check(&(Check){LK_KERNEL_LIMIT_NORM, LK_F32, &args, {{a, left, 1e-6}, {b, right, 1e-6}}, scratch},
          "%lld, %lld to %g", (long long)a_count, (long long)b_count, limit);
    free_all((Array[]){a, b, ga, gb, scratch}, 5);
    free(left);
    free(right);
}

int main(void)
{
    for (LkDType t = LK_F32; t <= LK_F16; t++) {
        test_multiply(t, 1);
        test_multiply(t, 5003);
        test_rows(t, 2, 3, 5, false);
        test_rows(t, 3, 67, 131, true);
        test_taps(t, 1, 1, 1, 2, 1);
        test_taps(t, 2, 5, 7, 13, 1);
        test_taps(t, 1, 6, 5, 300, 2);
        test_dropout(t, 3);
        test_dropout(t, 4099);
        test_kronecker(t, 1, 1, 1, 1, 1);
        test_kronecker(t, 3, 2, 5, 19, 9);
        test_kronecker(t, 2, 3, 2, 600, 1);
        test_dora(t, 3, 5, 1);
        test_dora(t, 7, 67, 9);
    }
    test_limit(3, 5, 4, 0.01);
    test_limit(5003, 2049, 64, 0.5);
    test_limit(7, 9, 4, 1000);
    return tap_done();
}
