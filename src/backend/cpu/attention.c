/* Checking a shape, choosing the kernels, and the forward pass: keys and values are packed, then tiles of queries are
 * worked on by whichever thread is free. A tile's sums do not depend on any other tile. With a head or more for each
 * thread, every thread packs the heads it works on for itself: what one core has written is far from another. */
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

/** Heads of at least so many tiles are handed out in quarters: their packing is little beside their work. */
enum { TILES_OF_LONG_HEAD = 32 };

static void plan_forward(LkCpuAttention *attention)
{
    size_t panels = attention->kernels->panel_bytes(&attention->shape);
    int64_t tiles = lk_attention_ceil(attention->shape.q_len, attention->kernels->query_tile);
    attention->shared = attention->heads < attention->threads;
    attention->thread_bytes = attention->kernels->forward_bytes(&attention->shape);
    *(attention->shared ? &attention->head_bytes : &attention->thread_bytes) += panels;
    bool even = attention->heads % attention->threads == 0;
    attention->chunk = even && tiles < TILES_OF_LONG_HEAD ? tiles : lk_attention_ceil(tiles, 4);
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
    char *heads, *threads; /* the parts of the workspace */
    int64_t tiles;         /* of a head */
} ForwardRun;

static void pack(const ForwardRun *run, int64_t head, int64_t key, int64_t keys, float *panels)
{
    const LkAttentionShape *shape = &run->attention->shape;
    run->attention->kernels->pack(shape,
                                  lk_attention_head(run->attention, run->k, head, shape->kv_rows, shape->kv_stride),
                                  lk_attention_head(run->attention, run->v, head, shape->kv_rows, shape->kv_stride),
                                  key, shape->kv_len - key < keys ? shape->kv_len - key : keys, panels);
}

static void forward_tile(const ForwardRun *run, int64_t head, int64_t tile, const float *panels, float *scratch)
{
    const LkAttentionShape *shape = &run->attention->shape;
    run->attention->kernels->forward(
        shape, panels, lk_attention_head(run->attention, run->q, head, shape->q_len, shape->q_stride),
        lk_attention_head(run->attention, run->o, head, shape->q_len, shape->o_stride),
        run->lse ? run->lse + head * shape->q_len : NULL, tile * run->attention->kernels->query_tile, scratch);
}

/** Each thread packs the heads it works on. */
static void forward_own(const ForwardRun *run)
{
    const LkCpuAttention *attention = run->attention;
#pragma omp parallel num_threads(attention->threads)
    {
        char *mine = run->threads + (size_t)omp_get_thread_num() * attention->thread_bytes;
        float *panels = (float *)(mine + attention->kernels->forward_bytes(&attention->shape));
        int64_t packed = -1;
#pragma omp for schedule(dynamic, attention->chunk)
        for (int64_t unit = 0; unit < attention->heads * run->tiles; unit++) {
            int64_t head = unit / run->tiles;
            if (head != packed)
                pack(run, head, 0, attention->shape.kv_len, panels);
            packed = head;
            forward_tile(run, head, unit % run->tiles, panels, (float *)mine);
        }
    }
}

/** All threads pack a wave of heads, then work on them. */
static void forward_shared(const ForwardRun *run)
{
    const LkCpuAttention *attention = run->attention;
    int64_t step = attention->kernels->key_chunk, chunks = lk_attention_ceil(attention->shape.kv_len, step);
#pragma omp parallel num_threads(attention->threads)
    {
        float *mine = (float *)(run->threads + (size_t)omp_get_thread_num() * attention->thread_bytes);
        for (int64_t first = 0; first < attention->heads; first += attention->wave) {
            int64_t heads = attention->heads - first < attention->wave ? attention->heads - first : attention->wave;
#pragma omp for schedule(static)
            for (int64_t unit = 0; unit < heads * chunks; unit++)
                pack(run, first + unit / chunks, unit % chunks * step, step,
                     (float *)(run->heads + (size_t)(unit / chunks) * attention->head_bytes));
#pragma omp for schedule(dynamic)
            for (int64_t unit = 0; unit < heads * run->tiles; unit++)
                forward_tile(run, first + unit / run->tiles, unit % run->tiles,
                             (const float *)(run->heads + (size_t)(unit / run->tiles) * attention->head_bytes), mine);
        }
    }
}

bool lk_cpu_attention_forward(const LkCpuAttention *attention, const void *q, const void *k, const void *v, void *o,
                              float *lse, void *workspace, LkError *error)
{
    if (attention->backward)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "This attention layer was prepared for the backward pass only.");
    const ForwardRun run = {.attention = attention,
                            .q = q,
                            .k = k,
                            .v = v,
                            .o = o,
                            .lse = lse,
                            .heads = workspace,
                            .threads = (char *)workspace + (size_t)attention->wave * attention->head_bytes,
                            .tiles = lk_attention_ceil(attention->shape.q_len, attention->kernels->query_tile)};
    if (attention->shared)
        forward_shared(&run);
    else
        forward_own(&run);
    return true;
}
