/* The gradients of a LoRA's matrices: products over thousands of tokens whose result has few rows or few columns,
 *
 *     out[r,c] += alpha · sum over t of p[t,r] · q[t,c]       (or out[c,r])
 *
 * with p [T,R], R small, and q [T,C]. oneDNN must turn one operand round for them and reaches a third of its speed.
 * Here 16 sums of each of 16 columns stay in registers for a block of tokens. Sums run in the order of tokens within a
 * block, then in the order of blocks, whatever the number of threads: roundings grow with the root of 64 steps and of
 * the blocks, not of thousands of tokens. AVX-512 only: elsewhere oneDNN does it. */
#include "backend/cpu/cpu.h"

#include "base/parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,
    MAX_THIN = 192,   /* three of rank 64 */
    BLOCK_STEPS = 64, /* whole rows of so many steps are read before the next: memory likes that better than columns,
                         and sums of sums are more exact than one long sum */
};

typedef struct ThinStep {
    LkStep base;
    int64_t tokens, thin, wide; /* T, R, C */
    int64_t padded;             /* R, up to a multiple of 16 */
    int64_t steps;              /* rounds of the inner loop: pairs of tokens in bf16, tokens in f32 */
    int64_t pitch;              /* numbers from one row of p to the next */
    bool turned;                /* out is [C,R] */
    bool bf16;
    float alpha;
    const void *p, *q;
    float *out;
    uint32_t *packed;            /* p as [steps, padded]: an f32, or the bf16 of two tokens */
    float (*sums)[LANES][LANES]; /* per 16 columns and 16 rows: [r][c] */
} ThinStep;

/** Adds steps first .. last-1 to the sums of 16 rows and 16 columns; q and p begin there. */
typedef void (*Strip)(const ThinStep *s, const void *q, const uint32_t *p, int64_t first, int64_t last,
                      float (*tile)[LANES]);

__attribute__((target("avx512f"))) static void strip_f32(const ThinStep *s, const void *q, const uint32_t *p,
                                                         int64_t first, int64_t last, float (*tile)[LANES])
{
    __m512 sum[LANES];
    const float *row = q;
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++)
        sum[r] = _mm512_setzero_ps();
    for (int64_t t = first; t < last; t++, row += s->wide, p += s->padded) {
        __m512 x = _mm512_loadu_ps(row);
#pragma GCC unroll 16
        for (int r = 0; r < LANES; r++)
            sum[r] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_set1_epi32((int)p[r])), x, sum[r]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++)
        _mm512_storeu_ps(tile[r], _mm512_add_ps(_mm512_loadu_ps(tile[r]), sum[r]));
}

__attribute__((target("avx512f,avx512bf16"))) static void
strip_bf16(const ThinStep *s, const void *q, const uint32_t *p, int64_t first, int64_t last, float (*tile)[LANES])
{
    __m512 sum[LANES];
    const uint16_t *row = q;
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++)
        sum[r] = _mm512_setzero_ps();
    for (int64_t t = first; t < last; t++, row += 2 * s->wide, p += s->padded) {
        /* An odd last token is paired with itself; p has zero there. */
        const uint16_t *second = 2 * t + 1 < s->tokens ? row + s->wide : row;
        __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)row));
        __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)second));
        __m512bh x = (__m512bh)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
#pragma GCC unroll 16
        for (int r = 0; r < LANES; r++)
            sum[r] = _mm512_dpbf16_ps(sum[r], (__m512bh)_mm512_set1_epi32((int)p[r]), x);
    }
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++)
        _mm512_storeu_ps(tile[r], _mm512_add_ps(_mm512_loadu_ps(tile[r]), sum[r]));
}

static void add_tile(const ThinStep *s, float (*tile)[LANES], int64_t r0, int64_t c0)
{
    int64_t rows = s->thin - r0 < LANES ? s->thin - r0 : LANES;
    for (int64_t r = 0; r < rows && !s->turned; r++)
        for (int64_t c = 0; c < LANES; c++)
            s->out[(r0 + r) * s->wide + c0 + c] += s->alpha * tile[r][c];
    for (int64_t c = 0; c < LANES && s->turned; c++)
        for (int64_t r = 0; r < rows; r++)
            s->out[(c0 + c) * s->thin + r0 + r] += s->alpha * tile[r][c];
}

static void run_strips(void *context, int64_t first, int64_t last)
{
    const ThinStep *s = context;
    const Strip strip = s->bf16 ? strip_bf16 : strip_f32;
    int64_t parts = s->padded / LANES, tokens = s->bf16 ? 2 : 1;
    size_t size = s->bf16 ? 2 : 4;
    memset(s->sums[first * parts], 0, (size_t)((last - first) * parts) * sizeof *s->sums);
    for (int64_t t = 0; t < s->steps; t += BLOCK_STEPS) {
        int64_t end = t + BLOCK_STEPS < s->steps ? t + BLOCK_STEPS : s->steps;
        for (int64_t i = first * parts; i < last * parts; i++) {
            const uint8_t *q = (const uint8_t *)s->q + (size_t)(t * tokens * s->wide + i / parts * LANES) * size;
            strip(s, q, s->packed + t * s->padded + i % parts * LANES, t, end, s->sums[i]);
        }
    }
    for (int64_t i = first * parts; i < last * parts; i++)
        add_tile(s, s->sums[i], i % parts * LANES, i / parts * LANES);
}

