/* A product of float matrices. */
#pragma once

#include <stdint.h>

/** An operand: element (i, j) is at data[i * rows + j * cols]. */
typedef struct FakeOperand {
    int type; /* cudaDataType */
    const void *data;
    int64_t rows, cols;    /* strides, in elements */
    float (*round)(float); /* applied to each element; may be NULL */
} FakeOperand;

/** out[j * m + i] = sum over p of a(i, p) b(p, j), added in order of p, for i < m, j < n. On the calling thread. */
void fake_product(int64_t m, int64_t n, int64_t k, FakeOperand a, FakeOperand b, float *out);
