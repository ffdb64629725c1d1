/* Activations and GEGLU, forward and backward. */
#include "tests/kernels/check.h"

static double value(int kind, double x)
{
    switch (kind) {
    case LK_SILU:
        return x / (1 + exp(-x));
    case LK_QUICK_GELU:
        return x / (1 + exp(-1.702 * x));
    case LK_GELU_ERF:
        return x * erfc(-x / sqrt(2)) / 2;
    default:
        return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    }
}

/* A difference: independent of the formula of the derivative. */
static double slope(int kind, double x)
{
    double h = 1e-5;
    return (8 * (value(kind, x + h) - value(kind, x - h)) - (value(kind, x + 2 * h) - value(kind, x - 2 * h))) /
           (12 * h);
}

static void test_activation(LkDType t, int kind, int64_t n)
{
    Array x = array_random(t, n, 1, 2, 0), dy = array_random(t, n, 2, 1, 0), y = array_new(t, n), dx = array_new(t, n);
    double *truth = malloc(sizeof(double) * (size_t)n), *gradient = malloc(sizeof(double) * (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        truth[i] = value(kind, at(x, i));
        gradient[i] = at(dy, i) * slope(kind, at(x, i));
    }
    LkActivationArgs a = {x.data, y.data, n, kind};
    check(&(Check){LK_KERNEL_ACTIVATION, t, &a, {{y, truth, 5e-7}}, .same_for_all_lanes = true}, "kind %d, %lld", kind,
          (long long)n);
    LkActivationBackwardArgs b = {dy.data, x.data, dx.data, n, kind};
    check(&(Check){LK_KERNEL_ACTIVATION_BACKWARD, t, &b, {{dx, gradient, 5e-7}}, .same_for_all_lanes = true},
          "kind %d, %lld", kind, (long long)n);
    /* In place. */
    a.y = x.data;
    check(&(Check){LK_KERNEL_ACTIVATION, t, &a, {{x, truth, 5e-7}}, .same_for_all_lanes = true},
          "kind %d, %lld, in place", kind, (long long)n);
    array_reset(x);
    b.dx = dy.data;
    check(&(Check){LK_KERNEL_ACTIVATION_BACKWARD, t, &b, {{dy, gradient, 5e-7}}}, "kind %d, %lld, in place", kind,
          (long long)n);
    Array all[] = {x, dy, y, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(gradient);
}

static void test_geglu(LkDType t, int64_t rows, int64_t c)
{
    Array x = array_random(t, 2 * rows * c, 3, 1.5, 0), dy = array_random(t, rows * c, 4, 1, 0);
    Array y = array_new(t, rows * c), dx = array_new(t, 2 * rows * c);
    double *truth = malloc(sizeof(double) * (size_t)(rows * c)),
           *gradient = malloc(sizeof(double) * 2 * (size_t)(rows * c));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < c; k++) {
            double u = at(x, 2 * r * c + k), g = at(x, 2 * r * c + c + k), d = at(dy, r * c + k);
            truth[r * c + k] = u * value(LK_GELU_ERF, g);
            gradient[2 * r * c + k] = d * value(LK_GELU_ERF, g);
            gradient[2 * r * c + c + k] = d * u * slope(LK_GELU_ERF, g);
        }
    LkGegluArgs a = {.x = x.data, .y = y.data, .rows = rows, .c = c, .y_step = c};
    check(&(Check){LK_KERNEL_GEGLU, t, &a, {{y, truth, 5e-7}}, .same_for_all_lanes = true}, "%lldx%lld",
          (long long)rows, (long long)c);
    double *apart;
    Array wide = array_apart(t, rows, c, c + 8, truth, &apart);
    a.y = wide.data;
    a.y_step = c + 8;
    check(&(Check){LK_KERNEL_GEGLU, t, &a, {{wide, apart, 5e-7}}, .same_for_all_lanes = true}, "%lldx%lld, rows apart",
          (long long)rows, (long long)c);
    array_free(wide);
    free(apart);
    LkGegluBackwardArgs b = {.dy = dy.data, .x = x.data, .dx = dx.data, .rows = rows, .c = c};
    check(&(Check){LK_KERNEL_GEGLU_BACKWARD, t, &b, {{dx, gradient, 5e-7}}, .same_for_all_lanes = true}, "%lldx%lld",
          (long long)rows, (long long)c);
    array_reset(y);
    b.dx = x.data;
    b.y = y.data;
    check(
        &(Check){LK_KERNEL_GEGLU_BACKWARD, t, &b, {{x, gradient, 5e-7}, {y, truth, 5e-7}}, .same_for_all_lanes = true},
        "%lldx%lld, in place, with what it is of", (long long)rows, (long long)c);
    Array all[] = {x, dy, y, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(gradient);
}

/** scale · h uᵀ, whose factors are random; u as [columns, terms], or as [terms, columns] where `beside`. */
typedef struct Low {
    Array h, u;
    LkLowRank args;
} Low;

static Low low_new(LkDType t, int64_t rows, int64_t columns, int64_t terms, bool beside, uint64_t seed)
{
    Low low = {
        array_random(t, rows * terms + 1, seed, 1, 0), array_random(t, columns * terms + 1, seed + 1, 0.2, 0), {0}};
    if (terms == 0) /* as a node without an addend has it */
        return low;
    low.args = (LkLowRank){.h = low.h.data,
                           .u = low.u.data,
                           .terms = terms,
                           .row_step = terms,
                           .column_step = beside ? 1 : terms,
                           .term_step = beside ? columns : 1,
                           .scale = 0.75f};
    return low;
}

/** x plus the addend, rounded to the type. */
static double with_low(const Low *low, double x, int64_t row, int64_t column)
{
    double sum = 0;
    for (int64_t j = 0; j < low->args.terms; j++)
        sum += at(low->h, row * low->args.terms + j) *
               at(low->u, column * low->args.column_step + j * low->args.term_step);
    Array one = low->h; /* of the type */
    double place = 0;
    one.start = (unsigned char *)&place;
    put(one.dtype, one.start, 0, x + 0.75 * sum);
    return at(one, 0);
}

/** `terms` of rows that lie `row_step` apart. */
static void test_add_low_rank(LkDType t, int64_t rows, int64_t c, int64_t terms, int64_t row_step, bool beside)
{
    Array x = array_random(LK_F32, rows * c, 5, 2, 0), y = array_new(t, rows * c);
    Low low = low_new(t, rows, c, row_step, beside, 7);
    double *truth = malloc(sizeof(double) * (size_t)(rows * c));
    low.args.terms = terms;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < c; k++) {
            double sum = 0;
            for (int64_t j = 0; j < terms; j++)
                sum += at(low.h, r * row_step + j) * at(low.u, k * low.args.column_step + j * low.args.term_step);
            truth[r * c + k] = at(x, r * c + k) + 0.75 * sum;
        }
    LkAddLowRankArgs a = {x.data, y.data, rows, c, low.args};
    check(&(Check){LK_KERNEL_ADD_LOW_RANK, t, &a, {{y, truth, 1e-6}}, .same_for_all_lanes = true, .warps = true},
          "%lldx%lld of %lld, rows %lld apart%s", (long long)rows, (long long)c, (long long)terms, (long long)row_step,
          beside ? ", terms apart" : "");
    Array all[] = {x, y, low.h, low.u};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
}

/** `of` and `of_dy`: terms of the two, 0 for none; dy_type: float or t. */
static void test_geglu_low_rank(LkDType t, int64_t rows, int64_t c, int64_t of, int64_t of_dy, LkDType dy_type)
{
    Array x = array_random(t, 2 * rows * c, 5, 1.5, 0), dy = array_random(dy_type, rows * c, 6, 1, 0);
    Array y = array_new(t, rows * c), dx = array_new(t, 2 * rows * c);
    Low low = low_new(t, rows, 2 * c, of, false, 7), low_dy = low_new(t, rows, c, of_dy, true, 9);
    double *truth = malloc(sizeof(double) * (size_t)(rows * c)),
           *gradient = malloc(sizeof(double) * 2 * (size_t)(rows * c));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < c; k++) {
            double u = with_low(&low, at(x, 2 * r * c + k), r, k);
            double g = with_low(&low, at(x, 2 * r * c + c + k), r, c + k);
            double d = with_low(&low_dy, at(dy, r * c + k), r, k);
            truth[r * c + k] = u * value(LK_GELU_ERF, g);
            gradient[2 * r * c + k] = d * value(LK_GELU_ERF, g);
            gradient[2 * r * c + c + k] = d * u * slope(LK_GELU_ERF, g);
        }
    LkGegluArgs a = {x.data, y.data, rows, c, c, low.args};
    LkGegluBackwardArgs b = {dy.data, x.data, dx.data, rows, c, low.args, low_dy.args, dy_type == LK_F32, NULL};
    check(&(Check){LK_KERNEL_GEGLU_LOW_RANK, t, &a, {{y, truth, 1e-6}}, .same_for_all_lanes = true, .warps = true},
          "%lldx%lld of %lld", (long long)rows, (long long)c, (long long)of);
    double *apart;
    Array wide = array_apart(t, rows, c, c + 16, truth, &apart);
    a.y = wide.data;
    a.y_step = c + 16;
    check(&(Check){LK_KERNEL_GEGLU_LOW_RANK, t, &a, {{wide, apart, 1e-6}}, .same_for_all_lanes = true, .warps = true},
          "%lldx%lld of %lld, rows apart", (long long)rows, (long long)c, (long long)of);
    array_free(wide);
    free(apart);
    Check backward = {
        LK_KERNEL_GEGLU_LOW_RANK_BACKWARD, t, &b, {{dx, gradient, 1e-6}}, .same_for_all_lanes = true, .warps = true};
    check(&backward, "%lldx%lld of %lld and %lld", (long long)rows, (long long)c, (long long)of, (long long)of_dy);
    array_reset(y);
    b.dx = x.data;
    b.y = y.data;
    backward.outputs[0].array = x;
    backward.outputs[1] = (Output){y, truth, 1e-6};
    check(&backward, "%lldx%lld of %lld and %lld, in place, with what it is of", (long long)rows, (long long)c,
          (long long)of, (long long)of_dy);
    Array all[] = {x, dy, y, dx, low.h, low.u, low_dy.h, low_dy.u};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(gradient);
}

