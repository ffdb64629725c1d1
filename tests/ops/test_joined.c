/* Which products lk_graph_join_products makes one with their layer's, where it puts what they read, and that nothing
 * changes by it. */
#include "graph_test.h"

#include "tensor/joined.h"
#include "tensor/residency.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, WIDE = 16, OUT = 8, RANK = 8, HEADS = 2 };

/** What is joined, and which of several reasons there is not to. */
typedef enum Twist {
    OF_LAYER_NORM,
    OF_GEGLU,
    OF_ATTENTION,
    STACKED,        /* three layers whose h are one */
    READ_LATER,     /* h is needed after x: it is copied */
    NOT_APART,      /* h is read by something that wants its rows together: it is copied */
    X_LASTS,        /* h is needed later, but so is x */
    WITH_MORE,      /* the layer has a bias and is added to something */
    TWO_ADAPTERS,   /* a second product onto the first: of another tensor of factors */
    RESHAPED,       /* with other dimensions */
    NARROW_FIRST,   /* one of a stack's layers stays as it is, the others do not */
    FETCHED,        /* the weight waits on the host, and is fetched */
    ONE_BY_ONE,     /* two layers, each with its own h, made after the other's product */
    MANY,           /* four of these, of an x that must be copied */
    MANY_LATER,     /* and what they made is read later */
    OF_INPUT,       /* the same of an input */
    AT_ONCE,        /* two layers, both of whose h are made first: the second one's has no place */
    FOUR,           /* four layers that share an h, of an x that must be copied */
    H_IS_X,         /* four layers read an h, which has nothing behind it */
    FEW_FETCHED,    /* weights are fetched for too few layers of something that would be copied: no room */
    NOT_WANTED,     /* the graph is for a backend that makes none */
    OF_ACTIVATION,  /* x is made by an operation that cannot write its rows apart */
    X_READ,         /* x is read by an operation that cannot read its rows apart */
    X_OUTPUT,       /* the host reads x */
    Y0_READ,        /* the layer's product is read by something else, too */
    Y0_OUTPUT,      /* or by the host */
    TOO_WIDE,       /* 72 terms */
    OTHER_COLUMNS,  /* one weight and one u for all columns of h: one is joined */
    ODD,            /* 4 terms, which do not begin at 16 bytes */
    OTHER_X,        /* h is a product of something else */
    SCALED,         /* the product has a factor */
    ON_HOST,        /* the layer's weight waits on the host */
    U_CHANGES,      /* u is a state that is written */
    ADDEND_CHANGES, /* what the layer is added to is a state */
    TWISTS
} Twist;

static const struct {
    const char *name;
    int joined, copies;
} cases[TWISTS] = {
    [OF_LAYER_NORM] = {"of a layer norm", 1, 0},
    [OF_GEGLU] = {"of a GEGLU", 1, 0},
    [OF_ATTENTION] = {"of an attention, whose gradient reads its result", 1, 0},
    [STACKED] = {"of three layers that share an h", 3, 0},
    [READ_LATER] = {"h is read after x", 1, 1},
    [NOT_APART] = {"h is read in one piece", 1, 1},
    [X_LASTS] = {"h is read later, and x last", 1, 0},
    [WITH_MORE] = {"a layer with bias and addend", 1, 0},
    [TWO_ADAPTERS] = {"two adapters", 1, 0},
    [RESHAPED] = {"seen with other dimensions", 1, 0},
    [NARROW_FIRST] = {"a layer of three stays apart", 2, 0},
    [FETCHED] = {"of a weight that is fetched", 1, 0},
    [ONE_BY_ONE] = {"two layers with an h each", 2, 0},
    [MANY] = {"four layers of something that is copied", 4, 1},
    [MANY_LATER] = {"four layers of something that is copied, whose h are read later", 4, 5},
    [OF_INPUT] = {"four layers of an input", 4, 1},
    [AT_ONCE] = {"two layers whose h are made at once", 1, 0},
    [FOUR] = {"four layers that share an h, of something that is copied", 4, 1},
    [H_IS_X] = {"four layers that read an h", 1, 1},
    [FEW_FETCHED] = {"one layer of an activation, whose weight is fetched", 0, 0},
    [NOT_WANTED] = {"a backend that makes none", 0, 0},
    [OF_ACTIVATION] = {"one layer of an activation", 0, 0},
    [X_READ] = {"x is read in one piece", 0, 0},
    [X_OUTPUT] = {"x is an output", 0, 0},
    [Y0_READ] = {"the layer's product is read", 0, 0},
    [Y0_OUTPUT] = {"the layer's product is an output", 0, 0},
    [TOO_WIDE] = {"72 terms", 0, 0},
    [OTHER_COLUMNS] = {"a weight that is used again, with other columns of h", 1, 1},
    [ODD] = {"4 terms", 0, 0},
    [OTHER_X] = {"h is of another x", 0, 0},
    [SCALED] = {"a factor", 0, 0},
    [ON_HOST] = {"a weight on the host", 0, 0},
    [U_CHANGES] = {"a factor that changes", 0, 0},
    [ADDEND_CHANGES] = {"an addend that changes", 0, 0},
};

