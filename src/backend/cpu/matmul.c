/* Matrix products by oneDNN. */
#include "backend/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

/** Products with at least this many rows get their frozen weight packed; for fewer rows a second copy of the weight
 * (they are the largest ones) costs more memory than the 5 to 10 % of speed are worth. */
enum { PACK_ROWS = 512 };

enum { SRC, WEIGHTS, DST, SCRATCH, BIAS, ADDEND, N_MEMORIES };

typedef struct MatmulStep {
    LkStep base;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[N_MEMORIES];
    int argument[N_MEMORIES];
    LkStoredWeight *weight; /* where b is frozen */
    LkRepack repack;        /* where b is a frozen weight that was brought into the arena */
    size_t own_scratch;     /* bytes of the scratch memory before the repacked weight */
    const void *addend;     /* of the result's type */
    void *dst;
    size_t dst_bytes;
} MatmulStep;

typedef struct MatmulShape {
    int64_t m, n, k;
    const LkTensor *a, *b, *y;
} MatmulShape;

static MatmulShape shape_of(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *a = lk_graph_tensor(graph, node->in[0]), *b = lk_graph_tensor(graph, node->in[1]);
    return (MatmulShape){.m = node->attr.trans_a ? lk_tensor_cols(a) : lk_tensor_rows(a),
                         .k = node->attr.trans_a ? lk_tensor_rows(a) : lk_tensor_cols(a),
                         .n = node->attr.trans_b ? lk_tensor_rows(b) : lk_tensor_cols(b),
                         .a = a,
                         .b = b,
                         .y = lk_graph_tensor(graph, node->out[0])};
}

/** A [rows, cols] matrix in the memory of a tensor, there transposed if asked. */
static dnnl_status_t matrix(dnnl_memory_desc_t *desc, int64_t rows, int64_t cols, bool transposed, const LkTensor *t)
{
    int64_t pitch = lk_tensor_is_dense(t) ? (transposed ? rows : cols) : t->pitch;
    dnnl_dims_t dims = {rows, cols}, strides = {transposed ? 1 : pitch, transposed ? pitch : 1};
    return dnnl_memory_desc_create_with_strides(desc, 2, dims, lk_cpu_data_type(t->dtype), strides);
}

static size_t in_lines(size_t bytes)
{
    return (bytes + LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
}

/** oneDNN adds its own bias before the factor; with a factor the bias must be a step after it. */
static bool bias_after_factor(const LkNode *node)
{
    return node->attr.has_bias && node->attr.alpha != 1;
}

/** An addend of the result's type lies where the result goes, often already; one of another type is read from its own
 * place while the result is rounded. */
static bool addend_apart(const LkGraph *graph, const LkNode *node)
{
    return node->attr.has_addend &&
           lk_graph_tensor(graph, node->in[node->n_in - 1])->dtype != lk_graph_tensor(graph, node->out[0])->dtype;
}

/** Attributes: deterministic, scratch memory from us, alpha, bias, then the addend. What is added in a step of its own
 * gets its argument's number here. */
static dnnl_status_t attributes(MatmulStep *step, const_dnnl_memory_desc_t bias, const_dnnl_memory_desc_t addend,
                                dnnl_primitive_attr_t *attr)
{
    const LkDevice *device = step->base.device;
    const LkNode *node = step->base.node;
    dnnl_status_t status = dnnl_primitive_attr_clone(attr, device->attr);
    dnnl_post_ops_t ops = NULL;
    if (status == dnnl_success)
        status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success && node->attr.alpha != 1)
        status = dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_linear, node->attr.alpha, 0);
    if (status == dnnl_success && bias_after_factor(node)) {
        step->argument[BIAS] = DNNL_ARG_ATTR_MULTIPLE_POST_OP(dnnl_post_ops_len(ops)) | DNNL_ARG_SRC_1;
        status = dnnl_post_ops_append_binary(ops, dnnl_binary_add, bias);
    }
    if (status == dnnl_success && addend) {
        step->argument[ADDEND] = DNNL_ARG_ATTR_MULTIPLE_POST_OP(dnnl_post_ops_len(ops)) | DNNL_ARG_SRC_1;
        status = dnnl_post_ops_append_binary(ops, dnnl_binary_add, addend);
    } else if (status == dnnl_success && node->attr.has_addend) {
        status = dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return status;
}

/** Whether an implementation is one of the fast ones. */
static bool is_fast(const_dnnl_primitive_desc_t desc)
{
    const char *name = NULL;
    return dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name) == dnnl_success && name &&
           strncmp(name, "ref", 3) != 0;
}

typedef struct Descriptors {
    dnnl_memory_desc_t src, bias, addend, dst, plain;
    dnnl_primitive_attr_t attr;
} Descriptors;