int main(void)
{
    EACH_TYPE(t)
    {
        for (int kind = LK_SILU; kind <= LK_GELU_TANH; kind++) {
            test_activation(t, kind, 1);
            test_activation(t, kind, 4099);
        }
        test_geglu(t, 1, 1);
        test_geglu(t, 3, 13);
        test_geglu(t, 5, 1280);
        test_geglu(t, 2, 2051);
        test_geglu_low_rank(t, 1, 1, 1, 1, t);
        test_geglu_low_rank(t, 32, 128, 16, 16, t);
        test_geglu_low_rank(t, 37, 147, 5, 12, LK_F32);
        test_geglu_low_rank(t, 33, 64, LK_LOW_RANK_TERMS, 0, t);
        test_geglu_low_rank(t, 3, 40, 0, 8, LK_F32);
        test_geglu_low_rank(t, 70, 272, 6, 0, t);
        test_geglu_low_rank(t, 2, 16, 0, 0, t);
        test_add_low_rank(t, 1, 1, 1, 1, false);
        test_add_low_rank(t, 37, 147, 5, 9, true);
        test_add_low_rank(t, 32, 128, 48, 48, true);
        test_add_low_rank(t, 33, 64, LK_LOW_RANK_TERMS, 96, false);
        test_add_low_rank(t, 18, 40, LK_LOW_RANK_TERMS + 1, LK_LOW_RANK_TERMS + 1, true);
        test_add_low_rank(t, 5, 72, LK_LOW_RANK_MOST_TERMS, LK_LOW_RANK_MOST_TERMS + 2, false);
    }
    return tap_done();
}
