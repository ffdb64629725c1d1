#include "alone.h"

#include "profile.h"

#include <dnnl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static dnnl_data_type_t type_of(LkDType dtype)
{
    return dtype == LK_BF16 ? dnnl_bf16 : dnnl_f32;
}

/** Memory of a layout, filled with small ordinary numbers. */
static dnnl_memory_t memory_of(dnnl_engine_t engine, const_dnnl_memory_desc_t desc)
{
    dnnl_memory_t memory = NULL;
    void *data = NULL;
    if (dnnl_memory_create(&memory, desc, engine, DNNL_MEMORY_ALLOCATE) != dnnl_success)
        return NULL;
    dnnl_memory_get_data_handle(memory, &data);
    if (data)
        memset(data, 0x3c, dnnl_memory_desc_get_size(desc));
    return memory;
}

/** Best time of a primitive within a tenth of a second, three runs at least. */
static double time_of(dnnl_engine_t engine, dnnl_stream_t stream, dnnl_primitive_desc_t desc, const int *arguments,
                      const dnnl_query_t *queries)
{
    dnnl_primitive_t primitive = NULL;
    dnnl_exec_arg_t args[3];
    if (dnnl_primitive_create(&primitive, desc) != dnnl_success)
        return 0;
    for (int i = 0; i < 3; i++)
        args[i] = (dnnl_exec_arg_t){arguments[i], memory_of(engine, dnnl_primitive_desc_query_md(desc, queries[i], 0))};
    double best = 1e9, start = now();
    for (int i = 0; i < 3 || now() - start < 0.1; i++) {
        double t = now();
        dnnl_primitive_execute(primitive, stream, 3, args);
        dnnl_stream_wait(stream);
        t = now() - t;
        best = t < best ? t : best;
    }
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(args[i].memory);
    dnnl_primitive_destroy(primitive);
    return best;
}

static double matmul(dnnl_engine_t engine, dnnl_stream_t stream, const LkGraph *graph, const LkNode *node)
{
    const LkTensor *a = lk_graph_tensor(graph, node->in[0]), *y = lk_graph_tensor(graph, node->out[0]);
    int64_t k = node->attr.trans_a ? lk_tensor_rows(a) : lk_tensor_cols(a);
    dnnl_dims_t dims[3] = {{lk_tensor_rows(y), k}, {k, lk_tensor_cols(y)}, {lk_tensor_rows(y), lk_tensor_cols(y)}};
    dnnl_memory_desc_t md[3] = {NULL};
    dnnl_primitive_desc_t desc = NULL;
    dnnl_memory_desc_create_with_tag(&md[0], 2, dims[0], type_of(a->dtype), dnnl_ab);
    dnnl_memory_desc_create_with_tag(&md[1], 2, dims[1], type_of(a->dtype), dnnl_format_tag_any);
    dnnl_memory_desc_create_with_tag(&md[2], 2, dims[2], type_of(y->dtype), dnnl_ab);
    double best = 0;
    if (dnnl_matmul_primitive_desc_create(&desc, engine, md[0], md[1], NULL, md[2], NULL) == dnnl_success)
        best = time_of(engine, stream, desc, (const int[]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                       (const dnnl_query_t[]){dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md});
    dnnl_primitive_desc_destroy(desc);
    for (int i = 0; i < 3; i++)
        dnnl_memory_desc_destroy(md[i]);
    return best;
}

static double convolution(dnnl_engine_t engine, dnnl_stream_t stream, const LkGraph *graph, const LkNode *node)
{
    bool backward = node->op == LK_OP_CONV2D_BACKWARD_DATA;
    const LkTensor *x = lk_graph_tensor(graph, backward ? node->out[0] : node->in[0]);
    const LkTensor *y = lk_graph_tensor(graph, backward ? node->in[0] : node->out[0]);
    const LkTensor *w = lk_graph_tensor(graph, node->in[1]);
    const LkAttributes *t = &node->attr;
    dnnl_dims_t xd = {x->shape[0], x->shape[3], x->shape[1], x->shape[2]};
    dnnl_dims_t yd = {y->shape[0], y->shape[3], y->shape[1], y->shape[2]};
    dnnl_dims_t wd = {w->shape[0], w->shape[1], w->shape[2], w->shape[3]};
    dnnl_dims_t strides = {t->stride, t->stride}, dilation = {0, 0};
    dnnl_dims_t before = {t->pad_before, t->pad_before}, after = {t->pad_after, t->pad_after};
    dnnl_memory_desc_t md[3] = {NULL};
    dnnl_memory_desc_create_with_tag(&md[0], 4, xd, type_of(x->dtype), dnnl_acdb);
    dnnl_memory_desc_create_with_tag(&md[1], 4, wd, type_of(x->dtype), dnnl_format_tag_any);
    dnnl_memory_desc_create_with_tag(&md[2], 4, yd, type_of(x->dtype), dnnl_acdb);
    dnnl_primitive_desc_t forward = NULL, desc = NULL;
    double best = 0;
    if (dnnl_convolution_forward_primitive_desc_create(&forward, engine, dnnl_forward_training, dnnl_convolution_direct,
                                                       md[0], md[1], NULL, md[2], strides, dilation, before, after,
                                                       NULL) != dnnl_success) {
        best = 0;
    } else if (!backward) {
        best = time_of(engine, stream, forward, (const int[]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                       (const dnnl_query_t[]){dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md});
    } else if (dnnl_convolution_backward_data_primitive_desc_create(&desc, engine, dnnl_convolution_direct, md[0],
                                                                    md[1], md[2], strides, dilation, before, after,
                                                                    forward, NULL) == dnnl_success) {
        best = time_of(engine, stream, desc, (const int[]){DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                       (const dnnl_query_t[]){dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md});
    }
    dnnl_primitive_desc_destroy(desc);
    dnnl_primitive_desc_destroy(forward);
    for (int i = 0; i < 3; i++)
        dnnl_memory_desc_destroy(md[i]);
    return best;
}

void alone_measure(const LkGraph *graph, double *best)
{
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    memset(best, 0, (size_t)graph->n_nodes * sizeof *best);
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
        return;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        bool conv = node->op == LK_OP_CONV2D || node->op == LK_OP_CONV2D_BACKWARD_DATA;
        if (node->op != LK_OP_MATMUL && !conv)
            continue;
        NodeCost cost = profile_cost(graph, node);
        g_autofree char *key = g_strdup_printf("%s %s", cost.class, cost.shape);
        double *found = g_hash_table_lookup(known, key);
        if (!found) {
            found = g_new(double, 1);
            *found = conv ? convolution(engine, stream, graph, node) : matmul(engine, stream, graph, node);
            g_hash_table_insert(known, g_steal_pointer(&key), found);
        }
        best[n] = *found;
    }
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
}
