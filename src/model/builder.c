#include "model/builder.h"

#include <glib/gi18n.h>
#include <stdarg.h>
#include <stdio.h>

LkName lk_name(const char *format, ...)
{
    LkName name;
    va_list args;
    va_start(args, format);
    vsnprintf(name.text, sizeof name.text, format, args);
    va_end(args);
    return name;
}

LkRef lk_build_weight(LkBuilder *b, const char *name)
{
    const LkTensorView *view = lk_checkpoint_find(b->checkpoint, name);
    if (!view)
        return lk_graph_problem(b->graph, _("the base model has no tensor '%s'"), name);
    int rank = view->rank;
    if (rank == 4 && view->shape[2] == 1 && view->shape[3] == 1)
        rank = 2;
    if (rank != 2 && rank != 4)
        return lk_graph_problem(b->graph, _("the base model's tensor '%s' has %d dimensions"), name, view->rank);
    return lk_graph_weight(b->graph, name, b->graph->compute, rank, view->shape);
}

LkRef lk_build_vector(LkBuilder *b, const char *name)
{
    const LkTensorView *view = lk_checkpoint_find(b->checkpoint, name);
    if (!view)
        return lk_graph_problem(b->graph, _("the base model has no tensor '%s'"), name);
    if (view->rank != 1)
        return lk_graph_problem(b->graph, _("the base model's tensor '%s' has %d dimensions"), name, view->rank);
    int64_t count = lk_tensor_view_elements(view);
    return lk_graph_weight(b->graph, name, LK_F32, 1, &count);
}

static void begin(const LkBuilder *b, LkAdaptedLayer *layers, int count)
{
    for (int i = 0; i < count; i++)
        layers[i].y = layers[i].begun = LK_NONE;
    if (b->adapter.begin)
        b->adapter.begin(b->adapter.context, b->graph, layers, count);
}

/** The layer's output `y` with the adapter, if there is one. */
static LkRef adapted(const LkBuilder *b, LkAdaptedLayer *layer, LkRef y)
{
    layer->y = y;
    return b->adapter.attach ? b->adapter.attach(b->adapter.context, b->graph, layer) : y;
}

/** A Linear as an adapter sees it. */
static LkAdaptedLayer linear(LkBuilder *b, const char *layer, bool with_bias, LkRef x)
{
    return (LkAdaptedLayer){.name = layer,
                            .x = x,
                            .weight = lk_build_weight(b, lk_name("%s.weight", layer).text),
                            .bias = with_bias ? lk_build_vector(b, lk_name("%s.bias", layer).text) : LK_NONE,
                            .kernel = 1,
                            .stride = 1};
}

/** The Linear, after begin, and its adapter; `to`, where there is one, is added. */
static LkRef product(LkBuilder *b, LkAdaptedLayer *at, LkRef to)
{
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.bias = at->bias;
    options.addend = to;
    return adapted(b, at, lk_matmul(b->graph, at->x, at->weight, options));
}

void lk_build_linears(LkBuilder *b, int count, const LkName *layers, bool with_bias, LkRef x, LkRef *y)
{
    LkAdaptedLayer at[LK_MAX_SIBLINGS];
    for (int i = 0; i < count; i++)
        at[i] = linear(b, layers[i].text, with_bias, x);
    begin(b, at, count);
    for (int i = 0; i < count; i++)
        y[i] = product(b, &at[i], LK_NONE);
}

LkRef lk_build_linear(LkBuilder *b, const char *layer, LkRef x)
{
    LkAdaptedLayer at = linear(b, layer, true, x);
    begin(b, &at, 1);
    return product(b, &at, LK_NONE);
}

LkRef lk_build_linear_onto(LkBuilder *b, const char *layer, LkRef x, LkRef to)
{
    if (b->adapter.wants_own && b->adapter.wants_own(b->adapter.context, layer))
        return lk_add(b->graph, to, lk_build_linear(b, layer, x));
    LkAdaptedLayer at = linear(b, layer, true, x);
    begin(b, &at, 1);
    return product(b, &at, to);
}

LkRef lk_build_conv(LkBuilder *b, const char *layer, LkRef x, int stride, int pad_before, int pad_after)
{
    LkRef weight = lk_build_weight(b, lk_name("%s.weight", layer).text);
    LkRef bias = lk_build_vector(b, lk_name("%s.bias", layer).text);
    LkAdaptedLayer at = {.name = layer,
                         .x = x,
                         .weight = weight,
                         .bias = bias,
                         .kernel = (int)lk_graph_tensor(b->graph, weight)->shape[3],
                         .stride = stride,
                         .pad_before = pad_before,
                         .pad_after = pad_after};
    begin(b, &at, 1);
    return adapted(b, &at, lk_conv2d(b->graph, x, weight, bias, stride, pad_before, pad_after));
}

LkRef lk_build_group_norm(LkBuilder *b, const char *layer, LkRef x, int groups, float eps, bool silu)
{
    LkRef gamma = lk_build_vector(b, lk_name("%s.weight", layer).text);
    LkRef beta = lk_build_vector(b, lk_name("%s.bias", layer).text);
    return lk_group_norm(b->graph, x, gamma, beta, groups, eps, silu);
}

LkRef lk_build_layer_norm(LkBuilder *b, const char *layer, LkRef x, float eps)
{
    LkRef gamma = lk_build_vector(b, lk_name("%s.weight", layer).text);
    LkRef beta = lk_build_vector(b, lk_name("%s.bias", layer).text);
    return lk_layer_norm(b->graph, x, gamma, beta, eps);
}
