/* cublasLtMatmul of the stand-in against sums in double over the elements that the documentation's formula names, for
 * random shapes, orders, leading dimensions, transposes, batches, types and epilogues; and what it must refuse. */
#include "fake.h"

#include "base/dtype.h"
#include "tests/tap.h"

#include <cublasLt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 1;

static uint32_t draw(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/** A matrix (or a batch of them) as host floats, beside its layout. */
typedef struct Matrix {
    int type, order, batch;
    int64_t rows, cols, ld, stride, count; /* count: elements of the buffer */
    float *host;                           /* rounded to the type */
    void *device;
    cublasLtMatrixLayout_t layout;
} Matrix;

static size_t type_bytes(int type)
{
    return type == CUDA_R_32F ? 4 : 2;
}

static uint16_t narrow(int type, float x)
{
    return type == CUDA_R_16F ? lk_f32_to_f16(x) : lk_f32_to_bf16(x);
}

static float widen(int type, uint16_t x)
{
    return type == CUDA_R_16F ? lk_f16_to_f32(x) : lk_bf16_to_f32(x);
}

static int64_t at(const Matrix *m, int64_t b, int64_t i, int64_t j)
{
    return b * m->stride + (m->order == CUBLASLT_ORDER_COL ? j * m->ld + i : i * m->ld + j);
}

static void set_layout(Matrix *m)
{
    cublasLtMatrixLayoutCreate(&m->layout, (cudaDataType)m->type, (uint64_t)m->rows, (uint64_t)m->cols, m->ld);
    cublasLtMatrixLayoutSetAttribute(m->layout, CUBLASLT_MATRIX_LAYOUT_ORDER, &m->order, sizeof(int32_t));
    cublasLtMatrixLayoutSetAttribute(m->layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &m->batch, sizeof(int32_t));
    cublasLtMatrixLayoutSetAttribute(m->layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &m->stride,
                                     sizeof m->stride);
}

static void matrix_download(Matrix *m, float *host)
{
    uint16_t *small = malloc((size_t)m->count * 2);
    void *to = m->type == CUDA_R_32F ? (void *)host : (void *)small;
    cudaMemcpy(to, m->device, (size_t)m->count * type_bytes(m->type), cudaMemcpyDeviceToHost);
    for (int64_t e = 0; m->type != CUDA_R_32F && e < m->count; e++)
        host[e] = widen(m->type, small[e]);
    free(small);
}

/** A matrix with random elements, order, padding and distance between batches. */
static Matrix matrix_new(int type, int64_t rows, int64_t cols, int batch, int order)
{
    Matrix m = {.type = type, .order = order, .batch = batch, .rows = rows, .cols = cols};
    int64_t lines = order == CUBLASLT_ORDER_COL ? cols : rows;
    m.ld = (order == CUBLASLT_ORDER_COL ? rows : cols) + draw(5);
    m.stride = batch > 1 ? m.ld * lines + draw(7) : 0;
    m.count = m.ld * lines + (batch - 1) * m.stride;
    m.host = malloc((size_t)m.count * sizeof *m.host);
    uint16_t *small = malloc((size_t)m.count * 2);
    for (int64_t e = 0; e < m.count; e++) {
        float x = (float)((int)draw(2001) - 1000) / 500;
        small[e] = narrow(type, x);
        m.host[e] = type == CUDA_R_32F ? x : widen(type, small[e]);
    }
    cudaMalloc(&m.device, (size_t)m.count * type_bytes(type));
    cudaMemcpy(m.device, type == CUDA_R_32F ? (void *)m.host : (void *)small, (size_t)m.count * type_bytes(type),
               cudaMemcpyHostToDevice);
    free(small);
    set_layout(&m);
    return m;
}

static void matrix_free(Matrix *m)
{
    cublasLtMatrixLayoutDestroy(m->layout);
    cudaFree(m->device);
    free(m->host);
}

/** A multiplication with everything it needs. */
typedef struct Product {
    int64_t m, n, k;
    bool ta, tb, in_place;
    float alpha, beta;
    uint32_t epilogue;
    int compute;
    Matrix a, b, c, d, bias;
    cublasLtHandle_t handle;
    cublasLtMatmulDesc_t desc;
    cublasLtMatmulPreference_t preference;
    cudaStream_t stream;
    void *workspace;
    uint64_t workspace_bytes;
} Product;

static void product_open(Product *p, int ab_type, int cd_type, int batch, bool row_d)
{
    int orders[4] = {draw(2) ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL,
                     draw(2) ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL, row_d ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL,
                     row_d ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL};
    int32_t ta = p->ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb = p->tb ? CUBLAS_OP_T : CUBLAS_OP_N;
    p->a = matrix_new(ab_type, p->ta ? p->k : p->m, p->ta ? p->m : p->k, batch, orders[0]);
    p->b = matrix_new(ab_type, p->tb ? p->n : p->k, p->tb ? p->k : p->n, batch, orders[1]);
    p->c = matrix_new(cd_type, p->m, p->n, batch, orders[2]);
    p->d = p->in_place ? p->c : matrix_new(cd_type, p->m, p->n, batch, orders[3]);
    p->bias = matrix_new(cd_type, p->m, 1, 1, CUBLASLT_ORDER_COL);
    cublasLtCreate(&p->handle);
    cublasLtMatmulDescCreate(&p->desc, (cublasComputeType_t)p->compute, CUDA_R_32F);
    cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_TRANSA, &ta, sizeof ta);
    cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_TRANSB, &tb, sizeof tb);
    cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &p->epilogue, sizeof p->epilogue);
    cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &p->bias.device, sizeof(void *));
    cublasLtMatmulPreferenceCreate(&p->preference);
    p->workspace_bytes = 1 << 20;
    cublasLtMatmulPreferenceSetAttribute(p->preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &p->workspace_bytes,
                                         sizeof p->workspace_bytes);
    cudaMalloc(&p->workspace, p->workspace_bytes);
    cudaStreamCreateWithFlags(&p->stream, 0);
}

