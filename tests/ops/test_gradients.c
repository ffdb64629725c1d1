/* Every operation's backward pass against finite differences, in double precision on the reference backend: an
 * operation between parameters and a loss, with awkward shapes, and with each way of computing again. */
#include "adapter_graphs.h"
#include "gradient_check.h"

#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Builds an operation on parameters and returns its result. s: the sizes of the case. */
typedef LkRef Builder(GraphTest *test, const int64_t *s);

/** A trainable operand: a parameter itself, or the sum of one and something frozen. */
static LkRef operand(GraphTest *test, bool direct, int rank, const int64_t *shape)
{
    LkRef parameter = test_parameter(test, rank, shape);
    if (direct)
        return parameter;
    return lk_add(test->graph, test_input(test, test->graph->compute, TEST_NORMAL, 0, 0.5, rank, shape), parameter);
}

static LkRef frozen(GraphTest *test, double mean, double scale, int64_t count)
{
    return test_weight(test, LK_F32, mean, scale, 1, &count);
}

/** s: M, K, N, bits: 1 trans_a, 2 trans_b, 4 bias, 8 addend, 16 alpha, 32 direct. */
static LkRef matmul(GraphTest *test, const int64_t *s)
{
    bool trans_a = s[3] & 1, trans_b = s[3] & 2, direct = s[3] & 32;
    LkRef a = operand(test, direct, 2, trans_a ? (int64_t[]){s[1], s[0]} : (int64_t[]){s[0], s[1]});
    LkRef b = operand(test, direct, 2, trans_b ? (int64_t[]){s[2], s[1]} : (int64_t[]){s[1], s[2]});
    LkMatmul options = {.trans_a = trans_a,
                        .trans_b = trans_b,
                        .alpha = s[3] & 16 ? -0.75f : 0,
                        .bias = s[3] & 4 ? frozen(test, 0, 1, s[2]) : LK_NONE,
                        .addend = s[3] & 8 ? operand(test, direct, 2, (int64_t[]){s[0], s[2]}) : LK_NONE,
                        .into = LK_NONE};
    return lk_matmul(test->graph, a, b, options);
}

/** x·xᵀ and xᵀ·x: both operands are one tensor. s: M, K, bits: 1 transposed, 2 direct. */
static LkRef matmul_square(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, s[2] & 2, 2, s);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_a = s[2] & 1;
    options.trans_b = !options.trans_a;
    return lk_matmul(test->graph, x, x, options);
}

/** x·Wᵀ + b + 0.5·(x·Aᵀ)·Bᵀ: what a LoRA does to a Linear. s: batch, tokens, in, rank, out. */
static LkRef lora(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, false, 3, s);
    LkRef w = test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){s[4], s[2]});
    LkMatmul up = {.trans_b = true, .alpha = 0.5f, .bias = LK_NONE, .into = LK_NONE};
    up.addend = lk_linear(test->graph, x, w, frozen(test, 0, 1, s[4]));
    LkRef down = lk_linear(test->graph, x, test_parameter(test, 2, (int64_t[]){s[3], s[2]}), LK_NONE);
    return lk_matmul(test->graph, down, test_parameter(test, 2, (int64_t[]){s[4], s[3]}), up);
}

/** s: N, H, W, I, O, k, stride, pad before, pad after, bias. */
static LkRef conv2d(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, s[9] & 2, 4, s);
    LkRef w = test_weight(test, test->graph->compute, 0, 0.5, 4, (int64_t[]){s[4], s[3], s[5], s[5]});
    return lk_conv2d(test->graph, x, w, s[9] & 1 ? frozen(test, 0, 1, s[4]) : LK_NONE, (int)s[6], (int)s[7], (int)s[8]);
}

/** s: N, S, L, heads, width, causal. */
static LkRef attention(GraphTest *test, const int64_t *s)
{
    const int64_t q[3] = {s[0], s[1], s[3] * s[4]}, kv[3] = {s[0], s[2], s[3] * s[4]};
    return lk_attention(test->graph, operand(test, true, 3, q), operand(test, false, 3, kv), operand(test, true, 3, kv),
                        s[3], 0.6f, s[5]);
}

/** q, k and v are one tensor. s: N, S, heads, width, causal. */
static LkRef attention_self(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, false, 3, (int64_t[]){s[0], s[1], s[2] * s[3]});
    return lk_attention(test->graph, x, x, x, s[2], 0.6f, s[4]);
}

