/* Gradient norm, clipping, AdamW over several steps, EMA, sums in parts. */
#include "tests/kernels/check.h"

static void test_norm(int64_t count, double scale)
{
    Array x = array_random(LK_F32, count, 1, scale, 0), sum = array_new(LK_F64, 1);
    Array scratch = array_new(LK_F32, lk_sum_squares_scratch(count));
    double truth = 0;
    for (int64_t i = 0; i < count; i++)
        truth += at(x, i) * at(x, i);
    LkSumSquaresArgs a = {x.data, sum.data, scratch.data, count};
    check(&(Check){LK_KERNEL_SUM_SQUARES, LK_F32, &a, {{sum, &truth, 3e-7}}, scratch}, "%lld", (long long)count);
    array_free(x);
    array_free(sum);
    array_free(scratch);
}

static void test_add_parts(int64_t parts, int64_t count, bool addend, bool in_place)
{
    Array part = array_random(LK_F32, parts * count, 3, 1, 0), start = array_random(LK_F32, count, 4, 1, 0);
    Array y = in_place ? start : array_new(LK_F32, count);
    double *truth = calloc((size_t)count, sizeof *truth);
    for (int64_t i = 0; i < count; i++) {
        truth[i] = addend ? at(start, i) : 0;
        for (int64_t k = 0; k < parts; k++)
            truth[i] += at(part, k * count + i);
    }
    LkAddPartsArgs a = {part.data, addend ? start.data : NULL, y.data, parts, count};
    check(&(Check){LK_KERNEL_ADD_PARTS, LK_F32, &a, {{y, truth, 1e-6}}}, "%lld parts of %lld%s", (long long)parts,
          (long long)count,
          in_place ? ", added in place"
          : addend ? ", added"
                   : "");
    array_free(part);
    array_free(start);
    if (!in_place)
        array_free(y);
    free(truth);
}

static void test_not_finite(void)
{
    float x[40] = {1, 2, 3}, scratch[1], norm, coefficient;
    double sum;
    LkSumSquaresArgs a = {x, &sum, scratch, 40};
    LkClipArgs c = {&sum, NULL, &norm, &coefficient, 1};
    x[21] = INFINITY;
    lk_kernel_launch_cpu(LK_KERNEL_SUM_SQUARES, LK_F32, &a);
    lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
    tap_ok(isinf(sum) && isinf(norm) && isnan(coefficient), "infinity shows in the sum of squares and the norm");
    x[21] = NAN;
    lk_kernel_launch_cpu(LK_KERNEL_SUM_SQUARES, LK_F32, &a);
    lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
    tap_ok(isnan(sum) && isnan(norm) && isnan(coefficient),
           "NaN shows in the sum of squares, the norm and the coefficient");
    sum = 1e80;
    lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
    tap_ok(isinf(norm) && isnan(coefficient), "a norm that no float holds is like infinity");
    c.max_norm = 0;
    sum = INFINITY;
    lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
    tap_ok(isinf(norm) && isnan(coefficient), "without clipping too");
    float losses[3] = {1, 2, 3};
    c.losses = losses;
    c.n_losses = 3;
    sum = 4;
    lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
    tap_ok(norm == 2 && coefficient == 1, "losses that are numbers change nothing");
    for (int i = 0; i < 2; i++) {
        losses[2] = i ? NAN : -INFINITY;
        lk_kernel_launch_cpu(LK_KERNEL_CLIP, LK_F32, &c);
        tap_ok(norm == 2 && isnan(coefficient), "a loss of %g shows in the coefficient", (double)losses[2]);
    }
}

/* What follows the optimizer changes nothing either. */
static void test_averages_left_alone(void)
{
    const float decay = 0.5f, gram[1] = {100}, factor = NAN;
    float e[40] = {1, 2}, p[40] = {5, 7}, a[3] = {3, 4, 5}, b[3] = {6, 7, 8}, scratch[1], one = 1;
    LkEmaArgs ema = {.e = e, .p = p, .decay = &decay, .coefficient = &factor, .count = 40};
    LkLimitNormArgs limit = {.a = a,
                             .b = b,
                             .gram_a = gram,
                             .gram_b = gram,
                             .scratch = scratch,
                             .coefficient = &factor,
                             .a_count = 3,
                             .b_count = 3,
                             .gram_count = 1,
                             .scale = 1,
                             .limit = 25};
    lk_kernel_launch_cpu(LK_KERNEL_EMA, LK_F32, &ema);
    lk_kernel_launch_cpu(LK_KERNEL_LIMIT_NORM, LK_F32, &limit);
    tap_ok(e[0] == 1 && e[1] == 2 && a[2] == 5 && b[0] == 6, "a factor of NaN leaves averages and norms alone");
    ema.coefficient = limit.coefficient = &one;
    lk_kernel_launch_cpu(LK_KERNEL_EMA, LK_F32, &ema);
    lk_kernel_launch_cpu(LK_KERNEL_LIMIT_NORM, LK_F32, &limit);
    tap_ok(e[0] == 3 && e[1] == 4.5f && a[2] == 2.5f && b[0] == 3, "a finite one does not");
}

