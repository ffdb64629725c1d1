/* cuDNN: an interpreter of graphs. Each operation is computed for itself, in float; virtual tensors are buffers of
 * floats, rounded to their type, laid out by their strides. */
#include "dnn.h"
#include "numbers.h"
#include "product.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float fake_dnn_get(const FakeStorage *s, int64_t offset)
{
    return fake_load(s->type, s->data, offset);
}

void fake_dnn_put(const FakeStorage *s, int64_t offset, float value)
{
    if (s->rounding == CUDA_R_16F)
        value = lk_f16_to_f32(lk_f32_to_f16(value));
    else if (s->rounding == CUDA_R_16BF)
        value = lk_bf16_to_f32(lk_f32_to_bf16(value));
    fake_store(s->type, s->data, offset, value);
}

static int type_of(cudnnDataType_t type)
{
    return type == CUDNN_DATA_HALF ? CUDA_R_16F : type == CUDNN_DATA_BFLOAT16 ? CUDA_R_16BF : CUDA_R_32F;
}

/** Steps through all positions of a shape. */
typedef struct Walk {
    int n;
    const int64_t *dims;
    int64_t index[FAKE_DNN_DIMS];
} Walk;

static bool walk_on(Walk *w)
{
    for (int i = w->n - 1; i >= 0; i--) {
        if (++w->index[i] < w->dims[i])
            return true;
        w->index[i] = 0;
    }
    return false;
}

/** Where a tensor's element for a position is; dimensions of size 1 are the same for all. */
static int64_t offset_at(const FakeTensor *t, const Walk *w)
{
    int64_t offset = 0;
    for (int i = 0; i < t->n; i++)
        offset += t->dims[i] == 1 ? 0 : w->index[i] * t->strides[i];
    return offset;
}

static float apply(const FakeOperation *op, float x, float b, float t, const Walk *w)
{
    switch (op->mode) {
    case CUDNN_POINTWISE_ADD:
        return x + b;
    case CUDNN_POINTWISE_SUB:
        return x - b;
    case CUDNN_POINTWISE_MUL:
        return x * b;
    case CUDNN_POINTWISE_DIV:
        return x / b;
    case CUDNN_POINTWISE_MAX:
        return fmaxf(x, b);
    case CUDNN_POINTWISE_MIN:
        return fminf(x, b);
    case CUDNN_POINTWISE_EXP:
        return expf(x);
    case CUDNN_POINTWISE_LOG:
        return logf(x);
    case CUDNN_POINTWISE_SQRT:
        return sqrtf(x);
    case CUDNN_POINTWISE_NEG:
        return -x;
    case CUDNN_POINTWISE_IDENTITY:
        return x;
    case CUDNN_POINTWISE_RECIPROCAL:
        return 1 / x;
    case CUDNN_POINTWISE_RELU_FWD:
        return x > 0 ? x : 0;
    case CUDNN_POINTWISE_CMP_GE:
        return x >= b;
    case CUDNN_POINTWISE_CMP_GT:
        return x > b;
    case CUDNN_POINTWISE_CMP_LE:
        return x <= b;
    case CUDNN_POINTWISE_CMP_LT:
        return x < b;
    case CUDNN_POINTWISE_GEN_INDEX:
        return (float)w->index[op->axis];
    case CUDNN_POINTWISE_BINARY_SELECT:
        return t != 0 ? x : b;
    default:
        fake_violate("cuDNN: the stand-in does not know pointwise mode %d.", op->mode);
        return NAN;
    }
}

static void pointwise(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage)
{
    const FakeTensor *y = &tensors[op->out];
    Walk w = {.n = y->n, .dims = y->dims};
    do {
        float in[FAKE_DNN_INPUTS] = {0};
        for (int i = 0; i < FAKE_DNN_INPUTS; i++)
            if (op->in[i] >= 0)
                in[i] = fake_dnn_get(&storage[op->in[i]], offset_at(&tensors[op->in[i]], &w));
        fake_dnn_put(&storage[op->out], offset_at(y, &w), apply(op, in[0], in[1], in[2], &w));
    } while (walk_on(&w));
}

static void reduce(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage)
{
    const FakeTensor *x = &tensors[op->in[0]], *y = &tensors[op->out];
    float *sums = calloc((size_t)y->extent, sizeof *sums);
    if (!sums)
        abort();
    bool sum = op->mode == CUDNN_REDUCE_TENSOR_ADD;
    if (!sum && op->mode != CUDNN_REDUCE_TENSOR_MAX)
        fake_violate("cuDNN: the stand-in does not know reduction %d.", op->mode);
    for (int64_t i = 0; i < y->extent; i++)
        sums[i] = sum ? 0 : -INFINITY;
    Walk w = {.n = x->n, .dims = x->dims};
    do {
        float value = fake_dnn_get(&storage[op->in[0]], offset_at(x, &w)), *at = &sums[offset_at(y, &w)];
        *at = sum ? *at + value : fmaxf(*at, value);
    } while (walk_on(&w));
    Walk out = {.n = y->n, .dims = y->dims};
    do {
        int64_t at = offset_at(y, &out);
        fake_dnn_put(&storage[op->out], at, sums[at]);
    } while (walk_on(&out));
    free(sums);
}

