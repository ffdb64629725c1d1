/* The planner: thousands of random training graphs acted out on their arenas, broken plans that must be found out,
 * and the rules in small. */
#include "plan_simulation.h"
#include "random_network.h"

#include "tensor/residency.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

/** The first node that reads what node n makes; n_nodes without one. */
static int32_t first_reader(const LkGraph *graph, int32_t n)
{
    const LkNode *maker = &graph->nodes[n];
    for (int32_t m = n + 1; m < graph->n_nodes; m++)
        for (int i = 0; i < graph->nodes[m].n_in; i++)
            for (int k = 0; k < maker->n_out; k++)
                if (lk_graph_owner(graph, graph->nodes[m].in[i]) == lk_graph_owner(graph, maker->out[k]))
                    return m;
    return graph->n_nodes;
}

/** Random scratch memory, and in every second graph nodes that may end late, though before anything reads what they
 * make. */
static LkPlanNeeds random_needs(const LkGraph *graph, uint64_t seed)
{
    int64_t *bytes = calloc((size_t)graph->n_nodes + 1, sizeof *bytes);
    int32_t *until = seed % 2 ? calloc((size_t)graph->n_nodes + 1, sizeof *until) : NULL;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        if (test_below(seed, 12, (uint64_t)n, 3) == 0)
            bytes[n] = 1 + test_below(seed, 13, (uint64_t)n, 3000);
        if (!until)
            continue;
        int32_t last = first_reader(graph, n) - 1, late = n + (int32_t)test_below(seed, 17, (uint64_t)n, 12);
        until[n] = test_below(seed, 18, (uint64_t)n, 3) == 0 ? (late < last ? late : last) : n;
    }
    return (LkPlanNeeds){.bytes = bytes, .until = until};
}

static void free_needs(LkPlanNeeds needs)
{
    free((void *)(uintptr_t)needs.bytes);
    free((void *)(uintptr_t)needs.until);
}

/** A random training graph with random outputs, and random needs. */
static GraphTest *random_graph(uint64_t seed, LkPlanNeeds *needs)
{
    GraphTest *test = graph_test_new(test_below(seed, 10, 0, 2) ? LK_F32 : LK_BF16, seed);
    LkRef y = test_random_network(test, 3 + (int)test_below(seed, 10, 1, 25));
    test_loss(test, y);
    for (LkRef t = 0; t < test->graph->n_tensors; t++)
        if (test->graph->tensors[t].kind == LK_TENSOR_ACTIVATION && test_below(seed, 11, (uint64_t)t, 12) == 0)
            lk_graph_output(test->graph, t);
    if (test_below(seed, 10, 2, 4) > 0 &&
        !lk_autodiff(test->graph, y, test->d_y, (LkRecompute)test_below(seed, 10, 3, 3), NULL))
        abort();
    static const LkDType codes[] = {LK_DTYPE_COUNT, LK_I8, LK_E4M3};
    const LkResidency residency = {.codes = codes[test_below(seed, 10, 4, 3)],
                                   .host_share = (int)test_below(seed, 10, 5, 3) * LK_RESIDENCY_ALL / 2,
                                   .ahead_bytes = test_below(seed, 10, 6, 2000)};
    if (test_below(seed, 10, 7, 2) && !lk_graph_reside(test->graph, &residency, NULL))
        abort();
    *needs = random_needs(test->graph, seed);
    return test;
}

/** Moves one thing of a plan to another place in the arena. */
static void break_plan(const LkGraph *graph, LkPlan *plan, const int64_t *node_bytes, uint64_t seed, uint64_t attempt)
{
    uint64_t index = attempt * 10000;
    int64_t to = 0;
    for (uint64_t i = 0; i < 1000; i++) { /* mostly where something else lies */
        LkRef t = (LkRef)test_below(seed, 14, index + i, (uint32_t)graph->n_tensors);
        if (plan->offset[t] >= 0) {
            to = plan->offset[t] + (test_below(seed, 15, index, 3) == 0 ? LK_ALIGNMENT : 0);
            break;
        }
    }
    for (uint64_t i = 1000; i < 2000; i++) {
        LkRef t = (LkRef)test_below(seed, 14, index + i, (uint32_t)graph->n_tensors);
        int32_t n = (int32_t)test_below(seed, 16, index + i, (uint32_t)graph->n_nodes);
        if (attempt % 4 == 3 && node_bytes[n] > 0) {
            plan->workspace[n] = to;
            return;
        }
        if (attempt % 4 != 3 && plan->offset[t] >= 0) {
            plan->offset[t] = to;
            return;
        }
    }
}

