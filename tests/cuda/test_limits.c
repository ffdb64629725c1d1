/* What a card or a library cannot do is told in words or done otherwise. */
#include "backend/cuda/cuda_backend.h"
#include "backend/cuda/cudnn_graph.h"
#include "backend/cuda/module.h"
#include "graph_test.h"
#include "kernels/args.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static const LkBackend *cuda(void)
{
    return lk_cuda_backend();
}

/** Attention over so many rows and its gradients, in heads of 40: SD 1.5's highest level. */
static GraphTest *attention(int64_t rows, int64_t heads)
{
    int64_t shape[3] = {1, rows, heads * 40};
    GraphTest *test = graph_test_new(LK_F16, 1);
    LkRef in[6], out[3];
    for (int i = 0; i < 3; i++)
        in[i] = lk_graph_input(test->graph, (const char *const[]){"q", "k", "v"}[i], LK_F16, 3, shape);
    in[3] = lk_attention(test->graph, in[0], in[1], in[2], (int)heads, 0.158f, false);
    const LkNode *node = &test->graph->nodes[test->graph->n_nodes - 1];
    LkAttributes attr = node->attr;
    in[4] = node->out[1];
    in[5] = lk_graph_input(test->graph, "do", LK_F16, 3, shape);
    for (int i = 0; i < 3; i++)
        lk_graph_output(test->graph, out[i] = lk_graph_activation(test->graph, LK_F16, 3, shape));
    lk_graph_append(test->graph, LK_OP_ATTENTION_BACKWARD, &attr, 6, in, 3, out);
    return test;
}

/** Bytes of memory that the gradients of attention take while they are computed; -1 where they cannot be. */
static int64_t backward_bytes(int sm, int64_t rows)
{
    LkError error = {0};
    fake_reset();
    fake_device(sm, INT64_C(80) << 30, 1);
    GraphTest *test = attention(rows, 8);
    LkDevice *device = cuda()->open(0, 0, &error);
    LkProgram *program = device ? cuda()->compile(device, test->graph, &error) : NULL;
    int64_t bytes = program ? cuda()->needs(program).bytes[1] : -1;
    if (!program)
        tap_note("%s", error.text);
    cuda()->program_free(program);
    cuda()->close(device);
    graph_test_free(test);
    return bytes;
}

/** A head's matrix grows with the square of the rows; from some size on memory is worth more than speed. */
static void test_large_attention(void)
{
    static const int64_t sides[] = {64, 128, 160, 192, 256}; /* of latents: 512 to 2048 pixels */
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        int64_t rows = sides[i] * sides[i], matrix = 2 * rows * rows, bytes = backward_bytes(86, rows);
        bool fused = matrix < INT64_C(1) << 30;
        tap_ok(fused ? bytes >= matrix && bytes <= (INT64_C(1) << 30) : bytes > 0 && bytes < INT64_C(300) << 20,
               "the gradients of %lld rows want %lld MiB where a head's matrix has %lld", (long long)rows,
               (long long)bytes >> 20, (long long)matrix >> 20);
    }
}

/** More blocks than a launch can have are an error, not another number of blocks. */
static void test_blocks(void)
{
    LkError error = {0};
    fake_reset();
    LkDevice *device = cuda()->open(0, 0, &error);
    LkFillArgs many = {.count = INT64_C(1) << 44}, too_many = {.count = (INT64_C(1) << 44) + 5000};
    tap_ok(device && !lk_cuda_launch(device, LK_KERNEL_FILL, LK_F32, &many, &error) && error.code == LK_ERROR_DEVICE &&
               strstr(error.text, "fill"),
           "%s", error.text);
    error = (LkError){0};
    tap_ok(device && !lk_cuda_launch(device, LK_KERNEL_FILL, LK_F32, &too_many, &error) && fake_violations() == 0, "%s",
           error.text);
    cuda()->close(device);
}

/** A weight that the host is to keep. */
static GraphTest *fetched(void)
{
    int64_t shape[2] = {64, 64};
    GraphTest *test = graph_test_new(LK_F16, 1);
    LkRef weight = test_weight(test, LK_F16, 0, 1, 2, shape), y = lk_graph_activation(test->graph, LK_F16, 2, shape);
    test->graph->tensors[weight].on_host = true;
    lk_graph_append(test->graph, LK_OP_FETCH, NULL, 1, &weight, 1, &y);
    lk_graph_output(test->graph, lk_add(test->graph, y, y));
    test_draw(test);
    return test;
}

/** Whose memory is short is told apart. */
static void test_memory(void)
{
    LkError error = {0};
    GraphTest *test = fetched();
    double **results = calloc((size_t)test->graph->n_tensors, sizeof *results);
    bool told = false;
    for (int n = 1; n <= 8 && !told; n++) { /* copies do without pinned memory, weights on the host do not */
        fake_reset();
        fake_fail_nth_of("cudaHostAlloc", n);
        error = (LkError){0};
        told = !test_run(test, cuda(), false, results, &error);
        test_free_results(test, results);
    }
    tap_ok(told && error.code == LK_ERROR_MEMORY && !strstr(error.text, "graphics card") && fake_leaks() == 0,
           "memory of the host is short: %s", error.text);
    free(results);
    graph_test_free(test);
    error = (LkError){0};
    lk_cudnn_fail(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "a run", &error);
    tap_ok(error.code == LK_ERROR_MEMORY && strstr(error.text, "graphics card ran out"), "cuDNN: %s", error.text);
    error = (LkError){0};
    lk_cublas_ok(CUBLAS_STATUS_ALLOC_FAILED, "a matrix product", &error);
    tap_ok(error.code == LK_ERROR_MEMORY && strstr(error.text, "graphics card ran out"), "cuBLASLt: %s", error.text);
}

/** Who has room for two cards is told of two. */
static void test_many_cards(void)
{
    LkError error = {0};
    LkDeviceInfo info[3] = {0};
    fake_reset();
    fake_device(86, INT64_C(8) << 30, 20);
    int count = cuda()->devices(info, 2, &error);
    tap_ok(count == 2 && info[1].memory_bytes > 0 && info[2].memory_bytes == 0, "two of 20 cards are told of: %d",
           count);
}

int main(void)
{
    test_large_attention();
    test_blocks();
    test_memory();
    test_many_cards();
    tap_ok(fake_leaks() == 0 && fake_violations() == 0, "nothing is left");
    return tap_done();
}
