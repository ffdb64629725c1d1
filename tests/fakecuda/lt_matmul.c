/* cublasLtMatmul, computed from the descriptors. */
#include "lt.h"
#include "numbers.h"
#include "product.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Matmul {
    FakeProblem problem;
    const void *alpha_at, *beta_at; /* on the device; NULL: the values below */
    float alpha, beta;
    const void *matrix[4]; /* A, B, C, D */
    void *workspace;
    size_t workspace_bytes;
    int64_t m, n, k;
    int64_t cuts; /* of the columns */
} Matmul;

/** Elements between neighbours in a column and in a row of a layout. */
static int64_t row_stride(const FakeLayout *l)
{
    return l->order == CUBLASLT_ORDER_COL ? 1 : l->ld;
}

static int64_t col_stride(const FakeLayout *l)
{
    return l->order == CUBLASLT_ORDER_COL ? l->ld : 1;
}

/** Bytes from the first to behind the last element that a layout reaches. */
static size_t reach(const FakeLayout *l)
{
    int64_t last = (int64_t)(l->rows - 1) * row_stride(l) + (int64_t)(l->cols - 1) * col_stride(l);
    int64_t batches = (l->batch - 1) * l->batch_stride;
    return (size_t)(last + (batches > 0 ? batches : 0) + 1) * fake_type_bytes(l->type);
}

static const void *batch_start(const Matmul *mm, int which, int64_t batch)
{
    const FakeLayout *l = &mm->problem.layout[which];
    return (const char *)mm->matrix[which] + batch * l->batch_stride * (int64_t)fake_type_bytes(l->type);
}

static float round_bf16(float x)
{
    return lk_bf16_to_f32(lk_f32_to_bf16(x));
}

static float round_f16(float x)
{
    return lk_f16_to_f32(lk_f32_to_f16(x));
}

static FakeOperand operand(const Matmul *mm, int which, int64_t batch)
{
    const FakeLayout *l = &mm->problem.layout[which];
    int64_t rows = row_stride(l), cols = col_stride(l);
    bool transposed = mm->problem.desc.trans[which] != CUBLAS_OP_N;
    int compute = mm->problem.desc.compute;
    return (FakeOperand){
        .type = l->type,
        .data = batch_start(mm, which, batch),
        .rows = transposed ? cols : rows,
        .cols = transposed ? rows : cols,
        .round = compute == CUBLAS_COMPUTE_32F_FAST_TF32   ? fake_tf32
                 : compute == CUBLAS_COMPUTE_32F_FAST_16BF ? round_bf16
                 : compute == CUBLAS_COMPUTE_32F_FAST_16F  ? round_f16
                                                           : NULL,
    };
}

static float epilogue(const Matmul *mm, int64_t batch, int64_t row, float x)
{
    const FakeMatmulDesc *d = &mm->problem.desc;
    int type = d->bias_type == -1 ? mm->problem.layout[3].type : d->bias_type;
    if (d->epilogue & CUBLASLT_EPILOGUE_BIAS)
        x += fake_load(type, d->bias, batch * d->bias_stride + row);
    if (d->epilogue & CUBLASLT_EPILOGUE_RELU)
        x = x > 0 ? x : 0;
    if (d->epilogue & CUBLASLT_EPILOGUE_GELU) /* the tanh form */
        x = 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
    return x;
}

/** Columns first..last-1 of one batch: product, then scales, C and epilogue. */
static void columns(const Matmul *mm, int64_t batch, int64_t first, int64_t last)
{
    const FakeLayout *c = &mm->problem.layout[2], *d = &mm->problem.layout[3];
    FakeOperand a = operand(mm, 0, batch), b = operand(mm, 1, batch);
    float *sums = malloc((size_t)(mm->m * (last - first)) * sizeof *sums);
    if (!sums)
        abort();
    b.data = (const char *)b.data + (size_t)(first * b.cols) * fake_type_bytes(b.type);
    fake_product(mm->m, last - first, mm->k, a, b, sums);
    const void *from = batch_start(mm, 2, batch);
    void *to = (void *)batch_start(mm, 3, batch);
    for (int64_t j = first; j < last; j++)
        for (int64_t i = 0; i < mm->m; i++) {
            float x = mm->alpha * sums[(j - first) * mm->m + i];
            if (mm->beta != 0)
                x += mm->beta * fake_load(c->type, from, i * row_stride(c) + j * col_stride(c));
            fake_store(d->type, to, i * row_stride(d) + j * col_stride(d), epilogue(mm, batch, i, x));
        }
    free(sums);
}

