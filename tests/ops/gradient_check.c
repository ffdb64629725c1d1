#include "gradient_check.h"

#include <math.h>
#include <stdlib.h>

double *gradients_by_autodiff(const GraphTest *test)
{
    LkReference *reference = test_reference(test);
    double *gradients = calloc(TEST_PARAMETERS, sizeof *gradients);
    if (gradients && lk_reference_run(reference, NULL)) {
        for (int64_t e = 0; e < TEST_PARAMETERS; e++)
            gradients[e] = lk_reference_data(reference, test->gradient)[e] - test->values[test->gradient][e];
    } else {
        free(gradients);
        gradients = NULL;
    }
    lk_reference_free(reference);
    return gradients;
}

/** The node that computes the loss; -1 for none. */
static int32_t loss_node(const LkGraph *graph)
{
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (graph->nodes[n].op == LK_OP_LOSS)
            return n;
    return -1;
}

/** loss scale · mean over n of weight[n] · loss[n] */
static double loss_value(const GraphTest *test, LkReference *reference, int32_t n)
{
    const LkNode *node = &test->graph->nodes[n];
    int64_t samples = lk_tensor_count(lk_graph_tensor(test->graph, node->out[0]));
    const double *loss = lk_reference_data(reference, node->out[0]);
    const double *weight = lk_reference_data(reference, node->in[2]);
    double sum = 0;
    lk_reference_run_range(reference, 0, n + 1, NULL);
    for (int64_t i = 0; i < samples; i++)
        sum += weight[i] * loss[i];
    return lk_reference_data(reference, node->in[3])[LK_SCALAR_LOSS_SCALE] * sum / (double)samples;
}

double *gradients_by_differences(const GraphTest *test, int limit)
{
    /* central differences of sixth order; error: h⁶ / 140 of the seventh derivative, 1e-16 f / h of rounding */
    static const double at[6] = {-3, -2, -1, 1, 2, 3}, factor[6] = {-1, 9, -45, 45, -9, 1};
    const double h = 1e-3;
    LkReference *reference = test_reference(test);
    double *shadow = lk_reference_data(reference, test->shadow),
           *gradients = calloc(TEST_PARAMETERS, sizeof *gradients);
    int32_t n = loss_node(test->graph);
    for (int64_t e = 0; gradients && e < TEST_PARAMETERS; e++) {
        gradients[e] = NAN;
        if (n < 0 || e >= test->used + 3 ||
            (limit > 0 && test_below(test->seed, 1, (uint64_t)e, (uint32_t)test->used) >= (uint32_t)limit))
            continue;
        double value = shadow[e], sum = 0;
        for (int i = 0; i < 6; i++) {
            shadow[e] = value + at[i] * h;
            sum += factor[i] * loss_value(test, reference, n);
        }
        shadow[e] = value;
        gradients[e] = sum / (60 * h);
    }
    lk_reference_free(reference);
    return gradients;
}

double gradients_error(const double *autodiff, const double *differences, double *largest)
{
    double worst = 0;
    *largest = 0;
    for (int64_t e = 0; e < TEST_PARAMETERS; e++)
        *largest = fmax(*largest, fabs(differences[e])); /* fmax ignores NaN */
    for (int64_t e = 0; e < TEST_PARAMETERS; e++) {
        if (isnan(differences[e]))
            continue;
        double error = fabs(autodiff[e] - differences[e]) / (fabs(differences[e]) + *largest / 1e4 + 1e-6);
        worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
    return worst;
}