typedef struct Case {
    GraphTest *test;
    LkRef factors, x; /* factors: all u */
    int64_t used;
    LkRef w, u;   /* of the layer before; LK_NONE at first */
    LkRef out[8]; /* to be compared */
    int n_out;
} Case;

static LkRef input(Case *c, int64_t rows, int64_t columns)
{
    return test_x(c->test, 2, (int64_t[]){rows, columns});
}

static LkRef weight(Case *c, int64_t rows, int64_t columns)
{
    return test_weight(c->test, c->test->graph->compute, 0, 0.3, 2, (int64_t[]){rows, columns});
}

static LkRef vector(Case *c, int64_t count)
{
    return test_vector(c->test, 0.5, 0.3, count);
}

static void show(Case *c, LkRef ref)
{
    lk_graph_output(c->test->graph, ref);
    c->out[c->n_out++] = ref;
}

/** A part of the factors. */
static LkRef factor(Case *c, int64_t rows, int64_t columns)
{
    LkRef u = lk_graph_view(c->test->graph, c->factors, c->used, 2, (int64_t[]){rows, columns});
    c->used += rows * columns;
    return u;
}

static LkRef product(Case *c, LkRef a, LkRef b, LkRef addend, float alpha)
{
    LkMatmul options = {.trans_b = true, .alpha = alpha, .bias = LK_NONE, .addend = addend, .into = LK_NONE};
    return lk_matmul(c->test->graph, a, b, options);
}

static LkRef make_x(Case *c, Twist twist)
{
    LkGraph *graph = c->test->graph;
    if (twist == OF_GEGLU)
        return lk_geglu(graph, input(c, ROWS, 2 * WIDE));
    if (twist == OF_INPUT)
        return input(c, ROWS, WIDE);
    if (twist == OF_ACTIVATION || twist == FEW_FETCHED || twist == MANY || twist == MANY_LATER || twist == FOUR)
        return lk_activation(graph, input(c, ROWS, WIDE), LK_SILU);
    if (twist != OF_ATTENTION)
        return lk_layer_norm(graph, input(c, ROWS, WIDE), vector(c, WIDE), vector(c, WIDE), 0.1f);
    LkRef q[3];
    for (int i = 0; i < 3; i++)
        q[i] = test_x(c->test, 3, (int64_t[]){1, ROWS, WIDE});
    LkRef o = lk_attention(graph, q[0], q[1], q[2], HEADS, 0.3f, false);
    return o;
}

/** The gradient of the attention that made x. */
static void add_gradient(Case *c)
{
    LkGraph *graph = c->test->graph;
    const LkNode forward = graph->nodes[lk_graph_tensor(graph, c->x)->node];
    LkRef in[6] = {forward.in[0], forward.in[1],  forward.in[2],
                   c->x,          forward.out[1], test_x(c->test, 3, (int64_t[]){1, ROWS, WIDE})};
    LkRef out[3];
    for (int i = 0; i < 3; i++)
        out[i] = lk_graph_activation(graph, graph->compute, 3, (int64_t[]){1, ROWS, WIDE});
    lk_graph_append(graph, LK_OP_ATTENTION_BACKWARD, &forward.attr, 6, in, 3, out);
    show(c, out[0]);
}

