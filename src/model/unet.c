#include "model/unet.h"

#include <math.h>

#define PREFIX "model.diffusion_model."

typedef struct Unet {
    LkBuilder *b;
    const LkUnetArch *arch;
    LkRef time;    /* silu of the time embedding [N,4C] */
    LkRef context; /* [N,L,C] */
} Unet;

/** Residual block: two norm-SiLU-convolutions with the time embedding added between them. */
static LkRef resblock(Unet *u, const char *block, LkRef x)
{
    LkGraph *graph = u->b->graph;
    lk_graph_begin_segment(graph);
    LkRef h =
        lk_build_group_norm(u->b, lk_name("%s.in_layers.0", block).text, x, u->arch->groups, u->arch->norm_eps, true);
    h = lk_build_conv(u->b, lk_name("%s.in_layers.2", block).text, h, 1, 1, 1);
    h = lk_add_rows(graph, h, lk_build_linear(u->b, lk_name("%s.emb_layers.1", block).text, u->time));
    h = lk_build_group_norm(u->b, lk_name("%s.out_layers.0", block).text, h, u->arch->groups, u->arch->norm_eps, true);
    h = lk_build_conv(u->b, lk_name("%s.out_layers.3", block).text, h, 1, 1, 1);
    bool widens = lk_tensor_cols(lk_graph_tensor(graph, x)) != lk_tensor_cols(lk_graph_tensor(graph, h));
    LkRef y =
        widens ? lk_build_linear_onto(u->b, lk_name("%s.skip_connection", block).text, x, h) : lk_add(graph, x, h);
    lk_graph_end_segment(graph);
    return y;
}

/** Attention of n [N,S,C] to `context` (n itself for self attention), added to x. */
static LkRef attention(Unet *u, const char *name, LkRef n, LkRef context, LkRef x, int64_t heads)
{
    const LkName names[3] = {lk_name("%s.to_q", name), lk_name("%s.to_k", name), lk_name("%s.to_v", name)};
    LkRef of[3]; /* q, k, v */
    int of_n = context == n ? 3 : 1;
    lk_build_linears(u->b, of_n, names, false, n, of);
    if (of_n < 3)
        lk_build_linears(u->b, 2, names + 1, false, context, of + 1);
    int64_t width = lk_tensor_cols(lk_graph_tensor(u->b->graph, of[0]));
    float scale = (float)(1 / sqrt((double)width / (double)heads));
    LkRef o = lk_attention(u->b->graph, of[0], of[1], of[2], heads, scale, false);
    return lk_build_linear_onto(u->b, lk_name("%s.to_out.0", name).text, o, x);
}

static LkRef transformer_block(Unet *u, const char *name, LkRef x, int64_t heads)
{
    LkGraph *graph = u->b->graph;
    float eps = u->arch->layer_norm_eps;
    lk_graph_begin_segment(graph);
    LkRef n = lk_build_layer_norm(u->b, lk_name("%s.norm1", name).text, x, eps);
    x = attention(u, lk_name("%s.attn1", name).text, n, n, x, heads);
    n = lk_build_layer_norm(u->b, lk_name("%s.norm2", name).text, x, eps);
    x = attention(u, lk_name("%s.attn2", name).text, n, u->context, x, heads);
    n = lk_build_layer_norm(u->b, lk_name("%s.norm3", name).text, x, eps);
    LkRef h = lk_geglu(graph, lk_build_linear(u->b, lk_name("%s.ff.net.0.proj", name).text, n));
    x = lk_build_linear_onto(u->b, lk_name("%s.ff.net.2", name).text, h, x);
    lk_graph_end_segment(graph);
    return x;
}

/** Spatial transformer: x [N,h,w,C] seen as tokens. */
static LkRef transformer(Unet *u, const char *block, LkRef x, int depth, int64_t heads)
{
    LkGraph *graph = u->b->graph;
    LkTensor t = *lk_graph_tensor(graph, x);
    LkRef n = lk_build_group_norm(u->b, lk_name("%s.norm", block).text, x, u->arch->groups,
                                  u->arch->transformer_norm_eps, false);
    LkRef h = lk_build_linear(u->b, lk_name("%s.proj_in", block).text, n);
    int64_t tokens[3] = {t.shape[0], t.shape[1] * t.shape[2], lk_tensor_cols(lk_graph_tensor(graph, h))};
    h = lk_graph_reshape(graph, h, 3, tokens);
    for (int i = 0; i < depth; i++)
        h = transformer_block(u, lk_name("%s.transformer_blocks.%d", block, i).text, h, heads);
    tokens[2] = lk_tensor_cols(&t);
    x = lk_graph_reshape(graph, x, 3, tokens);
    return lk_graph_reshape(graph, lk_build_linear_onto(u->b, lk_name("%s.proj_out", block).text, h, x), 4, t.shape);
}

