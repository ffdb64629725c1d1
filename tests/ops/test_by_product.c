/* Which values lk_graph_make_by_products lets a gradient's node make, and that nothing changes by it. */
#include "graph_test.h"

#include "tensor/by_product.h"
#include "tensor/sweep.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4, COLUMNS = 6, RANK = 2, MOST = 3 * TEST_PARAMETERS };

/** What is done with a value that is made again, between the first time and its gradient. */
typedef enum Twist {
    PLAIN,
    RESHAPED,     /* the product sees other dimensions */
    TWO_PRODUCTS, /* one before, one behind the gradient */
    OTHER_SUMS,   /* something else is added to the same state in between */
    LAST_JOINED = OTHER_SUMS,
    READ_OTHERWISE, /* by an activation */
    OUTPUT,         /* the host reads it */
    SUM_READ,       /* the state that the product is added to is read before the gradient */
    OTHER_X,        /* the gradient is of another x */
    TOO_EARLY,      /* the gradient comes before */
    NO_PRODUCT,     /* the product is not added to a state */
    LAST_OF_BOTH = NO_PRODUCT,
    STATS_READ, /* mean and deviation of the second time are read otherwise */
    ONLY_ONCE,  /* mean and deviation are those of the second time, and there was no first */
    TWISTS
} Twist;

static const char *const names[TWISTS] = {
    "for a gradient alone",
    "seen with other dimensions",
    "for two gradients",
    "while others are added to the same sum",
    "for an activation too",
    "an output",
    "a sum that is read before",
    "a gradient of something else",
    "a gradient that comes before",
    "a product that is no gradient",
    "mean and deviation that are read otherwise",
    "the first time",
};

typedef struct Case {
    GraphTest *test;
    LkOp op;
    LkRef x, gamma, beta, state;
} Case;

static LkRef x_input(GraphTest *test, int64_t rows, int64_t columns)
{
    return test_input(test, test->graph->compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){rows, columns});
}

/** The operation; its node, as it is now. */
static LkNode make(Case *c)
{
    if (c->op == LK_OP_GEGLU)
        lk_geglu(c->test->graph, c->x);
    else
        lk_layer_norm(c->test->graph, c->x, c->gamma, c->beta, 0.1f);
    return c->test->graph->nodes[c->test->graph->n_nodes - 1];
}

/** dhᵀ · y, added to a part of the state. */
static void add_product(Case *c, LkRef y, int part)
{
    LkGraph *graph = c->test->graph;
    LkTensor t = *lk_graph_tensor(graph, y);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_a = true;
    options.into = options.addend =
        lk_graph_view(graph, c->state, part * RANK * COLUMNS, 2, (int64_t[]){RANK, lk_tensor_cols(&t)});
    lk_matmul(graph, x_input(c->test, lk_tensor_rows(&t), RANK), y, options);
}

static void add_gradient(Case *c, LkRef x, LkRef stats)
{
    LkGraph *graph = c->test->graph;
    LkTensor t = *lk_graph_tensor(graph, x);
    LkRef dx = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    LkRef dy = x_input(c->test, ROWS, COLUMNS), in[4] = {dy, x, stats, c->gamma};
    LkAttributes attr = {.eps = 0.1f};
    bool geglu = c->op == LK_OP_GEGLU;
    lk_graph_append(graph, geglu ? LK_OP_GEGLU_BACKWARD : LK_OP_LAYER_NORM_BACKWARD, &attr, geglu ? 2 : 4, in, 1, &dx);
    lk_graph_output(graph, dx);
}