/* Notes begin at their slot, and never lie outside of their room: what would is left out. */
static void test_notes(int64_t n, int64_t room, int64_t first)
{
    Array x = array_random(LK_F32, n, 60, 1, 0), slot = array_new(LK_F32, 1);
    Array notes = array_random(LK_F32, room, 61, 1, 0);
    double *truth = malloc((size_t)room * sizeof *truth);
    put(LK_F32, slot.start, 0, (double)first);
    array_reset(slot);
    for (int64_t i = 0; i < room; i++)
        truth[i] = first >= 0 && i >= first && i < first + n ? at(x, i - first) : at(notes, i);
    LkNoteArgs a = {.x = x.data, .notes = notes.data, .slot = slot.data, .n = n, .room = room};
    check(&(Check){.id = LK_KERNEL_NOTE, .dtype = LK_F32, .args = &a, .outputs = {{notes, truth, -1, 0}}},
          "%d from %d on, room for %d", (int)n, (int)first, (int)room);
    free(truth);
    array_free(x);
    array_free(slot);
    array_free(notes);
}

/* A step whose gradient is not finite changes nothing. */
static void test_left_alone(float factor)
{
    float p[5000], g[5000], m[5000], v[5000], before[3][5000];
    for (int i = 0; i < 5000; i++) {
        p[i] = 0.01f * (float)i;
        m[i] = 1.0f / (float)(i + 1);
        v[i] = (float)i;
        g[i] = i % 7 == 3 ? NAN : 1;
    }
    float *const arrays[] = {p, m, v};
    for (int k = 0; k < 3; k++)
        memcpy(before[k], arrays[k], sizeof before[k]);
    LkAdamwScalars scalars = lk_adamw_scalars(3, 0.1, 0.9, 0.999, 1e-8, 0.05);
    LkAdamwArgs a = {p, g, m, v, &scalars, &factor, 5000};
    lk_kernel_launch_cpu(LK_KERNEL_ADAMW, LK_F32, &a);
    bool same = true;
    for (int k = 0; k < 3; k++)
        same &= memcmp(before[k], arrays[k], sizeof before[k]) == 0;
    tap_ok(same, "a factor of %g leaves weights and moments alone", (double)factor);
}

static void test_clip(double sum, float unscale, float max_norm)
{
    Array sums = array_new(LK_F64, 1), unscales = array_new(LK_F32, 1), norm = array_new(LK_F32, 1),
          coefficient = array_new(LK_F32, 1);
    put(LK_F64, sums.start, 0, sum);
    put(LK_F32, unscales.start, 0, unscale);
    array_reset(sums);
    array_reset(unscales);
    double u = unscale > 0 ? unscale : 1, norm_truth = sqrt(sum) * u;
    double ratio = max_norm > 0 ? fmin(1, max_norm / (norm_truth + 1e-6)) : 1, truth = u * ratio;
    LkClipArgs a = {sums.data, unscale > 0 ? unscales.data : NULL, norm.data, coefficient.data, max_norm};
    check(&(Check){LK_KERNEL_CLIP, LK_F32, &a, {{norm, &norm_truth, 1e-7}, {coefficient, &truth, 1e-7}}},
          "sum %g, unscale %g, max %g", sum, (double)unscale, (double)max_norm);
    Array all[] = {sums, unscales, norm, coefficient};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
}

