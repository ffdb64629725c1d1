/* Products and convolutions of f32 that round their inputs to TF32: where a graph lets them and the card has it, and
 * nowhere else. What they compute is held against the reference over inputs that were rounded here. */
#include "backend/cuda/module.h"
#include "graph_test.h"
#include "network.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 48, IN = 96, OUT = 40, SIDE = 9, HEADS = 2 };

typedef GraphTest *(*Build)(LkDType compute);

static GraphTest *done(GraphTest *test, LkRef y)
{
    lk_graph_output(test->graph, y);
    test_draw(test);
    return test;
}

static GraphTest *product(LkDType compute)
{
    GraphTest *test = graph_test_new(compute, 3);
    LkRef x = test_input(test, compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, IN});
    return done(test, lk_linear(test->graph, x, test_weight(test, compute, 0, 1, 2, (int64_t[]){OUT, IN}), LK_NONE));
}

static GraphTest *convolution(LkDType compute)
{
    GraphTest *test = graph_test_new(compute, 4);
    LkRef x = test_input(test, compute, TEST_NORMAL, 0, 1, 4, (int64_t[]){2, SIDE, SIDE, 16});
    LkRef w = test_weight(test, compute, 0, 1, 4, (int64_t[]){OUT, 16, 3, 3});
    return done(test, lk_conv2d(test->graph, x, w, LK_NONE, 1, 1, 1));
}

/** In f32: products of our own, over rows that are padded. */
static GraphTest *attention(LkDType compute)
{
    GraphTest *test = graph_test_new(compute, 5);
    LkRef in[3];
    for (int i = 0; i < 3; i++)
        in[i] = test_input(test, compute, TEST_NORMAL, 0, 1, 3, (int64_t[]){1, ROWS, HEADS * 16});
    return done(test, lk_attention(test->graph, in[0], in[1], in[2], HEADS, 0.25f, false));
}

/** x with ten bits of mantissa behind its first one, nearest, halves away from zero: PTX's cvt.rna.tf32. */
static float rounded(float x)
{
    int exponent;
    double mantissa = frexp((double)x, &exponent);
    return (float)ldexp(round(mantissa * 2048) / 2048, exponent);
}

static void round_values(GraphTest *test)
{
    for (LkRef t = 0; t < test->graph->n_tensors; t++)
        for (int64_t e = 0; test->values[t] && e < lk_tensor_count(lk_graph_tensor(test->graph, t)); e++)
            test->values[t][e] = rounded(test->values[t][e]);
}

/** The output that is an activation. */
static LkRef output_of(const GraphTest *test)
{
    LkRef found = LK_NONE;
    for (LkRef t = 0; t < test->graph->n_tensors; t++)
        if (test->graph->tensors[t].output)
            found = t;
    return found;
}

/** What the reference says. */
static double *expected(const GraphTest *test)
{
    LkRef y = output_of(test);
    int64_t count = lk_tensor_count(lk_graph_tensor(test->graph, y));
    double *out = malloc((size_t)count * sizeof *out);
    LkReference *reference = test_reference(test);
    LkError error = {0};
    if (!lk_reference_run(reference, &error))
        tap_note("%s", error.text);
    memcpy(out, lk_reference_data(reference, y), (size_t)count * sizeof *out);
    lk_reference_free(reference);
    return out;
}

/** What a card computes; NULL where it cannot. */
static double *computed(GraphTest *test, bool tf32, int sm)
{
    LkError error = {0};
    double **results = calloc((size_t)test->graph->n_tensors, sizeof *results), *out = NULL;
    fake_reset();
    fake_device(sm, INT64_C(8) << 30, 1);
    test->graph->tf32 = tf32;
    if (test_run(test, lk_cuda_backend(), false, results, &error)) {
        out = results[output_of(test)];
        results[output_of(test)] = NULL;
    } else {
        tap_note("%s", error.text);
    }
    test_free_results(test, results);
    free(results);
    return out;
}

static double distance(const GraphTest *test, const double *a, const double *b)
{
    return a && b ? test_relative_error(a, b, lk_tensor_count(lk_graph_tensor(test->graph, output_of(test))))
                  : INFINITY;
}

