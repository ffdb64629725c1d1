/* The fused attention's backward pass in parts: some heads of all samples, some heads of one sample, one head of one
 * sample give the same bits as all at once, with keys behind the valid ones and without. */
#include "backend/cuda/cuda_backend.h"
#include "backend/cuda/module.h"
#include "graph_test.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 3, QUERIES = 64, KEYS = 48, HEADS = 4, WIDTH = 16, ROW = HEADS * WIDTH };

static int64_t limit;

/** The backend's devices with another limit. */
static LkDevice *open_device(int index, int threads, LkError *error)
{
    LkDevice *device = lk_cuda_backend()->open(index, threads, error);
    if (device)
        device->attention_workspace = limit;
    return device;
}

static LkRef tokens(GraphTest *test, int64_t rows)
{
    return test_input(test, LK_BF16, TEST_NORMAL, 0, 1, 3, (int64_t[]){BATCH, rows, ROW});
}

static LkRef gradient(GraphTest *test, int64_t rows)
{
    LkRef out = lk_graph_activation(test->graph, LK_BF16, 3, (int64_t[]){BATCH, rows, ROW});
    lk_graph_output(test->graph, out);
    return out;
}

/** Attention and its gradients, of which *first is the first. */
static GraphTest *attention(int64_t valid_keys, LkRef *first)
{
    GraphTest *test = graph_test_new(LK_BF16, 5);
    LkRef q = tokens(test, QUERIES), k = tokens(test, KEYS), v = tokens(test, KEYS);
    LkRef o = lk_attention(test->graph, q, k, v, HEADS, 0.25f, false);
    LkNode *node = &test->graph->nodes[test->graph->n_nodes - 1];
    node->attr.kv_length = valid_keys;
    LkAttributes attr = node->attr;
    LkRef in[6] = {q, k, v, o, node->out[1], tokens(test, QUERIES)};
    LkRef out[3] = {gradient(test, QUERIES), gradient(test, KEYS), gradient(test, KEYS)};
    lk_graph_append(test->graph, LK_OP_ATTENTION_BACKWARD, &attr, 6, in, 3, out);
    test_draw(test);
    *first = out[0];
    return test;
}

/** All three gradients with this limit, q, k and v one behind the other; NULL where they could not be computed. */
static double *gradients(const GraphTest *test, LkRef first, int64_t bytes, int64_t *calls)
{
    enum { COUNT = BATCH * ROW * (QUERIES + 2 * KEYS) };
    LkBackend small = *lk_cuda_backend();
    double **results = calloc((size_t)test->graph->n_tensors, sizeof *results), *all = calloc(COUNT, sizeof *all);
    LkError error = {0};
    small.open = open_device;
    limit = bytes;
    fake_reset();
    bool ok = test_run(test, &small, false, results, &error);
    *calls = fake_calls_of("cudnnBackendExecute") - 1; /* the forward pass is one */
    for (int64_t i = 0, at = 0; i < 3 && ok; i++) {
        int64_t count = lk_tensor_count(lk_graph_tensor(test->graph, first + (LkRef)i));
        memcpy(all + at, results[first + (LkRef)i], (size_t)count * sizeof *all);
        at += count;
    }
    test_free_results(test, results);
    free(results);
    if (ok)
        return all;
    tap_note("%s", error.text);
    free(all);
    return NULL;
}

static void test_parts(int64_t valid_keys)
{
    /* A head of a sample wants a matrix of 128 x 128 and 8 bytes a row. */
    static const int64_t head = 2 * 128 * 128 + 8 * 128;
    static const struct {
        const char *what;
        int64_t bytes, calls;
    } parts[] = {{"two heads of all samples", 2 * BATCH * head, 2},
                 {"one head of all samples", BATCH * head, HEADS},
                 {"two heads of one sample", 2 * head, 2 * BATCH},
                 {"one head of one sample", 1, HEADS * BATCH}};
    enum { COUNT = BATCH * ROW * (QUERIES + 2 * KEYS) };
    LkRef first = LK_NONE;
    int64_t calls = 0;
    GraphTest *test = attention(valid_keys, &first);
    double *whole = gradients(test, first, LK_CUDA_ATTENTION_WORKSPACE, &calls), sum = 0;
    for (int i = 0; i < COUNT && whole; i++)
        sum += whole[i] * whole[i];
    tap_ok(whole && calls == 1 && sum > 1, "%d keys: all at once", (int)valid_keys);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double *some = gradients(test, first, parts[i].bytes, &calls);
        bool clean = fake_leaks() == 0 && fake_violations() == 0;
        tap_ok(some && whole && memcmp(some, whole, COUNT * sizeof *some) == 0 && calls == parts[i].calls && clean,
               "%d keys, %s: %d calls", (int)valid_keys, parts[i].what, (int)calls);
        free(some);
    }
    free(whole);
    graph_test_free(test);
}

int main(void)
{
    test_parts(KEYS);
    test_parts(40);
    return tap_done();
}
