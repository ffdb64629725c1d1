/* The arrays of one attention layer, for the tests and the benchmark. */
#pragma once

#include "backend/cpu/attention.h"
#include "base/philox.h"

#include <stdlib.h>
#include <string.h>

enum { Q, K, V, O, D_O, DQ, DK, DV, ARRAYS };

/** In the layer's type; gaps between rows included. */
typedef struct Arrays {
    LkAttentionShape shape;
    void *data[ARRAYS];
    size_t bytes[ARRAYS];
    float *lse;
    void *forward_space, *backward_space;
    LkCpuAttention *forward, *backward;
} Arrays;

static inline int64_t arrays_rows(const LkAttentionShape *s, int array)
{
    bool keys = array == K || array == V || array == DK || array == DV;
    return !keys ? s->q_len : s->kv_rows ? s->kv_rows : s->kv_len;
}

static inline int64_t arrays_stride(const LkAttentionShape *s, int array)
{
    return array == O || array == D_O ? s->o_stride : array == Q || array == DQ ? s->q_stride : s->kv_stride;
}

static inline double arrays_get(LkDType dtype, const void *p, int64_t i)
{
    return dtype == LK_F32 ? (double)((const float *)p)[i] : (double)lk_bf16_to_f32(((const uint16_t *)p)[i]);
}

/** Normal numbers times `spread` in q, k, v, d_o; a pattern of bits everywhere else. */
static inline void arrays_fill(Arrays *a, float spread)
{
    for (int i = 0; i < ARRAYS; i++) {
        int64_t count = (int64_t)(a->bytes[i] / lk_dtype_size(a->shape.dtype));
        if (i == Q || i == K || i == V || i == D_O) {
            float *x = malloc((size_t)count * sizeof *x);
            if (!x)
                abort();
            lk_random_normal((LkRandom){1, LK_RANDOM_TEST, (uint32_t)i}, 0, x, (size_t)count);
            for (int64_t e = 0; e < count; e++)
                if (a->shape.dtype == LK_F32)
                    ((float *)a->data[i])[e] = spread * x[e];
                else
                    ((uint16_t *)a->data[i])[e] = lk_f32_to_bf16(spread * x[e]);
            free(x);
        } else {
            memset(a->data[i], 0x5a, a->bytes[i]);
        }
    }
}

/** Exactly so many bytes, so that a sanitizer sees what goes beyond. */
static inline void *arrays_alloc(size_t bytes)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, bytes ? bytes : 1) != 0)
        abort();
    return p;
}

/** False if the layer cannot be made. */
static inline bool arrays_new(Arrays *a, const LkAttentionShape *shape, int threads, LkError *error)
{
    *a = (Arrays){.shape = *shape};
    a->forward = lk_cpu_attention_new(shape, false, threads, error);
    a->backward = lk_cpu_attention_new(shape, true, threads, error);
    if (!a->forward || !a->backward)
        return false;
    for (int i = 0; i < ARRAYS; i++) {
        int64_t count = shape->batch * arrays_rows(shape, i) * arrays_stride(shape, i);
        a->bytes[i] = (size_t)count * lk_dtype_size(shape->dtype);
        a->data[i] = arrays_alloc(a->bytes[i]);
    }
    a->lse = arrays_alloc((size_t)(shape->batch * shape->heads * shape->q_len) * sizeof *a->lse);
    a->forward_space = arrays_alloc(lk_cpu_attention_workspace(a->forward));
    a->backward_space = arrays_alloc(lk_cpu_attention_workspace(a->backward));
    return true;
}

static inline void arrays_free(Arrays *a)
{
    for (int i = 0; i < ARRAYS; i++)
        free(a->data[i]);
    free(a->lse);
    free(a->forward_space);
    free(a->backward_space);
    lk_cpu_attention_free(a->forward);
    lk_cpu_attention_free(a->backward);
}

static inline bool arrays_forward(Arrays *a, LkError *error)
{
    return lk_cpu_attention_forward(a->forward, a->data[Q], a->data[K], a->data[V], a->data[O], a->lse,
                                    a->forward_space, error);
}

static inline bool arrays_backward(Arrays *a, LkError *error)
{
    return lk_cpu_attention_backward(a->backward, a->data[Q], a->data[K], a->data[V], a->data[O], a->lse, a->data[D_O],
                                     a->data[DQ], a->data[DK], a->data[DV], a->backward_space, error);
}
