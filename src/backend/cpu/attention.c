/* Checking a shape, choosing the kernels, and the forward pass: keys and values of some heads are packed, then tiles of
 * queries are worked on by whichever thread is free. A tile's sums do not depend on any other tile. */
#include "backend/cpu/attention_private.h"

#include <math.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

/** Limits that keep all sizes and offsets within 63 bits. */
enum { MAX_TOKENS = 1 << 28, MAX_HEADS = 1 << 20, MAX_DIM = 1 << 14, MAX_STRIDE = 1 << 30 };

static bool check_shape(const LkAttentionShape *s, LkError *error)
{
    if (s->batch < 1 || s->batch > MAX_HEADS || s->heads < 1 || s->heads > MAX_HEADS || s->head_dim < 1 ||
        s->head_dim > MAX_DIM || s->q_len < 1 || s->q_len > MAX_TOKENS || s->kv_len < 1 || s->kv_len > MAX_TOKENS)
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "Attention over a batch of %lld with %lld heads of %lld numbers, %lld queries and %lld keys is "
                       "outside of what the CPU backend takes (1 or more of each; at most %d heads, %d numbers, %d "
                       "tokens).",
                       (long long)s->batch, (long long)s->heads, (long long)s->head_dim, (long long)s->q_len,
                       (long long)s->kv_len, MAX_HEADS, MAX_DIM, MAX_TOKENS);
    int64_t row = s->heads * s->head_dim;
    if (s->q_stride < row || s->kv_stride < row || s->o_stride < row || s->q_stride > MAX_STRIDE ||
        s->kv_stride > MAX_STRIDE || s->o_stride > MAX_STRIDE || (s->kv_rows != 0 && s->kv_rows < s->kv_len) ||
        s->kv_rows > MAX_TOKENS)
        return lk_fail(
            error, LK_ERROR_UNSUPPORTED,
            "Attention with rows of %lld numbers cannot have strides of %lld, %lld and %lld and %lld rows for "
            "%lld keys.",
            (long long)row, (long long)s->q_stride, (long long)s->kv_stride, (long long)s->o_stride,
            (long long)s->kv_rows, (long long)s->kv_len);
    if (!(s->scale > 0) || !isfinite(s->scale))
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "Attention needs a scale above 0, not %g.", (double)s->scale);
    if (s->dtype != LK_F32 && s->dtype != LK_BF16)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "The CPU backend's attention takes f32 and bf16, not %s.",
                       (unsigned)s->dtype < LK_DTYPE_COUNT ? lk_dtype_name(s->dtype) : "an unknown type");
    return true;
}

/** The best kernels for what oneDNN reports: one switch, ONEDNN_MAX_CPU_ISA, then rules the whole backend. */
static const LkAttentionKernels *choose_kernels(LkDType dtype)
{
#if defined(__x86_64__)
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const unsigned bf16 = dnnl_cpu_isa_avx512_core_bf16, avx512 = dnnl_cpu_isa_avx512_core, avx2 = dnnl_cpu_isa_avx2;
    if (dtype == LK_BF16 && (isa & bf16) == bf16)
        return &lk_attention_avx512_bf16;
    if ((isa & avx512) == avx512)
        return &lk_attention_avx512;
    if ((isa & avx2) == avx2)
        return &lk_attention_avx2;
#endif
    return &lk_attention_portable;
}

static void plan_forward(LkCpuAttention *attention)
{
    attention->head_bytes = attention->kernels->panel_bytes(&attention->shape);
    attention->thread_bytes = attention->kernels->forward_bytes(&attention->shape);
}

