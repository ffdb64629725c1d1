/* A matrix product by cuBLASLt, prepared for one shape. Matrices are row-major, as everywhere in this project. */
#pragma once

#include "backend/cuda/cuda_backend.h"

/** d = alpha · op(a) · op(b) + beta · c + bias for `batch` matrices, each stride elements behind the one before. */
typedef struct LkProductShape {
    int64_t m, n, k;                /* d is [m,n]; op(a) [m,k]; op(b) [k,n] */
    bool trans_a, trans_b;          /* a is stored [k,m], b is stored [n,k] */
    LkDType a, b, d;                /* c has d's type. Sums are f32 */
    bool tf32;                      /* f32 a and b are rounded to TF32, which the card must have; else never */
    int64_t lda, ldb, ldd;          /* elements from row to row; c has d's */
    int64_t batch;                  /* 0 and 1: one product */
    int64_t step_a, step_b, step_d; /* elements from matrix to matrix */
    bool bias;                      /* [n], of d's type */
    float alpha, beta;              /* c is not read where beta is 0 */
    int align;                      /* bytes to which every address is aligned, at most 16 */
} LkProductShape;

typedef struct LkProduct LkProduct;

/** Asks cuBLASLt how to compute this shape (answers are remembered by the device). NULL with the error where it cannot.
 * No algorithm splits k among blocks: that adds in an order of its own. */
LkProduct *lk_product_new(LkDevice *device, const LkProductShape *shape, LkError *error);
void lk_product_free(LkProduct *product);

/** Bytes of workspace, on the device, that a run needs. */
int64_t lk_product_workspace(const LkProduct *product);

/** Puts the product into the device's stream. c may be d. */
bool lk_product_run(LkProduct *product, const void *a, const void *b, const void *bias, const void *c, void *d,
                    void *workspace, LkError *error);

/** Bytes to which all of a node's tensors, and the rows of its parts of tensors, are aligned for certain, 16 at most.
 */
int lk_product_alignment(const LkGraph *graph, const LkNode *node);

void lk_product_choices_free(LkProductChoice *choices);
