/* Gradients of random networks of all operations against finite differences, and the same gradients with each way of
 * computing again. */
#include "gradient_check.h"
#include "random_network.h"

#include "tensor/low_rank.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static GraphTest *build(uint64_t seed, LkRecompute recompute, LkError *error)
{
    GraphTest *test = graph_test_new(LK_F32, seed);
    LkRef y = test_random_network(test, 4 + (int)(seed % 13));
    test_loss(test, y);
    if (lk_autodiff(test->graph, y, test->d_y, recompute, error)) {
        test_draw(test);
        return test;
    }
    graph_test_free(test);
    return NULL;
}

/** What the networks had. */
typedef struct Found {
    int operations[LK_OP_COUNT];
    int addends[LK_LOW_RANK_ADDENDS]; /* products that are made where they are read */
    int columns;                      /* read or written as parts of rows */
    int by_products;                  /* results that a gradient's node makes */
} Found;

static void count_nodes(const LkGraph *graph, Found *found)
{
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        found->operations[graph->nodes[n].op]++;
        LkOp op = graph->nodes[n].op;
        found->by_products +=
            (op == LK_OP_GEGLU_BACKWARD || op == LK_OP_LAYER_NORM_BACKWARD) && graph->nodes[n].n_out > 1;
        for (int i = 0; i < LK_LOW_RANK_ADDENDS; i++)
            found->addends[i] += graph->nodes[n].attr.low_rank[i].given;
        for (int k = 0; k < graph->nodes[n].n_in + graph->nodes[n].n_out; k++) {
            const LkNode *node = &graph->nodes[n];
            LkRef ref = k < node->n_in ? node->in[k] : node->out[k - node->n_in];
            found->columns += !lk_tensor_is_dense(lk_graph_tensor(graph, ref));
        }
    }
}

static bool check_network(uint64_t seed, Found *found)
{
    LkError error = {0};
    double *none = NULL;
    bool good = true;
    for (LkRecompute recompute = LK_RECOMPUTE_NONE; good && recompute <= LK_RECOMPUTE_BLOCKS; recompute++) {
        GraphTest *test = build(seed, recompute, &error);
        if (test)
            count_nodes(test->graph, found);
        double *autodiff = test ? gradients_by_autodiff(test) : NULL;
        if (!autodiff) {
            good = tap_ok(false, "network %d: %s", (int)seed, error.text);
        } else if (!none) {
            double largest, *differences = gradients_by_differences(test, 40);
            double wrong = gradients_error(autodiff, differences, &largest);
            /* what was not drawn is compared too: the gradient of the padding between parameters is zero */
            good = wrong <= 1e-6 || tap_ok(false, "network %d: off by %.1e of %.1e", (int)seed, wrong, largest);
            free(differences);
        } else {
            good = memcmp(autodiff, none, TEST_PARAMETERS * sizeof *none) == 0 ||
                   tap_ok(false, "network %d: another gradient with recompute %d", (int)seed, (int)recompute);
        }
        if (!none)
            none = autodiff;
        else
            free(autodiff);
        graph_test_free(test);
    }
    free(none);
    return good;
}

int main(void)
{
    enum { NETWORKS = 300 };
    Found found = {0};
    int good = 0, missing = 0;
    for (uint64_t seed = 1; seed <= NETWORKS; seed++)
        good += check_network(seed, &found);
    tap_ok(good == NETWORKS, "%d of %d random networks have the right gradients, whatever is computed again", good,
           NETWORKS);
    for (int op = 0; op <= LK_OP_ZERO; op++)
        missing += found.operations[op] == 0;
    tap_ok(missing == 0, "the networks had every operation but those of the optimizer");
    tap_ok(found.addends[LK_LOW_RANK_X] > 20 && found.addends[LK_LOW_RANK_DY] > 5,
           "and GEGLUs that made a product where they read it: %d of x, %d of dy", found.addends[LK_LOW_RANK_X],
           found.addends[LK_LOW_RANK_DY]);
    tap_ok(found.columns > NETWORKS, "and products that read or wrote columns: %d", found.columns);
    tap_ok(found.by_products > 50, "and gradients that made what they are of once more: %d", found.by_products);
    return tap_done();
}
