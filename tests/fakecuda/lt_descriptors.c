/* cuBLASLt: handles and descriptors with their attributes. */
#include "lt.h"

#include <stdlib.h>
#include <string.h>

static cublasStatus_t done(cublasStatus_t status)
{
    fake_end();
    return status;
}

#define BEGIN(injected)                                                                                                \
    if (fake_begin(__func__))                                                                                          \
    return done(injected)

/** One attribute: where it is in the descriptor, and how large. */
typedef struct Attribute {
    int id;
    size_t offset, bytes;
} Attribute;

#define AT(id, Type, field) {id, offsetof(Type, field), sizeof(((Type *)0)->field)}

static const Attribute layout_attributes[] = {
    AT(CUBLASLT_MATRIX_LAYOUT_TYPE, FakeLayout, type),
    AT(CUBLASLT_MATRIX_LAYOUT_ORDER, FakeLayout, order),
    AT(CUBLASLT_MATRIX_LAYOUT_ROWS, FakeLayout, rows),
    AT(CUBLASLT_MATRIX_LAYOUT_COLS, FakeLayout, cols),
    AT(CUBLASLT_MATRIX_LAYOUT_LD, FakeLayout, ld),
    AT(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, FakeLayout, batch),
    AT(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, FakeLayout, batch_stride),
    AT(CUBLASLT_MATRIX_LAYOUT_PLANE_OFFSET, FakeLayout, plane_offset),
    AT(CUBLASLT_MATRIX_LAYOUT_BATCH_MODE, FakeLayout, batch_mode),
    {-1, 0, 0},
};
static const Attribute matmul_attributes[] = {
    AT(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, FakeMatmulDesc, compute),
    AT(CUBLASLT_MATMUL_DESC_SCALE_TYPE, FakeMatmulDesc, scale),
    AT(CUBLASLT_MATMUL_DESC_POINTER_MODE, FakeMatmulDesc, pointer_mode),
    AT(CUBLASLT_MATMUL_DESC_TRANSA, FakeMatmulDesc, trans[0]),
    AT(CUBLASLT_MATMUL_DESC_TRANSB, FakeMatmulDesc, trans[1]),
    AT(CUBLASLT_MATMUL_DESC_TRANSC, FakeMatmulDesc, trans[2]),
    AT(CUBLASLT_MATMUL_DESC_FILL_MODE, FakeMatmulDesc, fill),
    AT(CUBLASLT_MATMUL_DESC_EPILOGUE, FakeMatmulDesc, epilogue),
    AT(CUBLASLT_MATMUL_DESC_BIAS_POINTER, FakeMatmulDesc, bias),
    AT(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, FakeMatmulDesc, bias_stride),
    AT(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, FakeMatmulDesc, bias_type),
    {-1, 0, 0},
};
static const Attribute preference_attributes[] = {
    AT(CUBLASLT_MATMUL_PREF_SEARCH_MODE, FakePreference, mode),
    AT(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, FakePreference, workspace),
    AT(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, FakePreference, schemes),
    AT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, FakePreference, alignment[0]),
    AT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, FakePreference, alignment[1]),
    AT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, FakePreference, alignment[2]),
    AT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, FakePreference, alignment[3]),
    AT(CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT, FakePreference, waves),
    AT(CUBLASLT_MATMUL_PREF_IMPL_MASK, FakePreference, implementations),
    {-1, 0, 0},
};

static const Attribute *find(const Attribute *table, int id)
{
    while (table->id != id && table->id != -1)
        table++;
    return table->id == -1 ? NULL : table;
}