/** Both checkers must agree on broken plans. Counts those that were bad. */
static bool check_broken(const LkGraph *graph, LkPlanNeeds needs, uint64_t seed, int *bad)
{
    for (uint64_t attempt = 0; attempt < 8; attempt++) {
        char reason[200];
        LkError error = {0};
        LkPlan *plan = lk_plan_new(graph, needs, NULL);
        break_plan(graph, plan, needs.bytes, seed, attempt);
        bool simulated = plan_simulate(graph, plan, needs, reason);
        bool verified = lk_plan_verify(graph, plan, needs, &error);
        lk_plan_free(plan);
        *bad += !simulated;
        if (simulated != verified)
            return tap_ok(false, "graph %d, broken in way %d: acted out %s, verified %s", (int)seed, (int)attempt,
                          simulated ? "well" : reason, verified ? "well" : error.text);
    }
    return true;
}

static void check_random_graphs(void)
{
    enum { GRAPHS = 2500 };
    int good = 0, agree = 0, bad = 0, in_place = 0;
    double worst = 0, sum = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        LkPlanNeeds needs;
        char reason[200];
        LkError error = {0};
        GraphTest *test = random_graph(seed, &needs);
        LkPlan *plan = lk_plan_new(test->graph, needs, &error);
        if (!plan || !lk_plan_verify(test->graph, plan, needs, &error))
            tap_ok(false, "graph %d: %s", (int)seed, error.text);
        else if (!plan_simulate(test->graph, plan, needs, reason))
            tap_ok(false, "graph %d: %s", (int)seed, reason);
        else if (plan->live_bytes > plan->arena_bytes || plan->live_bytes < plan_lower_bound(test->graph, needs))
            tap_ok(false, "graph %d: %lld bytes alive, at least %lld needed, arena of %lld", (int)seed,
                   (long long)plan->live_bytes, (long long)plan_lower_bound(test->graph, needs),
                   (long long)plan->arena_bytes);
        else
            good++;
        if (plan) {
            double ratio = (double)plan->arena_bytes / (double)plan->live_bytes;
            worst = ratio > worst ? ratio : worst;
            sum += ratio;
            for (int32_t n = 0; n < test->graph->n_nodes; n++)
                for (int i = 0; i < test->graph->nodes[n].n_in; i++) {
                    LkRef in = lk_graph_owner(test->graph, test->graph->nodes[n].in[i]),
                          out = test->graph->nodes[n].out[0];
                    in_place += plan->offset[in] >= 0 && plan->offset[in] == plan->offset[out];
                }
        }
        if (seed % 5 == 0)
            agree += check_broken(test->graph, needs, seed, &bad);
        lk_plan_free(plan);
        free_needs(needs);
        graph_test_free(test);
    }
    tap_ok(good == GRAPHS, "%d of %d random graphs have a sound plan", good, GRAPHS);
    tap_note("arena / most alive: %.3f on average, %.3f at worst; %d results in place", sum / GRAPHS, worst, in_place);
    tap_ok(sum / GRAPHS < 1.05, "the arena is on average less than 5 %% larger than what is alive at once");
    tap_ok(agree == GRAPHS / 5 && bad > GRAPHS / 5,
           "broken plans (%d bad of %d) are found by lk_plan_verify as by acting them out", bad, GRAPHS / 5 * 8);
}

/** A graph of f32 pictures of 1024 elements. */
typedef struct Small {
    LkGraph *graph;
    LkRef x;
} Small;

enum { PICTURE = 4096 }; /* bytes of one tensor in the small graphs */

static Small small_graph(void)
{
    Small s = {.graph = lk_graph_new(LK_F32)};
    s.x = lk_graph_input(s.graph, "x", LK_F32, 2, (int64_t[]){32, 32});
    return s;
}

