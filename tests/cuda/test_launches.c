/* The launches that the roofline counts for a step are those that the backend makes. */
#include "network.h"

#include "backend/cuda/module.h"
#include "tensor/low_rank.h"
#include "tests/bench/launches.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <stdlib.h>

static int64_t made(void)
{
    return fake_calls_of("cudaLaunchKernel") + fake_calls_of("cublasLtMatmul") + fake_calls_of("cudnnBackendExecute");
}

/** Starts of kernels and calls of libraries in one recorded run: what a second run adds to the first. */
static int64_t recorded(GraphTest *test, LkError *error)
{
    int64_t calls[2] = {0};
    for (int i = 0; i < 2; i++) {
        double **results = calloc((size_t)test->graph->n_tensors, sizeof *results);
        int64_t before = made();
        test->runs = 1 + i;
        bool ran = test_run(test, lk_cuda_backend(), false, results, error);
        calls[i] = ran ? made() - before : 0;
        test_free_results(test, results);
        free(results);
    }
    return calls[1] - calls[0];
}

static int64_t counted(int sm, const LkGraph *graph)
{
    int64_t n = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const LkNode *node = &graph->nodes[i];
        n += node->op == LK_OP_ATTENTION_BACKWARD ? roof_attention_calls(sm, graph, node)
                                                  : roof_launches(sm, graph, node);
    }
    return n + roof_tails(graph).launches;
}

static void check(int sm, const char *what, GraphTest *test)
{
    LkError error = {0};
    fake_reset();
    fake_device(sm, (int64_t)4 << 30, 1);
    int64_t calls = recorded(test, &error), expected = counted(sm, test->graph);
    tap_ok(calls > 0 && calls == expected, "%s on sm_%d: %d nodes, %d launches counted, %d made%s%s", what, sm,
           (int)test->graph->n_nodes, (int)expected, (int)calls, *error.text ? ": " : "", error.text);
    graph_test_free(test);
}

/** Products in parts, rounded ones, ones of few terms and of too many, and a GEGLU that makes its own. */
static GraphTest *products(void)
{
    GraphTest *test = graph_test_new(LK_BF16, 5);
    LkGraph *graph = test->graph;
    LkRef dy = test_input(test, LK_BF16, TEST_NORMAL, 0, 1, 2, (int64_t[]){4096, 32});
    LkRef state = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 2, (int64_t[]){32, 16});
    for (int terms = 16; terms <= 256; terms *= 16) {
        LkRef h = test_input(test, LK_BF16, TEST_NORMAL, 0, 1, 2, (int64_t[]){4096, terms});
        LkRef u = test_input(test, LK_BF16, TEST_NORMAL, 0, 1, 2, (int64_t[]){terms, 32});
        LkMatmul options = LK_MATMUL_DEFAULT;
        options.addend = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 2, (int64_t[]){4096, 32});
        lk_graph_output(graph, lk_matmul(graph, h, u, options));
        options.addend = dy;
        LkRef y = lk_geglu(graph, lk_matmul(graph, h, u, options));
        lk_graph_output(graph, y);
        options = (LkMatmul){.trans_a = true, .bias = LK_NONE, .addend = state, .into = state};
        if (terms == 16)
            lk_matmul(graph, dy, h, options);
    }
    lk_graph_fold_low_rank(graph);
    test_draw(test);
    return test;
}

int main(void)
{
    for (int i = 0; i < 3; i++) {
        int sm = (int[]){80, 90, 120}[i];
        check(sm, "a step", test_step_network(LK_BF16));
        check(sm, "products", products());
    }
    return tap_done();
}
