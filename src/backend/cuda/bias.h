/* A bias, f32 in the graph, in the type that the library adds it in. */
#pragma once

#include "backend/cuda/cuda_backend.h"

typedef struct LkCudaBias {
    LkRef ref; /* LK_NONE: there is none */
    LkDType dtype;
    int64_t count;
    LkHeldWeight *weight; /* where it is frozen: stored in this type */
    const void *source;
} LkCudaBias;

/** Prepares the bias `ref` (LK_NONE for none) for use as `dtype`. */
bool lk_cuda_bias_init(LkCudaBias *bias, LkProgram *program, LkRef ref, LkDType dtype, LkError *error);

/** Bytes of scratch memory that it needs. */
int64_t lk_cuda_bias_scratch(const LkCudaBias *bias);

/** Finds its address in a bound program. */
void lk_cuda_bias_bind(LkCudaBias *bias, const LkProgram *program);

/** Its address as `dtype`, NULL for none: a conversion into `scratch` is put into the stream where it must be.
 * *ok becomes false where that failed. */
const void *lk_cuda_bias_enqueue(const LkCudaBias *bias, LkDevice *device, void *scratch, bool *ok, LkError *error);