static void check_arena(Small s, int64_t pictures, const char *what)
{
    LkError error = {0};
    LkPlan *plan = lk_plan_new(s.graph, (LkPlanNeeds){0}, &error);
    tap_ok(plan && plan->arena_bytes == pictures * PICTURE && lk_plan_verify(s.graph, plan, (LkPlanNeeds){0}, &error),
           "%s: %.2f pictures %s", what, plan ? (double)plan->arena_bytes / PICTURE : 0, error.text);
    if (plan)
        tap_ok(plan->live_bytes == plan->arena_bytes && plan->input_bytes == PICTURE &&
                   plan->input_bytes + plan->activation_bytes + plan->workspace_bytes == plan->live_bytes,
               "%s: the parts of the peak add up", what);
    lk_plan_free(plan);
    lk_graph_free(s.graph);
}

/** Sizes that can be counted by hand; the input is always one of the pictures. */
static void check_small(void)
{
    Small s = small_graph();
    LkRef y = s.x;
    for (int i = 0; i < 5; i++)
        y = lk_activation(s.graph, y, LK_SILU);
    lk_graph_output(s.graph, y);
    check_arena(s, 2, "a chain of activations is computed in place");

    s = small_graph();
    y = s.x;
    for (int i = 0; i < 5; i++)
        y = lk_matmul(s.graph, y, y, LK_MATMUL_DEFAULT);
    lk_graph_output(s.graph, y);
    check_arena(s, 3, "a chain of products alternates between two places");

    s = small_graph();
    LkRef a = lk_matmul(s.graph, s.x, s.x, LK_MATMUL_DEFAULT), b = lk_matmul(s.graph, s.x, a, LK_MATMUL_DEFAULT);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.addend = a;
    lk_graph_output(s.graph, lk_matmul(s.graph, b, s.x, options));
    check_arena(s, 3, "a product is added in place");

    s = small_graph();
    a = lk_activation(s.graph, s.x, LK_SILU);
    options.addend = a;
    lk_graph_output(s.graph, lk_matmul(s.graph, a, s.x, options));
    check_arena(s, 3, "an addend that is an operand too is not written over");

    s = small_graph();
    a = lk_activation(s.graph, s.x, LK_SILU);
    lk_graph_output(s.graph, a);
    lk_graph_output(s.graph, lk_activation(s.graph, a, LK_SILU));
    check_arena(s, 3, "an output is not written over");

    s = small_graph();
    a = lk_activation(s.graph, s.x, LK_SILU);
    b = lk_activation(s.graph, a, LK_SILU);
    lk_graph_output(s.graph, lk_add(s.graph, lk_matmul(s.graph, a, b, LK_MATMUL_DEFAULT), b));
    check_arena(s, 4, "what is read again is not written over");

    s = small_graph();
    a = lk_matmul(s.graph, s.x, s.x, LK_MATMUL_DEFAULT);
    LkRef view = lk_graph_reshape(s.graph, a, 3, (int64_t[]){4, 8, 32});
    b = lk_matmul(s.graph, s.x, s.x, LK_MATMUL_DEFAULT);
    LkRef c = lk_matmul(s.graph, b, b, LK_MATMUL_DEFAULT);
    LkRef d = lk_graph_reshape(s.graph, lk_activation(s.graph, view, LK_SILU), 2, (int64_t[]){32, 32});
    lk_graph_output(s.graph, lk_add(s.graph, c, d));
    check_arena(s, 4, "a view keeps its owner alive");
}

/** Scratch memory is alive with its node only. */
static void check_scratch(void)
{
    Small s = small_graph();
    LkRef y = lk_matmul(s.graph, s.x, s.x, LK_MATMUL_DEFAULT);
    y = lk_matmul(s.graph, y, y, LK_MATMUL_DEFAULT);
    lk_graph_output(s.graph, lk_activation(s.graph, y, LK_SILU));
    const LkPlanNeeds needs = {.bytes = (const int64_t[]){PICTURE, 100, 0}};
    LkPlan *plan = lk_plan_new(s.graph, needs, NULL);
    tap_ok(plan && plan->arena_bytes == 3 * PICTURE + 128 && plan->workspace[0] >= 0 && plan->workspace[1] >= 0 &&
               plan->workspace[2] == -1 && plan->workspace_bytes == 128 && plan->peak_node == 1,
           "scratch memory is rounded up and used again");
    LkPlan *broken = lk_plan_new(s.graph, needs, NULL);
    broken->workspace[1] = broken->arena_bytes - 64;
    tap_ok(!lk_plan_verify(s.graph, broken, needs, NULL), "scratch memory outside the arena is found out");
    lk_plan_free(broken);
    lk_plan_free(plan);
    lk_graph_free(s.graph);
}