/** A layer's product and, onto it, its adapter's; the result. */
static LkRef layer(Case *c, Twist twist, LkRef x, LkRef h, int64_t rank, bool last)
{
    LkGraph *graph = c->test->graph;
    LkMatmul options = {.trans_b = true, .alpha = 1, .bias = LK_NONE, .addend = LK_NONE, .into = LK_NONE};
    if (twist == WITH_MORE) {
        options.bias = vector(c, OUT);
        options.addend = input(c, ROWS, OUT);
    }
    if (twist == ADDEND_CHANGES)
        options.addend = test_state(c->test, graph->compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, OUT});
    bool again = twist == OTHER_COLUMNS && c->w != LK_NONE;
    LkRef w = c->w = again ? c->w : weight(c, OUT, WIDE), y0 = lk_matmul(graph, x, w, options);
    if (twist == ON_HOST)
        graph->tensors[w].on_host = true;
    if (twist == Y0_OUTPUT || (twist == NARROW_FIRST && !last))
        show(c, y0);
    if (twist == Y0_READ)
        show(c, lk_activation(graph, y0, LK_SILU));
    c->u = again ? c->u : factor(c, OUT, rank);
    return product(c, h, c->u, y0, twist == SCALED ? 0.5f : 1);
}

static LkRef own_h(Case *c)
{
    return product(c, c->x, weight(c, RANK, WIDE), LK_NONE, 0.7f);
}

/** Layers with an h each. */
static void build_apart(Case *c, Twist twist, int count)
{
    LkRef h[4];
    for (int i = 0; i < count && twist == AT_ONCE; i++)
        h[i] = own_h(c);
    for (int i = 0; i < count; i++) {
        h[i] = twist == AT_ONCE ? h[i] : own_h(c);
        show(c, layer(c, twist, c->x, h[i], RANK, true));
    }
    for (int i = 0; i < count && twist == MANY_LATER; i++)
        show(c, product(c, h[i], weight(c, 4, RANK), LK_NONE, 1));
}

static void build_layers(Case *c, Twist twist)
{
    if (twist == ONE_BY_ONE || twist == AT_ONCE || twist == MANY || twist == MANY_LATER || twist == OF_INPUT) {
        build_apart(c, twist, twist == ONE_BY_ONE || twist == AT_ONCE ? 2 : 4);
        return;
    }
    LkGraph *graph = c->test->graph;
    bool stacked = twist == STACKED || twist == NARROW_FIRST || twist == OTHER_COLUMNS || twist == FOUR;
    int count = twist == FOUR ? 4 : stacked ? 3 : 1;
    int64_t rank = twist == TOO_WIDE ? 72 : twist == ODD ? 4 : RANK;
    LkRef x = c->x;
    if (twist == RESHAPED)
        x = lk_graph_reshape(graph, x, 3, (int64_t[]){2, ROWS / 2, WIDE});
    LkRef of = twist == OTHER_X ? input(c, ROWS, WIDE) : x;
    LkRef h = product(c, of, weight(c, count * rank, WIDE), LK_NONE, 0.7f);
    for (int i = 0; i < count; i++) {
        LkRef part = stacked ? lk_graph_columns(graph, h, i * rank, rank) : h;
        LkRef y = layer(c, twist, x, part, rank, i > 0);
        if (twist == TWO_ADAPTERS) {
            LkRef other = test_state(c->test, graph->compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){OUT, RANK});
            y = product(c, product(c, x, weight(c, RANK, WIDE), LK_NONE, 1), other, y, 1);
        }
        show(c, y);
    }
    for (int i = 0; i < 4 && twist == H_IS_X; i++) {
        LkRef own = product(c, h, weight(c, RANK, RANK), LK_NONE, 1), w = weight(c, OUT, RANK);
        show(c, product(c, own, factor(c, OUT, RANK), product(c, h, w, LK_NONE, 1), 1));
    }
    if (twist == READ_LATER || twist == X_LASTS)
        show(c, product(c, h, weight(c, 4, rank), LK_NONE, 1));
    if (twist == X_LASTS)
        show(c, product(c, x, weight(c, 4, WIDE), LK_NONE, 1));
    if (twist == NOT_APART)
        show(c, lk_activation(graph, h, LK_SILU));
}