/** Sets an attribute whose size is right; *unknown: there is no such attribute here. */
static cublasStatus_t set(FakeKind kind, void *object, const Attribute *table, int id, const void *value, size_t bytes,
                          bool *unknown)
{
    if (!fake_object_is(kind, object) || !value)
        return CUBLAS_STATUS_INVALID_VALUE;
    const Attribute *attribute = find(table, id);
    *unknown = !attribute;
    if (!attribute)
        return CUBLAS_STATUS_SUCCESS;
    if (attribute->bytes != bytes) {
        fake_violate("attribute %d of a %s has %zu bytes, not %zu.", id, fake_kind_name(kind), attribute->bytes, bytes);
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    memcpy((char *)object + attribute->offset, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

static cublasStatus_t get(FakeKind kind, const void *object, const Attribute *table, int id, void *value, size_t bytes,
                          size_t *written)
{
    const Attribute *attribute = find(table, id);
    if (!fake_object_is(kind, object) || !attribute || (bytes ? !value || bytes != attribute->bytes : !written))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (bytes)
        memcpy(value, (const char *)object + attribute->offset, bytes);
    if (written)
        *written = attribute->bytes;
    return CUBLAS_STATUS_SUCCESS;
}

static void *make(FakeKind kind, const void *value, size_t bytes)
{
    void *object = malloc(bytes);
    if (!object)
        abort();
    memcpy(object, value, bytes);
    fake_object_add(kind, object);
    return object;
}

static cublasStatus_t destroy(FakeKind kind, void *object)
{
    if (!fake_object_remove(kind, object))
        return CUBLAS_STATUS_INVALID_VALUE;
    free(object);
    return CUBLAS_STATUS_SUCCESS;
}

/* ---- The handle ---- */

cublasStatus_t cublasLtCreate(cublasLtHandle_t *out)
{
    BEGIN(CUBLAS_STATUS_ALLOC_FAILED);
    if (!out)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    if (fake_driver_error() || fake_device_error())
        return done(CUBLAS_STATUS_NOT_INITIALIZED);
    *out = make(FAKE_LT_HANDLE, "lt", 3);
    return done(CUBLAS_STATUS_SUCCESS);
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    bool fails = fake_begin(__func__);
    cublasStatus_t status = destroy(FAKE_LT_HANDLE, handle);
    return done(status ? CUBLAS_STATUS_NOT_INITIALIZED : fails ? CUBLAS_STATUS_INTERNAL_ERROR : CUBLAS_STATUS_SUCCESS);
}

size_t cublasLtGetVersion(void)
{
    return CUBLAS_VERSION;
}

size_t cublasLtGetCudartVersion(void)
{
    return CUDART_VERSION;
}

#define STATUSES(X)                                                                                                    \
    X(CUBLAS_STATUS_SUCCESS, "success")                                                                                \
    X(CUBLAS_STATUS_NOT_INITIALIZED, "the library was not initialized")                                                \
    X(CUBLAS_STATUS_ALLOC_FAILED, "the resource allocation failed")                                                    \
    X(CUBLAS_STATUS_INVALID_VALUE, "an invalid value was used as an argument")                                         \
    X(CUBLAS_STATUS_ARCH_MISMATCH, "an absent device architectural feature is required")                               \
    X(CUBLAS_STATUS_EXECUTION_FAILED, "the function failed to launch on the GPU")                                      \
    X(CUBLAS_STATUS_INTERNAL_ERROR, "an internal operation failed")                                                    \
    X(CUBLAS_STATUS_NOT_SUPPORTED, "the functionality is not supported")

const char *cublasLtGetStatusString(cublasStatus_t status)
{
    switch (status) {
#define X(name, text)                                                                                                  \
    case name:                                                                                                         \
        return text;
        STATUSES(X)
#undef X
    default:
        return "unknown status";
    }
}

const char *cublasLtGetStatusName(cublasStatus_t status)
{
    switch (status) {
#define X(name, text)                                                                                                  \
    case name:                                                                                                         \
        return #name;
        STATUSES(X)
#undef X
    default:
        return "unknown status";
    }
}

/* ---- Layouts ---- */

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows, uint64_t cols,
                                          int64_t ld)
{
    BEGIN(CUBLAS_STATUS_ALLOC_FAILED);
    if (!out)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    FakeLayout layout = {.type = (int32_t)type, .rows = rows, .cols = cols, .ld = ld, .batch = 1};
    *out = make(FAKE_LT_LAYOUT, &layout, sizeof layout);
    return done(CUBLAS_STATUS_SUCCESS);
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    bool fails = fake_begin(__func__);
    cublasStatus_t status = destroy(FAKE_LT_LAYOUT, layout);
    return done(!status && fails ? CUBLAS_STATUS_INTERNAL_ERROR : status);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t id,
                                                const void *value, size_t bytes)
{
    BEGIN(CUBLAS_STATUS_INVALID_VALUE);
    bool unknown = false;
    cublasStatus_t status = set(FAKE_LT_LAYOUT, layout, layout_attributes, (int)id, value, bytes, &unknown);
    return done(unknown ? CUBLAS_STATUS_INVALID_VALUE : status);
}

cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t id,
                                                void *value, size_t bytes, size_t *written)
{
    BEGIN(CUBLAS_STATUS_INVALID_VALUE);
    return done(get(FAKE_LT_LAYOUT, layout, layout_attributes, (int)id, value, bytes, written));
}

/* ---- Matmul descriptors ---- */

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out, cublasComputeType_t compute, cudaDataType_t scale)
{
    BEGIN(CUBLAS_STATUS_ALLOC_FAILED);
    if (!out)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    FakeMatmulDesc desc = {
        .compute = (int32_t)compute,
        .scale = (int32_t)scale,
        .fill = CUBLAS_FILL_MODE_FULL,
        .epilogue = CUBLASLT_EPILOGUE_DEFAULT,
        .bias_type = -1,
    };
    *out = make(FAKE_LT_MATMUL_DESC, &desc, sizeof desc);
    return done(CUBLAS_STATUS_SUCCESS);
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc)
{
    bool fails = fake_begin(__func__);
    cublasStatus_t status = destroy(FAKE_LT_MATMUL_DESC, desc);
    return done(!status && fails ? CUBLAS_STATUS_INTERNAL_ERROR : status);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t id,
                                              const void *value, size_t bytes)
{
    BEGIN(CUBLAS_STATUS_INVALID_VALUE);
    bool unknown = false;
    cublasStatus_t status = set(FAKE_LT_MATMUL_DESC, desc, matmul_attributes, (int)id, value, bytes, &unknown);
    if (unknown)
        ((FakeMatmulDesc *)desc)->other = true;
    return done(status);
}

cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t id, void *value,
                                              size_t bytes, size_t *written)
{
    BEGIN(CUBLAS_STATUS_INVALID_VALUE);
    return done(get(FAKE_LT_MATMUL_DESC, desc, matmul_attributes, (int)id, value, bytes, written));
}

/* ---- Preferences ---- */

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out)
{
    BEGIN(CUBLAS_STATUS_ALLOC_FAILED);
    if (!out)
        return done(CUBLAS_STATUS_INVALID_VALUE);
    FakePreference preference = {
        .mode = CUBLASLT_SEARCH_BEST_FIT,
        .schemes = CUBLASLT_REDUCTION_SCHEME_MASK,
        .alignment = {256, 256, 256, 256},
        .implementations = UINT64_MAX,
    };
    *out = make(FAKE_LT_PREFERENCE, &preference, sizeof preference);
    return done(CUBLAS_STATUS_SUCCESS);
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    bool fails = fake_begin(__func__);
    cublasStatus_t status = destroy(FAKE_LT_PREFERENCE, preference);
    return done(!status && fails ? CUBLAS_STATUS_INTERNAL_ERROR : status);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t id, const void *value,
                                                    size_t bytes)
{
    BEGIN(CUBLAS_STATUS_INVALID_VALUE);
    bool unknown = false;
    cublasStatus_t status = set(FAKE_LT_PREFERENCE, preference, preference_attributes, (int)id, value, bytes, &unknown);
    return done(unknown ? CUBLAS_STATUS_INVALID_VALUE : status);
}

bool fake_lt_problem(cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, FakeProblem *problem)
{
    cublasLtMatrixLayout_t layouts[4] = {a, b, c, d};
    if (!fake_object_is(FAKE_LT_MATMUL_DESC, desc))
        return false;
    memcpy(&problem->desc, desc, sizeof problem->desc);
    for (int i = 0; i < 4; i++) {
        if (!fake_object_is(FAKE_LT_LAYOUT, layouts[i]))
            return false;
        memcpy(&problem->layout[i], layouts[i], sizeof problem->layout[i]);
    }
    return true;
}
