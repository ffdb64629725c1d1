#include "layout.h"

#include "model/builder.h"

#include <math.h>
#include <string.h>

#define UNET "model.diffusion_model."

/** Factor of the last layer of a residual branch: the sums stay of order one over all blocks. */
static const float branch = 0.3f;

static void add(GArray *out, LkName name, int rank, const int64_t *shape, float deviation, float mean)
{
    Recipe recipe = {.name = g_strdup(name.text), .rank = rank, .deviation = deviation, .mean = mean};
    for (int i = 0; i < rank; i++)
        recipe.shape[i] = shape[i];
    g_array_append_val(out, recipe);
}

/** A Linear or convolution (kernel 0: Linear) and its bias. */
static void layer(GArray *out, LkName name, int64_t outputs, int64_t inputs, int kernel, bool bias, float gain)
{
    int64_t shape[4] = {outputs, inputs, kernel, kernel};
    float fan_in = (float)inputs * (float)(kernel ? kernel * kernel : 1);
    add(out, lk_name("%s.weight", name.text), kernel ? 4 : 2, shape, gain / sqrtf(fan_in), 0);
    if (bias)
        add(out, lk_name("%s.bias", name.text), 1, &outputs, 0, 0);
}

static void norm(GArray *out, LkName name, int64_t width)
{
    add(out, lk_name("%s.weight", name.text), 1, &width, 0, 1);
    add(out, lk_name("%s.bias", name.text), 1, &width, 0, 0);
}

static void text_encoder(GArray *out, const LkTextArch *t)
{
    int64_t table[2] = {t->vocabulary, t->width}, positions[2] = {t->positions, t->width};
    add(out, lk_name("%sembeddings.token_embedding.weight", t->prefix), 2, table, 0.02f, 0);
    add(out, lk_name("%sembeddings.position_embedding.weight", t->prefix), 2, positions, 0.01f, 0);
    for (int64_t i = 0; i < t->layers; i++) {
        static const char *const projections[] = {"q_proj", "k_proj", "v_proj", "out_proj"};
        LkName block = lk_name("%sencoder.layers.%lld", t->prefix, (long long)i);
        norm(out, lk_name("%s.layer_norm1", block.text), t->width);
        for (int p = 0; p < 4; p++)
            layer(out, lk_name("%s.self_attn.%s", block.text, projections[p]), t->width, t->width, 0, true,
                  p == 3 ? branch : 1);
        norm(out, lk_name("%s.layer_norm2", block.text), t->width);
        layer(out, lk_name("%s.mlp.fc1", block.text), 4 * t->width, t->width, 0, true, 1);
        layer(out, lk_name("%s.mlp.fc2", block.text), t->width, 4 * t->width, 0, true, branch);
    }
    norm(out, lk_name("%sfinal_layer_norm", t->prefix), t->width);
    int64_t projection[2] = {t->width, t->projection}; /* used as x · P */
    int root = (int)(strlen(t->prefix) - strlen("text_model."));
    if (t->projection)
        add(out, lk_name("%.*stext_projection", root, t->prefix), 2, projection, 1 / sqrtf((float)t->width), 0);
}

static void resblock(GArray *out, LkName block, int64_t in, int64_t width, int64_t time)
{
    norm(out, lk_name("%s.in_layers.0", block.text), in);
    layer(out, lk_name("%s.in_layers.2", block.text), width, in, 3, true, 1);
    layer(out, lk_name("%s.emb_layers.1", block.text), width, time, 0, true, 1);
    norm(out, lk_name("%s.out_layers.0", block.text), width);
    layer(out, lk_name("%s.out_layers.3", block.text), width, width, 3, true, branch);
    if (in != width)
        layer(out, lk_name("%s.skip_connection", block.text), width, in, 1, true, 1);
}

static void attention(GArray *out, LkName name, int64_t width, int64_t context)
{
    layer(out, lk_name("%s.to_q", name.text), width, width, 0, false, 1);
    layer(out, lk_name("%s.to_k", name.text), width, context, 0, false, 1);
    layer(out, lk_name("%s.to_v", name.text), width, context, 0, false, 1);
    layer(out, lk_name("%s.to_out.0", name.text), width, width, 0, true, branch);
}

static void transformer(GArray *out, LkName block, int64_t width, int depth, int64_t context, int projection)
{
    norm(out, lk_name("%s.norm", block.text), width);
    layer(out, lk_name("%s.proj_in", block.text), width, width, projection, true, 1);
    for (int i = 0; i < depth; i++) {
        LkName t = lk_name("%s.transformer_blocks.%d", block.text, i);
        norm(out, lk_name("%s.norm1", t.text), width);
        attention(out, lk_name("%s.attn1", t.text), width, width);
        norm(out, lk_name("%s.norm2", t.text), width);
        attention(out, lk_name("%s.attn2", t.text), width, context);
        norm(out, lk_name("%s.norm3", t.text), width);
        layer(out, lk_name("%s.ff.net.0.proj", t.text), 8 * width, width, 0, true, 1);
        layer(out, lk_name("%s.ff.net.2", t.text), width, 4 * width, 0, true, branch);
    }
    layer(out, lk_name("%s.proj_out", block.text), width, width, projection, true, branch);
}

/** A residual block of the U-Net and, on this level, attention. */
static void unet_layer(GArray *out, const LkUnetArch *u, LkName block, int level, int64_t in)
{
    resblock(out, lk_name("%s.0", block.text), in, u->channels[level], 4 * u->channels[0]);
    if (u->attention[level])
        transformer(out, lk_name("%s.1", block.text), u->channels[level], u->depth[level], u->context,
                    u->linear_projection ? 0 : 1);
}

