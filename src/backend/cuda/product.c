#include "backend/cuda/product.h"

#include <stdlib.h>
#include <string.h>

/* cuBLASLt is column-major. A row-major [r,c] matrix is a column-major [c,r] one in the same memory, so
 * dᵀ = op(b)ᵀ · op(a)ᵀ is asked for: cuBLASLt's A is our b, its B is our a. */
struct LkProduct {
    LkDevice *device;
    LkProductShape shape;
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulAlgo_t algorithm;
    int64_t workspace;
};

struct LkProductChoice {
    LkProductShape shape;
    cublasLtMatmulAlgo_t algorithm;
    int64_t workspace;
    LkProductChoice *next;
};

static cudaDataType_t data_type(LkDType dtype)
{
    static const cudaDataType_t types[LK_DTYPE_COUNT] = {CUDA_R_32F, CUDA_R_16BF, CUDA_R_16F,    CUDA_R_64F,
                                                         CUDA_R_32I, CUDA_R_8I,   CUDA_R_8F_E4M3};
    return types[dtype];
}

/** A stored row-major matrix [rows, cols]. */
static cublasStatus_t layout(cublasLtMatrixLayout_t *out, LkDType dtype, int64_t rows, int64_t cols, int64_t ld,
                             int64_t batch, int64_t step)
{
    int32_t count = (int32_t)batch;
    cublasStatus_t status = cublasLtMatrixLayoutCreate(out, data_type(dtype), (uint64_t)cols, (uint64_t)rows, ld);
    if (status == CUBLAS_STATUS_SUCCESS && batch > 1)
        status = cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
    if (status == CUBLAS_STATUS_SUCCESS && batch > 1)
        status =
            cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step);
    return status;
}

static cublasStatus_t describe_operation(LkProduct *p)
{
    const LkProductShape *s = &p->shape;
    cublasOperation_t of_b = s->trans_b ? CUBLAS_OP_T : CUBLAS_OP_N, of_a = s->trans_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    cudaDataType_t bias = data_type(s->d);
    bool tf32 = s->tf32 && s->a == LK_F32 && s->b == LK_F32;
    cublasComputeType_t compute = tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasStatus_t status = cublasLtMatmulDescCreate(&p->operation, compute, CUDA_R_32F);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSA, &of_b, sizeof of_b);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSB, &of_a, sizeof of_a);
    if (status == CUBLAS_STATUS_SUCCESS && s->bias)
        status =
            cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    if (status == CUBLAS_STATUS_SUCCESS && s->bias)
        status = cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias, sizeof bias);
    return status;
}

static cublasStatus_t describe(LkProduct *p)
{
    const LkProductShape *s = &p->shape;
    cublasStatus_t status = describe_operation(p);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = s->trans_b ? layout(&p->b, s->b, s->n, s->k, s->ldb, s->batch, s->step_b)
                            : layout(&p->b, s->b, s->k, s->n, s->ldb, s->batch, s->step_b);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = s->trans_a ? layout(&p->a, s->a, s->k, s->m, s->lda, s->batch, s->step_a)
                            : layout(&p->a, s->a, s->m, s->k, s->lda, s->batch, s->step_a);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = layout(&p->d, s->d, s->m, s->n, s->ldd, s->batch, s->step_d);
    return status;
}

static cublasStatus_t set_number(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
                                 uint32_t value)
{
    return cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value);
}

/** What may be chosen: no sums split over blocks, a workspace that is the same on every card, our alignment. */
static cublasStatus_t set_preference(cublasLtMatmulPreference_t preference, uint32_t align)
{
    static const cublasLtMatmulPreferenceAttributes_t alignments[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    uint64_t workspace = (uint64_t)LK_CUDA_PRODUCT_WORKSPACE;
    cublasStatus_t status = cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                                 &workspace, sizeof workspace);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = set_number(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, CUBLASLT_REDUCTION_SCHEME_NONE);
    for (size_t i = 0; i < sizeof alignments / sizeof *alignments && status == CUBLAS_STATUS_SUCCESS; i++)
        status = set_number(preference, alignments[i], align);
    return status;
}

