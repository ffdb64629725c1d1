/* cuDNN of the stand-in: convolutions and attention against their definitions in double precision, and what it refuses.
 */
#include "dnn_builder.h"
#include "fake.h"

#include "tests/tap.h"

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 5;

static int64_t draw(int64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(seed >> 33) % n;
}

/** A float array on the device with a copy in double. */
typedef struct Array {
    int64_t count;
    double *host;
    float *device;
} Array;

static Array array_new(int64_t count)
{
    Array a = {.count = count, .host = malloc((size_t)count * sizeof(double))};
    float *small = malloc((size_t)count * sizeof *small);
    for (int64_t i = 0; i < count; i++)
        a.host[i] = small[i] = (float)(draw(2001) - 1000) / 1000;
    cudaMalloc((void **)&a.device, (size_t)count * sizeof(float));
    cudaMemcpy(a.device, small, (size_t)count * sizeof(float), cudaMemcpyHostToDevice);
    free(small);
    return a;
}

/** The largest difference of the device's values from `want`, relative to the largest of them. */
static double array_error(const Array *a, const double *want)
{
    float *got = malloc((size_t)a->count * sizeof *got);
    double off = 0, largest = 1e-30;
    cudaDeviceSynchronize();
    cudaMemcpy(got, a->device, (size_t)a->count * sizeof *got, cudaMemcpyDeviceToHost);
    for (int64_t i = 0; i < a->count; i++) {
        off = isnan(got[i]) ? INFINITY : fmax(off, fabs(got[i] - want[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    free(got);
    return off / largest;
}

static void array_free(Array *a)
{
    free(a->host);
    cudaFree(a->device);
}

/* ---- Convolution ---- */

typedef struct Conv {
    int64_t n, c, h, w, k, kernel, stride, before, after, p, q;
} Conv;

static Conv random_conv(void)
{
    Conv s = {1 + draw(3),     1 + draw(9), 3 + draw(8), 3 + draw(8), 1 + draw(9),
              draw(2) ? 3 : 1, 1 + draw(2), draw(2),     draw(3)};
    s.p = (s.h + s.before + s.after - s.kernel) / s.stride + 1;
    s.q = (s.w + s.before + s.after - s.kernel) / s.stride + 1;
    return s;
}

/** Adds every product of the convolution to what it belongs to: y += x w, dx += dy w, or dw += x dy. Channels last. */
static void convolve(const Conv *s, int kind, const double *first, const double *second, double *out)
{
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t p = 0; p < s->p; p++)
            for (int64_t q = 0; q < s->q; q++)
                for (int64_t k = 0; k < s->k; k++)
                    for (int64_t i = 0; i < s->kernel; i++)
                        for (int64_t j = 0; j < s->kernel; j++)
                            for (int64_t c = 0; c < s->c; c++) {
                                int64_t row = p * s->stride + i - s->before, col = q * s->stride + j - s->before;
                                if (row < 0 || row >= s->h || col < 0 || col >= s->w)
                                    continue;
                                int64_t x = ((n * s->h + row) * s->w + col) * s->c + c;
                                int64_t w = ((k * s->kernel + i) * s->kernel + j) * s->c + c;
                                int64_t y = ((n * s->p + p) * s->q + q) * s->k + k;
                                if (kind == 0)
                                    out[y] += first[x] * second[w];
                                else if (kind == 1)
                                    out[x] += first[y] * second[w];
                                else
                                    out[w] += first[x] * second[y];
                            }
}

static Descriptor picture(Builder *b, Array *a, int64_t n, int64_t c, int64_t h, int64_t w)
{
    int64_t dims[4] = {n, c, h, w}, strides[4] = {h * w * c, 1, w * c, c};
    return builder_tensor(b, CUDNN_DATA_FLOAT, dims, strides, a ? a->device : NULL);
}

/** The error of one random convolution by an engine with this note. */
static double conv_error(cudnnHandle_t handle, int kind, int note)
{
    Conv s = random_conv();
    Builder b = {.handle = handle};
    Array x = array_new(s.n * s.h * s.w * s.c), w = array_new(s.k * s.kernel * s.kernel * s.c),
          y = array_new(s.n * s.p * s.q * s.k);
    Descriptor xt = picture(&b, &x, s.n, s.c, s.h, s.w), wt = picture(&b, &w, s.k, s.c, s.kernel, s.kernel),
               yt = picture(&b, &y, s.n, s.k, s.p, s.q);
    Descriptor tensors[3][3] = {{xt, wt, yt}, {yt, wt, xt}, {xt, yt, wt}};
    Array *arrays[3][3] = {{&x, &w, &y}, {&y, &w, &x}, {&x, &y, &w}}, *out = arrays[kind][2];
    builder_conv(&b, kind, s.stride, s.before, s.after, tensors[kind][0], tensors[kind][1], tensors[kind][2]);
    int64_t bytes = 0;
    void *workspace = NULL;
    Descriptor plan = builder_plan(&b, note, &bytes);
    builder_clear(&b); /* a plan needs its graph no more */
    cudaMalloc(&workspace, (size_t)bytes);
    double *want = calloc((size_t)out->count, sizeof *want), error = INFINITY;
    convolve(&s, kind, arrays[kind][0]->host, arrays[kind][1]->host, want);
    if (plan && builder_run(&b, plan, workspace) == CUDNN_STATUS_SUCCESS)
        error = array_error(out, want);
    cudnnBackendDestroyDescriptor(plan);
    cudaFree(workspace);
    free(want);
    array_free(&x);
    array_free(&w);
    array_free(&y);
    return error;
}

static void test_conv(cudnnHandle_t handle)
{
    static const char *const names[] = {"convolution", "convolution's gradient for x", "convolution's gradient for w"};
    for (int kind = 0; kind < 3; kind++) {
        double exact = 0, rough = 0;
        for (int i = 0; i < 30; i++) {
            exact = fmax(exact, conv_error(handle, kind, CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP));
            rough = fmax(rough, conv_error(handle, kind, CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
        }
        tap_ok(exact < 1e-6 && rough > 1e-5 && rough < 2e-3, "%s: %.1e, and %.1e where tensor cores round f32",
               names[kind], exact, rough);
    }
    tap_ok(fake_violations() == 0, "no mistakes");
    conv_error(handle, 1, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
    tap_ok(fake_violations() == 1, "an engine without determinism is told: %s", fake_violation());
    fake_forgive();
}

/* ---- Attention ---- */

enum { B = 2, H = 3, S = 6, L = 5, D = 8, ROW = H * D + 8 };

static const int64_t q_dims[4] = {B, H, S, D}, q_strides[4] = {S * ROW, D, ROW, 1};
static const int64_t kt_dims[4] = {B, H, D, L}, kt_strides[4] = {L * ROW, D, 1, ROW};
static const int64_t k_dims[4] = {B, H, L, D}, k_strides[4] = {L * ROW, D, ROW, 1};
static const int64_t row_dims[4] = {B, H, S, 1}, row_strides[4] = {H * S, S, 1, 1};
static const int64_t p_dims[4] = {B, H, S, L}, p_strides[4] = {H * S * L, S *L, L, 1};
static const int64_t pt_dims[4] = {B, H, L, S}, pt_strides[4] = {H * S * L, S *L, 1, L};

static Descriptor scores_op(Builder *b, cudnnPointwiseMode_t mode, Descriptor x, Descriptor with, Descriptor select)
{
    Descriptor y = builder_tensor(b, CUDNN_DATA_FLOAT, p_dims, p_strides, NULL);
    builder_pointwise(b, mode, -1, x, with, select, y);
    return y;
}

/** Scores above the diagonal become `hidden`. */
static Descriptor masked(Builder *b, Descriptor scores, float *hidden)
{
    Descriptor row = builder_tensor(b, CUDNN_DATA_INT32, p_dims, p_strides, NULL);
    Descriptor column = builder_tensor(b, CUDNN_DATA_INT32, p_dims, p_strides, NULL);
    Descriptor seen = builder_tensor(b, CUDNN_DATA_BOOLEAN, p_dims, p_strides, NULL);
    builder_pointwise(b, CUDNN_POINTWISE_GEN_INDEX, 2, scores, NULL, NULL, row);
    builder_pointwise(b, CUDNN_POINTWISE_GEN_INDEX, 3, scores, NULL, NULL, column);
    builder_pointwise(b, CUDNN_POINTWISE_CMP_GE, -1, row, column, NULL, seen);
    return scores_op(b, CUDNN_POINTWISE_BINARY_SELECT, scores, builder_value(b, hidden), seen);
}

typedef struct Attention {
    Array q, k, v, o, d_o, stats, dq, dk, dv;
    float scale, hidden;
    double *p; /* the probabilities, [B, H, S, L] */
} Attention;

static int64_t at(const int64_t *strides, int64_t b, int64_t h, int64_t i, int64_t j)
{
    return b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3];
}

/** o and stats in double, from the definition. */
static void attend(const Attention *a, double *o, double *stats)
{
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < H; h++)
            for (int64_t i = 0; i < S; i++) {
                double sum = 0, *p = a->p + at(p_strides, b, h, i, 0);
                for (int64_t j = 0; j < L; j++) {
                    double dot = 0;
                    for (int64_t d = 0; d < D; d++)
                        dot += a->q.host[at(q_strides, b, h, i, d)] * a->k.host[at(k_strides, b, h, j, d)];
                    p[j] = j <= i ? exp(a->scale * dot) : 0;
                    sum += p[j];
                }
                stats[at(row_strides, b, h, i, 0)] = log(sum);
                for (int64_t j = 0; j < L; j++)
                    p[j] /= sum;
                for (int64_t d = 0; d < D; d++)
                    for (int64_t j = 0; j < L; j++)
                        o[at(q_strides, b, h, i, d)] += p[j] * a->v.host[at(k_strides, b, h, j, d)];
            }
}

/** The gradients, from the definition. */
static void attend_backward(const Attention *a, const double *o, double *dq, double *dk, double *dv)
{
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < H; h++)
            for (int64_t i = 0; i < S; i++)
                for (int64_t j = 0; j < L; j++) {
                    double p = a->p[at(p_strides, b, h, i, j)], dp = 0, all = 0;
                    for (int64_t d = 0; d < D; d++) {
                        double g = a->d_o.host[at(q_strides, b, h, i, d)];
                        dp += g * a->v.host[at(k_strides, b, h, j, d)];
                        all += g * o[at(q_strides, b, h, i, d)];
                        dv[at(k_strides, b, h, j, d)] += p * g;
                    }
                    for (int64_t d = 0; d < D; d++) {
                        double ds = a->scale * p * (dp - all);
                        dq[at(q_strides, b, h, i, d)] += ds * a->k.host[at(k_strides, b, h, j, d)];
                        dk[at(k_strides, b, h, j, d)] += ds * a->q.host[at(q_strides, b, h, i, d)];
                    }
                }
}

static Descriptor real(Builder *b, Array *a, const int64_t *dims, const int64_t *strides)
{
    return builder_tensor(b, CUDNN_DATA_FLOAT, dims, strides, a->device);
}

static Descriptor virtual(Builder *b, const int64_t *dims, const int64_t *strides)
{
    return builder_tensor(b, CUDNN_DATA_FLOAT, dims, strides, NULL);
}

static void forward_graph(Builder *b, Attention *a)
{
    Descriptor q = real(b, &a->q, q_dims, q_strides), k = real(b, &a->k, kt_dims, kt_strides);
    Descriptor v = real(b, &a->v, k_dims, k_strides), o = real(b, &a->o, q_dims, q_strides);
    Descriptor stats = real(b, &a->stats, row_dims, row_strides);
    Descriptor s = virtual(b, p_dims, p_strides);
    builder_matmul(b, q, k, s);
    s = masked(b, scores_op(b, CUDNN_POINTWISE_MUL, s, builder_value(b, &a->scale), NULL), &a->hidden);
    Descriptor largest = virtual(b, row_dims, row_strides), sum = virtual(b, row_dims, row_strides);
    Descriptor logarithm = virtual(b, row_dims, row_strides);
    builder_reduce(b, CUDNN_REDUCE_TENSOR_MAX, s, largest);
    Descriptor e = scores_op(b, CUDNN_POINTWISE_EXP, scores_op(b, CUDNN_POINTWISE_SUB, s, largest, NULL), NULL, NULL);
    builder_reduce(b, CUDNN_REDUCE_TENSOR_ADD, e, sum);
    builder_pointwise(b, CUDNN_POINTWISE_LOG, -1, sum, NULL, NULL, logarithm);
    builder_pointwise(b, CUDNN_POINTWISE_ADD, -1, largest, logarithm, NULL, stats);
    builder_matmul(b, scores_op(b, CUDNN_POINTWISE_DIV, e, sum, NULL), v, o);
}

/** The pattern of the deterministic backward pass. */
static void backward_graph(Builder *b, Attention *a)
{
    Descriptor q = real(b, &a->q, q_dims, q_strides), k = real(b, &a->k, kt_dims, kt_strides);
    Descriptor v = real(b, &a->v, kt_dims, kt_strides), o = real(b, &a->o, q_dims, q_strides);
    Descriptor d_o = real(b, &a->d_o, q_dims, q_strides), stats = real(b, &a->stats, row_dims, row_strides);
    Descriptor dq = real(b, &a->dq, q_dims, q_strides), dk = real(b, &a->dk, k_dims, k_strides);
    Descriptor dv = real(b, &a->dv, k_dims, k_strides), scale = builder_value(b, &a->scale);
    Descriptor product = virtual(b, q_dims, q_strides), sums = virtual(b, row_dims, row_strides);
    builder_pointwise(b, CUDNN_POINTWISE_MUL, -1, d_o, o, NULL, product);
    builder_reduce(b, CUDNN_REDUCE_TENSOR_ADD, product, sums);
    Descriptor s = virtual(b, p_dims, p_strides);
    builder_matmul(b, q, k, s);
    s = scores_op(b, CUDNN_POINTWISE_SUB, scores_op(b, CUDNN_POINTWISE_MUL, s, scale, NULL), stats, NULL);
    Descriptor p = scores_op(b, CUDNN_POINTWISE_EXP, masked(b, s, &a->hidden), NULL, NULL);
    Descriptor pt = virtual(b, pt_dims, pt_strides), dst = virtual(b, pt_dims, pt_strides);
    builder_reshape(b, p, pt);
    builder_matmul(b, pt, d_o, dv);
    Descriptor dp = virtual(b, p_dims, p_strides);
    builder_matmul(b, d_o, v, dp);
    Descriptor ds = scores_op(b, CUDNN_POINTWISE_MUL, scores_op(b, CUDNN_POINTWISE_SUB, dp, sums, NULL), p, NULL);
    ds = scores_op(b, CUDNN_POINTWISE_MUL, ds, scale, NULL);
    builder_reshape(b, ds, dst);
    builder_matmul(b, dst, q, dk);
    Descriptor plain = virtual(b, k_dims, k_strides);
    builder_reshape(b, k, plain);
    builder_matmul(b, ds, plain, dq);
}

/** Runs a graph of f32 tensors on the interpreter; the pattern's check of types is passed by, as it is not the point.
 */
static bool run_graph(Builder *b)
{
    int64_t bytes = 0;
    void *workspace = NULL;
    Descriptor plan = builder_plan(b, -1, &bytes);
    builder_clear(b);
    cudaMalloc(&workspace, (size_t)bytes);
    bool ok = plan && builder_run(b, plan, workspace) == CUDNN_STATUS_SUCCESS;
    cudaDeviceSynchronize();
    cudnnBackendDestroyDescriptor(plan);
    cudaFree(workspace);
    return ok;
}

static double *doubles(int64_t count, const Array *like)
{
    double *out = calloc((size_t)count, sizeof *out);
    for (int64_t i = 0; like && i < count; i++)
        out[i] = like->host[i];
    return out;
}

/** Zero where a tensor of heads has elements; elsewhere what was there, which must stay. */
static double *expected(const Array *a)
{
    double *out = doubles(a->count, a);
    for (int64_t i = 0; i < a->count; i++)
        if (i % ROW < H * D)
            out[i] = 0;
    return out;
}

static void test_attention(cudnnHandle_t handle)
{
    Attention a = {.q = array_new(B * S * ROW), .k = array_new(B * L * ROW), .v = array_new(B * L * ROW)};
    a.o = array_new(B * S * ROW);
    a.d_o = array_new(B * S * ROW);
    a.dq = array_new(B * S * ROW);
    a.dk = array_new(B * L * ROW);
    a.dv = array_new(B * L * ROW);
    a.stats = array_new(B * H * S);
    a.scale = 0.35f;
    a.hidden = -INFINITY;
    a.p = doubles(B * H * S * L, NULL);
    double *o = expected(&a.o), *stats = doubles(B * H * S, NULL);
    double *dq = expected(&a.dq), *dk = expected(&a.dk), *dv = expected(&a.dv);
    attend(&a, o, stats);
    attend_backward(&a, o, dq, dk, dv);
    fake_any_type(true);
    Builder b = {.handle = handle}, c = {.handle = handle};
    forward_graph(&b, &a);
    bool forward = run_graph(&b);
    double error = array_error(&a.o, o), of_stats = array_error(&a.stats, stats);
    tap_ok(forward && error < 1e-6 && of_stats < 1e-6, "attention: %.1e, its sums %.1e", error, of_stats);
    backward_graph(&c, &a);
    bool backward = run_graph(&c);
    double eq = array_error(&a.dq, dq), ek = array_error(&a.dk, dk), ev = array_error(&a.dv, dv);
    tap_ok(backward && eq < 1e-6 && ek < 1e-6 && ev < 1e-6, "its gradients: %.1e, %.1e, %.1e", eq, ek, ev);
    fake_any_type(false);
    Builder d = {.handle = handle};
    forward_graph(&d, &a);
    tap_ok(!run_graph(&d), "attention is not for f32");
    Array *arrays[] = {&a.q, &a.k, &a.v, &a.o, &a.d_o, &a.dq, &a.dk, &a.dv, &a.stats};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        array_free(arrays[i]);
    double *all[] = {o, stats, dq, dk, dv, a.p};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* ---- Refusals ---- */

/** A convolution of one picture of this type, 8 x 8 x 8, 3 x 3. */
static void small_conv(Builder *b, cudnnDataType_t type, void *x, void *w, void *y)
{
    int64_t dims[4] = {1, 8, 8, 8}, strides[4] = {512, 1, 64, 8}, w_dims[4] = {8, 8, 3, 3},
            w_strides[4] = {72, 1, 24, 8};
    Descriptor xt = builder_tensor(b, type, dims, strides, x), wt = builder_tensor(b, type, w_dims, w_strides, w);
    builder_conv(b, 0, 1, 1, 1, xt, wt, builder_tensor(b, type, dims, strides, y));
}

static bool has_plan(cudnnHandle_t handle, cudnnDataType_t type, int sm, unsigned refusal, void *x, void *w, void *y)
{
    Builder b = {.handle = handle};
    int64_t bytes = 0;
    fake_device(sm, 8ll << 30, 1);
    fake_refuse(refusal);
    small_conv(&b, type, x, w, y);
    Descriptor plan = builder_plan(&b, -1, &bytes);
    builder_clear(&b);
    cudnnBackendDestroyDescriptor(plan);
    fake_refuse(0);
    fake_device(90, 24ll << 30, 1);
    return plan != NULL;
}

static void test_refusals(cudnnHandle_t handle)
{
    float *x, *w, *y;
    void *workspace;
    cudaMalloc((void **)&x, 4096);
    cudaMalloc((void **)&w, 4096);
    cudaMalloc((void **)&y, 4096);
    cudaMalloc(&workspace, 4096);
    tap_ok(has_plan(handle, CUDNN_DATA_HALF, 75, 0, x, w, y) &&
               !has_plan(handle, CUDNN_DATA_BFLOAT16, 75, 0, x, w, y) &&
               has_plan(handle, CUDNN_DATA_BFLOAT16, 86, 0, x, w, y),
           "Turing has no bf16");
    tap_ok(!has_plan(handle, CUDNN_DATA_HALF, 90, FAKE_REFUSE_CONV, x, w, y), "a test can have a graph refused");
    Builder b = {.handle = handle};
    int64_t bytes = 0;
    small_conv(&b, CUDNN_DATA_FLOAT, x, w, y);
    Descriptor plan = builder_plan(&b, -1, &bytes);
    tap_ok(plan && bytes > 0 && builder_run(&b, plan, NULL) != CUDNN_STATUS_SUCCESS,
           "a workspace of %d bytes is wanted", (int)bytes);
    b.data[0] = (char *)x + 4;
    tap_ok(builder_run(&b, plan, workspace) == CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER && fake_violations() == 1,
           "alignment is as it was described");
    b.data[0] = (char *)x + 2560;
    tap_ok(builder_run(&b, plan, workspace) == CUDNN_STATUS_SUCCESS &&
               cudaDeviceSynchronize() == cudaErrorIllegalAddress && fake_violations() == 2,
           "tensors lie in their memory: %s", fake_violation());
    fake_forgive();
    b.data[0] = x;
    b.n_ids = 2;
    tap_ok(builder_run(&b, plan, workspace) == CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "every tensor has an address");
    b.n_ids = 3;
    b.data[0] = y;
    float first = 0;
    builder_run(&b, plan, workspace);
    cudaMemcpy(&first, y, sizeof first, cudaMemcpyDeviceToHost);
    tap_ok(isnan(first), "a result over its operand is NaN");
    cudnnBackendDestroyDescriptor(plan);
    builder_clear(&b);
    Builder wrong = {.handle = handle};
    int64_t dims[4] = {1, 8, 8, 8}, strides[4] = {512, 1, 64, 8}, w_dims[4] = {8, 8, 3, 3},
            w_strides[4] = {72, 1, 24, 8};
    Descriptor xt = builder_tensor(&wrong, CUDNN_DATA_FLOAT, dims, strides, x);
    Descriptor wt = builder_tensor(&wrong, CUDNN_DATA_FLOAT, w_dims, w_strides, w);
    builder_conv(&wrong, 0, 1, 0, 0, xt, wt, builder_tensor(&wrong, CUDNN_DATA_FLOAT, dims, strides, y));
    tap_ok(!builder_plan(&wrong, -1, &bytes) && wrong.status == CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH,
           "paddings must fit the sizes");
    builder_clear(&wrong);
    int32_t small = 3;
    Descriptor d = NULL;
    cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, &d);
    tap_ok(cudnnBackendSetAttribute(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT32, 1, &small) ==
                   CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE &&
               fake_violations() == 1,
           "attributes have their type");
    fake_forgive();
    tap_ok(cudnnBackendFinalize(d) == CUDNN_STATUS_BAD_PARAM, "and must be there");
    cudnnBackendDestroyDescriptor(d);
    cudaFree(x);
    cudaFree(w);
    cudaFree(y);
    cudaFree(workspace);
}

int main(void)
{
    cudnnHandle_t handle;
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudnnCreate(&handle);
    cudnnSetStream(handle, stream);
    test_conv(handle);
    test_attention(handle);
    test_refusals(handle);
    cudnnDestroy(handle);
    cudaStreamDestroy(stream);
    tap_ok(fake_violations() == 0 && fake_leaks() == 0, "nothing is left");
    return tap_done();
}
