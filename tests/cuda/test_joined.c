/* Products of a layer and its adapter as one, on a card: programs that share the layer's weight, some with room behind
 * its rows, in every order. Each must be right whatever the others put there, and no weight may be held twice but where
 * a reader needs it without gaps. */
#include "tests/ops/graph_test.h"

#include "backend/cuda/module.h"
#include "kernels/args.h"
#include "tensor/joined.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <stdlib.h>

enum { ROWS = 24, WIDE = 32, OUT = 16 };

/** What a program does with the weight. */
typedef enum Kind {
    JOINED, /* reads it with 8 columns of an adapter, and its gradient's way without */
    OTHER,  /* the same with another adapter */
    WIDER,  /* with 16 columns */
    PLAIN,  /* without any adapter */
    PART,   /* reads some of its rows alone */
    KINDS
} Kind;

static const char *const names[KINDS] = {"joined", "of another adapter", "wider", "plain", "of some rows"};

/** A graph around the weight, the first of each program, and the tensor to compare. */
typedef struct Program {
    GraphTest *test;
    LkPrepared prepared;
    LkRef out[2];
} Program;

static LkRef product(GraphTest *test, LkRef a, LkRef b, LkRef addend, bool turned)
{
    LkMatmul options = {.trans_b = !turned, .bias = LK_NONE, .addend = addend, .into = LK_NONE};
    return lk_matmul(test->graph, a, b, options);
}

static Program new_program(LkDType dtype, Kind kind)
{
    Program p = {.test = graph_test_new(dtype, 40 + (uint64_t)kind)};
    LkGraph *graph = p.test->graph;
    const uint64_t seed = p.test->seed;
    LkRef w = test_weight(p.test, dtype, 0, 0.2, 2, (int64_t[]){OUT, WIDE});
    LkRef x = lk_layer_norm(graph, test_x(p.test, 2, (int64_t[]){ROWS, WIDE}), test_vector(p.test, 1, 0.2, WIDE),
                            test_vector(p.test, 0, 0.2, WIDE), 1e-3f);
    if (kind == PART) {
        LkRef part = lk_graph_view(graph, w, 8 * WIDE, 2, (int64_t[]){8, WIDE});
        p.out[0] = p.out[1] = product(p.test, x, part, LK_NONE, false);
    } else {
        int64_t rank = kind == WIDER ? 16 : 8;
        for (int i = 0; i < 2 * (int)kind; i++) /* so that states have other names: programs share those of one name */
            test_vector(p.test, 0, 1, 1);
        LkRef u = test_state(p.test, dtype, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){OUT, rank});
        LkRef d = test_state(p.test, dtype, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){rank, WIDE});
        LkRef y = product(p.test, x, w, LK_NONE, false);
        p.out[0] = kind == PLAIN ? y : product(p.test, product(p.test, x, d, LK_NONE, false), u, y, false);
        p.out[1] = product(p.test, test_x(p.test, 2, (int64_t[]){ROWS, OUT}), w, LK_NONE, true);
    }
    for (int i = 0; i < 2; i++)
        lk_graph_output(graph, p.out[i]);
    lk_graph_join_products(graph);
    p.test->seed = 1; /* the weight is the same in all, for it is drawn first */
    test_draw(p.test);
    p.test->seed = seed;
    return p;
}

static void free_program(Program *p)
{
    lk_prepared_clear(&p->prepared);
    graph_test_free(p->test);
}

/** Runs a program; how far its results are off, of what is allowed. */
static double run(Program *p, LkDType dtype, int64_t *products, LkError *error)
{
    const double allowed = dtype == LK_BF16 ? 0x1p-8 : dtype == LK_F16 ? 0x1p-11 : 1e-6;
    double **results = calloc((size_t)p->test->graph->n_tensors, sizeof *results), off = 1e9;
    LkReference *truth = test_reference(p->test);
    int64_t before = fake_calls_of("cublasLtMatmul");
    if (test_run_prepared(p->test, &p->prepared, results, error) && lk_reference_run(truth, error)) {
        off = 0;
        for (int i = 0; i < 2; i++) {
            int64_t count = lk_tensor_count(lk_graph_tensor(p->test->graph, p->out[i]));
            double here = test_relative_error(results[p->out[i]], lk_reference_data(truth, p->out[i]), count) / allowed;
            off = here > off ? here : off;
        }
    }
    *products = fake_calls_of("cublasLtMatmul") - before;
    lk_reference_free(truth);
    test_free_results(p->test, results);
    free(results);
    return off;
}

