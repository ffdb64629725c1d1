/* Group norm and layer norm, forward and backward, against double precision. */
#include "tests/kernels/check.h"

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The plain formulas, written from the definition: two passes, every element on its own. */
static void group_norm_truth(const LkGroupNormArgs *a, Array x, Array gamma, Array beta, double *y, double *stats)
{
    int64_t width = a->c / a->groups;
    for (int64_t n = 0; n < a->n; n++)
        for (int64_t g = 0; g < a->groups; g++) {
            double mean = 0, square = 0;
            for (int64_t s = 0; s < a->s; s++)
                for (int64_t k = 0; k < width; k++)
                    mean += at(x, (n * a->s + s) * a->c + g * width + k);
            mean /= (double)(a->s * width);
            for (int64_t s = 0; s < a->s; s++)
                for (int64_t k = 0; k < width; k++)
                    square += pow(at(x, (n * a->s + s) * a->c + g * width + k) - mean, 2);
            double rstd = 1 / sqrt(square / (double)(a->s * width) + a->eps);
            stats[2 * (n * a->groups + g)] = mean;
            stats[2 * (n * a->groups + g) + 1] = rstd;
            for (int64_t s = 0; s < a->s; s++)
                for (int64_t k = 0; k < width; k++) {
                    int64_t c = g * width + k, i = (n * a->s + s) * a->c + c;
                    double z = (at(x, i) - mean) * rstd * at(gamma, c) + at(beta, c);
                    y[i] = a->silu ? z * sigmoid(z) : z;
                }
        }
}

static void group_norm_gradient(const LkGroupNormBackwardArgs *a, Array dy, Array x, Array gamma, Array beta,
                                const double *stats, double *dx)
{
    int64_t width = a->c / a->groups;
    double count = (double)(a->s * width);
    for (int64_t n = 0; n < a->n; n++)
        for (int64_t g = 0; g < a->groups; g++) {
            double mean = stats[2 * (n * a->groups + g)], rstd = stats[2 * (n * a->groups + g) + 1];
            double sum = 0, product = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int64_t s = 0; s < a->s; s++)
                    for (int64_t k = 0; k < width; k++) {
                        int64_t c = g * width + k, i = (n * a->s + s) * a->c + c;
                        double h = (at(x, i) - mean) * rstd, z = h * at(gamma, c) + at(beta, c), d = at(dy, i);
                        if (a->silu)
                            d *= sigmoid(z) * (1 + z * (1 - sigmoid(z)));
                        d *= at(gamma, c);
                        if (pass == 0) {
                            sum += d;
                            product += d * h;
                        } else {
                            dx[i] = rstd * (d - sum / count - h * product / count);
                        }
                    }
        }
}

/** The gradient on top of what is known of it, of T in its place and of float. */
static void group_norm_onto_known(LkGroupNormBackwardArgs *b, LkDType t, Array dx, double *truth, double tolerance,
                                  double floor, Array scratch)
{
    int64_t count = b->n * b->s * b->c;
    Array known[2] = {array_random(t, count, 9, 2, 0), array_random(LK_F32, count, 10, 2, 0)};
    double *sum = malloc(sizeof(double) * (size_t)count);
    for (int of_float = 0; of_float < 2; of_float++) {
        for (int64_t i = 0; i < count; i++) {
            put(t, dx.start, (size_t)i, truth[i]); /* as T holds it */
            sum[i] = at(dx, i) + at(known[of_float], i);
        }
        array_reset(dx);
        b->addend = known[of_float].data;
        b->addend_is_float = of_float;
        b->dx = of_float ? dx.data : known[0].data;
        check(
            &(Check){LK_KERNEL_GROUP_NORM_BACKWARD, t, b, {{of_float ? dx : known[0], sum, tolerance, floor}}, scratch},
            "%lldx%lldx%lld, %lld groups%s, onto what is known%s", (long long)b->n, (long long)b->s, (long long)b->c,
            (long long)b->groups, b->silu ? ", silu" : "", of_float ? " in float" : ", in its place");
    }
    free(sum);
    array_free(known[0]);
    array_free(known[1]);
}

