/* What the real cuBLASLt takes and what not: "cublasLtMatmul" in the cuBLAS documentation (types, epilogues, orders).
 */
#include "lt.h"

#include <stdlib.h>
#include <string.h>

/** Rows of the documentation's table for regular column- and row-major matrices, as far as floats are concerned.
 * C and D have the same type, and so has a bias. */
static const struct {
    int compute, scale, ab, cd;
    int sm; /* from this card on */
} supported[] = {
    {CUBLAS_COMPUTE_16F, CUDA_R_16F, CUDA_R_16F, CUDA_R_16F, 53},
    {CUBLAS_COMPUTE_16F_PEDANTIC, CUDA_R_16F, CUDA_R_16F, CUDA_R_16F, 53},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_16BF, CUDA_R_16BF, 80},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_16F, CUDA_R_16F, 53},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_16BF, CUDA_R_32F, 80},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_16F, CUDA_R_32F, 53},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, 0},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_16BF, CUDA_R_16BF, 80},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_16F, CUDA_R_16F, 53},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_16BF, CUDA_R_32F, 80},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_16F, CUDA_R_32F, 53},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, 0},
    {CUBLAS_COMPUTE_32F_FAST_16F, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, 0},
    {CUBLAS_COMPUTE_32F_FAST_16BF, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, 0},
    {CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, 80},
};

static cublasStatus_t check_types(const FakeProblem *p)
{
    if (p->layout[2].type != p->layout[3].type || p->layout[0].type != p->layout[1].type)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    for (size_t i = 0; i < sizeof supported / sizeof *supported; i++)
        if (supported[i].compute == p->desc.compute && supported[i].scale == p->desc.scale &&
            supported[i].ab == p->layout[0].type && supported[i].cd == p->layout[3].type)
            return fake_config()->sm >= supported[i].sm ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
    return CUBLAS_STATUS_NOT_SUPPORTED;
}