LkCpuAttention *lk_cpu_attention_new(const LkAttentionShape *shape, bool backward, int threads, LkError *error)
{
    if (!check_shape(shape, error))
        return NULL;
    LkCpuAttention *attention = calloc(1, sizeof *attention);
    if (!attention) {
        lk_fail(error, LK_ERROR_MEMORY, "There is no memory left to prepare an attention layer.");
        return NULL;
    }
    attention->shape = *shape;
    if (shape->kv_rows == 0)
        attention->shape.kv_rows = shape->kv_len;
    attention->kernels = choose_kernels(shape->dtype);
    attention->backward = backward;
    attention->threads = threads > 0 ? threads : omp_get_num_procs();
    attention->heads = shape->batch * shape->heads;
    if (backward)
        lk_attention_plan_backward(attention);
    else
        plan_forward(attention);
    int64_t fit = attention->head_bytes > 0 ? (int64_t)(LK_ATTENTION_WAVE_BYTES / attention->head_bytes) : INT64_MAX;
    attention->wave = fit < 1 ? 1 : fit < attention->heads ? fit : attention->heads;
    return attention;
}

void lk_cpu_attention_free(LkCpuAttention *attention)
{
    free(attention);
}

size_t lk_cpu_attention_workspace(const LkCpuAttention *attention)
{
    return (size_t)attention->wave * attention->head_bytes + (size_t)attention->threads * attention->thread_bytes;
}

const char *lk_cpu_attention_isa(const LkCpuAttention *attention)
{
    return attention->kernels->name;
}

typedef struct ForwardRun {
    const LkCpuAttention *attention;
    const void *q, *k, *v;
    void *o;
    float *lse;
    char *panels;
} ForwardRun;

static void pack_chunk(const ForwardRun *run, int64_t first_head, int64_t unit)
{
    const LkCpuAttention *attention = run->attention;
    const LkAttentionShape *shape = &attention->shape;
    int64_t step = attention->kernels->key_chunk, chunks = lk_attention_ceil(shape->kv_len, step);
    int64_t slot = unit / chunks, first = unit % chunks * step, head = first_head + slot;
    attention->kernels->pack(shape, lk_attention_head(attention, run->k, head, shape->kv_rows, shape->kv_stride),
                             lk_attention_head(attention, run->v, head, shape->kv_rows, shape->kv_stride), first,
                             shape->kv_len - first < step ? shape->kv_len - first : step,
                             (float *)(run->panels + (size_t)slot * attention->head_bytes));
}

static void forward_unit(const ForwardRun *run, int64_t first_head, int64_t unit, float *scratch)
{
    const LkCpuAttention *attention = run->attention;
    const LkAttentionShape *shape = &attention->shape;
    int64_t step = attention->kernels->query_tile, tiles = lk_attention_ceil(shape->q_len, step);
    int64_t slot = unit / tiles, head = first_head + slot;
    attention->kernels->forward(shape, (const float *)(run->panels + (size_t)slot * attention->head_bytes),
                                lk_attention_head(attention, run->q, head, shape->q_len, shape->q_stride),
                                lk_attention_head(attention, run->o, head, shape->q_len, shape->o_stride),
                                run->lse ? run->lse + head * shape->q_len : NULL, unit % tiles * step, scratch);
}

bool lk_cpu_attention_forward(const LkCpuAttention *attention, const void *q, const void *k, const void *v, void *o,
                              float *lse, void *workspace, LkError *error)
{
    if (attention->backward)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "This attention layer was prepared for the backward pass only.");
    const LkAttentionShape *shape = &attention->shape;
    const ForwardRun run = {attention, q, k, v, o, lse, workspace};
    char *scratch = (char *)workspace + (size_t)attention->wave * attention->head_bytes;
    int64_t chunks = lk_attention_ceil(shape->kv_len, attention->kernels->key_chunk);
    int64_t tiles = lk_attention_ceil(shape->q_len, attention->kernels->query_tile);

#pragma omp parallel num_threads(attention->threads)
    {
        float *mine = (float *)(scratch + (size_t)omp_get_thread_num() * attention->thread_bytes);
        for (int64_t first = 0; first < attention->heads; first += attention->wave) {
            int64_t heads = attention->heads - first < attention->wave ? attention->heads - first : attention->wave;
#pragma omp for schedule(static)
            for (int64_t unit = 0; unit < heads * chunks; unit++)
                pack_chunk(&run, first, unit);
#pragma omp for schedule(dynamic)
            for (int64_t unit = 0; unit < heads * tiles; unit++)
                forward_unit(&run, first, unit, mine);
        }
    }
    return true;
}
