/* Values computed in a planned arena, on a backend: test_arena [cpu|cuda]. The same bytes must come out with memory
 * that is used again, with memory that is not, and with parts of the forward pass computed again; and near the
 * reference's values. */
#include "random_network.h"

#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static GraphTest *network(uint64_t seed, LkDType dtype, LkRecompute recompute)
{
    GraphTest *test = graph_test_new(dtype, seed);
    LkRef y = test_random_network(test, 4 + (int)(seed % 17));
    lk_graph_output(test->graph, y);
    test_loss(test, y);
    if (!lk_autodiff(test->graph, y, test->d_y, recompute, NULL))
        abort();
    test_draw(test);
    return test;
}

/** The backend's gradient state, or NULL with an error. Compares all results with those of spread memory. */
static double *run_both(const GraphTest *test, const LkBackend *backend, double **planned, bool *same, LkError *error)
{
    double **spread = calloc((size_t)test->graph->n_tensors, sizeof *spread);
    bool ran = spread && test_run(test, backend, false, planned, error) && test_run(test, backend, true, spread, error);
    *same = ran;
    for (LkRef t = 0; ran && t < test->graph->n_tensors; t++)
        if (planned[t] &&
            memcmp(planned[t], spread[t], (size_t)lk_tensor_count(&test->graph->tensors[t]) * sizeof(double)) != 0)
            *same = false;
    if (spread)
        test_free_results(test, spread);
    free(spread);
    return ran ? planned[test->gradient] : NULL;
}

/** How far the gradients are from the reference's, over the elements that it changed. */
static double gradient_error(const GraphTest *test, const double *got)
{
    LkReference *reference = test_reference(test);
    double *a = malloc(TEST_PARAMETERS * sizeof *a), *b = malloc(TEST_PARAMETERS * sizeof *b), error = 1;
    int64_t changed = 0;
    if (a && b && lk_reference_run(reference, NULL)) {
        const double *want = lk_reference_data(reference, test->gradient);
        const float *before = test->values[test->gradient];
        for (int64_t e = 0; e < TEST_PARAMETERS; e++)
            if (want[e] != before[e]) {
                a[changed] = got[e] - before[e];
                b[changed++] = want[e] - before[e];
            }
        error = test_relative_error(a, b, changed);
    }
    free(a);
    free(b);
    lk_reference_free(reference);
    return error;
}

/** Random networks in one type. f32 gradients must be right to `allowed`. */
static void check_networks(const LkBackend *backend, LkDType dtype, int networks, double allowed)
{
    int spread = 0, again = 0, near = 0;
    double worst = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)networks; seed++) {
        double *first = NULL;
        bool same[3] = {false}, equal = true;
        for (LkRecompute recompute = LK_RECOMPUTE_NONE; recompute <= LK_RECOMPUTE_BLOCKS; recompute++) {
            LkError error = {0};
            GraphTest *test = network(seed, dtype, recompute);
            double **planned = calloc((size_t)test->graph->n_tensors, sizeof *planned);
            const double *gradient = run_both(test, backend, planned, &same[recompute], &error);
            if (!gradient) {
                tap_ok(false, "network %d in %s: %s", (int)seed, lk_dtype_name(dtype), error.text);
                equal = false;
            } else if (!first) {
                double wrong = gradient_error(test, gradient);
                worst = wrong > worst ? wrong : worst;
                near += wrong <= allowed;
                if (!(wrong <= allowed))
                    tap_note("network %d in %s: gradients off by %.1e", (int)seed, lk_dtype_name(dtype), wrong);
                first = malloc(TEST_PARAMETERS * sizeof *first);
                memcpy(first, gradient, TEST_PARAMETERS * sizeof *first);
            } else if (memcmp(first, gradient, TEST_PARAMETERS * sizeof *first) != 0) {
                tap_note("network %d in %s: other gradients with recompute %d", (int)seed, lk_dtype_name(dtype),
                         (int)recompute);
                equal = false;
            }
            if (!same[recompute])
                tap_note("network %d in %s, recompute %d: other values in spread memory", (int)seed,
                         lk_dtype_name(dtype), (int)recompute);
            test_free_results(test, planned);
            free(planned);
            graph_test_free(test);
        }
        spread += same[0] && same[1] && same[2];
        again += equal && first;
        free(first);
    }
    const char *name = lk_dtype_name(dtype);
    tap_ok(spread == networks, "%s: %d of %d networks give the same bytes in planned and in spread memory", name,
           spread, networks);
    tap_ok(again == networks, "%s: %d of %d give the same bytes with parts computed again", name, again, networks);
    tap_ok(near == networks, "%s: %d of %d have the reference's gradients to %.0e (worst %.1e)", name, near, networks,
           allowed, worst);
}

