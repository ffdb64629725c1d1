/* cuDNN's convolutions, as products with a matrix of patches: a row for each output position, a column for each weight
 * of one output channel (kernel row, kernel column, input channel). */
#include "dnn.h"
#include "numbers.h"
#include "product.h"

#include "base/parallel.h"

#include <stdlib.h>

/** The sizes of a convolution. */
typedef struct Sizes {
    int64_t n, c, h, w, k, kh, kw, p, q; /* pictures, channels, rows, columns; output channels; kernel; output */
} Sizes;

static Sizes sizes_of(const FakeTensor *x, const FakeTensor *w, const FakeTensor *y)
{
    return (Sizes){x->dims[0], x->dims[1], x->dims[2], x->dims[3], w->dims[0],
                   w->dims[2], w->dims[3], y->dims[2], y->dims[3]};
}

static int64_t offset(const FakeTensor *t, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return a * t->strides[0] + b * t->strides[1] + c * t->strides[2] + d * t->strides[3];
}

static float *floats(int64_t count)
{
    float *data = calloc((size_t)count, sizeof *data);
    if (!data)
        abort();
    return data;
}

/** The position in x of a patch's element; false where it is padding. */
static bool source(const FakeOperation *op, const Sizes *s, int64_t out_row, int64_t out_col, int64_t i, int64_t j,
                   int64_t *row, int64_t *col)
{
    *row = out_row * op->stride[0] + i * op->dilation[0] - op->before[0];
    *col = out_col * op->stride[1] + j * op->dilation[1] - op->before[1];
    return *row >= 0 && *row < s->h && *col >= 0 && *col < s->w;
}

/** The patches of x, [n p q][kh kw c]. */
static float *patches(const FakeOperation *op, const Sizes *s, const FakeTensor *x, const FakeStorage *from)
{
    int64_t width = s->kh * s->kw * s->c, row, col;
    float *out = floats(s->n * s->p * s->q * width), *at = out;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t p = 0; p < s->p; p++)
            for (int64_t q = 0; q < s->q; q++)
                for (int64_t i = 0; i < s->kh; i++)
                    for (int64_t j = 0; j < s->kw; j++, at += s->c)
                        if (source(op, s, p, q, i, j, &row, &col))
                            for (int64_t c = 0; c < s->c; c++)
                                at[c] = fake_dnn_get(from, offset(x, n, c, row, col));
    return out;
}

/** Adds the patches' gradients into x's, in the order of the patches. */
static void scatter(const FakeOperation *op, const Sizes *s, const FakeTensor *x, const float *from,
                    const FakeStorage *to)
{
    float *sums = floats(s->n * s->h * s->w * s->c);
    int64_t row, col;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t p = 0; p < s->p; p++)
            for (int64_t q = 0; q < s->q; q++)
                for (int64_t i = 0; i < s->kh; i++)
                    for (int64_t j = 0; j < s->kw; j++, from += s->c)
                        if (source(op, s, p, q, i, j, &row, &col))
                            for (int64_t c = 0; c < s->c; c++)
                                sums[((n * s->h + row) * s->w + col) * s->c + c] += from[c];
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t h = 0; h < s->h; h++)
            for (int64_t w = 0; w < s->w; w++)
                for (int64_t c = 0; c < s->c; c++)
                    fake_dnn_put(to, offset(x, n, c, h, w), sums[((n * s->h + h) * s->w + w) * s->c + c]);
    free(sums);
}

/** The weights as [k][kh kw c], read or (when `out` is given) written. */
static float *weights(const Sizes *s, const FakeTensor *w, const FakeStorage *storage, const float *out)
{
    float *in = out ? NULL : floats(s->k * s->kh * s->kw * s->c);
    int64_t e = 0;
    for (int64_t k = 0; k < s->k; k++)
        for (int64_t i = 0; i < s->kh; i++)
            for (int64_t j = 0; j < s->kw; j++)
                for (int64_t c = 0; c < s->c; c++, e++)
                    if (out)
                        fake_dnn_put(storage, offset(w, k, c, i, j), out[e]);
                    else
                        in[e] = fake_dnn_get(storage, offset(w, k, c, i, j));
    return in;
}