static void test_group_norm(LkDType t, int64_t n, int64_t s, int64_t c, int64_t groups, int silu, double shift)
{
    int64_t count = n * s * c;
    Array x = array_random(t, count, 1, 1.5, shift), dy = array_random(t, count, 2, 1, 0);
    Array gamma = array_random(LK_F32, c, 3, 0.3, 1), beta = array_random(LK_F32, c, 4, 0.3, 0);
    Array y = array_new(t, count), dx = array_new(t, count), stats = array_new(LK_F32, 2 * n * groups);
    Array scratch = array_new(LK_F32, lk_group_norm_scratch(n, s, c));
    Array back_scratch = array_new(LK_F32, lk_group_norm_backward_scratch(n, s, c));
    double *truth = malloc(sizeof(double) * (size_t)count),
           *stats_truth = malloc(sizeof(double) * 2 * (size_t)(n * groups));
    LkGroupNormArgs a = {.x = x.data,
                         .gamma = gamma.data,
                         .beta = beta.data,
                         .y = y.data,
                         .stats = stats.data,
                         .scratch = scratch.data,
                         .n = n,
                         .s = s,
                         .c = c,
                         .groups = groups,
                         .eps = 1e-5f,
                         .silu = silu};
    group_norm_truth(&a, x, gamma, beta, truth, stats_truth);
    /* A shift makes the inputs' own float spacing count. */
    double tolerance = 1e-6 + 2e-7 * fabs(shift);
    check(&(Check){LK_KERNEL_GROUP_NORM, t, &a, {{y, truth, tolerance}, {stats, stats_truth, tolerance}}, scratch},
          "%lldx%lldx%lld, %lld groups%s, shift %g", (long long)n, (long long)s, (long long)c, (long long)groups,
          silu ? ", silu" : "", shift);

    for (int64_t i = 0; i < 2 * n * groups; i++)
        put(LK_F32, stats.start, (size_t)i, stats_truth[i]);
    array_reset(stats);
    LkGroupNormBackwardArgs b = {.dy = dy.data,
                                 .x = x.data,
                                 .gamma = gamma.data,
                                 .beta = beta.data,
                                 .stats = stats.data,
                                 .dx = dx.data,
                                 .scratch = back_scratch.data,
                                 .n = n,
                                 .s = s,
                                 .c = c,
                                 .groups = groups,
                                 .silu = silu};
    double floor = s * c == groups ? 300 : 0; /* a group of one element: 1 / sqrt(eps) times nothing */
    group_norm_gradient(&b, dy, x, gamma, beta, stats_truth, truth);
    check(&(Check){LK_KERNEL_GROUP_NORM_BACKWARD, t, &b, {{dx, truth, 2 * tolerance, floor}}, back_scratch},
          "%lldx%lldx%lld, %lld groups%s, shift %g", (long long)n, (long long)s, (long long)c, (long long)groups,
          silu ? ", silu" : "", shift);
    group_norm_onto_known(&b, t, dx, truth, 2 * tolerance, floor, back_scratch);
    Array all[] = {x, dy, gamma, beta, y, dx, stats, scratch, back_scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(stats_truth);
}

static void test_layer_norm(LkDType t, int64_t rows, int64_t c, double shift)
{
    int64_t count = rows * c;
    Array x = array_random(t, count, 5, 1.5, shift), dy = array_random(t, count, 6, 1, 0);
    Array gamma = array_random(LK_F32, c, 7, 0.3, 1), beta = array_random(LK_F32, c, 8, 0.3, 0);
    Array y = array_new(t, count), dx = array_new(t, count), stats = array_new(LK_F32, 2 * rows);
    double *truth = malloc(sizeof(double) * (size_t)count), *stats_truth = malloc(sizeof(double) * 2 * (size_t)rows);
    double *gradient = malloc(sizeof(double) * (size_t)count);
    for (int64_t r = 0; r < rows; r++) {
        double mean = 0, square = 0, sum = 0, product = 0;
        for (int64_t k = 0; k < c; k++)
            mean += at(x, r * c + k) / (double)c;
        for (int64_t k = 0; k < c; k++)
            square += pow(at(x, r * c + k) - mean, 2) / (double)c;
        double rstd = 1 / sqrt(square + (double)1e-5f);
        stats_truth[2 * r] = mean;
        stats_truth[2 * r + 1] = rstd;
        for (int64_t k = 0; k < c; k++) {
            double h = (at(x, r * c + k) - mean) * rstd, g = at(dy, r * c + k) * at(gamma, k);
            truth[r * c + k] = h * at(gamma, k) + at(beta, k);
            sum += g / (double)c;
            product += g * h / (double)c;
        }
        for (int64_t k = 0; k < c; k++) {
            double h = (at(x, r * c + k) - mean) * rstd, g = at(dy, r * c + k) * at(gamma, k);
            gradient[r * c + k] = rstd * (g - sum - h * product);
        }
    }
    double tolerance = 1e-6 + 2e-7 * fabs(shift);
    LkLayerNormArgs a = {.x = x.data,
                         .gamma = gamma.data,
                         .beta = beta.data,
                         .y = y.data,
                         .stats = stats.data,
                         .rows = rows,
                         .c = c,
                         .y_step = c,
                         .eps = 1e-5f};
    check(&(Check){LK_KERNEL_LAYER_NORM, t, &a, {{y, truth, tolerance}, {stats, stats_truth, tolerance}}},
          "%lldx%lld, shift %g", (long long)rows, (long long)c, shift);
    double *apart;
    Array wide = array_apart(t, rows, c, c + 24, truth, &apart);
    array_reset(stats);
    a.y = wide.data;
    a.y_step = c + 24;
    check(&(Check){LK_KERNEL_LAYER_NORM, t, &a, {{wide, apart, tolerance}, {stats, stats_truth, tolerance}}},
          "%lldx%lld, shift %g, rows apart", (long long)rows, (long long)c, shift);
    array_free(wide);
    free(apart);
    for (int64_t i = 0; i < 2 * rows; i++)
        put(LK_F32, stats.start, (size_t)i, stats_truth[i]);
    array_reset(stats);
    LkLayerNormBackwardArgs b = {
        .dy = dy.data, .x = x.data, .gamma = gamma.data, .stats = stats.data, .dx = dx.data, .rows = rows, .c = c};
    double floor = c == 1 ? 300 : 0;
    check(&(Check){LK_KERNEL_LAYER_NORM_BACKWARD, t, &b, {{dx, gradient, 2 * tolerance, floor}}}, "%lldx%lld, shift %g",
          (long long)rows, (long long)c, shift);
    array_reset(y);
    b.y = y.data;
    b.beta = beta.data;
    check(&(Check){LK_KERNEL_LAYER_NORM_BACKWARD, t, &b, {{dx, gradient, 2 * tolerance, floor}, {y, truth, tolerance}}},
          "%lldx%lld, shift %g, with what it is of", (long long)rows, (long long)c, shift);
    b.y = NULL;
    Array known = array_random(t, count, 9, 2, 0);
    for (int64_t i = 0; i < count; i++) {
        put(t, y.start, (size_t)i, gradient[i]); /* as T holds it */
        gradient[i] = at(y, i) + at(known, i);
    }
    b.addend = b.dx = known.data;
    check(&(Check){LK_KERNEL_LAYER_NORM_BACKWARD, t, &b, {{known, gradient, 2 * tolerance, floor}}},
          "%lldx%lld, shift %g, added in place", (long long)rows, (long long)c, shift);
    Array all[] = {x, dy, gamma, beta, y, dx, stats, known};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(stats_truth);
    free(gradient);
}

int main(void)
{
    static const struct {
        int64_t n, s, c, groups;
    } shapes[] = {{1, 1, 32, 32},    {2, 7, 12, 3},    {1, 64, 64, 32},  {3, 65, 40, 4},  {1, 130, 320, 32},
                  {2, 33, 1280, 32}, {1, 9, 2560, 32}, {1, 519, 37, 37}, {1, 1030, 6, 1}, {1, 11, 611, 13}};
    EACH_TYPE(t)
    {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int silu = 0; silu < 2; silu++)
                test_group_norm(t, shapes[i].n, shapes[i].s, shapes[i].c, shapes[i].groups, silu, 0.5);
        test_layer_norm(t, 1, 1, 0.5);
        test_layer_norm(t, 3, 7, 0.5);
        test_layer_norm(t, 5, 16, 0.5);
        test_layer_norm(t, 13, 37, 0.5);
        test_layer_norm(t, 17, 320, 0.5);
        test_layer_norm(t, 3, 1283, 0.5);
        test_layer_norm(t, 2, 3072, 0.5);
    }
    /* A mean far from zero must not cancel the variance away. */
    test_group_norm(LK_F32, 1, 300, 64, 8, 0, 100);
    test_layer_norm(LK_F32, 9, 320, 100);
    return tap_done();
}
