/* Columns of a tensor as a tensor: what they are, and what they may not be used for. */
#include "graph_test.h"

#include "tests/tap.h"

#include <math.h>
#include <string.h>

enum { ROWS = 5, WIDE = 6 };

static LkRef x_input(GraphTest *test, int64_t columns)
{
    return test_input(test, test->graph->compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){ROWS, columns});
}

static LkRef weight(GraphTest *test, int64_t rows, int64_t columns)
{
    return test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){rows, columns});
}

/** A tensor that depends on a parameter. */
static LkRef hidden(GraphTest *test)
{
    return lk_linear(test->graph, x_input(test, 4), test_parameter(test, 2, (int64_t[]){WIDE, 4}), LK_NONE);
}

static void not_there(GraphTest *test)
{
    lk_graph_columns(test->graph, x_input(test, WIDE), 4, 3);
}

static void single(GraphTest *test)
{
    lk_graph_columns(test->graph, x_input(test, WIDE), 4, 1);
}

static void of_columns(GraphTest *test)
{
    lk_graph_columns(test->graph, lk_graph_columns(test->graph, x_input(test, WIDE), 0, 4), 0, 2);
}

static void of_a_weight(GraphTest *test)
{
    lk_graph_columns(test->graph, weight(test, ROWS, WIDE), 0, 2);
}

static void reshaped(GraphTest *test)
{
    lk_graph_reshape(test->graph, lk_graph_columns(test->graph, x_input(test, WIDE), 0, 4), 2, (int64_t[]){4, ROWS});
}

static void activated(GraphTest *test)
{
    lk_activation(test->graph, lk_graph_columns(test->graph, x_input(test, WIDE), 0, 4), LK_SILU);
}

static void added(GraphTest *test)
{
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.addend = lk_graph_columns(test->graph, x_input(test, WIDE), 1, 3);
    lk_matmul(test->graph, x_input(test, 4), weight(test, 4, 3), options);
}

static void added_to(GraphTest *test)
{
    LkMatmul options = LK_MATMUL_DEFAULT;
    LkRef y = lk_graph_activation(test->graph, test->graph->compute, 2, (int64_t[]){ROWS, WIDE});
    options.into = lk_graph_columns(test->graph, y, 1, 3);
    options.addend = x_input(test, 3);
    lk_matmul(test->graph, x_input(test, 4), weight(test, 4, 3), options);
}

/** The gradient of a sum of layers that read columns of one tensor: `begins` of them, three each. */
static void differentiated(GraphTest *test, const int *begins, int count)
{
    LkRef h = hidden(test), y = x_input(test, 2);
    for (int i = 0; i < count; i++) {
        LkMatmul options = {.trans_b = true, .bias = LK_NONE, .addend = y, .into = LK_NONE};
        y = lk_matmul(test->graph, lk_graph_columns(test->graph, h, begins[i], 3), weight(test, 2, 3), options);
    }
    LkError error = {0};
    test_loss(test, y);
    lk_autodiff(test->graph, y, test->d_y, LK_RECOMPUTE_NONE, &error);
}

static void read_twice(GraphTest *test)
{
    differentiated(test, (int[]){0, 3, 3}, 3);
}

/** As many columns as there are, but not each. */
static void read_twice_and_not(GraphTest *test)
{
    differentiated(test, (int[]){3, 3}, 2);
}

static void read_whole_too(GraphTest *test, bool first)
{
    LkRef h = hidden(test), part = lk_graph_columns(test->graph, h, 0, 3);
    LkRef y =
        first ? lk_linear(test->graph, part, weight(test, WIDE, 3), LK_NONE) : lk_activation(test->graph, h, LK_SILU);
    y = lk_add(test->graph, y,
               first ? lk_activation(test->graph, h, LK_SILU)
                     : lk_linear(test->graph, part, weight(test, WIDE, 3), LK_NONE));
    LkError error = {0};
    test_loss(test, y);
    lk_autodiff(test->graph, y, test->d_y, LK_RECOMPUTE_NONE, &error);
}

static void read_whole_after(GraphTest *test)
{
    read_whole_too(test, true);
}

static void read_whole_before(GraphTest *test)
{
    read_whole_too(test, false);
}

static void read_in_part(GraphTest *test)
{
    differentiated(test, (int[]){3}, 1);
}

static void read_once(GraphTest *test)
{
    differentiated(test, (int[]){3, 0}, 2);
}

static void check_refused(const char *what, void (*build)(GraphTest *), const char *words)
{
    LkError error = {0};
    GraphTest *test = graph_test_new(LK_F32, 3);
    build(test);
    bool fine = lk_graph_check(test->graph, &error);
    tap_ok(*words ? !fine && strstr(error.text, words) : fine, "%s: %s", what, fine ? "taken" : error.text);
    graph_test_free(test);
}

/** Columns seen of another tensor: the same part of it. */
static void test_seen_as(void)
{
    GraphTest *test = graph_test_new(LK_F32, 3);
    LkRef x = x_input(test, WIDE), other = x_input(test, WIDE);
    LkRef part = lk_graph_columns(test->graph, x, 2, 3), same = lk_graph_seen_as(test->graph, other, part);
    LkTensor a = *lk_graph_tensor(test->graph, part), b = *lk_graph_tensor(test->graph, same);
    tap_ok(b.base == other && a.base == x && b.offset == 2 && b.pitch == WIDE && lk_tensor_cols(&b) == 3 &&
               lk_tensor_rows(&b) == ROWS && lk_tensor_pitch(&b) == WIDE && !lk_tensor_is_dense(&b),
           "columns 2 to 4 of another tensor");
    LkRef all = lk_graph_columns(test->graph, x, 0, WIDE);
    tap_ok(lk_tensor_is_dense(lk_graph_tensor(test->graph, all)) &&
               lk_activation(test->graph, all, LK_SILU) != LK_NONE && lk_graph_check(test->graph, NULL),
           "all columns are the tensor, for every operation");
    graph_test_free(test);
}

int main(void)
{
    test_seen_as();
    check_refused("columns behind the last", not_there, "columns that a tensor does not have");
    check_refused("one column", single, "a single column of several");
    check_refused("columns of columns", of_columns, "columns that a tensor does not have");
    check_refused("columns of a weight", of_a_weight, "columns that a tensor does not have");
    check_refused("columns in another shape", reshaped, "another shape of some columns");
    check_refused("an operation that reads whole rows", activated, "cannot read or write columns alone");
    check_refused("columns as an addend", added, "cannot read or write columns alone");
    check_refused("a sum written into columns", added_to, "cannot read or write columns alone");
    check_refused("a gradient of columns that two nodes read", read_twice, "not every column is read once");
    check_refused("a gradient of some columns twice, of others never", read_twice_and_not,
                  "not every column is read once");
    check_refused("a gradient of columns that are read as a whole too", read_whole_after,
                  "not every column is read once");
    check_refused("a gradient of a whole of which columns are read too", read_whole_before,
                  "not every column is read once");
    check_refused("a gradient where some columns are not read", read_in_part, "not every column is read once");
    check_refused("a gradient of columns that are read once each", read_once, "");
    return tap_done();
}
