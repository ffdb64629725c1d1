/* Which products lk_graph_fold_low_rank lets their readers make, and that nothing changes by it. */
#include "graph_test.h"

#include "tensor/low_rank.h"
#include "tensor/sweep.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, WIDE = 8 };

/** What is done to y0 + h · u before GEGLU reads it, and which of several reasons there is not to fold it. */
typedef enum Twist {
    PLAIN,
    RESHAPED,      /* the reader sees other dimensions, but the same columns */
    WITHOUT_TRANS, /* u is [terms, columns] */
    WIDEST,        /* as many terms as may be */
    LAST_FOLDABLE = WIDEST,
    TOO_WIDE,      /* one more */
    NOT_WANTED,    /* the graph is for a backend that makes none */
    OUTPUT,        /* the host reads y */
    READ_TWICE,    /* something else reads y */
    OTHER_COLUMNS, /* the reader sees other columns */
    WITH_BIAS,
    OTHER_TYPE, /* the addend is f32, the product is not */
    U_CHANGES,  /* u is a state that is written before GEGLU reads it */
    TWISTS
} Twist;

static const char *const names[TWISTS] = {
    "a product and its addend",
    "seen with other dimensions",
    "a factor that is not transposed",
    "64 terms",
    "65 terms",
    "a backend that makes none",
    "an output",
    "read by something else",
    "other columns",
    "a bias",
    "an addend of another type",
    "a factor that changes",
};

/** GEGLU of a layer with a LoRA. */
static void build(GraphTest *test, Twist twist, LkRef *out)
{
    LkGraph *graph = test->graph;
    LkDType t = graph->compute;
    int64_t terms = twist == TOO_WIDE ? 65 : twist == WIDEST ? 64 : 2;
    bool trans = twist != WITHOUT_TRANS;
    LkRef y0 = test_input(test, twist == OTHER_TYPE ? LK_F32 : t, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, WIDE});
    LkRef h = test_input(test, t, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, terms});
    const int64_t shape[2] = {trans ? WIDE : terms, trans ? terms : WIDE};
    LkRef u =
        twist == U_CHANGES ? test_state(test, t, TEST_NORMAL, 0, 1, 2, shape) : test_weight(test, t, 0, 1, 2, shape);
    LkMatmul options = {.trans_b = trans, .alpha = 0.5f, .bias = LK_NONE, .addend = y0, .into = LK_NONE};
    if (twist == WITH_BIAS)
        options.bias = test_weight(test, LK_F32, 0, 1, 1, (int64_t[]){WIDE});
    LkRef y = lk_matmul(graph, h, u, options), seen = y;
    if (twist == RESHAPED)
        seen = lk_graph_reshape(graph, y, 3, (int64_t[]){1, ROWS, WIDE});
    if (twist == OTHER_COLUMNS)
        seen = lk_graph_reshape(graph, y, 2, (int64_t[]){ROWS * 2, WIDE / 2});
    if (twist == U_CHANGES)
        lk_zero(graph, u);
    if (twist == OUTPUT)
        lk_graph_output(graph, y);
    *out = lk_geglu(graph, seen);
    lk_graph_output(graph, *out);
    if (twist == READ_TWICE)
        lk_graph_output(graph, lk_activation(graph, y, LK_SILU));
}

static GraphTest *new_case(Twist twist, bool fold, LkRef *out)
{
    GraphTest *test = graph_test_new(twist == OTHER_TYPE ? LK_BF16 : LK_F32, 3);
    build(test, twist, out);
    if (twist == NOT_WANTED)
        test->graph->folded_terms = 0;
    if (fold) {
        lk_graph_fold_low_rank(test->graph);
        lk_graph_sweep(test->graph);
    }
    test_draw(test);
    return test;
}

static int count(const GraphTest *test, LkOp op)
{
    int n = 0;
    for (int32_t i = 0; i < test->graph->n_nodes; i++)
        n += test->graph->nodes[i].op == op;
    return n;
}