static void free_descriptors(Descriptors *d)
{
    dnnl_memory_desc_destroy(d->src);
    dnnl_memory_desc_destroy(d->bias);
    dnnl_memory_desc_destroy(d->addend);
    dnnl_memory_desc_destroy(d->dst);
    dnnl_memory_desc_destroy(d->plain);
    dnnl_primitive_attr_destroy(d->attr);
}

/** Whether the second factor is a frozen weight that was brought into the arena. */
static bool is_brought(const LkGraph *graph, LkRef owner)
{
    int32_t from = graph->tensors[owner].node;
    return graph->tensors[owner].kind == LK_TENSOR_ACTIVATION && from >= 0 &&
           (graph->nodes[from].op == LK_OP_DEQUANTISE || graph->nodes[from].op == LK_OP_FETCH);
}

/** Chooses the weight's layout: what is stored already if that is fast, else what oneDNN likes best. */
static bool choose_weights(LkProgram *program, const LkNode *node, MatmulShape s, Descriptors *d, bool packed,
                           dnnl_primitive_desc_t *desc, LkError *error)
{
    LkDevice *device = program->device;
    const LkTensor *b = lk_graph_tensor(program->graph, node->in[1]);
    const_dnnl_memory_desc_t bias = bias_after_factor(node) ? NULL : d->bias;
    LkWeightRole role = node->attr.trans_b ? LK_WEIGHT_FORWARD : LK_WEIGHT_BACKWARD;
    LkStoredWeight *known = packed && b->name ? lk_cpu_weight_find(&device->held, b->name, role, b->dtype) : NULL;
    if (known) {
        dnnl_status_t status =
            dnnl_matmul_primitive_desc_create(desc, device->engine, d->src, known->desc, bias, d->dst, d->attr);
        if (status == dnnl_success && is_fast(*desc))
            return true;
        if (status == dnnl_success)
            dnnl_primitive_desc_destroy(*desc);
        packed = false; /* another layout is stored: use the plain form rather than a third copy */
    }
    dnnl_memory_desc_t any = NULL;
    dnnl_dims_t dims = {s.k, s.n};
    dnnl_status_t status = dnnl_success;
    if (packed)
        status = dnnl_memory_desc_create_with_tag(&any, 2, dims, lk_cpu_data_type(s.b->dtype), dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_matmul_primitive_desc_create(desc, device->engine, d->src, packed ? any : d->plain, bias, d->dst,
                                                   d->attr);
    dnnl_memory_desc_destroy(any);
    return lk_cpu_status(status, "preparing a matrix product", error);
}

static bool prepare(LkProgram *program, MatmulStep *step, LkError *error)
{
    const LkNode *node = step->base.node;
    const LkGraph *graph = program->graph;
    LkDevice *device = program->device;
    MatmulShape s = shape_of(graph, node);
    const LkTensor *owner = lk_graph_tensor(graph, lk_graph_owner(graph, node->in[1]));
    bool frozen = owner->kind == LK_TENSOR_WEIGHT, brought = is_brought(graph, lk_graph_owner(graph, node->in[1]));
    bool whole = s.k * s.n == lk_tensor_count(owner); /* only one packed form of a weight is kept: not that of a part */
    Descriptors d = {0};
    dnnl_primitive_desc_t desc = NULL;
    dnnl_dims_t bias = {1, s.n};
    dnnl_status_t status = matrix(&d.src, s.m, s.k, node->attr.trans_a, s.a);
    if (status == dnnl_success)
        status = matrix(&d.plain, s.k, s.n, node->attr.trans_b, s.b);
    if (status == dnnl_success)
        status = matrix(&d.dst, s.m, s.n, false, s.y);
    if (status == dnnl_success && node->attr.has_bias)
        status = dnnl_memory_desc_create_with_tag(&d.bias, 2, bias, dnnl_f32, dnnl_ab);
    if (status == dnnl_success && addend_apart(graph, node))
        status = matrix(&d.addend, s.m, s.n, false, lk_graph_tensor(graph, node->in[node->n_in - 1]));
    if (status == dnnl_success)
        status = attributes(step, d.bias, d.addend, &d.attr);
    bool ok = lk_cpu_status(status, "describing a matrix product", error) &&
              choose_weights(program, node, s, &d, (frozen || brought) && whole && s.m >= PACK_ROWS, &desc, error);
    if (ok) {
        const_dnnl_memory_desc_t layout = dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
        const_dnnl_memory_desc_t scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
        step->base.scratch_bytes = dnnl_memory_desc_get_size(scratch);
        bool plain = dnnl_memory_desc_equal(layout, d.plain);
        if (brought && !plain)
            ok = lk_cpu_repack_init(&step->repack, device, d.plain, layout, error);
        step->own_scratch = in_lines(step->base.scratch_bytes);
        if (step->repack.bytes > 0)
            step->base.scratch_bytes = step->own_scratch + step->repack.bytes;
        if (frozen) {
            LkWeightRole role = node->attr.trans_b ? LK_WEIGHT_FORWARD : LK_WEIGHT_BACKWARD;
            if (plain)
                ok = lk_cpu_weight_plain(program, node->in[1], error);
            else
                ok = (step->weight = lk_cpu_weight(program, node->in[1], role, layout, d.plain, error)) != NULL;
        }
        const_dnnl_memory_desc_t descs[N_MEMORIES] = {d.src, layout, d.dst, scratch, d.bias, d.addend};
        for (int i = 0; i < N_MEMORIES && ok; i++)
            if (descs[i])
                ok = lk_cpu_status(dnnl_memory_create(&step->memory[i], descs[i], device->engine, DNNL_MEMORY_NONE),
                                   "making a matrix product's memory", error);
        ok = ok && lk_cpu_status(dnnl_primitive_create(&step->primitive, desc), "making a matrix product", error);
    }
    if (ok && node->attr.has_bias && lk_graph_tensor(graph, node->in[2])->kind == LK_TENSOR_WEIGHT)
        ok = lk_cpu_weight_plain(program, node->in[2], error);
    dnnl_primitive_desc_destroy(desc);
    free_descriptors(&d);
    return ok;
}

static bool bind_step(LkStep *base, LkProgram *program, void *scratch, LkError *error)
{
    MatmulStep *step = (MatmulStep *)base;
    const LkNode *node = base->node;
    const LkTensor *y = lk_graph_tensor(base->graph, node->out[0]);
    step->dst = lk_program_address(program, node->out[0]);
    step->dst_bytes = (size_t)lk_tensor_bytes(y);
    void *addend = node->attr.has_addend ? lk_program_address(program, node->in[node->n_in - 1]) : NULL;
    void *weight = step->weight ? step->weight->held.data : lk_program_address(program, node->in[1]);
    if (step->repack.bytes > 0) {
        void *packed = (uint8_t *)scratch + step->own_scratch;
        if (!lk_cpu_repack_bind(&step->repack, weight, packed, error))
            return false;
        weight = packed;
    }
    step->addend = addend_apart(base->graph, node) ? NULL : addend;
    void *data[N_MEMORIES] = {lk_program_address(program, node->in[0]),
                              weight,
                              step->dst,
                              scratch,
                              node->attr.has_bias ? lk_program_address(program, node->in[2]) : NULL,
                              addend};
    for (int i = 0; i < N_MEMORIES; i++)
        if (step->memory[i] &&
            !lk_cpu_status(dnnl_memory_set_data_handle(step->memory[i], data[i]), "placing a matrix product", error))
            return false;
    return true;
}

static bool run_step(LkStep *base, LkError *error)
{
    MatmulStep *step = (MatmulStep *)base;
    if (!lk_cpu_repack_run(&step->repack, base->device, error))
        return false;
    if (step->addend && step->addend != step->dst)
        lk_cpu_copy(step->dst, step->addend, step->dst_bytes);
    dnnl_exec_arg_t args[N_MEMORIES];
    int n = 0;
    for (int i = 0; i < N_MEMORIES; i++)
        if (step->memory[i])
            args[n++] = (dnnl_exec_arg_t){step->argument[i], step->memory[i]};
    return lk_cpu_status(dnnl_primitive_execute(step->primitive, base->device->stream, n, args), "a matrix product",
                         error);
}

static void free_step(LkStep *base)
{
    MatmulStep *step = (MatmulStep *)base;
    for (int i = 0; i < N_MEMORIES; i++)
        dnnl_memory_destroy(step->memory[i]);
    dnnl_primitive_destroy(step->primitive);
    lk_cpu_repack_clear(&step->repack);
    free(step);
}

LkStep *lk_cpu_matmul_new(LkProgram *program, const LkNode *node, LkError *error)
{
    static const LkStepClass class = {bind_step, run_step, free_step};
    static const int arguments[N_MEMORIES] = {
        [SRC] = DNNL_ARG_SRC,   [WEIGHTS] = DNNL_ARG_WEIGHTS, [DST] = DNNL_ARG_DST, [SCRATCH] = DNNL_ARG_SCRATCHPAD,
        [BIAS] = DNNL_ARG_BIAS,
    };
    MatmulStep *step = lk_step_new(program, node, &class, sizeof *step, error);
    if (!step)
        return NULL;
    memcpy(step->argument, arguments, sizeof arguments);
    if (!prepare(program, step, error)) {
        free_step(&step->base);
        return NULL;
    }
    return &step->base;
}
