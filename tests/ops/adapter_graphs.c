#include "adapter_graphs.h"

#include "tensor/adapter_ops.h"

static LkRef normal(GraphTest *test, LkDType dtype, double mean, double scale, int rank, const int64_t *shape)
{
    return test_input(test, dtype, TEST_NORMAL, mean, scale, rank, shape);
}

/** Something that depends on a parameter but is none. */
static LkRef operand(GraphTest *test, int rank, const int64_t *shape)
{
    return lk_add(test->graph, normal(test, test->graph->compute, 0, 0.5, rank, shape),
                  test_parameter(test, rank, shape));
}

static LkRef bias_of(GraphTest *test, bool wanted, int64_t count)
{
    return wanted ? test_weight(test, LK_F32, 0, 1, 1, &count) : LK_NONE;
}

/** LoHa's change of a weight: products of parameters, multiplied, then a Linear. s: out, in, dim, rows. */
LkRef gradient_multiply(GraphTest *test, const int64_t *s)
{
    LkRef factor[2];
    for (int i = 0; i < 2; i++)
        factor[i] = lk_matmul(test->graph, test_parameter(test, 2, (int64_t[]){s[0], s[2]}),
                              test_parameter(test, 2, (int64_t[]){s[2], s[1]}), LK_MATMUL_DEFAULT);
    LkRef delta = lk_multiply(test->graph, factor[0], factor[1], 0.7f);
    return lk_linear(test->graph, operand(test, 2, (int64_t[]){s[3], s[1]}), delta, LK_NONE);
}

/** s: N, H, W, C, one row of factors for all samples, bits: 1 bias, 2 addend. */
LkRef gradient_scale_rows(GraphTest *test, const int64_t *s)
{
    LkRef v = test_parameter(test, 2, (int64_t[]){s[4] ? 1 : s[0], s[3]});
    return lk_scale_rows(test->graph, operand(test, 4, s), v, bias_of(test, s[5] & 1, s[3]),
                         s[5] & 2 ? operand(test, 4, s) : LK_NONE);
}

/** A convolution with a trainable weight. s: N, H, W, I, O, k, stride, pad before, pad after. */
LkRef gradient_taps(GraphTest *test, const int64_t *s)
{
    LkRef w = test_parameter(test, 2, (int64_t[]){s[4] * s[5] * s[5], s[3]});
    LkRef z = lk_linear(test->graph, operand(test, 4, s), w, LK_NONE);
    return lk_gather_taps(test->graph, z, (int)s[5], (int)s[6], (int)s[7], (int)s[8]);
}

/** s: m, n, p, q, taps, whether the right side is a product itself. */
LkRef gradient_kronecker(GraphTest *test, const int64_t *s)
{
    LkRef right = s[5] ? lk_matmul(test->graph, test_parameter(test, 2, (int64_t[]){s[2], 2}),
                                   test_parameter(test, 2, (int64_t[]){2, s[3] * s[4]}), LK_MATMUL_DEFAULT)
                       : test_parameter(test, 2, (int64_t[]){s[2], s[3] * s[4]});
    return lk_kronecker(test->graph, test_parameter(test, 2, s), right, (int)s[4], -0.6f);
}

/** Rows that are kept (1), whose change is left out (0), and that stay as they are (-1). */
static LkRef kept_rows(GraphTest *test, bool some, int64_t rows)
{
    return some ? test_input(test, LK_F32, TEST_INTEGERS, -1, 3, 1, &rows) : LK_NONE;
}

/** A layer with DoRA: s · (W + B A) x. s: rows, in, out, dim, k, whether rows are left out. */
LkRef gradient_dora(GraphTest *test, const int64_t *s)
{
    LkGraph *graph = test->graph;
    LkRef w = test_weight(test, graph->compute, 0, 1, s[4] > 1 ? 4 : 2, (int64_t[]){s[2], s[1], s[4], s[4]});
    LkRef delta = lk_matmul(graph, test_parameter(test, 2, (int64_t[]){s[2], s[3]}),
                            test_parameter(test, 2, (int64_t[]){s[3], s[1] * s[4] * s[4]}), LK_MATMUL_DEFAULT);
    LkRef scale = lk_dora_scale(graph, w, delta, test_parameter(test, 1, &s[2]), kept_rows(test, s[5], s[2]), 1);
    return lk_scale_rows(graph, operand(test, 2, (int64_t[]){s[0], s[2]}), scale, bias_of(test, true, s[2]), LK_NONE);
}

/** s: rows, columns. */
void backend_multiply(GraphTest *test, const int64_t *s)
{
    LkDType dtype = test->graph->compute;
    lk_multiply(test->graph, normal(test, dtype, 0, 1, 2, s), normal(test, dtype, 0, 1, 2, s), -1.5f);
}

