#include "model/clip.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/** Attention of n to itself, added to x. */
static LkRef self_attention(LkBuilder *b, const LkTextArch *arch, const char *layer, LkRef n, LkRef x)
{
    const LkName names[3] = {lk_name("%s.self_attn.q_proj", layer), lk_name("%s.self_attn.k_proj", layer),
                             lk_name("%s.self_attn.v_proj", layer)};
    LkRef of[3]; /* q, k, v */
    lk_build_linears(b, 3, names, true, n, of);
    float scale = (float)(1 / sqrt((double)arch->width / (double)arch->heads));
    LkRef o = lk_attention(b->graph, of[0], of[1], of[2], arch->heads, scale, true);
    return lk_build_linear_onto(b, lk_name("%s.self_attn.out_proj", layer).text, o, x);
}

static LkRef block(LkBuilder *b, const LkTextArch *arch, const char *layer, LkRef x)
{
    lk_graph_begin_segment(b->graph);
    LkRef n = lk_build_layer_norm(b, lk_name("%s.layer_norm1", layer).text, x, arch->norm_eps);
    x = self_attention(b, arch, layer, n, x);
    n = lk_build_layer_norm(b, lk_name("%s.layer_norm2", layer).text, x, arch->norm_eps);
    LkRef h = lk_build_linear(b, lk_name("%s.mlp.fc1", layer).text, n);
    h = lk_activation(b->graph, h, arch->quick_gelu ? LK_QUICK_GELU : LK_GELU_ERF);
    x = lk_build_linear_onto(b, lk_name("%s.mlp.fc2", layer).text, h, x);
    lk_graph_end_segment(b->graph);
    return x;
}

/** Puts the chunks of each caption [N·chunks,P,C] together to one sequence [N,(P-2)·chunks+2,C]. */
static LkRef join_chunks(LkGraph *graph, LkRef x, int64_t chunks)
{
    LkTensor t = *lk_graph_tensor(graph, x);
    int64_t n = t.shape[0] / chunks, p = t.shape[1], c = t.shape[2];
    int64_t flat[2] = {n, chunks * p * c};
    x = lk_graph_reshape(graph, x, 2, flat);
    LkRef all = LK_NONE;
    for (int64_t i = 0; i < chunks; i++) {
        int64_t first = i == 0 ? 0 : 1, last = i == chunks - 1 ? p : p - 1;
        LkRef part = lk_slice(graph, x, (i * p + first) * c, (last - first) * c);
        all = all == LK_NONE ? part : lk_concat(graph, all, part);
    }
    int64_t shape[3] = {n, (p - 2) * chunks + 2, c};
    return lk_graph_reshape(graph, all, 3, shape);
}

/** The normed output of one token a caption, projected. A single file has the projection as x · P, a diffusers folder
 * as a Linear's weight. */
static LkRef pool(LkBuilder *b, const LkTextArch *arch, LkRef x, LkRef rows)
{
    int64_t flat[2] = {lk_tensor_rows(lk_graph_tensor(b->graph, x)), arch->width};
    size_t root = strlen(arch->prefix) - strlen("text_model.");
    LkName linear = lk_name("%.*stext_projection.weight", (int)root, arch->prefix);
    LkName matrix = lk_name("%.*stext_projection", (int)root, arch->prefix);
    bool is_linear = lk_checkpoint_find(b->checkpoint, linear.text) != NULL;
    LkMatmul options = LK_MATMUL_DEFAULT;
    x = lk_matmul(b->graph, rows, lk_graph_reshape(b->graph, x, 2, flat), options);
    options.trans_b = is_linear;
    return lk_matmul(b->graph, x, lk_build_weight(b, is_linear ? linear.text : matrix.text), options);
}

/** The blocks after each other. `skip` blocks before the end the states are taken; the blocks after that run only for
 * the pooled output. */
static LkClipStates run_blocks(LkBuilder *b, const LkTextArch *arch, LkRef x, LkRef rows, int64_t skip)
{
    LkClipStates out = {LK_NONE, LK_NONE};
    LkName norm = lk_name("%sfinal_layer_norm", arch->prefix);
    int64_t blocks = arch->projection ? arch->layers : arch->layers - skip;
    for (int64_t i = 0; i < blocks; i++) {
        if (i == arch->layers - skip)
            out.states = x;
        x = block(b, arch, lk_name("%sencoder.layers.%lld", arch->prefix, (long long)i).text, x);
    }
    if (out.states == LK_NONE)
        out.states = arch->last_but_one ? x : lk_build_layer_norm(b, norm.text, x, arch->norm_eps);
    if (arch->projection && rows != LK_NONE)
        out.pooled = pool(b, arch, lk_build_layer_norm(b, norm.text, x, arch->norm_eps), rows);
    return out;
}

LkClipStates lk_clip_build(LkBuilder *b, const LkTextArch *arch, LkRef ids, LkRef rows, int chunks, int clip_skip)
{
    LkRef table = lk_build_weight(b, lk_name("%sembeddings.token_embedding.weight", arch->prefix).text);
    LkRef positions = lk_build_weight(b, lk_name("%sembeddings.position_embedding.weight", arch->prefix).text);
    LkRef x = lk_embedding(b->graph, ids, table, positions);
    int64_t skip = arch->last_but_one ? 1 : clip_skip > 1 ? clip_skip - 1 : 0;
    if (arch->layers <= skip) {
        lk_graph_problem(b->graph, _("clip_skip %d leaves nothing of a text encoder of %lld blocks"), clip_skip,
                         (long long)arch->layers);
        return (LkClipStates){LK_NONE, LK_NONE};
    }
    LkClipStates out = run_blocks(b, arch, x, rows, skip);
    if (chunks > 1 && out.states != LK_NONE)
        out.states = join_chunks(b->graph, out.states, chunks);
    return out;
}
