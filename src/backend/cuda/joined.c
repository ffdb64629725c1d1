/* A layer's product and its adapter's (tensor/joined.h) in one call: [x | h] · [W | u]ᵀ, where h lies behind x in its
 * rows, and u, put there before, in the room behind the weight's. The columns of other layers' h that lie beside this
 * one's meet zeros. Where the weight has too little room, for another program's sake, they are two calls. A weight that
 * was fetched has its room in the arena, which the step fills itself. */
#include "backend/cuda/bias.h"
#include "backend/cuda/product.h"
#include "tensor/low_rank.h"

#include <stdlib.h>

typedef struct JoinedStep {
    LkStep base;
    LkProduct *product[2]; /* of both, or of the layer and of the adapter */
    LkCudaBias bias;
    const LkCudaWeight *weight; /* NULL: in the arena */
    LkTail tail;                /* of a weight in the arena */
    const void *x, *h, *w, *u, *addend;
    void *y;
    uint8_t *scratch;
    int64_t workspace_at; /* behind the bias in the result's type */
} JoinedStep;

static const LkTensor *tensor(const LkStep *step, LkRef ref)
{
    return lk_graph_tensor(step->graph, ref);
}

/** y = a · bᵀ + beta · c and perhaps a bias, with `terms` columns of a and b, whose rows lie ldb apart. */
static LkProduct *product(const JoinedStep *s, LkRef a, int64_t terms, int64_t ldb, bool bias, bool beta,
                          LkError *error)
{
    const LkTensor *y = tensor(&s->base, s->base.node->out[0]);
    int64_t m = lk_tensor_rows(y), n = lk_tensor_cols(y);
    return lk_product_new(s->base.device,
                          &(LkProductShape){.m = m,
                                            .n = n,
                                            .k = terms,
                                            .trans_b = true,
                                            .a = y->dtype,
                                            .b = y->dtype,
                                            .d = y->dtype,
                                            .tf32 = lk_cuda_tf32(s->base.device, s->base.graph),
                                            .lda = lk_tensor_pitch(tensor(&s->base, a)),
                                            .ldb = ldb,
                                            .ldd = n,
                                            .bias = bias,
                                            .alpha = 1,
                                            .beta = beta ? 1 : 0,
                                            .align = lk_product_alignment(s->base.graph, s->base.node)},
                          error);
}

/** Elements from row to row of the weight. */
static int64_t weight_step(const JoinedStep *s)
{
    return lk_tensor_pitch(tensor(&s->base, s->base.node->in[1])) + (s->weight ? s->weight->room : 0);
}

/** Has the products made: one, if there is room behind the weight's rows. */
static bool make_products(LkProgram *program, JoinedStep *s, LkError *error)
{
    const LkNode *node = s->base.node;
    LkRef x = node->in[0], h = node->in[lk_low_rank_input(node, 0)];
    int64_t columns = lk_tensor_cols(tensor(&s->base, x)), all = lk_tensor_pitch(tensor(&s->base, x));
    int64_t terms = lk_tensor_cols(tensor(&s->base, h)), step = weight_step(s);
    bool bias = node->attr.has_bias, addend = node->attr.has_addend;
    s->product[0] = product(s, x, step >= all ? all : columns, step, bias, addend, error);
    if (step >= all)
        return s->product[0] && (!s->weight || lk_cuda_tails_add((LkCudaProgram *)program, node, s->weight, error));
    s->product[1] = product(s, h, terms, terms, false, true, error);
    return s->product[0] && s->product[1];
}

static bool prepare(LkProgram *program, JoinedStep *s, LkError *error)
{
    const LkNode *node = s->base.node;
    const LkTensor *x = tensor(&s->base, node->in[0]);
    LkDType dtype = tensor(&s->base, node->out[0])->dtype;
    bool held = lk_cuda_is_weight(program->graph, node->in[1]);
    if (held)
        s->weight = lk_cuda_factor(program, node->in[1], lk_tensor_pitch(x) - lk_tensor_cols(x), error);
    if ((held && !s->weight) || !make_products(program, s, error) ||
        !lk_cuda_bias_init(&s->bias, program, node->attr.has_bias ? node->in[2] : LK_NONE, dtype, error))
        return false;
    s->workspace_at = lk_cuda_bias_scratch(&s->bias);
    int64_t most = 0;
    for (int i = 0; i < 2 && s->product[i]; i++)
        most = lk_product_workspace(s->product[i]) > most ? lk_product_workspace(s->product[i]) : most;
    s->base.scratch_bytes = s->workspace_at + most;
    return true;
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    (void)error;
    JoinedStep *s = (JoinedStep *)base;
    const LkNode *node = base->node;
    int h = lk_low_rank_input(node, 0);
    s->x = lk_program_address(program, node->in[0]);
    s->h = lk_program_address(program, node->in[h]);
    s->u = lk_program_address(program, node->in[h + 1]);
    s->addend = node->attr.has_addend ? lk_program_address(program, node->in[node->n_in - 1]) : NULL;
    s->y = lk_program_address(program, node->out[0]);
    void *w = s->weight ? s->weight->held.data : lk_program_address(program, node->in[1]);
    s->w = w;
    lk_cuda_bias_bind(&s->bias, program);
    s->scratch = scratch;
    if (!s->weight)
        s->tail = lk_cuda_tail(program, node, w, weight_step(s));
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    JoinedStep *s = (JoinedStep *)base;
    void *workspace = s->scratch + s->workspace_at;
    LkDType dtype = tensor(base, base->node->out[0])->dtype;
    bool ok = s->weight || s->product[1] || lk_cuda_fill_tails(base->device, dtype, &s->tail, 1, error);
    const void *bias = ok ? lk_cuda_bias_enqueue(&s->bias, base->device, s->scratch, &ok, error) : NULL;
    return ok && lk_product_run(s->product[0], s->x, s->w, bias, s->addend, s->y, workspace, error) &&
           (!s->product[1] || lk_product_run(s->product[1], s->h, s->u, NULL, s->y, s->y, workspace, error));
}

static void free_step(LkStep *base)
{
    JoinedStep *s = (JoinedStep *)base;
    lk_product_free(s->product[0]);
    lk_product_free(s->product[1]);
    free(s);
}

LkStep *lk_cuda_joined_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    JoinedStep *s = lk_step_new(program, node, &class, sizeof *s, error);
    if (s && prepare(program, s, error))
        return &s->base;
    if (s)
        free_step(&s->base);
    return NULL;
}