/** Only the values are trainable. s: N, S, L, heads, width. */
static LkRef attention_values(GraphTest *test, const int64_t *s)
{
    const int64_t q[3] = {s[0], s[1], s[3] * s[4]}, kv[3] = {s[0], s[2], s[3] * s[4]};
    LkDType dtype = test->graph->compute;
    return lk_attention(test->graph, test_input(test, dtype, TEST_NORMAL, 0, 1, 3, q),
                        test_input(test, dtype, TEST_NORMAL, 0, 1, 3, kv), operand(test, false, 3, kv), s[3], 0.6f,
                        false);
}

/** s: N, H, W, C, groups, SiLU. */
static LkRef group_norm(GraphTest *test, const int64_t *s)
{
    return lk_group_norm(test->graph, operand(test, s[5] & 2, 4, s), frozen(test, 1, 0.3, s[3]),
                         frozen(test, 0, 0.3, s[3]), (int)s[4], 0.01f, s[5] & 1);
}

/** s: N, S, C. */
static LkRef layer_norm(GraphTest *test, const int64_t *s)
{
    return lk_layer_norm(test->graph, operand(test, false, 3, s), frozen(test, 1, 0.3, s[2]),
                         frozen(test, 0, 0.3, s[2]), 0.01f);
}

/** s: R, C, kind. */
static LkRef activation(GraphTest *test, const int64_t *s)
{
    return lk_activation(test->graph, operand(test, false, 2, s), (LkActivation)s[2]);
}

static LkRef geglu(GraphTest *test, const int64_t *s)
{
    return lk_geglu(test->graph, operand(test, false, 3, (int64_t[]){s[0], s[1], 2 * s[2]}));
}

static LkRef add(GraphTest *test, const int64_t *s)
{
    return lk_add(test->graph, operand(test, true, 2, s), operand(test, false, 2, s));
}

static LkRef add_itself(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, false, 2, s), y = lk_add(test->graph, x, x);
    return lk_add(test->graph, lk_activation(test->graph, x, LK_SILU), y);
}

/** s: N, H, W, C. */
static LkRef add_rows(GraphTest *test, const int64_t *s)
{
    return lk_add_rows(test->graph, operand(test, false, 4, s), operand(test, false, 2, (int64_t[]){s[0], s[3]}));
}

static LkRef upsample2(GraphTest *test, const int64_t *s)
{
    return lk_upsample2(test->graph, operand(test, false, 4, s));
}

/** s: N, H, W, C of a, C of b, which is trainable (1 a, 2 b, 3 both). */
static LkRef concat(GraphTest *test, const int64_t *s)
{
    const int64_t b_shape[4] = {s[0], s[1], s[2], s[4]};
    LkDType dtype = test->graph->compute;
    LkRef a = s[5] & 1 ? operand(test, false, 4, s) : test_input(test, dtype, TEST_NORMAL, 0, 1, 4, s);
    LkRef b = s[5] & 2 ? operand(test, false, 4, b_shape) : test_input(test, dtype, TEST_NORMAL, 0, 1, 4, b_shape);
    return lk_concat(test->graph, a, b);
}

/** s: R, C, begin, count. */
static LkRef slice(GraphTest *test, const int64_t *s)
{
    return lk_slice(test->graph, operand(test, false, 2, s), s[2], s[3]);
}

/** Two overlapping slices of one tensor. s: R, C. */
static LkRef slices(GraphTest *test, const int64_t *s)
{
    LkRef x = operand(test, false, 2, s);
    return lk_concat(test->graph, lk_slice(test->graph, x, 1, s[1] - 1), lk_slice(test->graph, x, 0, s[1] - 2));
}

static LkRef cast(GraphTest *test, const int64_t *s)
{
    LkRef x = lk_cast(test->graph, operand(test, true, 2, s), LK_F32);
    return lk_activation(test->graph, lk_cast(test->graph, x, test->graph->compute), LK_SILU);
}