/** Bytes of rows of so many numbers. */
static int64_t held(LkDType dtype, int64_t rows, int64_t columns)
{
    int64_t bytes = rows * columns * (int64_t)lk_dtype_size(dtype);
    return (bytes + 255) / 256 * 256;
}

/** Two programs one after the other on one device, then the first once more: how many products the second is, and in
 * which forms the weight is held, as columns of each; 0 for no second one. */
static void check_pair(LkDType dtype, int sm, Kind first, Kind second, int products, const int64_t forms[2])
{
    LkError error = {0};
    fake_reset();
    fake_device(sm, (int64_t)1 << 30, 1);
    const LkBackend *cuda = lk_cuda_backend();
    LkDevice *device = cuda->open(0, 0, &error);
    Program p[2] = {new_program(dtype, first), new_program(dtype, second)};
    int64_t made[3] = {0}, expected = 2 * held(LK_F32, 1, WIDE); /* of the layer norm */
    double off = 0;
    for (int i = 0; i < 3 && device; i++) {
        Program *now = &p[i % 2];
        if (i < 2 && !lk_prepare(&now->prepared, cuda, device, now->test->graph, &error))
            break;
        double here = run(now, dtype, &made[i], &error);
        off = here > off ? here : off;
    }
    int64_t weights = device ? cuda->planned_weights(device) : 0;
    for (int i = 0; i < 2; i++)
        expected += forms[i] ? held(dtype, OUT, forms[i]) : 0;
    for (int i = 0; i < 2; i++)
        free_program(&p[i]);
    if (device)
        cuda->close(device);
    tap_ok(off <= 1 && made[1] == products && weights == expected && fake_violations() == 0 && fake_leaks() == 0,
           "%s, sm_%d, %s after %s: %d products, off by %.2f, %lld bytes of weights of %lld%s%s", lk_dtype_name(dtype),
           sm, names[second], names[first], (int)made[1], off, (long long)weights, (long long)expected, error.text,
           fake_violation());
}

/** A layer that reads an attention: cuDNN's, or products and softmax, in one tile of rows or in several. */
static void check_attention(LkDType dtype, int sm, int64_t batch, int64_t rows, int64_t heads)
{
    enum { HEAD = 8, RANK = 8 };
    LkError error = {0};
    fake_reset();
    fake_device(sm, (int64_t)2 << 30, 1);
    GraphTest *test = graph_test_new(dtype, 9);
    LkGraph *graph = test->graph;
    LkRef of[3];
    for (int i = 0; i < 3; i++)
        of[i] = test_x(test, 3, (int64_t[]){batch, rows, heads * HEAD});
    LkRef x = lk_attention(graph, of[0], of[1], of[2], heads, 0.5f, false);
    LkRef d = test_state(test, dtype, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){RANK, heads * HEAD});
    LkRef u = test_state(test, dtype, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){OUT, RANK});
    LkRef w = test_weight(test, dtype, 0, 0.3, 2, (int64_t[]){OUT, heads * HEAD});
    LkRef y0 = product(test, x, w, LK_NONE, false), h = product(test, x, d, LK_NONE, false);
    LkRef y = product(test, h, u, y0, false);
    lk_graph_output(graph, y);
    lk_graph_join_products(graph);
    bool joined = graph->nodes[graph->n_nodes - 1].attr.low_rank[0].given;
    test_draw(test);
    double **results = calloc((size_t)graph->n_tensors, sizeof *results), off = 1e9;
    LkReference *truth = test_reference(test);
    if (test_run(test, lk_cuda_backend(), false, results, &error) && lk_reference_run(truth, &error))
        off = test_relative_error(results[y], lk_reference_data(truth, y), batch * rows * OUT);
    tap_ok(joined && off < (dtype == LK_BF16 ? 0x1p-7 : 0x1p-9) && fake_violations() == 0,
           "%s, sm_%d, attention of %lld rows: off by %.1e%s", lk_dtype_name(dtype), sm, (long long)rows, off,
           error.text);
    lk_reference_free(truth);
    test_free_results(test, results);
    free(results);
    graph_test_free(test);
}

