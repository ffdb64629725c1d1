/* Every operation on a backend against the reference, in each element type: test_backend [cpu|cuda]. Outputs lie once
 * in the arena and once between sentinels; nothing but outputs may change. */
#include "backend_cases.h"

#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Marks every result of a node: as an output, or guarded by sentinels. */
static void expose_results(GraphTest *test, bool guard)
{
    for (int32_t n = 0; n < test->graph->n_nodes; n++)
        for (int k = 0; k < test->graph->nodes[n].n_out; k++) {
            LkRef out = lk_graph_owner(test->graph, test->graph->nodes[n].out[k]);
            if (test->graph->tensors[out].kind == LK_TENSOR_ACTIVATION && guard)
                test_guard(test, out);
            else if (test->graph->tensors[out].kind == LK_TENSOR_ACTIVATION)
                lk_graph_output(test->graph, out);
        }
}

/** What a comparison found. */
typedef struct Outcome {
    double error;  /* the largest relative L2 error of a tensor, in units of what is allowed */
    bool harmed;   /* an element changed that no node writes */
    int tensors;   /* compared */
    LkDType dtype; /* of the worst */
} Outcome;

static double unit(LkDType dtype)
{
    return dtype == LK_BF16 ? 0x1p-8 : dtype == LK_F16 ? 0x1p-11 : 0x1p-24;
}

/** Whether the tensor is an attention's log-sum-exp: a logarithm, whose absolute error counts. */
static bool is_logarithm(const LkGraph *graph, LkRef ref)
{
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (graph->nodes[n].op == LK_OP_ATTENTION && lk_graph_owner(graph, graph->nodes[n].out[1]) == ref)
            return true;
    return false;
}

/** Compares one tensor. In states and inputs only what the reference changed may differ from what was there. */
static void compare(const BackendCase *c, const GraphTest *test, LkRef ref, const double *want, const double *got,
                    Outcome *outcome)
{
    const LkTensor *tensor = &test->graph->tensors[ref];
    const float *before = test->values[ref];
    bool logarithm = is_logarithm(test->graph, ref);
    int64_t count = lk_tensor_count(tensor), changed = 0;
    double *a = malloc((size_t)count * sizeof *a), *b = malloc((size_t)count * sizeof *b), largest = 0, off = 0;
    for (int64_t e = 0; a && b && e < count; e++) {
        if (before && want[e] == before[e]) {
            outcome->harmed |= got[e] != before[e];
            continue;
        }
        a[changed] = got[e];
        b[changed++] = want[e];
        largest = fmax(largest, fabs(want[e]));
        off = fmax(off, fabs(got[e] - want[e]));
    }
    if (a && b && changed > 0) {
        LkDType dtype = logarithm ? test->graph->compute : tensor->dtype; /* it is as good as the probabilities */
        double allowed = (dtype == LK_F32 ? c->f32 : c->low) * unit(dtype) + 1e-12;
        double error = logarithm ? 0 : test_relative_error(a, b, changed) / allowed;
        largest = logarithm ? fmax(largest, 1) : largest;
        error = fmax(error, largest > 0 ? off / largest / allowed / 8 : 0); /* and no single element stands out */
        outcome->tensors++;
        if (!(error <= outcome->error)) {
            outcome->error = error;
            outcome->dtype = tensor->dtype;
        }
    }
    free(a);
    free(b);
}

static void check_case(const LkBackend *backend, const BackendCase *c, LkDType dtype, bool guard)
{
    LkError error = {0};
    GraphTest *test = graph_test_new(dtype, 7);
    c->build(test, c->s);
    expose_results(test, guard);
    if (!lk_graph_check(test->graph, &error)) {
        tap_ok(false, "%s: %s", c->name, error.text);
        graph_test_free(test);
        return;
    }
    test_draw(test);
    LkReference *reference = test_reference(test);
    double **results = calloc((size_t)test->graph->n_tensors, sizeof *results);
    Outcome outcome = {.dtype = dtype};
    if (results && lk_reference_run(reference, &error) && test_run(test, backend, false, results, &error)) {
        for (LkRef t = 0; t < test->graph->n_tensors; t++)
            if (results[t])
                compare(c, test, t, lk_reference_data(reference, t), results[t], &outcome);
        tap_ok(outcome.error <= 1 && !outcome.harmed && outcome.tensors > 0, "%s, %s%s: %.2f of the %s error allowed%s",
               c->name, lk_dtype_name(dtype), guard ? ", guarded" : "", outcome.error, lk_dtype_name(outcome.dtype),
               outcome.harmed ? "; other elements were changed" : "");
    } else {
        tap_ok(false, "%s, %s: %s", c->name, lk_dtype_name(dtype), error.text);
    }
    if (results)
        test_free_results(test, results);
    free(results);
    lk_reference_free(reference);
    graph_test_free(test);
}

int main(int argc, char **argv)
{
    LkError error = {0};
    bool cuda = argc > 1 && strcmp(argv[1], "cuda") == 0;
    const char *only = argc > 2 ? argv[2] : NULL; /* cases whose name begins so */
    const LkBackend *backend = cuda ? lk_backend_cuda(&error) : lk_backend_cpu();
    LkDeviceInfo device = {0};
    if (!backend || backend->devices(&device, 1, &error) < 1) {
        printf("1..0 # SKIP no such backend: %s\n", error.text);
        return 0;
    }
    tap_note("%s, %s", device.name, device.detail);
    static const LkDType types[] = {LK_F32, LK_BF16, LK_F16};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        if ((types[t] == LK_BF16 && !device.bf16) || (types[t] == LK_F16 && !device.fp16))
            continue;
        for (int i = 0; i < backend_case_count; i++)
            for (int guard = 0; guard < 2; guard++)
                if (!only || strncmp(backend_cases[i].name, only, strlen(only)) == 0)
                    check_case(backend, &backend_cases[i], types[t], guard);
    }
    return tap_done();
}