/** Reshapes of activations and of parameters. s: a, b, c: a·b·c elements. */
static LkRef reshape(GraphTest *test, const int64_t *s)
{
    LkRef x = lk_graph_reshape(test->graph, operand(test, false, 3, s), 2, (int64_t[]){s[0] * s[1], s[2]});
    LkRef y = lk_graph_reshape(test->graph, operand(test, true, 3, s), 2, (int64_t[]){s[0] * s[1], s[2]});
    x = lk_activation(test->graph, lk_add(test->graph, x, y), LK_GELU_TANH);
    return lk_activation(test->graph, lk_graph_reshape(test->graph, x, 3, s), LK_SILU);
}

/** Two parts of one parameter. s: R, C. */
static LkRef parameter_parts(GraphTest *test, const int64_t *s)
{
    LkRef whole = test_parameter(test, 2, (int64_t[]){2 * s[0], s[1]});
    LkRef first = lk_graph_view(test->graph, whole, 0, 2, s),
          second = lk_graph_view(test->graph, whole, s[0] * s[1], 2, s);
    return lk_add(test->graph, lk_activation(test->graph, first, LK_SILU),
                  lk_activation(test->graph, second, LK_GELU_ERF));
}

/** One parameter used twice, once transposed. s: N, C. */
static LkRef parameter_twice(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, test->graph->compute, TEST_NORMAL, 0, 1, 2, s);
    LkRef w = test_parameter(test, 2, (int64_t[]){s[1], s[1]});
    LkRef y = lk_activation(test->graph, lk_linear(test->graph, x, w, LK_NONE), LK_SILU);
    return lk_matmul(test->graph, y, w, LK_MATMUL_DEFAULT);
}

/** A chain that computing again acts on: two blocks of norm, activation, product and a sum. s: N, S, C. */
static LkRef blocks(GraphTest *test, const int64_t *s)
{
    LkGraph *graph = test->graph;
    LkRef x = operand(test, false, 3, s);
    for (int i = 0; i < 3; i++) {
        lk_graph_begin_segment(graph);
        LkRef y = lk_layer_norm(graph, x, frozen(test, 1, 0.3, s[2]), frozen(test, 0, 0.3, s[2]), 0.01f);
        y = lk_linear(graph, y, test_parameter(test, 2, (int64_t[]){2 * s[2], s[2]}), LK_NONE);
        y = lk_activation(graph, lk_geglu(graph, y), LK_GELU_TANH);
        y = lk_group_norm(graph, y, frozen(test, 1, 0.3, s[2]), frozen(test, 0, 0.3, s[2]), 1, 0.01f, true);
        y = lk_attention(graph, y, y, x, 1, 0.5f, false);
        x = lk_add(graph, x, lk_linear(graph, y, test_parameter(test, 2, (int64_t[]){s[2], s[2]}), LK_NONE));
        lk_graph_end_segment(graph);
    }
    return x;
}