static cublasStatus_t check_layouts(const FakeProblem *p)
{
    for (int i = 0; i < 4; i++) {
        const FakeLayout *l = &p->layout[i];
        if (l->order != CUBLASLT_ORDER_COL && l->order != CUBLASLT_ORDER_ROW)
            return CUBLAS_STATUS_NOT_SUPPORTED;
        uint64_t least = l->order == CUBLASLT_ORDER_COL ? l->rows : l->cols;
        if (l->rows < 1 || l->cols < 1 || l->rows > INT32_MAX || l->cols > INT32_MAX || l->ld < (int64_t)least)
            return CUBLAS_STATUS_INVALID_VALUE;
        if (l->batch < 1 || l->batch != p->layout[3].batch || l->plane_offset != 0 || l->batch_mode != 0)
            return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (p->layout[3].batch > 1 && p->layout[3].batch_stride == 0) /* all results in one place */
        return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

static cublasStatus_t check_sizes(const FakeProblem *p)
{
    const FakeLayout *a = &p->layout[0], *b = &p->layout[1], *c = &p->layout[2], *d = &p->layout[3];
    bool ta = p->desc.trans[0] != CUBLAS_OP_N, tb = p->desc.trans[1] != CUBLAS_OP_N;
    uint64_t m = ta ? a->cols : a->rows, k = ta ? a->rows : a->cols;
    uint64_t n = tb ? b->rows : b->cols, k2 = tb ? b->cols : b->rows;
    bool fit = k == k2 && d->rows == m && d->cols == n && c->rows == m && c->cols == n;
    return fit ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

static cublasStatus_t check_epilogue(const FakeProblem *p)
{
    static const uint32_t done[] = {CUBLASLT_EPILOGUE_DEFAULT,   CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_BIAS,
                                    CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS};
    bool known = false;
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        known |= p->desc.epilogue == done[i];
    if (!known)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (p->desc.epilogue == CUBLASLT_EPILOGUE_DEFAULT)
        return CUBLAS_STATUS_SUCCESS;
    if (p->layout[3].order != CUBLASLT_ORDER_COL) /* "not supported when D matrix memory order is ROW" */
        return CUBLAS_STATUS_NOT_SUPPORTED;
    bool type_fits = p->desc.bias_type == -1 || p->desc.bias_type == p->layout[3].type;
    return !(p->desc.epilogue & CUBLASLT_EPILOGUE_BIAS) || type_fits ? CUBLAS_STATUS_SUCCESS
                                                                     : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t fake_lt_check(const FakeProblem *p)
{
    if (p->desc.other || p->desc.fill != CUBLAS_FILL_MODE_FULL || p->desc.trans[2] != CUBLAS_OP_N)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    for (int i = 0; i < 2; i++)
        if ((unsigned)p->desc.trans[i] > CUBLAS_OP_C)
            return CUBLAS_STATUS_INVALID_VALUE;
    if (p->desc.pointer_mode != CUBLASLT_POINTER_MODE_HOST && p->desc.pointer_mode != CUBLASLT_POINTER_MODE_DEVICE)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    cublasStatus_t (*const checks[])(const FakeProblem *) = {check_layouts, check_sizes, check_types, check_epilogue};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        cublasStatus_t status = checks[i](p);
        if (status)
            return status;
    }
    return CUBLAS_STATUS_SUCCESS;
}

static void mix(uint64_t *hash, int64_t value)
{
    *hash = (*hash ^ (uint64_t)value) * 0x100000001b3u;
    *hash ^= *hash >> 29;
}

uint64_t fake_lt_hash(const FakeProblem *p)
{
    uint64_t hash = 0xcbf29ce484222325u;
    const FakeMatmulDesc *d = &p->desc;
    const int64_t values[] = {fake_config()->sm, d->compute,  d->scale,     d->pointer_mode, d->trans[0],
                              d->trans[1],       d->epilogue, d->bias_type, d->bias_stride};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        mix(&hash, values[i]);
    for (int i = 0; i < 4; i++) {
        const FakeLayout *l = &p->layout[i];
        const int64_t of_layout[] = {l->type, l->order,        (int64_t)l->rows, (int64_t)l->cols,
                                     l->ld,   l->batch_stride, l->batch};
        for (size_t k = 0; k < sizeof of_layout / sizeof *of_layout; k++)
            mix(&hash, of_layout[k]);
    }
    return hash;
}

/* ---- The heuristic ---- */

static cublasStatus_t done(cublasStatus_t status)
{
    fake_end();
    return status;
}

static bool power_of_two(uint32_t x)
{
    return x && !(x & (x - 1));
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int *returned)
{
    if (fake_begin(__func__))
        return done(CUBLAS_STATUS_INTERNAL_ERROR);
    FakeProblem p;
    if (!fake_object_is(FAKE_LT_HANDLE, handle))
        return done(CUBLAS_STATUS_NOT_INITIALIZED);
    if (!fake_lt_problem(desc, a, b, c, d, &p) || !fake_object_is(FAKE_LT_PREFERENCE, preference) || wanted < 1 ||
        !results || !returned)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    *returned = 0;
    FakePreference pref;
    memcpy(&pref, preference, sizeof pref);
    cublasStatus_t status = fake_lt_check(&p);
    for (int i = 0; i < 4 && !status; i++)
        status = power_of_two(pref.alignment[i]) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
    if (status)
        return done(status);
    uint64_t partial = 4 * p.layout[3].rows * p.layout[3].cols * (uint64_t)p.layout[3].batch;
    uint64_t k = p.desc.trans[0] == CUBLAS_OP_N ? p.layout[0].cols : p.layout[0].rows;
    const struct {
        bool there;
        uint64_t workspace;
        int splits;
        uint32_t scheme;
    } algos[] = {
        {k >= 256 && partial <= 1 << 20, 4 * partial, 4, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE},
        {k >= 256 && partial <= 1 << 20, 0, 4, CUBLASLT_REDUCTION_SCHEME_INPLACE},
        {true, 4096 + k % 7 * 256, 1, CUBLASLT_REDUCTION_SCHEME_NONE},
        {true, 0, 1, CUBLASLT_REDUCTION_SCHEME_NONE},
    };
    for (int i = 0; i < (int)(sizeof algos / sizeof *algos) && *returned < wanted; i++) {
        if (!algos[i].there || algos[i].workspace > pref.workspace || (algos[i].scheme & ~pref.schemes))
            continue;
        FakeAlgo algo = {FAKE_ALGO_MAGIC, fake_lt_hash(&p),          algos[i].workspace,
                         .id = i,         .splits = algos[i].splits, .scheme = algos[i].scheme};
        memcpy(algo.alignment, pref.alignment, sizeof algo.alignment);
        cublasLtMatmulHeuristicResult_t *result = &results[(*returned)++];
        memset(result, 0, sizeof *result);
        memcpy(&result->algo, &algo, sizeof algo);
        result->workspaceSize = algos[i].workspace;
        result->state = CUBLAS_STATUS_SUCCESS;
        result->wavesCount = 1;
    }
    return done(*returned ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED);
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *algo,
                                                    cublasLtMatmulAlgoConfigAttributes_t id, void *value, size_t bytes,
                                                    size_t *written)
{
    if (fake_begin(__func__))
        return done(CUBLAS_STATUS_INVALID_VALUE);
    FakeAlgo a = {0};
    if (algo)
        memcpy(&a, algo, sizeof a);
    uint32_t answer = id == CUBLASLT_ALGO_CONFIG_ID           ? (uint32_t)a.id
                      : id == CUBLASLT_ALGO_CONFIG_SPLITK_NUM ? (uint32_t)a.splits
                                                              : a.scheme;
    bool known = id == CUBLASLT_ALGO_CONFIG_ID || id == CUBLASLT_ALGO_CONFIG_SPLITK_NUM ||
                 id == CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME;
    if (a.magic != FAKE_ALGO_MAGIC || !known || !value || bytes != sizeof answer)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    memcpy(value, &answer, bytes);
    if (written)
        *written = bytes;
    return done(CUBLAS_STATUS_SUCCESS);
}