static void build(Case *c, Twist twist)
{
    LkGraph *graph = c->test->graph;
    int64_t wide = c->op == LK_OP_GEGLU ? 2 * COLUMNS : COLUMNS;
    c->x = x_input(c->test, ROWS, wide);
    c->gamma = test_weight(c->test, LK_F32, 1, 0.3, 1, (int64_t[]){COLUMNS});
    c->beta = test_weight(c->test, LK_F32, 0, 0.3, 1, (int64_t[]){COLUMNS});
    c->state = test_state(c->test, LK_F32, TEST_NORMAL, 0, 1, 1, (int64_t[]){4 * RANK * COLUMNS});
    LkNode first = {.out = {LK_NONE, LK_NONE}};
    if (twist != ONLY_ONCE) {
        first = make(c);
        lk_graph_output(graph, first.out[0]);
    }
    LkRef stats = first.out[1];
    if (twist == TOO_EARLY)
        add_gradient(c, c->x, stats);
    LkNode again = make(c);
    LkRef y = again.out[0];
    if (c->op != LK_OP_GEGLU && twist != TOO_EARLY)
        stats = again.out[1];
    if (twist == RESHAPED)
        y = lk_graph_reshape(graph, y, 2, (int64_t[]){ROWS * 2, COLUMNS / 2});
    if (twist == NO_PRODUCT)
        lk_graph_output(graph, lk_matmul(graph, y, x_input(c->test, COLUMNS, RANK), LK_MATMUL_DEFAULT));
    else
        add_product(c, y, 0);
    if (twist == READ_OTHERWISE)
        lk_graph_output(graph, lk_activation(graph, y, LK_SILU));
    if (twist == OUTPUT)
        lk_graph_output(graph, y);
    if (twist == OTHER_SUMS)
        add_product(c, x_input(c->test, ROWS, COLUMNS), 0);
    if (twist == SUM_READ)
        lk_graph_output(graph, lk_activation(graph, c->state, LK_SILU));
    if (twist == STATS_READ)
        lk_graph_output(graph, lk_activation(graph, stats, LK_SILU));
    if (twist != TOO_EARLY)
        add_gradient(c, twist == OTHER_X ? x_input(c->test, ROWS, wide) : c->x, stats);
    if (twist == TWO_PRODUCTS)
        add_product(c, y, 1);
}

static int count(const LkGraph *graph, LkOp op, int n_out)
{
    int n = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        n += graph->nodes[i].op == op && graph->nodes[i].n_out >= n_out;
    return n;
}

/** Everything that a run leaves, one after the other. */
static int64_t results(const GraphTest *test, LkReference *run, double *to)
{
    int64_t n = 0;
    for (LkRef t = 0; t < test->graph->n_tensors; t++) {
        const LkTensor *tensor = lk_graph_tensor(test->graph, t);
        int64_t values = lk_tensor_count(tensor);
        if (!tensor->output && tensor->kind != LK_TENSOR_STATE)
            continue;
        if (n + values > MOST)
            return -1;
        memcpy(to + n, lk_reference_data(run, t), (size_t)values * sizeof *to);
        n += values;
    }
    return n;
}

static void check(LkOp op, const char *what, Twist twist)
{
    LkError error = {0};
    double *values[2] = {calloc(MOST, sizeof(double)), calloc(MOST, sizeof(double))};
    int64_t n[2] = {0};
    int gradients = 0, made = 0;
    bool joined = twist <= LAST_JOINED, ran = values[0] && values[1];
    for (int i = 0; i < 2; i++) {
        Case c = {.test = graph_test_new(LK_F32, 5), .op = op};
        build(&c, twist);
        if (i) {
            lk_graph_make_by_products(c.test->graph);
            lk_graph_sweep(c.test->graph);
            gradients =
                count(c.test->graph, LK_OP_GEGLU_BACKWARD, 2) + count(c.test->graph, LK_OP_LAYER_NORM_BACKWARD, 2);
            made = count(c.test->graph, op, 1);
        }
        test_draw(c.test);
        LkReference *run = test_reference(c.test);
        ran = ran && lk_graph_check(c.test->graph, &error) && lk_reference_run(run, &error);
        n[i] = ran ? results(c.test, run, values[i]) : 0;
        lk_reference_free(run);
        graph_test_free(c.test);
    }
    double off = ran && n[0] > 0 && n[0] == n[1] ? test_relative_error(values[1], values[0], n[0]) : INFINITY;
    int without = twist == ONLY_ONCE ? 1 : 2;
    tap_ok(gradients == joined && made == without - joined && off <= 1e-15, "%s, %s: %s, off by %.1e%s", what,
           names[twist], gradients ? "made by the gradient" : "stays", off, error.text);
    free(values[0]);
    free(values[1]);
}

int main(void)
{
    for (Twist twist = PLAIN; twist < TWISTS; twist++) {
        if (twist <= LAST_OF_BOTH)
            check(LK_OP_GEGLU, "GEGLU", twist);
        check(LK_OP_LAYER_NORM, "layer norm", twist);
    }
    return tap_done();
}