static void check_case(Twist twist)
{
    LkRef out[2];
    LkReference *runs[2];
    LkError error = {0};
    GraphTest *tests[2] = {new_case(twist, false, &out[0]), new_case(twist, true, &out[1])};
    bool foldable = twist <= LAST_FOLDABLE, ran = true;
    for (int i = 0; i < 2; i++) {
        runs[i] = test_reference(tests[i]);
        ran = ran && lk_graph_check(tests[i]->graph, &error) && lk_reference_run(runs[i], &error);
    }
    int64_t values = lk_tensor_count(lk_graph_tensor(tests[0]->graph, out[0]));
    double off =
        ran ? test_relative_error(lk_reference_data(runs[1], out[1]), lk_reference_data(runs[0], out[0]), values)
            : INFINITY;
    int products = count(tests[1], LK_OP_MATMUL);
    tap_ok(ran && products == (foldable ? 0 : 1) && off <= 1e-14, "%s: %s, off by %.1e%s", names[twist],
           products ? "stays a product" : "made where it is read", off, error.text);
    for (int i = 0; i < 2; i++) {
        lk_reference_free(runs[i]);
        graph_test_free(tests[i]);
    }
}

/** Both addends of a GEGLU's gradient, folded at once or dy's first. dy is kept in f32 until it is complete. */
static void check_gradient(bool dy_first)
{
    double *results[2] = {NULL, NULL};
    int products[2];
    for (int folded = 0; folded < 2; folded++) {
        GraphTest *test = graph_test_new(LK_BF16, 7);
        LkGraph *graph = test->graph;
        LkRef y[2];
        for (int i = 0; i < 2; i++) {
            int64_t columns = i ? WIDE / 2 : WIDE, terms = i ? 3 : 2;
            LkMatmul options = LK_MATMUL_DEFAULT;
            options.alpha = i ? 0.25f : 2;
            options.trans_b = !i;
            options.addend = test_input(test, i ? LK_F32 : LK_BF16, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, columns});
            LkRef h = test_input(test, LK_BF16, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, terms});
            const int64_t shape[2] = {i ? terms : columns, i ? columns : terms};
            LkRef u = test_weight(test, LK_BF16, 0, 1, 2, shape);
            y[i] = lk_matmul(graph, h, u, options);
        }
        LkRef in[2] = {y[1], y[0]}, dx = lk_graph_activation(graph, LK_BF16, 2, (int64_t[]){ROWS, WIDE});
        lk_graph_append(graph, LK_OP_GEGLU_BACKWARD, NULL, 2, in, 1, &dx);
        lk_graph_output(graph, dx);
        if (folded && dy_first) { /* x's is read by something else, until that is gone */
            graph->tensors[y[0]].output = true;
            lk_graph_fold_low_rank(graph);
            lk_graph_sweep(graph);
            graph->tensors[y[0]].output = false;
        }
        if (folded) {
            lk_graph_fold_low_rank(graph);
            lk_graph_sweep(graph);
        }
        products[folded] = count(test, LK_OP_MATMUL);
        test_draw(test);
        LkReference *run = test_reference(test);
        LkError error = {0};
        results[folded] = calloc(ROWS * WIDE, sizeof(double));
        if (lk_graph_check(graph, &error) && lk_reference_run(run, &error))
            memcpy(results[folded], lk_reference_data(run, dx), ROWS * WIDE * sizeof(double));
        lk_reference_free(run);
        graph_test_free(test);
    }
    double off = test_relative_error(results[1], results[0], ROWS * WIDE);
    tap_ok(products[0] == 2 && products[1] == 0 && off <= 1e-14 && results[0][0] != 0,
           "both addends of a gradient, dy's of f32%s, off by %.1e", dy_first ? ", dy first" : "", off);
    free(results[0]);
    free(results[1]);
}

int main(void)
{
    for (Twist twist = PLAIN; twist < TWISTS; twist++)
        check_case(twist);
    check_gradient(false);
    check_gradient(true);
    return tap_done();
}
