#include "model/vae.h"

#include <math.h>

static LkRef resblock(LkBuilder *b, const LkVaeArch *arch, const char *block, LkRef x)
{
    LkRef h = lk_build_group_norm(b, lk_name("%s.norm1", block).text, x, arch->groups, arch->norm_eps, true);
    h = lk_build_conv(b, lk_name("%s.conv1", block).text, h, 1, 1, 1);
    h = lk_build_group_norm(b, lk_name("%s.norm2", block).text, h, arch->groups, arch->norm_eps, true);
    h = lk_build_conv(b, lk_name("%s.conv2", block).text, h, 1, 1, 1);
    if (lk_tensor_cols(lk_graph_tensor(b->graph, x)) != lk_tensor_cols(lk_graph_tensor(b->graph, h)))
        x = lk_build_linear(b, lk_name("%s.nin_shortcut", block).text, x);
    return lk_add(b->graph, x, h);
}

/** Attention over all positions with one head. */
static LkRef attention(LkBuilder *b, const LkVaeArch *arch, const char *block, LkRef x)
{
    LkTensor t = *lk_graph_tensor(b->graph, x);
    int64_t tokens[3] = {t.shape[0], t.shape[1] * t.shape[2], t.shape[3]};
    LkRef n = lk_build_group_norm(b, lk_name("%s.norm", block).text, x, arch->groups, arch->norm_eps, false);
    n = lk_graph_reshape(b->graph, n, 3, tokens);
    LkRef q = lk_build_linear(b, lk_name("%s.q", block).text, n);
    LkRef k = lk_build_linear(b, lk_name("%s.k", block).text, n);
    LkRef v = lk_build_linear(b, lk_name("%s.v", block).text, n);
    LkRef o = lk_attention(b->graph, q, k, v, 1, (float)(1 / sqrt((double)t.shape[3])), false);
    o = lk_graph_reshape(b->graph, lk_build_linear(b, lk_name("%s.proj_out", block).text, o), 4, t.shape);
    return lk_add(b->graph, x, o);
}

static LkRef middle(LkBuilder *b, const LkVaeArch *arch, const char *side, LkRef x)
{
    x = resblock(b, arch, lk_name("%s.mid.block_1", side).text, x);
    x = attention(b, arch, lk_name("%s.mid.attn_1", side).text, x);
    return resblock(b, arch, lk_name("%s.mid.block_2", side).text, x);
}

LkRef lk_vae_encoder_build(LkBuilder *b, const LkVaeArch *arch, LkRef x)
{
    const char *side = "first_stage_model.encoder";
    x = lk_build_conv(b, lk_name("%s.conv_in", side).text, x, 1, 1, 1);
    for (int level = 0; level < arch->levels && x != LK_NONE; level++) {
        for (int i = 0; i < arch->layers_per_block; i++)
            x = resblock(b, arch, lk_name("%s.down.%d.block.%d", side, level, i).text, x);
        if (level < arch->levels - 1) /* padded at the right and bottom only */
            x = lk_build_conv(b, lk_name("%s.down.%d.downsample.conv", side, level).text, x, 2, 0, 1);
    }
    if (x == LK_NONE)
        return x;
    x = middle(b, arch, side, x);
    x = lk_build_group_norm(b, lk_name("%s.norm_out", side).text, x, arch->groups, arch->norm_eps, true);
    x = lk_build_conv(b, lk_name("%s.conv_out", side).text, x, 1, 1, 1);
    return lk_build_linear(b, "first_stage_model.quant_conv", x);
}

LkRef lk_vae_decoder_build(LkBuilder *b, const LkVaeArch *arch, LkRef x)
{
    const char *side = "first_stage_model.decoder";
    x = lk_build_linear(b, "first_stage_model.post_quant_conv", x);
    x = lk_build_conv(b, lk_name("%s.conv_in", side).text, x, 1, 1, 1);
    if (x == LK_NONE)
        return x;
    x = middle(b, arch, side, x);
    for (int level = arch->levels - 1; level >= 0; level--) {
        for (int i = 0; i <= arch->layers_per_block; i++)
            x = resblock(b, arch, lk_name("%s.up.%d.block.%d", side, level, i).text, x);
        if (level > 0)
            x = lk_build_conv(b, lk_name("%s.up.%d.upsample.conv", side, level).text, lk_upsample2(b->graph, x), 1, 1,
                              1);
    }
    x = lk_build_group_norm(b, lk_name("%s.norm_out", side).text, x, arch->groups, arch->norm_eps, true);
    return lk_build_conv(b, lk_name("%s.conv_out", side).text, x, 1, 1, 1);
}
