/* The matrix products of a program. */
#include "backend/cuda/bias.h"
#include "backend/cuda/product.h"
#include "backend/cuda/product_kind.h"

#include <stdlib.h>

typedef struct MatmulStep {
    LkStep base;
    LkProduct *product;
    int64_t m, n, k;
    int64_t parts; /* of a sum in parts; else 1 */
    bool round;    /* the sum is made in f32 scratch memory, then rounded to the result's type */
    int64_t partial_at, bias_at, workspace_at; /* offsets in the scratch memory */
    LkCudaBias bias;
    const LkCudaWeight *weight[2]; /* of factors that are one */
    const void *x[2], *addend;
    void *y;
    uint8_t *scratch;
} MatmulStep;

static const LkTensor *input(const LkStep *step, int i)
{
    return lk_graph_tensor(step->graph, step->node->in[i]);
}

static const LkTensor *result(const LkStep *step)
{
    return lk_graph_tensor(step->graph, step->node->out[0]);
}

static LkDType result_type(const LkStep *step)
{
    return result(step)->dtype;
}

/** Elements from row to row of a factor. */
static int64_t pitch_of(const MatmulStep *s, int i)
{
    return lk_tensor_pitch(input(&s->base, i)) + (s->weight[i] ? s->weight[i]->room : 0);
}

static LkProductShape shape_of(const MatmulStep *s)
{
    const LkNode *node = s->base.node;
    bool in_parts = s->parts > 1;
    return (LkProductShape){.m = s->m,
                            .n = s->n,
                            .k = s->k / s->parts,
                            .trans_a = node->attr.trans_a,
                            .trans_b = node->attr.trans_b,
                            .a = input(&s->base, 0)->dtype,
                            .b = input(&s->base, 1)->dtype,
                            .d = s->round ? LK_F32 : result_type(&s->base),
                            .tf32 = lk_cuda_tf32(s->base.device, s->base.graph),
                            .lda = pitch_of(s, 0),
                            .ldb = pitch_of(s, 1),
                            .ldd = lk_tensor_is_dense(result(&s->base)) ? s->n : result(&s->base)->pitch,
                            .batch = s->parts,
                            .step_a = in_parts ? s->k / s->parts * pitch_of(s, 0) : 0,
                            .step_b = in_parts ? s->k / s->parts * pitch_of(s, 1) : 0,
                            .step_d = in_parts ? s->m * s->n : 0,
                            .bias = node->attr.has_bias,
                            .alpha = node->attr.alpha,
                            .beta = node->attr.has_addend && !in_parts ? 1 : 0,
                            .align = lk_product_alignment(s->base.graph, s->base.node)};
}

/** Lays out the scratch memory: the f32 sum or the parts, the bias in the result's type, the library's workspace. */
static void lay_out(MatmulStep *s)
{
    int64_t at = 0, slots = s->parts > 1 ? s->parts : s->round ? 1 : 0;
    s->partial_at = at;
    at += lk_cuda_aligned(slots * s->m * s->n * (int64_t)sizeof(float));
    s->bias_at = at;
    at += lk_cuda_bias_scratch(&s->bias);
    s->workspace_at = at;
    s->base.scratch_bytes = at + lk_product_workspace(s->product);
}

static bool prepare(LkProgram *program, MatmulStep *s, LkError *error)
{
    const LkNode *node = s->base.node;
    const LkTensor *a = input(&s->base, 0), *b = input(&s->base, 1);
    s->m = node->attr.trans_a ? lk_tensor_cols(a) : lk_tensor_rows(a);
    s->k = node->attr.trans_a ? lk_tensor_rows(a) : lk_tensor_cols(a);
    s->n = node->attr.trans_b ? lk_tensor_rows(b) : lk_tensor_cols(b);
    s->parts = lk_product_parts(program->graph, node);
    s->round = lk_product_kind(program->graph, node) == LK_PRODUCT_ROUNDED;
    for (int i = 0; i < 2; i++)
        if (lk_cuda_is_weight(program->graph, node->in[i]) &&
            !(s->weight[i] = lk_cuda_factor(program, node->in[i], 0, error)))
            return false;
    LkProductShape shape = shape_of(s);
    if (!lk_cuda_bias_init(&s->bias, program, node->attr.has_bias ? node->in[2] : LK_NONE, shape.d, error))
        return false;
    s->product = lk_product_new(program->device, &shape, error);
    if (s->product)
        lay_out(s);
    return s->product != NULL;
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    MatmulStep *s = (MatmulStep *)base;
    const LkNode *node = base->node;
    for (int i = 0; i < 2; i++)
        s->x[i] =
            s->weight[i] && s->weight[i]->room ? s->weight[i]->held.data : lk_program_address(program, node->in[i]);
    s->y = lk_program_address(program, node->out[0]);
    s->addend = node->attr.has_addend ? lk_program_address(program, node->in[node->n_in - 1]) : NULL;
    lk_cuda_bias_bind(&s->bias, program);
    s->scratch = scratch;
    return true;
}

/** The parts, then their sum in this order. */
static bool enqueue_parts(MatmulStep *s, LkError *error)
{
    float *parts = (float *)(s->scratch + s->partial_at);
    LkAddPartsArgs sum = {.parts = parts, .addend = s->addend, .y = s->y, .n = s->parts, .count = s->m * s->n};
    return lk_product_run(s->product, s->x[0], s->x[1], NULL, NULL, parts, s->scratch + s->workspace_at, error) &&
           lk_cuda_launch(s->base.device, LK_KERNEL_ADD_PARTS, LK_F32, &sum, error);
}

static bool run_step(LkStep *base, LkError *error)
{
    MatmulStep *s = (MatmulStep *)base;
    LkDevice *device = base->device;
    if (s->parts > 1)
        return enqueue_parts(s, error);
    bool ok = true;
    LkDType type = result_type(base);
    const void *bias = lk_cuda_bias_enqueue(&s->bias, device, s->scratch + s->bias_at, &ok, error);
    void *sum = s->round ? s->scratch + s->partial_at : s->y;
    return ok &&
           lk_product_run(s->product, s->x[0], s->x[1], bias, s->addend, sum, s->scratch + s->workspace_at, error) &&
           (!s->round || lk_cuda_launch(device, LK_KERNEL_CAST_FROM_F32, type,
                                        &(LkCastArgs){.x = sum, .y = s->y, .count = s->m * s->n}, error));
}

static void free_step(LkStep *base)
{
    lk_product_free(((MatmulStep *)base)->product);
    free(base);
}

LkStep *lk_cuda_matmul_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    MatmulStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (step && prepare(program, step, error))
        return &step->base;
    if (step)
        free_step(&step->base);
    return NULL;
}