/** Appends an operation on fresh activations, so that it may be written in place. s: rank 4 shape. */
typedef LkRef InPlaceBuilder(GraphTest *test, LkRef x, LkRef other);

static LkRef vector(GraphTest *test, double mean, int64_t count)
{
    return test_weight(test, LK_F32, mean, 0.3, 1, &count);
}

static LkRef backward(GraphTest *test, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in)
{
    LkTensor t = *lk_graph_tensor(test->graph, in[0]);
    LkRef dx = lk_graph_activation(test->graph, t.dtype, t.rank, t.shape);
    lk_graph_append(test->graph, op, attr, n_in, in, 1, &dx);
    return dx;
}

static LkRef build_add(GraphTest *test, LkRef x, LkRef other)
{
    return lk_add(test->graph, x, other);
}

static LkRef build_add_second(GraphTest *test, LkRef x, LkRef other)
{
    return lk_add(test->graph, other, x);
}

static LkRef build_add_rows(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    const int64_t shape[2] = {t.shape[0], t.shape[3]};
    return lk_add_rows(test->graph, x, test_input(test, t.dtype, TEST_NORMAL, 0, 1, 2, shape));
}

static LkRef build_activation(GraphTest *test, LkRef x, LkRef other)
{
    return lk_activation(test->graph, x, LK_GELU_ERF);
}

static LkRef build_activation_backward(GraphTest *test, LkRef x, LkRef other)
{
    LkAttributes attr = {.activation = LK_SILU};
    return backward(test, LK_OP_ACTIVATION_BACKWARD, &attr, 2, (LkRef[]){x, other});
}

static LkRef build_activation_backward_second(GraphTest *test, LkRef x, LkRef other)
{
    LkAttributes attr = {.activation = LK_QUICK_GELU};
    return backward(test, LK_OP_ACTIVATION_BACKWARD, &attr, 2, (LkRef[]){other, x});
}

static LkRef build_group_norm(GraphTest *test, LkRef x, LkRef other)
{
    int64_t c = lk_tensor_cols(lk_graph_tensor(test->graph, x));
    return lk_group_norm(test->graph, x, vector(test, 1, c), vector(test, 0, c), 4, 1e-5f, true);
}

static LkRef build_layer_norm(GraphTest *test, LkRef x, LkRef other)
{
    int64_t c = lk_tensor_cols(lk_graph_tensor(test->graph, x));
    return lk_layer_norm(test->graph, x, vector(test, 1, c), vector(test, 0, c), 1e-5f);
}

static LkRef build_group_norm_backward(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    LkRef gamma = vector(test, 1, t.shape[3]), beta = vector(test, 0, t.shape[3]);
    LkRef stats = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 3, (int64_t[]){t.shape[0], 4, 2});
    LkAttributes attr = {.groups = 4, .eps = 1e-5f, .silu = true};
    return backward(test, LK_OP_GROUP_NORM_BACKWARD, &attr, 5, (LkRef[]){x, other, stats, gamma, beta});
}

/** Over the addend. */
static LkRef build_group_norm_backward_addend(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    LkRef gamma = vector(test, 1, t.shape[3]), beta = vector(test, 0, t.shape[3]);
    LkRef stats = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 3, (int64_t[]){t.shape[0], 4, 2});
    LkRef dy = test_input(test, t.dtype, TEST_NORMAL, 0, 1, t.rank, t.shape);
    LkAttributes attr = {.groups = 4, .eps = 1e-5f, .silu = true, .has_addend = true};
    return backward(test, LK_OP_GROUP_NORM_BACKWARD, &attr, 6, (LkRef[]){dy, other, stats, gamma, beta, x});
}