/** What a node that may end late reads stays as it is until then, and so does its scratch memory. */
static void check_late(void)
{
    Small s = small_graph();
    LkRef a = lk_activation(s.graph, s.x, LK_SILU), side = lk_matmul(s.graph, a, a, LK_MATMUL_DEFAULT);
    LkRef b = lk_activation(s.graph, a, LK_SILU), c = lk_activation(s.graph, b, LK_SILU);
    lk_graph_output(s.graph, side);
    lk_graph_output(s.graph, lk_activation(s.graph, c, LK_SILU));
    static const struct {
        int32_t until[5]; /* silu, product, silu, silu, silu */
        int pictures;     /* in the arena, x and the product's scratch memory among them */
        const char *what;
    } rows[] = {{{0, 1, 2, 3, 4}, 4, "one at a time: scratch memory is free, and a is written over"},
                {{0, 2, 2, 3, 4}, 5, "a is not written over while the product may still read it"},
                {{0, 3, 2, 3, 4}, 5, "later it is"},
                {{0, 4, 2, 3, 4}, 5, "or never"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const LkPlanNeeds needs = {.bytes = (const int64_t[]){0, PICTURE, 0, 0, 0}, .until = rows[i].until};
        char reason[200] = "";
        LkPlan *plan = lk_plan_new(s.graph, needs, NULL);
        bool over = plan && plan->offset[b] == plan->offset[a];
        tap_ok(plan && plan->arena_bytes == rows[i].pictures * PICTURE && over == (i == 0) &&
                   lk_plan_verify(s.graph, plan, needs, NULL) && plan_simulate(s.graph, plan, needs, reason),
               "%s (%.2f pictures)", rows[i].what, plan ? (double)plan->arena_bytes / PICTURE : 0);
        lk_plan_free(plan);
    }
    lk_graph_free(s.graph);
}

/** Only these may be written in place: element by element, or after all of the operand's group was read. */
static void check_rules(void)
{
    static const struct {
        LkOp op;
        int input;
    } allowed[] = {{LK_OP_ADD, 0},
                   {LK_OP_ADD, 1},
                   {LK_OP_ACTIVATION, 0},
                   {LK_OP_ACTIVATION_BACKWARD, 0},
                   {LK_OP_ACTIVATION_BACKWARD, 1},
                   {LK_OP_ADD_ROWS, 0},
                   {LK_OP_GROUP_NORM, 0},
                   {LK_OP_GROUP_NORM_BACKWARD, 0},
                   {LK_OP_GROUP_NORM_BACKWARD, 1},
                   {LK_OP_GROUP_NORM_BACKWARD, 5},
                   {LK_OP_LAYER_NORM, 0},
                   {LK_OP_LAYER_NORM_BACKWARD, 0},
                   {LK_OP_LAYER_NORM_BACKWARD, 1},
                   {LK_OP_LAYER_NORM_BACKWARD, 4},
                   {LK_OP_GEGLU_BACKWARD, 1}};
    for (int op = 0; op < LK_OP_COUNT; op++)
        for (int input = 0; input < LK_MAX_INPUTS; input++) {
            bool may = false;
            for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
                may |= (int)allowed[i].op == op && allowed[i].input == input;
            if (!may && lk_op_in_place((LkOp)op, input))
                tap_ok(false, "operation %d may not be written over input %d", op, input);
        }
    tap_ok(lk_op_in_place(LK_OP_ADD, 0) && lk_op_in_place(LK_OP_ACTIVATION, 0), "sums and activations are in place");
}

int main(void)
{
    check_small();
    check_scratch();
    check_late();
    check_rules();
    check_random_graphs();
    return tap_done();
}