static bool equal(const GraphTest *test, const double *a, const double *b)
{
    int64_t count = lk_tensor_count(lk_graph_tensor(test->graph, output_of(test)));
    return a && b && memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

/** One rounding of each input is off by 2^-11 of it at most, and by a third of that on the average. `once`: nothing is
 * rounded but what the graph is given. */
static void test_operation(const char *what, Build build, bool once)
{
    GraphTest *test = build(LK_F32), *coarse = build(LK_F32);
    round_values(coarse);
    double *truth = expected(test), *rough = expected(coarse), *plain = computed(test, false, 86);
    double *card = computed(test, true, 86), *again = computed(test, true, 120), *old = computed(test, true, 75);
    double error = distance(test, card, truth);
    tap_ok(distance(test, plain, truth) < 1e-6, "%s: f32 is f32 (%.1e)", what, distance(test, plain, truth));
    tap_ok(error > 5e-5 && error < 0x1p-10, "%s: TF32 is off by %.1e", what, error);
    tap_ok(!once || distance(test, card, rough) < 1e-6, "%s: as over rounded inputs (%.1e)", what,
           distance(test, card, rough));
    tap_ok(equal(test, again, card), "%s: on newer cards too", what);
    tap_ok(distance(test, old, truth) < 1e-6, "%s: Turing has no TF32 (%.1e)", what, distance(test, old, truth));
    free(truth);
    free(rough);
    free(plain);
    free(card);
    free(again);
    free(old);
    graph_test_free(test);
    graph_test_free(coarse);
}

static void test_step(void)
{
    GraphTest *test = test_step_network(LK_F32), *narrow = test_step_network(LK_BF16);
    double *truth = expected(test), *plain = computed(test, false, 86), *card = computed(test, true, 86);
    double *old[2] = {computed(test, false, 75), computed(test, true, 75)};
    double *bf16[2] = {computed(narrow, false, 86), computed(narrow, true, 86)};
    double exact = distance(test, plain, truth), error = distance(test, card, truth);
    tap_ok(exact < 1e-5 && error > 20 * exact && error < 1e-2, "a training step: off by %.1e, and by %.1e in TF32",
           exact, error);
    tap_ok(equal(test, old[0], old[1]), "on Turing the flag changes no bit");
    tap_ok(equal(narrow, bf16[0], bf16[1]), "nor in bf16");
    for (int i = 0; i < 2; i++) {
        free(old[i]);
        free(bf16[i]);
    }
    free(truth);
    free(plain);
    free(card);
    graph_test_free(test);
    graph_test_free(narrow);
}

static LkDevice *kept;

static LkDevice *open_kept(int index, int threads, LkError *error)
{
    (void)index, (void)threads, (void)error;
    return kept;
}

static void close_nothing(LkDevice *device)
{
    (void)device;
}

/** One device remembers algorithms and plans: those of one kind are not taken for the other. */
static void test_memory_of_choices(Build build, const char *what)
{
    LkError error = {0};
    LkBackend same = *lk_cuda_backend();
    double *out[3] = {0};
    fake_reset();
    fake_device(86, INT64_C(8) << 30, 1);
    kept = lk_cuda_backend()->open(0, 0, &error);
    same.open = open_kept;
    same.close = close_nothing;
    GraphTest *test = build(LK_F32);
    LkRef y = output_of(test);
    for (int i = 0; i < 3 && kept; i++) {
        double **results = calloc((size_t)test->graph->n_tensors, sizeof *results);
        test->graph->tf32 = i == 1;
        if (test_run(test, &same, false, results, &error)) {
            out[i] = results[y];
            results[y] = NULL;
        }
        test_free_results(test, results);
        free(results);
    }
    tap_ok(equal(test, out[0], out[2]) && !equal(test, out[0], out[1]) && distance(test, out[1], out[0]) < 0x1p-10,
           "%s: f32, TF32 and f32 again on one device", what);
    for (int i = 0; i < 3; i++)
        free(out[i]);
    graph_test_free(test);
    lk_cuda_backend()->close(kept);
}

int main(void)
{
    test_operation("a product", product, true);
    test_operation("a convolution", convolution, true);
    test_operation("attention", attention, false);
    test_step();
    test_memory_of_choices(product, "a product");
    test_memory_of_choices(convolution, "a convolution");
    tap_ok(fake_leaks() == 0 && fake_violations() == 0, "nothing is left");
    return tap_done();
}