/* One step from given moments, then the same compared at steps 1, 2, 1000. */
static void test_adamw(int64_t count, int64_t step, double beta1, bool clip)
{
    Array p = array_random(LK_F32, count, 1, 1, 0), g = array_random(LK_F32, count, 2, 0.1, 0);
    Array m = array_random(LK_F32, count, 3, 0.1, 0), v = array_random(LK_F32, count, 4, 0.003, 0.02);
    Array coefficient = array_random(LK_F32, 1, 5, 0, 0.3);
    double *truth[3], lr = 1e-2, beta2 = 0.999, eps = 1e-8, decay = 0.1;
    for (int i = 0; i < 3; i++)
        truth[i] = malloc(sizeof(double) * (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        double grad = at(g, i) * (clip ? at(coefficient, 0) : 1), old = at(p, i);
        truth[1][i] = beta1 * at(m, i) + (1 - beta1) * grad;
        truth[2][i] = beta2 * at(v, i) + (1 - beta2) * grad * grad;
        double mean = truth[1][i] / (1 - pow(beta1, (double)step)),
               square = truth[2][i] / (1 - pow(beta2, (double)step));
        truth[0][i] = old - lr * decay * old - lr * mean / (sqrt(square) + eps);
    }
    LkAdamwScalars scalars = lk_adamw_scalars(step, lr, beta1, beta2, eps, decay);
    LkAdamwArgs a = {p.data, g.data, m.data, v.data, &scalars, clip ? coefficient.data : NULL, count};
    check(&(Check){LK_KERNEL_ADAMW,
                   LK_F32,
                   &a,
                   {{p, truth[0], 2e-7}, {m, truth[1], 3e-7}, {v, truth[2], 2e-7}},
                   .same_for_all_lanes = true},
          "%lld, step %lld, beta1 %g%s", (long long)count, (long long)step, beta1, clip ? ", clipped" : "");
    Array all[] = {p, g, m, v, coefficient};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    for (int i = 0; i < 3; i++)
        free(truth[i]);
}

/* Three steps of torch.optim.AdamW 2.x on one parameter: lr 0.1, betas (0.9, 0.999), eps 1e-8, weight_decay 0.05,
 * p = 0.5, gradients 0.3, -0.2, 0.05. */
static void test_torch_steps(void)
{
    static const float gradients[] = {0.3f, -0.2f, 0.05f};
    static const double expected[] = {0.397500008, 0.381060481, 0.359307706};
    float p = 0.5f, m = 0, v = 0;
    for (int step = 1; step <= 3; step++) {
        LkAdamwScalars scalars = lk_adamw_scalars(step, 0.1, 0.9, 0.999, 1e-8, 0.05);
        LkAdamwArgs a = {&p, &gradients[step - 1], &m, &v, &scalars, NULL, 1};
        lk_kernel_launch_cpu(LK_KERNEL_ADAMW, LK_F32, &a);
        tap_ok(fabs(p - expected[step - 1]) < 1e-7, "step %d ends where torch's does: %.9g, %.9g", step, (double)p,
               expected[step - 1]);
    }
}

static void test_ema(int64_t count, float decay)
{
    Array e = array_random(LK_F32, count, 1, 1, 0), p = array_random(LK_F32, count, 2, 1, 0), d = array_new(LK_F32, 1);
    put(LK_F32, d.start, 0, decay);
    array_reset(d);
    double *truth = malloc(sizeof(double) * (size_t)count);
    for (int64_t i = 0; i < count; i++)
        truth[i] = (double)decay * at(e, i) + (1 - (double)decay) * at(p, i);
    LkEmaArgs a = {.e = e.data, .p = p.data, .decay = d.data, .count = count};
    check(&(Check){LK_KERNEL_EMA, LK_F32, &a, {{e, truth, 2e-7}}, .same_for_all_lanes = true}, "%lld, decay %g",
          (long long)count, (double)decay);
    array_free(e);
    array_free(p);
    array_free(d);
    free(truth);
}

int main(void)
{
    test_add_parts(1, 1, false, false);
    test_add_parts(3, 37, true, false);
    test_add_parts(32, 2049, true, true);
    test_add_parts(7, 10240, false, false);
    static const int64_t sizes[] = {1, 31, 4097, 20011};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        test_norm(sizes[i], 1);
        test_norm(sizes[i], 1e-6);
        test_adamw(sizes[i], 1, 0.9, true);
        test_adamw(sizes[i], 1000, 0.9, false);
        test_adamw(sizes[i], 2, 0.3, false);
        test_ema(sizes[i], 0.999f);
    }
    test_not_finite();
    test_averages_left_alone();
    test_notes(3, 4, 1);
    test_notes(3, 4, 3);
    test_notes(3, 4, -4);
    test_notes(700, 5000, 1000);
    test_left_alone(NAN);
    test_left_alone(INFINITY);
    test_clip(4, 0, 1);
    test_clip(4, 0, 3);
    test_clip(4e8, 1.0f / 16384, 1);
    test_clip(9, 0.5f, 0);
    test_clip(0, 0, 1);
    test_torch_steps();
    return tap_done();
}