/** A residual block and, on this level, attention. */
static LkRef layer(Unet *u, const char *block, int level, LkRef x)
{
    x = resblock(u, lk_name("%s.0", block).text, x);
    if (u->arch->attention[level])
        x = transformer(u, lk_name("%s.1", block).text, x, u->arch->depth[level], u->arch->heads[level]);
    return x;
}

/** Pooled text and sizes, brought to the width of the time embedding. */
static LkRef embed_added(Unet *u, LkRef pooled, LkRef sizes)
{
    LkGraph *graph = u->b->graph;
    LkRef e = lk_time_embedding(graph, sizes, u->arch->size_features);
    if (e == LK_NONE || pooled == LK_NONE)
        return lk_graph_problem(graph, "a U-Net without the pooled text and sizes that it wants");
    int64_t shape[2] = {lk_tensor_rows(lk_graph_tensor(graph, e)) / LK_SIZE_COUNT,
                        LK_SIZE_COUNT * u->arch->size_features};
    e = lk_concat(graph, pooled, lk_graph_reshape(graph, e, 2, shape));
    e = lk_build_linear(u->b, PREFIX "label_emb.0.0", e);
    return lk_build_linear(u->b, PREFIX "label_emb.0.2", lk_activation(graph, e, LK_SILU));
}

static void embed_time(Unet *u, const LkUnetInputs *inputs)
{
    LkGraph *graph = u->b->graph;
    LkRef e = lk_time_embedding(graph, inputs->t, u->arch->channels[0]);
    e = lk_build_linear(u->b, PREFIX "time_embed.0", e);
    e = lk_build_linear(u->b, PREFIX "time_embed.2", lk_activation(graph, e, LK_SILU));
    if (u->arch->added)
        e = lk_add(graph, e, embed_added(u, inputs->pooled, inputs->sizes));
    u->time = lk_activation(graph, e, LK_SILU); /* every residual block begins with it */
}

LkRef lk_unet_build(LkBuilder *builder, const LkUnetArch *arch, const LkUnetInputs *inputs)
{
    enum { MAX_SKIPS = 64 };
    Unet u = {.b = builder, .arch = arch, .context = inputs->context};
    LkRef skips[MAX_SKIPS];
    int n_skips = 0, block = 1;
    embed_time(&u, inputs);
    LkRef x = skips[n_skips++] = lk_build_conv(builder, PREFIX "input_blocks.0.0", inputs->x, 1, 1, 1);
    for (int level = 0; level < arch->levels; level++) {
        for (int i = 0; i < arch->layers_per_block && n_skips < MAX_SKIPS - 1; i++)
            x = skips[n_skips++] = layer(&u, lk_name(PREFIX "input_blocks.%d", block++).text, level, x);
        if (level < arch->levels - 1)
            x = skips[n_skips++] =
                lk_build_conv(builder, lk_name(PREFIX "input_blocks.%d.0.op", block++).text, x, 2, 1, 1);
    }
    int last = arch->levels - 1;
    x = resblock(&u, PREFIX "middle_block.0", x);
    if (arch->mid_depth > 0)
        x = transformer(&u, PREFIX "middle_block.1", x, arch->mid_depth, arch->heads[last]);
    x = resblock(&u, PREFIX "middle_block.2", x);
    block = 0;
    for (int level = last; level >= 0; level--)
        for (int i = 0; i <= arch->layers_per_block && n_skips > 0; i++) {
            LkName name = lk_name(PREFIX "output_blocks.%d", block++);
            x = layer(&u, name.text, level, lk_concat(builder->graph, x, skips[--n_skips]));
            if (i == arch->layers_per_block && level > 0)
                x = lk_build_conv(builder, lk_name("%s.%d.conv", name.text, arch->attention[level] ? 2 : 1).text,
                                  lk_upsample2(builder->graph, x), 1, 1, 1);
        }
    x = lk_build_group_norm(builder, PREFIX "out.0", x, arch->groups, arch->norm_eps, true);
    return lk_build_conv(builder, PREFIX "out.2", x, 1, 1, 1);
}

const char *lk_unet_prefix(void)
{
    return PREFIX;
}