static void run_pieces(void *context, int64_t first, int64_t last)
{
    const Matmul *mm = context;
    for (int64_t piece = first; piece < last; piece++) {
        int64_t cut = piece % mm->cuts;
        columns(mm, piece / mm->cuts, mm->n * cut / mm->cuts, mm->n * (cut + 1) / mm->cuts);
    }
}

/** Fills D with NaNs, so that an input that lies in it is seen. */
static void poison(const Matmul *mm)
{
    const FakeLayout *d = &mm->problem.layout[3];
    for (int64_t batch = 0; batch < d->batch; batch++)
        for (int64_t j = 0; j < mm->n; j++)
            for (int64_t i = 0; i < mm->m; i++)
                fake_store(d->type, (void *)batch_start(mm, 3, batch), i * row_stride(d) + j * col_stride(d), NAN);
}

static bool all_accessible(const Matmul *mm)
{
    static const char *const names[] = {"cublasLtMatmul: A", "cublasLtMatmul: B", "cublasLtMatmul: C",
                                        "cublasLtMatmul: D"};
    const FakeMatmulDesc *d = &mm->problem.desc;
    for (int i = 0; i < 4; i++)
        if ((i != 2 || mm->beta != 0) && !fake_accessible(mm->matrix[i], reach(&mm->problem.layout[i]), names[i]))
            return false;
    int type = d->bias_type == -1 ? mm->problem.layout[3].type : d->bias_type;
    size_t bias = (size_t)((mm->problem.layout[3].batch - 1) * d->bias_stride + mm->m) * fake_type_bytes(type);
    return (!(d->epilogue & CUBLASLT_EPILOGUE_BIAS) || fake_accessible(d->bias, bias, "cublasLtMatmul: bias")) &&
           (!mm->workspace_bytes || fake_accessible(mm->workspace, mm->workspace_bytes, "cublasLtMatmul: workspace"));
}

static void run_matmul(const void *data)
{
    Matmul mm = *(const Matmul *)data;
    if (mm.alpha_at && (!fake_accessible(mm.alpha_at, 4, "cublasLtMatmul: alpha") ||
                        !fake_accessible(mm.beta_at, 4, "cublasLtMatmul: beta")))
        return;
    if (mm.alpha_at) {
        mm.alpha = fake_load(mm.problem.desc.scale, mm.alpha_at, 0);
        mm.beta = fake_load(mm.problem.desc.scale, mm.beta_at, 0);
    }
    if (!all_accessible(&mm))
        return;
    if (mm.workspace_bytes)
        memset(mm.workspace, 0xff, mm.workspace_bytes);
    if (mm.beta == 0)
        poison(&mm);
    int64_t batches = mm.problem.layout[3].batch;
    mm.cuts = batches >= lk_parallel_threads() || mm.m * mm.n * mm.k < 100000 ? 1 : (mm.n + 31) / 32;
    lk_parallel_for(batches * mm.cuts, run_pieces, &mm);
}