/** Packs p for some of the steps. */
static void pack_steps(void *context, int64_t first, int64_t last)
{
    const ThinStep *s = context;
    for (int64_t t = first; t < last; t++) {
        uint32_t *to = s->packed + t * s->padded;
        if (s->bf16) {
            const uint16_t *low = (const uint16_t *)s->p + 2 * t * s->pitch, *high = low + s->pitch;
            bool pair = 2 * t + 1 < s->tokens;
            for (int64_t r = 0; r < s->thin; r++)
                to[r] = low[r] | (pair ? (uint32_t)high[r] << 16 : 0);
        } else {
            memcpy(to, (const float *)s->p + t * s->pitch, (size_t)s->thin * sizeof(float));
        }
        for (int64_t r = s->thin; r < s->padded; r++)
            to[r] = 0;
    }
}

static bool run_step(LkStep *base, LkError *error)
{
    (void)error;
    ThinStep *s = (ThinStep *)base;
    lk_parallel_for(s->steps, pack_steps, s);
    lk_parallel_for(s->wide / LANES, run_strips, s);
    return true;
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    ThinStep *s = (ThinStep *)base;
    s->p = lk_program_address(program, base->node->in[s->turned ? 1 : 0]);
    s->q = lk_program_address(program, base->node->in[s->turned ? 0 : 1]);
    s->out = lk_program_address(program, base->node->out[0]);
    s->packed = scratch;
    s->sums = (void *)(s->packed + s->steps * s->padded);
    return true;
}

static void free_step(LkStep *base)
{
    free(base);
}

/** Whether this processor, as far as oneDNN may use it, has the instructions. */
static bool has_instructions(bool bf16)
{
    unsigned wanted = bf16 ? dnnl_cpu_isa_avx512_core_bf16 : dnnl_cpu_isa_avx512_core; /* sets of bits */
    return ((unsigned)dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

/** The product's factors: p with R columns, q with C; whether p is the second. */
static bool sort_factors(const LkGraph *graph, const LkNode *node, const LkTensor **p, const LkTensor **q)
{
    const LkTensor *a = lk_graph_tensor(graph, node->in[0]), *b = lk_graph_tensor(graph, node->in[1]);
    bool turned = lk_tensor_cols(b) < lk_tensor_cols(a) || !lk_tensor_is_dense(b);
    *p = turned ? b : a;
    *q = turned ? a : b;
    return turned;
}

bool lk_cpu_is_thin(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *p, *q, *out = lk_graph_tensor(graph, node->out[0]);
    sort_factors(graph, node, &p, &q);
    LkRef place = lk_graph_owner(graph, node->out[0]);
    bool gradient = node->attr.trans_a && !node->attr.trans_b && !node->attr.has_bias && node->attr.has_addend &&
                    node->in[node->n_in - 1] == node->out[0] && out->dtype == LK_F32;
    return gradient && lk_tensor_is_dense(q) && lk_tensor_is_dense(out) && p->dtype == q->dtype &&
           (p->dtype == LK_BF16 || p->dtype == LK_F32) && lk_tensor_cols(p) <= MAX_THIN &&
           lk_tensor_cols(q) % LANES == 0 && lk_graph_owner(graph, node->in[0]) != place &&
           lk_graph_owner(graph, node->in[1]) != place && has_instructions(p->dtype == LK_BF16);
}

LkStep *lk_cpu_thin_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    const LkTensor *p, *q;
    ThinStep *s = lk_step_new(program, node, &class, sizeof *s, error);
    if (!s)
        return NULL;
    s->turned = sort_factors(program->graph, node, &p, &q);
    s->bf16 = p->dtype == LK_BF16;
    s->tokens = lk_tensor_rows(p);
    s->thin = lk_tensor_cols(p);
    s->wide = lk_tensor_cols(q);
    s->pitch = lk_tensor_pitch(p);
    s->padded = (s->thin + LANES - 1) / LANES * LANES;
    s->steps = s->bf16 ? (s->tokens + 1) / 2 : s->tokens;
    s->alpha = node->attr.alpha;
    s->base.scratch_bytes = (s->steps + s->wide) * s->padded * (int64_t)sizeof *s->packed;
    return &s->base;
}

#else

bool lk_cpu_is_thin(const LkGraph *graph, const LkNode *node)
{
    (void)graph, (void)node;
    return false;
}

LkStep *lk_cpu_thin_new(LkProgram *program, const LkNode *node, LkError *error)
{
    (void)program, (void)node;
    lk_fail(error, LK_ERROR_UNSUPPORTED, "This processor has no such step.");
    return NULL;
}
#endif