/** The results as [n p q][k], read or written. */
static float *results(const Sizes *s, const FakeTensor *y, const FakeStorage *storage, const float *out)
{
    float *in = out ? NULL : floats(s->n * s->p * s->q * s->k);
    int64_t e = 0;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t p = 0; p < s->p; p++)
            for (int64_t q = 0; q < s->q; q++)
                for (int64_t k = 0; k < s->k; k++, e++)
                    if (out)
                        fake_dnn_put(storage, offset(y, n, k, p, q), out[e]);
                    else
                        in[e] = fake_dnn_get(storage, offset(y, n, k, p, q));
    return in;
}

typedef struct Product {
    int64_t m, n, k;
    FakeOperand a, b;
    float *out;
} Product;

enum { PIECE = 64 };

static void run_pieces(void *context, int64_t first, int64_t last)
{
    const Product *x = context;
    for (int64_t piece = first; piece < last; piece++) {
        int64_t start = piece * PIECE, count = x->n - start < PIECE ? x->n - start : PIECE;
        FakeOperand b = x->b;
        b.data = (const float *)b.data + start * b.cols;
        fake_product(x->m, count, x->k, x->a, b, x->out + start * x->m);
    }
}

/** out[j][i] = sum of a[i, p] b[p, j], on all threads. a and b are floats with these strides. */
static float *multiply(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_rows, int64_t a_cols, const float *b,
                       int64_t b_rows, int64_t b_cols, bool tf32)
{
    Product x = {m, n, k, {CUDA_R_32F, a, a_rows, a_cols, NULL}, {CUDA_R_32F, b, b_rows, b_cols, NULL}, floats(m * n)};
    x.a.round = x.b.round = tf32 ? fake_tf32 : NULL;
    lk_parallel_for((n + PIECE - 1) / PIECE, run_pieces, &x);
    return x.out;
}

static void forward(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32)
{
    const FakeTensor *x = &tensors[op->in[0]], *w = &tensors[op->in[1]], *y = &tensors[op->out];
    Sizes s = sizes_of(x, w, y);
    int64_t width = s.kh * s.kw * s.c;
    float *columns = patches(op, &s, x, &storage[op->in[0]]), *kernel = weights(&s, w, &storage[op->in[1]], NULL);
    float *out = multiply(s.k, s.n * s.p * s.q, width, kernel, width, 1, columns, 1, width, tf32);
    results(&s, y, &storage[op->out], out);
    free(columns);
    free(kernel);
    free(out);
}

static void backward_data(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32)
{
    const FakeTensor *dy = &tensors[op->in[0]], *w = &tensors[op->in[1]], *dx = &tensors[op->out];
    Sizes s = sizes_of(dx, w, dy);
    int64_t width = s.kh * s.kw * s.c;
    float *gradient = results(&s, dy, &storage[op->in[0]], NULL), *kernel = weights(&s, w, &storage[op->in[1]], NULL);
    float *columns = multiply(width, s.n * s.p * s.q, s.k, kernel, 1, width, gradient, 1, s.k, tf32);
    scatter(op, &s, dx, columns, &storage[op->out]);
    free(gradient);
    free(kernel);
    free(columns);
}

static void backward_filter(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32)
{
    const FakeTensor *x = &tensors[op->in[0]], *dy = &tensors[op->in[1]], *dw = &tensors[op->out];
    Sizes s = sizes_of(x, dw, dy);
    int64_t width = s.kh * s.kw * s.c, positions = s.n * s.p * s.q;
    float *columns = patches(op, &s, x, &storage[op->in[0]]), *gradient = results(&s, dy, &storage[op->in[1]], NULL);
    float *out = multiply(width, s.k, positions, columns, 1, width, gradient, s.k, 1, tf32);
    weights(&s, dw, &storage[op->out], out);
    free(columns);
    free(gradient);
    free(out);
}

void fake_dnn_conv(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32)
{
    if (op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
        forward(op, tensors, storage, tf32);
    else if (op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR)
        backward_data(op, tensors, storage, tf32);
    else
        backward_filter(op, tensors, storage, tf32);
}
