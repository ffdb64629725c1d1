/* cuBLASLt's descriptors as the stand-in keeps them, between lt_descriptors.c, lt_check.c and lt_matmul.c. */
#pragma once

#include "private.h"

#include <cublasLt.h>

/** A cublasLtMatrixLayout_t points to one. */
typedef struct FakeLayout {
    int32_t type, order;
    uint64_t rows, cols;
    int64_t ld, batch_stride, plane_offset;
    int32_t batch;
    uint32_t batch_mode;
} FakeLayout;

/** A cublasLtMatmulDesc_t points to one. */
typedef struct FakeMatmulDesc {
    int32_t compute, scale, pointer_mode, trans[3], fill, bias_type;
    uint32_t epilogue;
    const void *bias;
    int64_t bias_stride;
    bool other; /* an attribute of scales, auxiliary buffers … was set, which the stand-in does not do */
} FakeMatmulDesc;

/** A cublasLtMatmulPreference_t points to one. */
typedef struct FakePreference {
    uint64_t workspace;
    uint32_t mode, schemes, alignment[4]; /* of A, B, C, D */
    uint64_t implementations;
    float waves;
} FakePreference;

/** What is in a cublasLtMatmulAlgo_t. */
typedef struct FakeAlgo {
    uint64_t magic, problem; /* hash of the descriptors */
    uint64_t workspace;
    uint32_t alignment[4];
    int32_t id, splits;
    uint32_t scheme;
} FakeAlgo;
_Static_assert(sizeof(FakeAlgo) <= sizeof(cublasLtMatmulAlgo_t), "an algorithm fits");

enum { FAKE_ALGO_MAGIC = 0x46414b45 };

/** One multiplication, by its descriptors. */
typedef struct FakeProblem {
    FakeMatmulDesc desc;
    FakeLayout layout[4]; /* A, B, C, D */
} FakeProblem;

/** Whether the real library takes this problem on the configured device. */
cublasStatus_t fake_lt_check(const FakeProblem *problem);
/** The same number for the same problem on the same device; the bias' address does not count. */
uint64_t fake_lt_hash(const FakeProblem *problem);

/** Puts the descriptors together; false when one of them is none. */
bool fake_lt_problem(cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, FakeProblem *problem);