static LkRef build_layer_norm_backward(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    LkRef stats = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 2, (int64_t[]){lk_tensor_rows(&t), 2});
    LkAttributes attr = {.eps = 1e-5f};
    return backward(test, LK_OP_LAYER_NORM_BACKWARD, &attr, 4, (LkRef[]){x, other, stats, vector(test, 1, t.shape[3])});
}

/** Over the gradient, with what the norm makes beside it. */
static LkRef build_layer_norm_backward_again(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    LkRef stats = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 2, (int64_t[]){lk_tensor_rows(&t), 2});
    LkAttributes attr = {.eps = 1e-5f};
    LkRef in[5] = {x, other, stats, vector(test, 1, t.shape[3]), vector(test, 0, t.shape[3])};
    LkRef out[2] = {lk_graph_activation(test->graph, t.dtype, t.rank, t.shape),
                    lk_graph_activation(test->graph, t.dtype, t.rank, t.shape)};
    lk_graph_append(test->graph, LK_OP_LAYER_NORM_BACKWARD, &attr, 5, in, 2, out);
    lk_graph_output(test->graph, out[1]);
    return out[0];
}

/** Over the addend. */
static LkRef build_layer_norm_backward_addend(GraphTest *test, LkRef x, LkRef other)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    LkRef stats = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 2, (int64_t[]){lk_tensor_rows(&t), 2});
    LkAttributes attr = {.eps = 1e-5f, .has_addend = true};
    LkRef dy = test_input(test, t.dtype, TEST_NORMAL, 0, 1, t.rank, t.shape);
    return backward(test, LK_OP_LAYER_NORM_BACKWARD, &attr, 5,
                    (LkRef[]){dy, other, stats, vector(test, 1, t.shape[3]), x});
}

/** Over x; with an addend of `terms` terms, if any, and with what GEGLU makes beside the gradient. */
static LkRef geglu_backward(GraphTest *test, LkRef x, int64_t terms, bool by_product)
{
    LkTensor t = *lk_graph_tensor(test->graph, x);
    const int64_t half[4] = {t.shape[0], t.shape[1], t.shape[2], t.shape[3] / 2};
    const int64_t thin[4] = {t.shape[0], t.shape[1], t.shape[2], terms};
    LkRef in[4] = {test_input(test, t.dtype, TEST_NORMAL, 0, 1, 4, half), x};
    LkAttributes attr = {.low_rank = {{.given = terms > 0, .alpha = 0.5f}}};
    if (terms > 0) {
        in[2] = test_input(test, t.dtype, TEST_NORMAL, 0, 1, 4, thin);
        in[3] = test_input(test, t.dtype, TEST_NORMAL, 0, 1, 2, (int64_t[]){terms, t.shape[3]});
    }
    LkRef out[2] = {lk_graph_activation(test->graph, t.dtype, t.rank, t.shape),
                    lk_graph_activation(test->graph, t.dtype, t.rank, half)};
    lk_graph_append(test->graph, LK_OP_GEGLU_BACKWARD, &attr, terms > 0 ? 4 : 2, in, 1 + by_product, out);
    if (by_product)
        lk_graph_output(test->graph, out[1]);
    return out[0];
}

static LkRef build_geglu_backward(GraphTest *test, LkRef x, LkRef other)
{
    return geglu_backward(test, x, 0, false);
}

static LkRef build_geglu_backward_again(GraphTest *test, LkRef x, LkRef other)
{
    return geglu_backward(test, x, 0, true);
}

static LkRef build_geglu_backward_low_rank_again(GraphTest *test, LkRef x, LkRef other)
{
    return geglu_backward(test, x, 5, true);
}

static LkRef build_geglu_backward_low_rank(GraphTest *test, LkRef x, LkRef other)
{
    return geglu_backward(test, x, 5, false);
}