static void unet(GArray *out, const LkUnetArch *u)
{
    enum { MAX_SKIPS = 64 };
    int64_t skips[MAX_SKIPS], time = 4 * u->channels[0], width = u->channels[0];
    int n_skips = 0, block = 1, last = u->levels - 1;
    layer(out, lk_name(UNET "time_embed.0"), time, u->channels[0], 0, true, 1);
    layer(out, lk_name(UNET "time_embed.2"), time, time, 0, true, 1);
    if (u->added) {
        layer(out, lk_name(UNET "label_emb.0.0"), time, u->added, 0, true, 1);
        layer(out, lk_name(UNET "label_emb.0.2"), time, time, 0, true, 1);
    }
    layer(out, lk_name(UNET "input_blocks.0.0"), width, u->in_channels, 3, true, 1);
    skips[n_skips++] = width;
    for (int level = 0; level <= last; level++) {
        for (int i = 0; i < u->layers_per_block; i++) {
            unet_layer(out, u, lk_name(UNET "input_blocks.%d", block++), level, width);
            skips[n_skips++] = width = u->channels[level];
        }
        if (level < last) {
            layer(out, lk_name(UNET "input_blocks.%d.0.op", block++), width, width, 3, true, 1);
            skips[n_skips++] = width;
        }
    }
    resblock(out, lk_name(UNET "middle_block.0"), width, width, time);
    transformer(out, lk_name(UNET "middle_block.1"), width, u->mid_depth, u->context, u->linear_projection ? 0 : 1);
    resblock(out, lk_name(UNET "middle_block.2"), width, width, time);
    block = 0;
    for (int level = last; level >= 0; level--)
        for (int i = 0; i <= u->layers_per_block; i++) {
            LkName name = lk_name(UNET "output_blocks.%d", block++);
            unet_layer(out, u, name, level, width + skips[--n_skips]);
            width = u->channels[level];
            if (i == u->layers_per_block && level > 0)
                layer(out, lk_name("%s.%d.conv", name.text, u->attention[level] ? 2 : 1), width, width, 3, true, 1);
        }
    norm(out, lk_name(UNET "out.0"), width);
    layer(out, lk_name(UNET "out.2"), u->out_channels, width, 3, true, 1);
}

static void vae_resblock(GArray *out, LkName block, int64_t in, int64_t width)
{
    norm(out, lk_name("%s.norm1", block.text), in);
    layer(out, lk_name("%s.conv1", block.text), width, in, 3, true, 1);
    norm(out, lk_name("%s.norm2", block.text), width);
    layer(out, lk_name("%s.conv2", block.text), width, width, 3, true, branch);
    if (in != width)
        layer(out, lk_name("%s.nin_shortcut", block.text), width, in, 1, true, 1);
}

static void vae_middle(GArray *out, const char *side, int64_t width)
{
    static const char *const projections[] = {"q", "k", "v", "proj_out"};
    vae_resblock(out, lk_name("%s.mid.block_1", side), width, width);
    norm(out, lk_name("%s.mid.attn_1.norm", side), width);
    for (int p = 0; p < 4; p++)
        layer(out, lk_name("%s.mid.attn_1.%s", side, projections[p]), width, width, 1, true, p == 3 ? branch : 1);
    vae_resblock(out, lk_name("%s.mid.block_2", side), width, width);
}

static void vae(GArray *out, const LkVaeArch *v)
{
    const char *encoder = "first_stage_model.encoder", *decoder = "first_stage_model.decoder";
    int64_t z = v->latent_channels, width = v->channels[0], last = v->channels[v->levels - 1];
    layer(out, lk_name("%s.conv_in", encoder), width, 3, 3, true, 1);
    for (int level = 0; level < v->levels; level++) {
        for (int i = 0; i < v->layers_per_block; i++, width = v->channels[level])
            vae_resblock(out, lk_name("%s.down.%d.block.%d", encoder, level, i), width, v->channels[level]);
        if (level < v->levels - 1)
            layer(out, lk_name("%s.down.%d.downsample.conv", encoder, level), width, width, 3, true, 1);
    }
    vae_middle(out, encoder, last);
    norm(out, lk_name("%s.norm_out", encoder), last);
    layer(out, lk_name("%s.conv_out", encoder), 2 * z, last, 3, true, 1);
    layer(out, lk_name("first_stage_model.quant_conv"), 2 * z, 2 * z, 1, true, 1);
    layer(out, lk_name("first_stage_model.post_quant_conv"), z, z, 1, true, 1);
    layer(out, lk_name("%s.conv_in", decoder), last, z, 3, true, 1);
    vae_middle(out, decoder, last);
    for (int level = v->levels - 1; level >= 0; level--) {
        for (int i = 0; i <= v->layers_per_block; i++, width = v->channels[level])
            vae_resblock(out, lk_name("%s.up.%d.block.%d", decoder, level, i), width, v->channels[level]);
        if (level > 0)
            layer(out, lk_name("%s.up.%d.upsample.conv", decoder, level), width, width, 3, true, 1);
    }
    norm(out, lk_name("%s.norm_out", decoder), width);
    layer(out, lk_name("%s.conv_out", decoder), 3, width, 3, true, 1);
}

static void clear_recipe(void *recipe)
{
    g_free(((Recipe *)recipe)->name);
}

GArray *layout_of(const LkModelArch *arch)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Recipe));
    g_array_set_clear_func(out, clear_recipe);
    for (int i = 0; i < arch->n_texts; i++)
        text_encoder(out, &arch->texts[i]);
    unet(out, &arch->unet);
    vae(out, &arch->vae);
    return out;
}
