/* Weights as 8-bit codes and on the host: test_residency [cpu|cuda].
 *
 * Random training graphs run with weights that stay as they are, and again with weights that are fetched: the same
 * bytes. With codes: the same bytes as with weights that the test itself rounded to what codes can hold. And the rules
 * of the transformed graph: what a node reads is there, from its own weight, fetched no further ahead than was allowed.
 */
#include "random_network.h"

#include "tensor/joined.h"
#include "tensor/residency.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** A random training graph, with wide layers beside the small ones: products with many rows have other layouts. */
static GraphTest *build(LkDType compute, uint64_t seed)
{
    GraphTest *test = graph_test_new(compute, seed);
    int64_t tokens = test_below(seed, 20, 0, 2) ? 600 : 40;
    LkRef x = test_input(test, compute, TEST_NORMAL, 0, 1, 4, (int64_t[]){1, 10, tokens / 10, 32});
    LkRef w = test_weight(test, compute, 0, 0.2, 4, (int64_t[]){40, 32, 3, 3});
    LkRef y = lk_linear(test->graph, x, test_parameter(test, 2, (int64_t[]){32, 32}), LK_NONE);
    y = lk_conv2d(test->graph, y, w, LK_NONE, 1, 1, 1);
    LkRef all = test_weight(test, compute, 0, 0.2, 2, (int64_t[]){3 * 40, 40});
    for (int i = 0; i < 3; i++) /* parts of one stored matrix */
        y = lk_linear(test->graph, y, lk_graph_view(test->graph, all, i * 1600, 2, (int64_t[]){40, 40}), LK_NONE);
    y = lk_layer_norm(test->graph, y, test_vector(test, 1, 0.2, 40), test_vector(test, 0, 0.2, 40), 0.1f);
    LkRef h = lk_linear(test->graph, y, test_parameter(test, 2, (int64_t[]){8, 40}), LK_NONE);
    LkMatmul up = {.trans_b = true, .alpha = 1, .bias = LK_NONE, .addend = LK_NONE, .into = LK_NONE};
    up.addend = lk_linear(test->graph, y, test_weight(test, compute, 0, 0.2, 2, (int64_t[]){32, 40}), LK_NONE);
    y = lk_matmul(test->graph, h, test_parameter(test, 2, (int64_t[]){32, 8}), up); /* one with its layer's on a card */
    test_loss(test, y);
    if (!lk_autodiff(test->graph, y, test->d_y, (LkRecompute)test_below(seed, 20, 1, 3), NULL))
        abort();
    return test;
}

static GraphTest *build_random(LkDType compute, uint64_t seed)
{
    GraphTest *test = graph_test_new(compute, seed);
    LkRef y = test_random_network(test, 4 + (int)test_below(seed, 20, 2, 16));
    test_loss(test, y);
    if (!lk_autodiff(test->graph, y, test->d_y, (LkRecompute)test_below(seed, 20, 3, 3), NULL))
        abort();
    return test;
}

/* The test's own rounding to codes ------------------------------------------------------------------------------- */

/** The nearest of all numbers that 8 bits with 4 of exponent have, the even one of two: by looking at each. */
static double nearest_e4m3(double x)
{
    double best = 0;
    int best_code = 0;
    for (int code = 0; code < 0x7f; code++) {
        int exponent = code >> 3, mantissa = code & 7;
        double value = exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
        double off = fabs(fabs(x) - value), known = fabs(fabs(x) - best);
        if (code == 0 || off < known || (off == known && code % 2 == 0 && best_code % 2 == 1)) {
            best = value;
            best_code = code;
        }
    }
    return copysign(best, x);
}

static float rounded(LkDType dtype, float x)
{
    return dtype == LK_BF16 ? lk_bf16_to_f32(lk_f32_to_bf16(x)) : dtype == LK_F16 ? lk_f16_to_f32(lk_f32_to_f16(x)) : x;
}

/** What becomes of a weight [rows, cols] by way of codes. */
static void round_to_codes(LkDType codes, LkDType compute, float *values, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++) {
        float most = 0, *row = values + r * cols;
        for (int64_t i = 0; i < cols; i++)
            most = fmaxf(most, fabsf(row[i]));
        float scale = most / (codes == LK_I8 ? 127.0f : 448.0f);
        for (int64_t i = 0; i < cols && scale > 0; i++) {
            float part = row[i] / scale;
            row[i] = rounded(compute, (float)(codes == LK_I8 ? nearbyint(part) : nearest_e4m3(part)) * scale);
        }
    }
}