static LkRef build_matmul_addend(GraphTest *test, LkRef x, LkRef other)
{
    int64_t c = lk_tensor_cols(lk_graph_tensor(test->graph, x));
    LkMatmul options = {.trans_b = true, .alpha = 0.5f, .bias = LK_NONE, .addend = x, .into = LK_NONE};
    return lk_matmul(test->graph, other, test_weight(test, test->graph->compute, 0, 0.3, 2, (int64_t[]){c, c}),
                     options);
}

/** Whether the planner did put the result over x, and it has the same bytes as in another place. */
static void check_in_place(const LkBackend *backend, LkDType dtype, const char *name, InPlaceBuilder *build)
{
    static const int64_t shapes[][4] = {{2, 3, 5, 8}, {1, 33, 31, 52}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        LkError error = {0};
        GraphTest *test = graph_test_new(dtype, 3 + i);
        LkRef wide[2], x[2];
        for (int k = 0; k < 2; k++) {
            wide[k] = test_input(test, dtype, TEST_NORMAL, 0, 1, 4, shapes[i]);
            x[k] = lk_slice(test->graph, wide[k], 0, shapes[i][3]); /* a copy that is an activation */
        }
        LkRef y = build(test, x[0], x[1]);
        /* the other operand stays, so that only x can be written over */
        lk_graph_output(test->graph, x[1]);
        lk_graph_output(test->graph, y);
        test_draw(test);
        LkPlan *plan = lk_plan_new(test->graph, (LkPlanNeeds){0}, &error);
        bool shares = plan && plan->offset[y] == plan->offset[x[0]], same = false;
        lk_plan_free(plan);
        double **planned = calloc((size_t)test->graph->n_tensors, sizeof *planned);
        run_both(test, backend, planned, &same, &error);
        tap_ok(shares && same, "%s of %s in place gives the same bytes%s%s", name, lk_dtype_name(dtype),
               shares ? "" : " (but it was not in place) ", error.text);
        test_free_results(test, planned);
        free(planned);
        graph_test_free(test);
    }
}

static void check_all_in_place(const LkBackend *backend, LkDType dtype)
{
    check_in_place(backend, dtype, "add", build_add);
    check_in_place(backend, dtype, "add over its second operand", build_add_second);
    check_in_place(backend, dtype, "add rows", build_add_rows);
    check_in_place(backend, dtype, "activation", build_activation);
    check_in_place(backend, dtype, "activation backward", build_activation_backward);
    check_in_place(backend, dtype, "activation backward over x", build_activation_backward_second);
    check_in_place(backend, dtype, "group norm", build_group_norm);
    check_in_place(backend, dtype, "group norm backward", build_group_norm_backward);
    check_in_place(backend, dtype, "group norm backward and addend", build_group_norm_backward_addend);
    check_in_place(backend, dtype, "layer norm", build_layer_norm);
    check_in_place(backend, dtype, "layer norm backward", build_layer_norm_backward);
    check_in_place(backend, dtype, "layer norm backward and addend", build_layer_norm_backward_addend);
    check_in_place(backend, dtype, "GEGLU backward", build_geglu_backward);
    check_in_place(backend, dtype, "GEGLU backward of rank 5", build_geglu_backward_low_rank);
    check_in_place(backend, dtype, "GEGLU backward with GEGLU", build_geglu_backward_again);
    check_in_place(backend, dtype, "GEGLU backward of rank 5 with GEGLU", build_geglu_backward_low_rank_again);
    check_in_place(backend, dtype, "layer norm backward with layer norm", build_layer_norm_backward_again);
    check_in_place(backend, dtype, "product with an addend", build_matmul_addend);
}

int main(int argc, char **argv)
{
    LkError error = {0};
    bool cuda = argc > 1 && strcmp(argv[1], "cuda") == 0;
    const LkBackend *backend = cuda ? lk_backend_cuda(&error) : lk_backend_cpu();
    LkDeviceInfo device = {0};
    if (!backend || backend->devices(&device, 1, &error) < 1) {
        printf("1..0 # SKIP no such backend: %s\n", error.text);
        return 0;
    }
    check_all_in_place(backend, LK_F32);
    check_networks(backend, LK_F32, 40, 2e-5);
    if (device.bf16) {
        check_all_in_place(backend, LK_BF16);
        check_networks(backend, LK_BF16, 25, 0.15);
    }
    return tap_done();
}