/** y is x's memory, seen with y's dimensions and strides. */
static void reshape(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage)
{
    const FakeTensor *y = &tensors[op->out];
    Walk w = {.n = y->n, .dims = y->dims};
    do {
        int64_t at = offset_at(y, &w);
        fake_dnn_put(&storage[op->out], at, fake_dnn_get(&storage[op->in[0]], at));
    } while (walk_on(&w));
}

typedef struct Matmul {
    const FakeTensor *a, *b, *c;
    const FakeStorage *a_at, *b_at, *c_at;
    bool tf32;
} Matmul;

static FakeOperand operand(const FakeTensor *t, const FakeStorage *s, const Walk *w, bool tf32)
{
    int64_t start = 0;
    for (int i = 0; i < t->n - 2; i++)
        start += t->dims[i] == 1 ? 0 : w->index[i] * t->strides[i];
    return (FakeOperand){s->type, (const char *)s->data + (size_t)start * fake_type_bytes(s->type),
                         t->strides[t->n - 2], t->strides[t->n - 1], tf32 ? fake_tf32 : NULL};
}

static void run_batches(void *context, int64_t first, int64_t last)
{
    const Matmul *x = context;
    int n = x->c->n;
    int64_t rows = x->c->dims[n - 2], cols = x->c->dims[n - 1], k = x->a->dims[n - 1];
    float *out = malloc((size_t)(rows * cols) * sizeof *out);
    if (!out)
        abort();
    for (int64_t batch = first; batch < last; batch++) {
        Walk w = {.n = n, .dims = x->c->dims};
        int64_t rest = batch, start = 0;
        for (int i = n - 3; i >= 0; i--) {
            w.index[i] = rest % x->c->dims[i];
            rest /= x->c->dims[i];
            start += w.index[i] * x->c->strides[i];
        }
        fake_product(rows, cols, k, operand(x->a, x->a_at, &w, x->tf32), operand(x->b, x->b_at, &w, x->tf32), out);
        for (int64_t j = 0; j < cols; j++)
            for (int64_t i = 0; i < rows; i++)
                fake_dnn_put(x->c_at, start + i * x->c->strides[n - 2] + j * x->c->strides[n - 1], out[j * rows + i]);
    }
    free(out);
}

static void matmul(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32)
{
    Matmul x = {.a = &tensors[op->in[0]],
                .b = &tensors[op->in[1]],
                .c = &tensors[op->out],
                .a_at = &storage[op->in[0]],
                .b_at = &storage[op->in[1]],
                .c_at = &storage[op->out],
                .tf32 = tf32};
    int64_t batches = 1;
    for (int i = 0; i < x.c->n - 2; i++)
        batches *= x.c->dims[i];
    lk_parallel_for(batches, run_batches, &x);
}

/** Fills what a graph writes with NaNs, so that an input that lies in it is seen. */
static void poison(const FakeTensor *t, const FakeStorage *s)
{
    Walk w = {.n = t->n, .dims = t->dims};
    do
        fake_dnn_put(s, offset_at(t, &w), NAN);
    while (walk_on(&w));
}

void fake_dnn_compute(const FakeDnnGraph *graph, void *const *data, bool tf32)
{
    FakeStorage *storage = calloc((size_t)graph->n_tensors, sizeof *storage);
    if (!storage)
        abort();
    for (int i = 0; i < graph->n_tensors; i++) {
        const FakeTensor *t = &graph->tensors[i];
        storage[i] = (FakeStorage){type_of(t->type), CUDA_R_32F, data[i]};
        if (t->is_virtual)
            storage[i] = (FakeStorage){CUDA_R_32F, type_of(t->type), calloc((size_t)t->extent, sizeof(float))};
        else if (t->producer >= 0)
            poison(t, &storage[i]);
    }
    for (int i = 0; i < graph->n_operations; i++) {
        const FakeOperation *op = &graph->operations[i];
        if (op->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
            pointwise(op, graph->tensors, storage);
        else if (op->type == CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR)
            reduce(op, graph->tensors, storage);
        else if (op->type == CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR)
            reshape(op, graph->tensors, storage);
        else if (op->type == CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
            matmul(op, graph->tensors, storage, tf32);
        else
            fake_dnn_conv(op, graph->tensors, storage, tf32);
    }
    for (int i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].is_virtual)
            free(storage[i].data);
    free(storage);
}