/** Whether a weight of the untransformed graph becomes codes: a matrix or a kernel that no table of tokens is. */
static bool becomes_codes(const LkGraph *graph, LkRef ref)
{
    const LkTensor *t = &graph->tensors[ref];
    if (t->kind != LK_TENSOR_WEIGHT || t->rank < 2 || lk_tensor_count(t) % 4 != 0)
        return false;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_in && graph->nodes[n].op == LK_OP_EMBEDDING; k++)
            if (lk_graph_owner(graph, graph->nodes[n].in[k]) == ref)
                return false;
    return true;
}

/* Rules of the graph ----------------------------------------------------------------------------------------------- */

/** The weight from which an arena's tensor was made, or LK_NONE. */
static LkRef origin(const LkGraph *graph, LkRef ref)
{
    LkRef owner = lk_graph_owner(graph, ref);
    int32_t from = graph->tensors[owner].node;
    if (graph->tensors[owner].kind == LK_TENSOR_WEIGHT)
        return owner;
    bool brought = from >= 0 && (graph->nodes[from].op == LK_OP_FETCH || graph->nodes[from].op == LK_OP_DEQUANTISE);
    return brought ? origin(graph, graph->nodes[from].in[0]) : LK_NONE;
}

/** Every matrix reads the weight that it read before, made earlier than it is read. */
static bool reads_right(const GraphTest *before, const GraphTest *after, char reason[200])
{
    const LkGraph *old = before->graph, *new = after->graph;
    int32_t at = 0;
    for (int32_t n = 0; n < new->n_nodes; n++) {
        const LkNode *node = &new->nodes[n];
        if (node->op == LK_OP_FETCH || node->op == LK_OP_DEQUANTISE)
            continue;
        if (at == old->n_nodes || old->nodes[at].op != node->op) {
            snprintf(reason, 200, "node %d is not the old one", n);
            return false;
        }
        const LkNode *was = &old->nodes[at++];
        for (int k = 0; k < node->n_in; k++) {
            LkRef weight = origin(new, node->in[k]), old_weight = lk_graph_owner(old, was->in[k]);
            int32_t made = new->tensors[lk_graph_owner(new, node->in[k])].node;
            bool is_weight = old->tensors[old_weight].kind == LK_TENSOR_WEIGHT;
            if (made >= n || is_weight != (weight != LK_NONE) ||
                (is_weight && strcmp(new->tensors[weight].name, old->tensors[old_weight].name) != 0)) {
                snprintf(reason, 200, "input %d of node %d is not what it was", k, n);
                return false;
            }
        }
    }
    snprintf(reason, 200, "%d of %d old nodes are there", at, old->n_nodes);
    return at == old->n_nodes;
}

/** No fetch is without a reader, and what is under way is never more than `ahead` or a single weight. */
static bool fetches_right(const LkGraph *graph, int64_t ahead, char reason[200])
{
    int64_t under_way = 0;
    int32_t *first_read = malloc(((size_t)graph->n_nodes + 1) * sizeof *first_read);
    bool right = first_read != NULL;
    for (int32_t n = 0; right && n < graph->n_nodes; n++)
        first_read[n] = -1;
    for (int32_t n = 0; right && n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_in; k++) {
            int32_t from = graph->tensors[lk_graph_owner(graph, graph->nodes[n].in[k])].node;
            if (from >= 0 && graph->nodes[from].op == LK_OP_FETCH && first_read[from] < 0)
                first_read[from] = n;
        }
    for (int32_t n = 0; right && n < graph->n_nodes; n++) {
        int waiting = 0;
        under_way = 0;
        for (int32_t f = 0; f <= n; f++)
            if (graph->nodes[f].op == LK_OP_FETCH && first_read[f] > n) {
                under_way += lk_weight_bytes(&graph->tensors[graph->nodes[f].in[0]]);
                waiting++;
            }
        bool unread = graph->nodes[n].op == LK_OP_FETCH && first_read[n] < 0;
        if (unread || (waiting > 1 && under_way > ahead)) {
            snprintf(reason, 200, "%lld bytes are under way at node %d%s", (long long)under_way, n,
                     unread ? ", which nothing reads" : "");
            right = false;
        }
    }
    free(first_read);
    return right;
}