/** Another product with the layer's weight, so much later that it is fetched again. */
static void read_much_later(Case *c)
{
    LkRef z = input(c, ROWS, OUT);
    for (int i = 0; i < 10; i++)
        z = lk_activation(c->test->graph, z, LK_SILU);
    show(c, lk_matmul(c->test->graph, z, c->w, LK_MATMUL_DEFAULT));
}

static Case new_case(Twist twist, bool join)
{
    Case c = {.test = graph_test_new(LK_BF16, 5), .w = LK_NONE, .u = LK_NONE};
    LkGraph *graph = c.test->graph;
    c.factors = test_state(c.test, LK_BF16, TEST_NORMAL, 0, 0.3, 1, (int64_t[]){1024});
    c.x = make_x(&c, twist);
    build_layers(&c, twist);
    if (twist == U_CHANGES)
        lk_zero(graph, c.factors);
    if (twist == OF_ATTENTION)
        add_gradient(&c);
    if (twist == X_READ)
        show(&c, lk_activation(graph, c.x, LK_SILU));
    if (twist == X_OUTPUT)
        show(&c, c.x);
    if (twist == NOT_WANTED)
        graph->folded_terms = 0;
    const LkResidency away = {.codes = LK_DTYPE_COUNT, .host_share = LK_RESIDENCY_ALL, .ahead_bytes = 1000};
    bool fetched = twist == FETCHED || twist == FEW_FETCHED;
    if (fetched)
        read_much_later(&c);
    if (fetched && !lk_graph_reside(graph, &away, NULL))
        abort();
    if (join)
        lk_graph_join_products(graph);
    test_draw(c.test);
    return c;
}

/** Whether the result of a joined product is made of x and h in the same rows, h behind x. */
static bool lies_behind(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *x = lk_graph_tensor(graph, node->in[0]);
    const LkTensor *h = lk_graph_tensor(graph, node->in[2 + node->attr.has_bias]);
    return x->kind == LK_TENSOR_VIEW && h->kind == LK_TENSOR_VIEW && x->base == h->base && x->offset == 0 &&
           x->pitch == h->pitch && h->offset >= lk_tensor_cols(x) && h->offset + lk_tensor_cols(h) <= x->pitch;
}

/** How often a weight is fetched into rows that have room. */
static int fetched_apart(const LkGraph *graph)
{
    int count = 0;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        count += graph->nodes[n].op == LK_OP_FETCH &&
                 lk_tensor_pitch(lk_graph_tensor(graph, graph->nodes[n].out[0])) == WIDE + RANK;
    return count;
}

static void check_case(Twist twist)
{
    LkReference *runs[2];
    LkError error = {0};
    Case both[2] = {new_case(twist, false), new_case(twist, true)};
    bool ran = true, behind = true;
    int joined = 0, copies = 0;
    double off = 0;
    for (int i = 0; i < 2; i++) {
        runs[i] = test_reference(both[i].test);
        ran = ran && lk_graph_check(both[i].test->graph, &error) && lk_reference_run(runs[i], &error);
    }
    const LkGraph *graph = both[1].test->graph;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        bool is_joined = node->op == LK_OP_MATMUL && node->attr.low_rank[0].given;
        joined += is_joined;
        copies += node->op == LK_OP_SLICE;
        behind = behind && (!is_joined || lies_behind(graph, node));
    }
    for (int k = 0; k < both[0].n_out && ran; k++) {
        int64_t values = lk_tensor_count(lk_graph_tensor(both[0].test->graph, both[0].out[k]));
        double here = test_relative_error(lk_reference_data(runs[1], both[1].out[k]),
                                          lk_reference_data(runs[0], both[0].out[k]), values);
        off = here > off ? here : off;
    }
    bool alike = fetched_apart(graph) == (twist == FETCHED ? 2 : 0); /* wherever it is fetched */
    tap_ok(ran && behind && alike && joined == cases[twist].joined && copies == cases[twist].copies && off <= 1e-14,
           "%s: %d joined, %d copied, off by %.1e%s", cases[twist].name, joined, copies, off, error.text);
    for (int i = 0; i < 2; i++) {
        lk_reference_free(runs[i]);
        graph_test_free(both[i].test);
    }
}

int main(void)
{
    for (Twist twist = 0; twist < TWISTS; twist++)
        check_case(twist);
    return tap_done();
}