static void product_close(Product *p)
{
    matrix_free(&p->a);
    matrix_free(&p->b);
    matrix_free(&p->c);
    if (!p->in_place)
        matrix_free(&p->d);
    matrix_free(&p->bias);
    cublasLtMatmulDescDestroy(p->desc);
    cublasLtMatmulPreferenceDestroy(p->preference);
    cublasLtDestroy(p->handle);
    cudaFree(p->workspace);
    cudaStreamDestroy(p->stream);
}

static cublasStatus_t choose(Product *p, cublasLtMatmulHeuristicResult_t *result)
{
    int found = 0;
    return cublasLtMatmulAlgoGetHeuristic(p->handle, p->desc, p->a.layout, p->b.layout, p->c.layout, p->d.layout,
                                          p->preference, 1, result, &found);
}

static cublasStatus_t multiply(Product *p, const cublasLtMatmulAlgo_t *algo, size_t workspace)
{
    return cublasLtMatmul(p->handle, p->desc, &p->alpha, p->a.device, p->a.layout, p->b.device, p->b.layout, &p->beta,
                          p->c.device, p->c.layout, p->d.device, p->d.layout, algo, p->workspace, workspace, p->stream);
}

/** The largest error in units of what the result's type allows; elements that are no result must not change. */
static double error_of(Product *p)
{
    float *got = malloc((size_t)p->d.count * sizeof *got), *bias = p->bias.host;
    char *written = calloc((size_t)p->d.count, 1);
    double worst = 0, unit = p->d.type == CUDA_R_32F ? 1e-6 : p->d.type == CUDA_R_16F ? 0x1p-11 : 0x1p-8;
    matrix_download(&p->d, got);
    for (int b = 0; b < p->d.batch; b++)
        for (int64_t i = 0; i < p->m; i++)
            for (int64_t j = 0; j < p->n; j++) {
                double sum = 0, size = 1;
                for (int64_t q = 0; q < p->k; q++) {
                    double x = p->a.host[p->ta ? at(&p->a, b, q, i) : at(&p->a, b, i, q)];
                    double y = p->b.host[p->tb ? at(&p->b, b, j, q) : at(&p->b, b, q, j)];
                    sum += x * y;
                    size += fabs(x * y);
                }
                double want = p->alpha * sum + (p->beta != 0 ? p->beta * p->c.host[at(&p->c, b, i, j)] : 0);
                if (p->epilogue & CUBLASLT_EPILOGUE_BIAS)
                    want += bias[i];
                if (p->epilogue & CUBLASLT_EPILOGUE_GELU)
                    want = want / 2 * (1 + tanh(sqrt(2 / M_PI) * (want + 0.044715 * want * want * want)));
                double off = fabs(got[at(&p->d, b, i, j)] - want) / (unit * (size + fabs(want)));
                worst = isnan(off) ? INFINITY : fmax(worst, off);
                written[at(&p->d, b, i, j)] = 1;
            }
    for (int64_t e = 0; e < p->d.count; e++)
        if (!written[e] && got[e] != p->d.host[e])
            worst = INFINITY;
    free(got);
    free(written);
    return worst;
}