/* Runs ------------------------------------------------------------------------------------------------------------- */

/** Whether all results that both have are the same numbers. */
static bool same(const GraphTest *test, double **a, double **b, char reason[200])
{
    int compared = 0;
    for (LkRef t = 0; t < test->graph->n_tensors; t++) {
        if (!a[t] || test->graph->tensors[t].kind == LK_TENSOR_INPUT)
            continue;
        compared++;
        for (int64_t e = 0; e < lk_tensor_count(&test->graph->tensors[t]); e++)
            if (!b[t] || !(a[t][e] == b[t][e])) {
                snprintf(reason, 200, "tensor %d differs at %lld: %g, %g", t, (long long)e, a[t][e],
                         b[t] ? b[t][e] : 0);
                return false;
            }
    }
    return compared > 0;
}

/** Products that are one with their layer's. */
static int joined(const LkGraph *graph)
{
    int n = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        n += graph->nodes[i].op == LK_OP_MATMUL && graph->nodes[i].attr.low_rank[0].given;
    return n;
}

static void check(const LkBackend *backend, LkDType compute, uint64_t seed, bool random, LkResidency residency)
{
    LkError error = {0};
    char reason[200] = "";
    GraphTest *plain = (random ? build_random : build)(compute, seed),
              *moved = (random ? build_random : build)(compute, seed);
    bool ok = lk_graph_reside(moved->graph, &residency, &error) && reads_right(plain, moved, reason) &&
              fetches_right(moved->graph, residency.ahead_bytes, reason);
    if (backend->folded_terms > 0 && residency.codes == LK_DTYPE_COUNT) { /* what is codes is never joined */
        lk_graph_join_products(plain->graph);
        lk_graph_join_products(moved->graph);
        int products = joined(plain->graph);
        ok = ok && products == joined(moved->graph) && (random || products == 1);
    }
    plain->runs = moved->runs = 3; /* on a card the second is recorded */
    test_draw(plain);
    test_draw(moved);
    for (LkRef t = 0; t < plain->graph->n_tensors && residency.codes != LK_DTYPE_COUNT; t++)
        if (becomes_codes(plain->graph, t)) {
            const LkTensor *w = &plain->graph->tensors[t];
            round_to_codes(residency.codes, compute, plain->values[t], w->shape[0], lk_tensor_count(w) / w->shape[0]);
        }
    double **a = calloc((size_t)plain->graph->n_tensors, sizeof *a),
           **b = calloc((size_t)moved->graph->n_tensors, sizeof *b);
    ok = ok && a && b && test_run(plain, backend, false, a, &error) && test_run(moved, backend, false, b, &error) &&
         same(plain, a, b, reason);
    tap_ok(ok, "%s, %s, %s, %d thousandths on the host, seed %llu: same bytes %s%s", random ? "random" : "wide",
           lk_dtype_name(compute), residency.codes == LK_DTYPE_COUNT ? "as computed" : lk_dtype_name(residency.codes),
           residency.host_share, (unsigned long long)seed, ok ? "" : reason, error.text);
    test_free_results(plain, a);
    test_free_results(moved, b);
    free(a);
    free(b);
    graph_test_free(plain);
    graph_test_free(moved);
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
    tap_note("%s, %s", device.name, device.detail);
    static const LkDType types[] = {LK_F32, LK_BF16, LK_F16}, codes[] = {LK_DTYPE_COUNT, LK_I8, LK_E4M3};
    for (size_t t = 0; t < 3; t++) {
        if ((types[t] == LK_BF16 && !device.bf16) || (types[t] == LK_F16 && !device.fp16))
            continue;
        for (uint64_t seed = 0; seed < 8; seed++)
            for (size_t c = 0; c < 3; c++)
                for (int share = 0; share <= 2; share++)
                    check(backend, types[t], seed, seed % 4 != 0,
                          (LkResidency){.codes = codes[c],
                                        .host_share = share * LK_RESIDENCY_ALL / 2,
                                        .ahead_bytes = seed % 2 ? 300 : 20000});
    }
    return tap_done();
}