/** More layers than one launch has tails of. */
static void check_many(void)
{
    enum { LAYERS = LK_TAILS_AT_ONCE + 5, NARROW = 8 };
    LkError error = {0};
    fake_reset();
    GraphTest *test = graph_test_new(LK_BF16, 3);
    LkGraph *graph = test->graph;
    LkRef x = lk_layer_norm(graph, test_x(test, 2, (int64_t[]){4, WIDE}), test_vector(test, 1, 0.2, WIDE),
                            test_vector(test, 0, 0.2, WIDE), 1e-3f);
    LkRef factors = test_state(test, LK_BF16, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){LAYERS * NARROW, NARROW});
    LkRef d = test_state(test, LK_BF16, TEST_NORMAL, 0, 0.3, 2, (int64_t[]){NARROW, WIDE});
    LkRef h = product(test, x, d, LK_NONE, false), y[LAYERS];
    for (int i = 0; i < LAYERS; i++) {
        LkRef w = test_weight(test, LK_BF16, 0, 0.2, 2, (int64_t[]){NARROW, WIDE});
        LkRef u = lk_graph_view(graph, factors, i * NARROW * NARROW, 2, (int64_t[]){NARROW, NARROW});
        y[i] = product(test, h, u, product(test, x, w, LK_NONE, false), false);
        lk_graph_output(graph, y[i]);
    }
    lk_graph_join_products(graph);
    test_draw(test);
    double **results = calloc((size_t)graph->n_tensors, sizeof *results), off = 0;
    LkReference *truth = test_reference(test);
    bool ran = test_run(test, lk_cuda_backend(), false, results, &error) && lk_reference_run(truth, &error);
    for (int i = 0; i < LAYERS && ran; i++) {
        double here = test_relative_error(results[y[i]], lk_reference_data(truth, y[i]), 4 * NARROW);
        off = here > off ? here : off;
    }
    tap_ok(ran && off < 0x1p-7 && fake_calls_of("cublasLtMatmul") == LAYERS + 1 && fake_violations() == 0,
           "%d layers: off by %.1e%s", LAYERS, off, error.text);
    lk_reference_free(truth);
    test_free_results(test, results);
    free(results);
    graph_test_free(test);
}

int main(void)
{
    static const struct {
        Kind first, second;
        int products; /* of the second: of h, of both at once or one by one, and of the gradient's way */
        int64_t forms[2];
    } pairs[] = {
        {JOINED, OTHER, 3, {WIDE + 8}},      {OTHER, JOINED, 3, {WIDE + 8}}, {JOINED, PLAIN, 2, {WIDE + 8}},
        {PLAIN, JOINED, 4, {WIDE}},          {JOINED, WIDER, 4, {WIDE + 8}}, {WIDER, JOINED, 3, {WIDE + 16}},
        {JOINED, PART, 1, {WIDE + 8, WIDE}}, {PART, JOINED, 4, {WIDE}},
    };
    static const struct {
        LkDType dtype;
        int sm;
    } cards[] = {{LK_BF16, 86}, {LK_F16, 75}, {LK_F32, 90}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t k = 0; k < sizeof cards / sizeof *cards; k++)
            check_pair(cards[k].dtype, cards[k].sm, pairs[i].first, pairs[i].second, pairs[i].products, pairs[i].forms);
    check_attention(LK_BF16, 90, 2, 40, 3);
    check_attention(LK_F16, 75, 2, 40, 3);
    check_attention(LK_F16, 75, 1, 4100, 1); /* two tiles */
    check_many();
    return tap_done();
}