/** What the caller must have kept of what he told the heuristic. */
static cublasStatus_t check_algo(const Matmul *mm, const cublasLtMatmulAlgo_t *algo, const void *workspace,
                                 size_t workspace_bytes, size_t *needed)
{
    FakeAlgo a;
    memcpy(&a, algo, sizeof a);
    if (a.magic != FAKE_ALGO_MAGIC || a.problem != fake_lt_hash(&mm->problem)) {
        fake_violate("cublasLtMatmul: the algorithm is not of the heuristic for these descriptors.");
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (a.workspace > workspace_bytes || (a.workspace && (!workspace || (uintptr_t)workspace % 256))) {
        fake_violate("cublasLtMatmul: workspace of %zu bytes at %p, but %llu bytes at a multiple of 256 are needed.",
                     workspace_bytes, workspace, (unsigned long long)a.workspace);
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    for (int i = 0; i < 4; i++)
        if (mm->matrix[i] && (uintptr_t)mm->matrix[i] % a.alignment[i]) {
            fake_violate("cublasLtMatmul: matrix %c at %p is not aligned to the %u bytes that the heuristic was told.",
                         'A' + i, mm->matrix[i], a.alignment[i]);
            return CUBLAS_STATUS_NOT_SUPPORTED;
        }
    *needed = (size_t)a.workspace;
    return CUBLAS_STATUS_SUCCESS;
}

static cublasStatus_t done(cublasStatus_t status)
{
    fake_end();
    return status;
}

/** The sizes, the pointers and the scales of a call. */
static cublasStatus_t gather(Matmul *mm, const void *alpha, const void *beta)
{
    const FakeMatmulDesc *d = &mm->problem.desc;
    cublasStatus_t status = fake_lt_check(&mm->problem);
    if (status)
        return status;
    mm->m = (int64_t)mm->problem.layout[3].rows;
    mm->n = (int64_t)mm->problem.layout[3].cols;
    mm->k = (int64_t)(d->trans[0] == CUBLAS_OP_N ? mm->problem.layout[0].cols : mm->problem.layout[0].rows);
    if (d->pointer_mode == CUBLASLT_POINTER_MODE_DEVICE) {
        mm->alpha_at = alpha;
        mm->beta_at = beta;
    } else {
        if (fake_place(alpha, 4) == FAKE_DEVICE || fake_place(beta, 4) == FAKE_DEVICE) {
            fake_violate("cublasLtMatmul: alpha or beta is on the device, but the pointer mode says host.");
            return CUBLAS_STATUS_INVALID_VALUE;
        }
        mm->alpha = fake_load(d->scale, alpha, 0);
        mm->beta = fake_load(d->scale, beta, 0);
    }
    bool needs_c = d->pointer_mode == CUBLASLT_POINTER_MODE_DEVICE || mm->beta != 0;
    if (!mm->matrix[0] || !mm->matrix[1] || !mm->matrix[3] || (needs_c && !mm->matrix[2]) ||
        ((d->epilogue & CUBLASLT_EPILOGUE_BIAS) && !d->bias))
        return CUBLAS_STATUS_INVALID_VALUE;
    const FakeLayout *c = &mm->problem.layout[2], *to = &mm->problem.layout[3];
    bool same_layout = c->ld == to->ld && c->order == to->order && c->batch_stride == to->batch_stride;
    return mm->matrix[2] == mm->matrix[3] && !same_layout ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t a_layout, const void *b, cublasLtMatrixLayout_t b_layout,
                              const void *beta, const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algo, void *workspace,
                              size_t workspace_bytes, cudaStream_t stream)
{
    if (fake_begin(__func__) || fake_device_error())
        return done(CUBLAS_STATUS_EXECUTION_FAILED);
    if (!fake_object_is(FAKE_LT_HANDLE, handle))
        return done(CUBLAS_STATUS_NOT_INITIALIZED);
    FakeWork *work = fake_work_new("matmul", sizeof(Matmul), run_matmul);
    Matmul *mm = (Matmul *)work->data;
    const void *const matrices[4] = {a, b, c, d};
    memcpy(mm->matrix, matrices, sizeof matrices);
    size_t needed = 0;
    cublasStatus_t status = CUBLAS_STATUS_INVALID_VALUE;
    if (!algo)
        fake_violate("cublasLtMatmul: no algorithm given; take one from the heuristic.");
    else if (alpha && beta && fake_stream_valid(stream) &&
             fake_lt_problem(desc, a_layout, b_layout, c_layout, d_layout, &mm->problem))
        status = gather(mm, alpha, beta);
    if (!status)
        status = check_algo(mm, algo, workspace, workspace_bytes, &needed);
    if (status) {
        fake_work_unref(work);
        return done(status);
    }
    mm->workspace = workspace;
    mm->workspace_bytes = needed;
    return done(fake_enqueue(stream, work) == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED);
}