static void test_values(void)
{
    static const int types[][2] = {{CUDA_R_32F, CUDA_R_32F},
                                   {CUDA_R_16BF, CUDA_R_16BF},
                                   {CUDA_R_16F, CUDA_R_16F},
                                   {CUDA_R_16BF, CUDA_R_32F},
                                   {CUDA_R_16F, CUDA_R_32F}};
    double worst = 0;
    for (int i = 0; i < 300; i++) {
        Product p = {
            .m = 1 + draw(50), .n = 1 + draw(50), .k = 1 + draw(i % 10 ? 40 : 600), .compute = CUBLAS_COMPUTE_32F};
        p.ta = draw(2);
        p.tb = draw(2);
        p.in_place = draw(3) == 0;
        p.alpha = draw(2) ? 1 : -0.5f;
        p.beta = draw(2) ? 0 : 1.5f;
        static const uint32_t epilogues[] = {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS,
                                             CUBLASLT_EPILOGUE_GELU_BIAS};
        p.epilogue = epilogues[draw(3)];
        const int *type = types[draw(5)];
        product_open(&p, type[0], type[1], draw(2) ? 1 : 1 + (int)draw(5),
                     p.epilogue == CUBLASLT_EPILOGUE_DEFAULT && draw(2));
        cublasLtMatmulHeuristicResult_t result = {0};
        cublasStatus_t chosen = choose(&p, &result), status = multiply(&p, &result.algo, result.workspaceSize);
        cudaStreamSynchronize(p.stream);
        double error = chosen || status ? INFINITY : error_of(&p);
        worst = fmax(worst, error);
        if (error > 1)
            tap_note("%ldx%ldx%ld, %d x %d: %s, %s, %g", (long)p.m, (long)p.n, (long)p.k, p.a.batch, p.a.type,
                     cublasLtGetStatusString(chosen), cublasLtGetStatusString(status), error);
        product_close(&p);
    }
    tap_ok(worst <= 1, "300 products: %.2f of the error allowed", worst);
}

static Product plain(void)
{
    Product p = {
        .m = 24, .n = 40, .k = 300, .alpha = 1, .epilogue = CUBLASLT_EPILOGUE_BIAS, .compute = CUBLAS_COMPUTE_32F};
    return p;
}

static void test_algo(void)
{
    Product p = plain();
    product_open(&p, CUDA_R_16F, CUDA_R_16F, 1, false);
    cublasLtMatmulHeuristicResult_t result = {0}, none = {0};
    choose(&p, &result);
    tap_ok(result.workspaceSize > 0 &&
               multiply(&p, &result.algo, result.workspaceSize - 1) == CUBLAS_STATUS_INVALID_VALUE,
           "the workspace must be large enough: %s", fake_violation());
    tap_ok(multiply(&p, NULL, 0) == CUBLAS_STATUS_INVALID_VALUE, "there must be an algorithm");
    tap_ok(multiply(&p, &none.algo, 0) == CUBLAS_STATUS_INVALID_VALUE, "of the heuristic");
    int32_t tb = CUBLAS_OP_T;
    p.n = p.k = 0;
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_TRANSB, &tb, sizeof tb);
    tap_ok(multiply(&p, &result.algo, result.workspaceSize) == CUBLAS_STATUS_INVALID_VALUE, "for these descriptors");
    tb = CUBLAS_OP_N;
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_TRANSB, &tb, sizeof tb);
    uint32_t scheme = CUBLASLT_REDUCTION_SCHEME_NONE;
    uint64_t no_workspace = 0;
    size_t first = result.workspaceSize;
    cublasLtMatmulPreferenceSetAttribute(p.preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &scheme,
                                         sizeof scheme);
    cublasLtMatmulPreferenceSetAttribute(p.preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &no_workspace,
                                         sizeof no_workspace);
    choose(&p, &result);
    uint32_t splits = 9;
    cublasLtMatmulAlgoConfigGetAttribute(&result.algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &splits, sizeof splits, NULL);
    tap_ok(first > 0 && result.workspaceSize == 0 && splits == 1, "the preference is heeded: %zu, %u", first, splits);
    fake_forgive();
    p.d.device = (char *)p.d.device + 2;
    tap_ok(multiply(&p, &result.algo, 0) == CUBLAS_STATUS_NOT_SUPPORTED, "alignment is as was promised: %s",
           fake_violation());
    p.d.device = (char *)p.d.device - 2;
    fake_forgive();
    tap_ok(multiply(&p, &result.algo, 0) == CUBLAS_STATUS_SUCCESS && fake_violations() == 0, "all right is right");
    product_close(&p);
}

/** What the heuristic says after one attribute of a layout was changed. */
static cublasStatus_t with_attribute(Product *p, cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t id,
                                     const void *value, size_t bytes)
{
    char old[8];
    cublasLtMatmulHeuristicResult_t result = {0};
    cublasLtMatrixLayoutGetAttribute(layout, id, old, bytes, NULL);
    cublasLtMatrixLayoutSetAttribute(layout, id, value, bytes);
    cublasStatus_t status = choose(p, &result);
    cublasLtMatrixLayoutSetAttribute(layout, id, old, bytes);
    return status;
}