static cublasStatus_t ask(LkProduct *p)
{
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;
    cublasStatus_t status = cublasLtMatmulPreferenceCreate(&preference);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = set_preference(preference, (uint32_t)p->shape.align);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmulAlgoGetHeuristic(p->device->blas, p->operation, p->b, p->a, p->d, p->d, preference, 1,
                                                &result, &found);
    if (status == CUBLAS_STATUS_SUCCESS && (found < 1 || result.state != CUBLAS_STATUS_SUCCESS))
        status = CUBLAS_STATUS_NOT_SUPPORTED;
    if (status == CUBLAS_STATUS_SUCCESS) {
        p->algorithm = result.algo;
        p->workspace = (int64_t)result.workspaceSize;
    }
    if (preference)
        (void)cublasLtMatmulPreferenceDestroy(preference);
    return status;
}

static bool same(const LkProductShape *x, const LkProductShape *y)
{
    return x->m == y->m && x->n == y->n && x->k == y->k && x->trans_a == y->trans_a && x->trans_b == y->trans_b &&
           x->a == y->a && x->b == y->b && x->d == y->d && x->tf32 == y->tf32 && x->lda == y->lda && x->ldb == y->ldb &&
           x->ldd == y->ldd && x->batch == y->batch && x->step_a == y->step_a && x->step_b == y->step_b &&
           x->step_d == y->step_d && x->bias == y->bias && x->align == y->align;
}

/** Takes the algorithm from what the device remembers, or asks and remembers. */
static bool choose(LkProduct *p, LkError *error)
{
    for (const LkProductChoice *c = p->device->choices; c; c = c->next)
        if (same(&c->shape, &p->shape)) {
            p->algorithm = c->algorithm;
            p->workspace = c->workspace;
            return true;
        }
    if (!lk_cublas_ok(ask(p), "preparing a matrix product", error))
        return false;
    LkProductChoice *choice = malloc(sizeof *choice);
    if (!choice)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    *choice = (LkProductChoice){p->shape, p->algorithm, p->workspace, p->device->choices};
    p->device->choices = choice;
    return true;
}

void lk_product_choices_free(LkProductChoice *choices)
{
    for (LkProductChoice *next; choices; choices = next) {
        next = choices->next;
        free(choices);
    }
}

LkProduct *lk_product_new(LkDevice *device, const LkProductShape *shape, LkError *error)
{
    LkProduct *p = calloc(1, sizeof *p);
    if (!p) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    p->device = device;
    p->shape = *shape;
    if (!lk_cublas_ok(describe(p), "describing a matrix product", error) || !choose(p, error)) {
        lk_product_free(p);
        return NULL;
    }
    return p;
}

void lk_product_free(LkProduct *p)
{
    if (!p)
        return;
    if (p->operation)
        (void)cublasLtMatmulDescDestroy(p->operation);
    cublasLtMatrixLayout_t layouts[] = {p->a, p->b, p->d};
    for (int i = 0; i < 3; i++)
        if (layouts[i])
            (void)cublasLtMatrixLayoutDestroy(layouts[i]);
    free(p);
}

/* cuBLASLt wants its workspace aligned to 256 bytes, the arena aligns to less: room to move it. */
int64_t lk_product_workspace(const LkProduct *p)
{
    return p->workspace > 0 ? p->workspace + LK_CUDA_ALIGNMENT : 0;
}

bool lk_product_run(LkProduct *p, const void *a, const void *b, const void *bias, const void *c, void *d,
                    void *workspace, LkError *error)
{
    if (p->shape.bias && !lk_cublas_ok(cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                                      &bias, sizeof bias),
                                       "placing a bias", error))
        return false;
    void *aligned = (void *)(uintptr_t)lk_cuda_aligned((int64_t)(uintptr_t)workspace);
    return lk_cublas_ok(cublasLtMatmul(p->device->blas, p->operation, &p->shape.alpha, b, p->b, a, p->a, &p->shape.beta,
                                       c ? c : d, p->d, d, p->d, &p->algorithm, aligned, (size_t)p->workspace,
                                       p->device->stream),
                        "a matrix product", error);
}

/** Of one tensor. */
static int64_t alignment(const LkTensor *t)
{
    int64_t bytes = ((t->offset | t->pitch) * (int64_t)lk_dtype_size(t->dtype)) | 16;
    return bytes & -bytes;
}

int lk_product_alignment(const LkGraph *graph, const LkNode *node)
{
    int64_t align = alignment(lk_graph_tensor(graph, node->out[0]));
    for (int i = 0; i < node->n_in; i++) {
        int64_t of_input = alignment(lk_graph_tensor(graph, node->in[i]));
        align = of_input < align ? of_input : align;
    }
    return (int)align;
}