static const struct {
    const char *name;
    Builder *build;
    bool zero; /* the gradient is zero by the operation's nature */
    int64_t s[10];
} cases[] = {
    {"matmul 1", matmul, .s = {1, 1, 1, 0}},
    {"matmul", matmul, .s = {5, 3, 7, 0}},
    {"matmul, direct", matmul, .s = {5, 3, 7, 32}},
    {"matmul aT", matmul, .s = {5, 3, 7, 1}},
    {"matmul bT", matmul, .s = {5, 3, 7, 2}},
    {"matmul aT bT", matmul, .s = {5, 3, 7, 3}},
    {"matmul aT bT, direct", matmul, .s = {2, 3, 5, 3 + 32}},
    {"matmul bias addend alpha", matmul, .s = {5, 3, 7, 4 + 8 + 16}},
    {"matmul aT, bias addend alpha, direct", matmul, .s = {3, 1, 7, 1 + 4 + 8 + 16 + 32}},
    {"matmul bT, bias addend alpha, direct", matmul, .s = {1, 5, 2, 2 + 4 + 8 + 16 + 32}},
    {"matmul aT bT, addend alpha", matmul, .s = {3, 5, 1, 3 + 8 + 16}},
    {"matmul square", matmul_square, .s = {3, 5, 0}},
    {"matmul square, transposed", matmul_square, .s = {3, 5, 1}},
    {"matmul square, direct", matmul_square, .s = {3, 5, 2}},
    {"lora", lora, .s = {2, 3, 5, 2, 7}},
    {"lora 1", lora, .s = {1, 1, 1, 1, 1}},
    {"conv2d 1x1", conv2d, .s = {2, 3, 5, 2, 3, 1, 1, 0, 0, 1}},
    {"conv2d 3x3", conv2d, .s = {2, 3, 5, 2, 3, 3, 1, 1, 1, 1}},
    {"conv2d 3x3 of one pixel", conv2d, .s = {1, 1, 1, 3, 2, 3, 1, 1, 1, 2}},
    {"conv2d 3x3, stride 2", conv2d, .s = {1, 4, 7, 2, 3, 3, 2, 1, 1, 0}},
    {"conv2d 3x3, stride 2, padded after", conv2d, .s = {1, 4, 6, 2, 3, 3, 2, 0, 1, 1}},
    {"conv2d 2x2, stride 3, positions unread", conv2d, .s = {1, 6, 7, 1, 2, 2, 3, 0, 0, 0}},
    {"attention", attention, .s = {2, 3, 5, 2, 3, 0}},
    {"attention, one key", attention, .s = {2, 3, 1, 1, 2, 0}},
    {"attention, one query", attention, .s = {1, 1, 7, 3, 1, 0}},
    {"attention, causal", attention, .s = {2, 5, 5, 2, 2, 1}},
    {"self attention", attention_self, .s = {2, 5, 2, 3, 0}},
    {"self attention, causal", attention_self, .s = {1, 7, 1, 2, 1}},
    {"attention, values only", attention_values, .s = {2, 3, 5, 2, 2}},
    {"group norm", group_norm, .s = {2, 3, 2, 6, 3, 0}},
    {"group norm, SiLU", group_norm, .s = {2, 3, 2, 6, 2, 1}},
    {"group norm, SiLU, direct", group_norm, .s = {1, 2, 2, 5, 5, 3}},
    {"group norm, one group", group_norm, .s = {3, 1, 1, 7, 1, 1}},
    {"group norm of single elements", group_norm, true, .s = {2, 1, 1, 3, 3, 1}},
    {"layer norm", layer_norm, .s = {2, 3, 7}},
    {"layer norm of two", layer_norm, .s = {1, 5, 2}},
    {"layer norm of one", layer_norm, true, .s = {1, 5, 1}},
    {"silu", activation, .s = {5, 7, LK_SILU}},
    {"quick gelu", activation, .s = {5, 7, LK_QUICK_GELU}},
    {"gelu", activation, .s = {5, 7, LK_GELU_ERF}},
    {"gelu tanh", activation, .s = {5, 7, LK_GELU_TANH}},
    {"geglu", geglu, .s = {2, 3, 5}},
    {"geglu 1", geglu, .s = {1, 1, 1}},
    {"add", add, .s = {3, 7}},
    {"add itself", add_itself, .s = {3, 7}},
    {"add rows", add_rows, .s = {2, 3, 5, 3}},
    {"add rows to one position", add_rows, .s = {3, 1, 1, 2}},
    {"upsample2", upsample2, .s = {2, 3, 1, 5}},
    {"concat", concat, .s = {2, 1, 3, 2, 5, 3}},
    {"concat, first trainable", concat, .s = {1, 3, 1, 1, 3, 1}},
    {"concat, second trainable", concat, .s = {1, 3, 1, 3, 1, 2}},
    {"slice", slice, .s = {3, 7, 2, 3}},
    {"slice from the first channel", slice, .s = {3, 7, 0, 3}},
    {"slice to the last channel", slice, .s = {3, 7, 6, 1}},
    {"slice of everything", slice, .s = {3, 5, 0, 5}},
    {"overlapping slices", slices, .s = {3, 7}},
    {"cast", cast, .s = {3, 5}},
    {"reshape", reshape, .s = {2, 3, 5}},
    {"parts of a parameter", parameter_parts, .s = {3, 5}},
    {"a parameter used twice", parameter_twice, .s = {3, 5}},
    {"hadamard", gradient_multiply, .s = {5, 3, 2, 7}},
    {"scale rows", gradient_scale_rows, .s = {2, 3, 2, 5, 0, 0}},
    {"scale rows, biased", gradient_scale_rows, .s = {2, 3, 2, 5, 0, 1}},
    {"scale rows, added to", gradient_scale_rows, .s = {2, 3, 2, 5, 0, 2}},
    {"scale rows, biased, added to", gradient_scale_rows, .s = {2, 3, 2, 5, 1, 3}},
    {"scale all rows alike, biased", gradient_scale_rows, .s = {2, 3, 2, 5, 1, 1}},
    {"taps 3x3", gradient_taps, .s = {2, 3, 5, 2, 3, 3, 1, 1, 1}},
    {"taps 3x3, stride 2", gradient_taps, .s = {1, 4, 7, 2, 3, 3, 2, 1, 1}},
    {"taps 3x3, stride 2, padded after", gradient_taps, .s = {1, 4, 6, 2, 3, 3, 2, 0, 1}},
    {"dropout", gradient_dropout, .s = {7, 9, 3, 40}},
    {"kronecker", gradient_kronecker, .s = {2, 3, 5, 3, 1, 0}},
    {"kronecker of taps", gradient_kronecker, .s = {2, 3, 3, 2, 4, 0}},
    {"kronecker of a product", gradient_kronecker, .s = {3, 2, 2, 5, 9, 1}},
    {"dora", gradient_dora, .s = {3, 5, 7, 2, 1}},
    {"dora of a convolution", gradient_dora, .s = {3, 5, 4, 2, 3}},
    {"dora without some rows", gradient_dora, .s = {3, 5, 9, 2, 1, 1}},
    {"blocks", blocks, .s = {2, 3, 4}},
};