static void test_refusals(void)
{
    Product p = plain();
    product_open(&p, CUDA_R_16BF, CUDA_R_16BF, 1, false);
    int64_t ld = p.d.rows - 1;
    int32_t batch = 2, row = CUBLASLT_ORDER_ROW;
    uint32_t f32 = CUDA_R_32F, f16 = CUDA_R_16F;
    uint64_t rows = 23;
    const size_t four = 4;
    cublasLtMatmulHeuristicResult_t result = {0};
    tap_ok(choose(&p, &result) == CUBLAS_STATUS_SUCCESS, "a plain product is taken");
    tap_ok(with_attribute(&p, p.d.layout, CUBLASLT_MATRIX_LAYOUT_LD, &ld, sizeof ld) == CUBLAS_STATUS_INVALID_VALUE,
           "a leading dimension below the rows is not");
    tap_ok(with_attribute(&p, p.d.layout, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, sizeof rows) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "nor sizes that do not fit");
    tap_ok(with_attribute(&p, p.d.layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, four) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "nor different numbers of matrices");
    tap_ok(with_attribute(&p, p.d.layout, CUBLASLT_MATRIX_LAYOUT_TYPE, &f32, four) == CUBLAS_STATUS_NOT_SUPPORTED,
           "nor C and D of different types");
    tap_ok(with_attribute(&p, p.b.layout, CUBLASLT_MATRIX_LAYOUT_TYPE, &f16, four) == CUBLAS_STATUS_NOT_SUPPORTED,
           "nor A and B of different types");
    p.d.ld = p.c.ld = 64;
    cublasLtMatrixLayoutSetAttribute(p.d.layout, CUBLASLT_MATRIX_LAYOUT_LD, &p.d.ld, sizeof p.d.ld);
    tap_ok(with_attribute(&p, p.d.layout, CUBLASLT_MATRIX_LAYOUT_ORDER, &row, four) == CUBLAS_STATUS_NOT_SUPPORTED,
           "nor a bias with a row-major result");
    int32_t bias_type = CUDA_R_32F;
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type, sizeof bias_type);
    tap_ok(choose(&p, &result) == CUBLAS_STATUS_NOT_SUPPORTED, "nor a bias of another type than the result");
    bias_type = -1;
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type, sizeof bias_type);
    fake_device(75, 8ll << 30, 1);
    tap_ok(choose(&p, &result) == CUBLAS_STATUS_NOT_SUPPORTED, "nor bf16 on Turing");
    fake_device(90, 24ll << 30, 1);
    tap_ok(cublasLtMatrixLayoutSetAttribute(p.d.layout, CUBLASLT_MATRIX_LAYOUT_LD, &row, four) ==
                   CUBLAS_STATUS_INVALID_VALUE &&
               fake_violations() == 1,
           "attributes have their size: %s", fake_violation());
    fake_forgive();
    p.compute = CUBLAS_COMPUTE_16F;
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, &p.compute, four);
    tap_ok(choose(&p, &result) == CUBLAS_STATUS_NOT_SUPPORTED, "nor half sums of bf16");
    product_close(&p);
}

/** TF32 loses bits that f32 keeps; D over A is seen. */
static void test_marks(void)
{
    double errors[2];
    for (int tf32 = 0; tf32 < 2; tf32++) {
        Product p = plain();
        p.compute = tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
        product_open(&p, CUDA_R_32F, CUDA_R_32F, 1, false);
        cublasLtMatmulHeuristicResult_t result = {0};
        choose(&p, &result);
        multiply(&p, &result.algo, result.workspaceSize);
        cudaStreamSynchronize(p.stream);
        errors[tf32] = error_of(&p);
        product_close(&p);
    }
    tap_ok(errors[0] <= 1 && errors[1] > 10 && errors[1] < 2000, "TF32 is less exact: %.2f, %.0f", errors[0],
           errors[1]);
    Product p = plain();
    p.m = p.n = p.k = 16;
    product_open(&p, CUDA_R_32F, CUDA_R_32F, 1, false);
    cublasLtMatmulHeuristicResult_t result = {0};
    choose(&p, &result);
    void *own = p.a.device;
    p.a.device = p.d.device;
    p.a.layout = p.a.layout;
    cublasStatus_t status = multiply(&p, &result.algo, result.workspaceSize);
    cudaStreamSynchronize(p.stream);
    bool refused = fake_violations() > 0; /* A may be larger than D */
    tap_ok(refused || (status == CUBLAS_STATUS_SUCCESS && isinf(error_of(&p))), "a result over its operand is NaN");
    p.a.device = own;
    fake_forgive();
    product_close(&p);
}

int main(void)
{
    test_values();
    test_algo();
    test_refusals();
    test_marks();
    tap_ok(fake_violations() == 0 && fake_leaks() == 0, "nothing is left");
    return tap_done();
}