/** s: N, H, W, C, one row of factors for all samples, bits: 1 bias, 2 addend. */
void backend_scale_rows(GraphTest *test, const int64_t *s)
{
    LkDType dtype = test->graph->compute;
    const int64_t factors[2] = {s[4] ? 1 : s[0], s[3]};
    LkRef x = normal(test, dtype, 0, 1, 4, s), bias = bias_of(test, s[5] & 1, s[3]);
    LkRef addend = s[5] & 2 ? normal(test, dtype, 0, 1, 4, s) : LK_NONE;
    lk_scale_rows(test->graph, x, normal(test, LK_F32, 0, 1, 2, factors), bias, addend);
    LkAttributes attr = {.has_bias = bias != LK_NONE};
    LkRef in[4] = {normal(test, dtype, 0, 1, 4, s), x, test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 2, factors),
                   bias};
    LkRef dv = lk_graph_activation(test->graph, LK_F32, 2, factors);
    lk_graph_append(test->graph, LK_OP_SUM_PRODUCTS, &attr, attr.has_bias ? 4 : 3, in, 1, &dv);
}

/** s: N, H, W, C, k, stride, pad before, pad after, whether the taps are in f32. */
void backend_taps(GraphTest *test, const int64_t *s)
{
    LkDType dtype = test->graph->compute;
    LkRef z = normal(test, s[8] ? LK_F32 : dtype, 0, 1, 4, (int64_t[]){s[0], s[1], s[2], s[3] * s[4] * s[4]});
    LkTensor y =
        *lk_graph_tensor(test->graph, lk_gather_taps(test->graph, z, (int)s[4], (int)s[5], (int)s[6], (int)s[7]));
    LkTensor tz = *lk_graph_tensor(test->graph, z);
    LkAttributes attr = test->graph->nodes[test->graph->n_nodes - 1].attr;
    LkRef dy = normal(test, dtype, 0, 1, 4, y.shape), dz = lk_graph_activation(test->graph, dtype, 4, tz.shape);
    lk_graph_append(test->graph, LK_OP_SPREAD_TAPS, &attr, 1, &dy, 1, &dz);
}

/** s: m, n, p, q, taps. */
void backend_kronecker(GraphTest *test, const int64_t *s)
{
    LkGraph *graph = test->graph;
    LkRef a = normal(test, graph->compute, 0, 1, 2, s);
    LkRef b = normal(test, graph->compute, 0, 1, 2, (int64_t[]){s[2], s[3] * s[4]});
    LkTensor y = *lk_graph_tensor(graph, lk_kronecker(graph, a, b, (int)s[4], 0.5f));
    LkAttributes attr = graph->nodes[graph->n_nodes - 1].attr;
    LkRef in[3] = {normal(test, graph->compute, 0, 1, 2, y.shape), a, b};
    LkRef out[2] = {lk_graph_activation(graph, LK_F32, 2, s),
                    lk_graph_activation(graph, LK_F32, 2, (int64_t[]){s[2], s[3] * s[4]})};
    lk_graph_append(graph, LK_OP_KRONECKER_BACKWARD, &attr, 3, in, 2, out);
}

/** s: out, in, k, hundredths of the strength, whether rows are left out. */
void backend_dora(GraphTest *test, const int64_t *s)
{
    LkGraph *graph = test->graph;
    LkRef w = test_weight(test, graph->compute, 0, 1, s[2] > 1 ? 4 : 2, (int64_t[]){s[0], s[1], s[2], s[2]});
    LkRef delta = normal(test, graph->compute, 0, 0.3, 2, (int64_t[]){s[0], s[1] * s[2] * s[2]});
    LkRef magnitude = normal(test, LK_F32, 3, 1, 1, s);
    LkRef keep = kept_rows(test, s[4], s[0]);
    lk_dora_scale(graph, w, delta, magnitude, keep, (float)s[3] / 100);
    LkNode *node = &graph->nodes[graph->n_nodes - 1];
    LkAttributes attr = node->attr;
    LkRef in[6] = {normal(test, LK_F32, 0, 1, 1, s), w, delta, magnitude, node->out[1], keep};
    LkTensor t = *lk_graph_tensor(graph, delta);
    LkRef out[2] = {lk_graph_activation(graph, t.dtype, 2, t.shape), lk_graph_activation(graph, LK_F32, 1, s)};
    lk_graph_append(graph, LK_OP_DORA_SCALE_BACKWARD, &attr, keep == LK_NONE ? 5 : 6, in, 2, out);
}

/** s: rows, columns, stream, percent dropped. */
static LkRef dropped(GraphTest *test, LkRef x, const int64_t *s)
{
    LkRef key = test_input(test, LK_I32, TEST_INTEGERS, 0, 1000, 1, (int64_t[]){4});
    return lk_dropout(test->graph, x, key, (uint32_t)s[2], (float)s[3] / 100);
}

LkRef gradient_dropout(GraphTest *test, const int64_t *s)
{
    return dropped(test, operand(test, 2, s), s);
}

void backend_dropout(GraphTest *test, const int64_t *s)
{
    dropped(test, normal(test, test->graph->compute, 0, 1, 2, s), s);
}

/** s: M, K, N, thousandths of the limit. */
void backend_limit_norm(GraphTest *test, const int64_t *s)
{
    LkRef part[2];
    for (int i = 0; i < 2; i++) {
        LkRef state = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, (int64_t[]){s[i] * s[i + 1] + 40});
        part[i] = lk_graph_view(test->graph, state, 19, 2, s + i);
    }
    LkDType compute = test->graph->compute;
    test->graph->compute = LK_F32; /* as the optimizer's graph */
    lk_limit_norm(test->graph, part[0], part[1], LK_NONE, 0.5f, (float)s[3] / 1000);
    test->graph->compute = compute;
}