/** Builds case i and differentiates it. */
static GraphTest *build(size_t i, LkRecompute recompute, LkError *error)
{
    GraphTest *test = graph_test_new(LK_F32, 100 + i);
    LkRef y = cases[i].build(test, cases[i].s);
    test_loss(test, y);
    if (lk_autodiff(test->graph, y, test->d_y, recompute, error)) {
        test_draw(test);
        return test;
    }
    graph_test_free(test);
    return NULL;
}

static void check_case(size_t i)
{
    LkError error = {0};
    double largest = 0, *none = NULL;
    for (LkRecompute recompute = LK_RECOMPUTE_NONE; recompute <= LK_RECOMPUTE_BLOCKS; recompute++) {
        GraphTest *test = build(i, recompute, &error);
        double *autodiff = test ? gradients_by_autodiff(test) : NULL;
        if (!autodiff) {
            tap_ok(false, "%s, recompute %d: %s", cases[i].name, (int)recompute, error.text);
        } else if (!none) {
            double *differences = gradients_by_differences(test, 0);
            double wrong = gradients_error(autodiff, differences, &largest);
            tap_ok(wrong <= 1e-6 && (largest > 1e-4) != cases[i].zero, "%s: gradient off by %.1e of %.1e",
                   cases[i].name, wrong, largest);
            free(differences);
            none = autodiff;
            autodiff = NULL;
        } else {
            tap_ok(memcmp(autodiff, none, TEST_PARAMETERS * sizeof *none) == 0,
                   "%s: the same gradient with recompute %d", cases[i].name, (int)recompute);
        }
        free(autodiff);
        graph_test_free(test);
    }
    free(none);
}

/** What has no gradient says so. */
static void check_refusals(void)
{
    LkError error = {0};
    GraphTest *test = graph_test_new(LK_F32, 1);
    LkRef x = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 4, (int64_t[]){1, 3, 3, 2});
    LkRef y = lk_conv2d(test->graph, x, test_parameter(test, 4, (int64_t[]){2, 2, 3, 3}), LK_NONE, 1, 1, 1);
    test_loss(test, y);
    tap_ok(!lk_autodiff(test->graph, y, test->d_y, LK_RECOMPUTE_NONE, &error) && error.code != LK_ERROR_NONE,
           "a trainable convolution is refused: %s", error.text);
    graph_test_free(test);
}

/** Nothing trainable: no backward node is added, and the loss stays. */
static void check_frozen(void)
{
    GraphTest *test = graph_test_new(LK_F32, 1);
    LkRef x = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 2, (int64_t[]){3, 5});
    LkRef y = lk_activation(test->graph, x, LK_SILU);
    test_loss(test, y);
    int32_t before = test->graph->n_nodes;
    tap_ok(lk_autodiff(test->graph, y, test->d_y, LK_RECOMPUTE_NONE, NULL) && test->graph->n_nodes == before,
           "a graph without parameters gets no backward nodes");
    graph_test_free(test);
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(i);
    check_refusals();
    check_frozen();
    return tap_done();
}
