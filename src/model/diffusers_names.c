#include "model/diffusers_names.h"

#include <stdio.h>
#include <string.h>

typedef struct Pair {
    const char *diffusers, *ldm;
} Pair;

static const Pair unet_heads[] = {
    {"conv_in.", "input_blocks.0.0."},
    {"conv_norm_out.", "out.0."},
    {"conv_out.", "out.2."},
    {"time_embedding.linear_1.", "time_embed.0."},
    {"time_embedding.linear_2.", "time_embed.2."},
    {"add_embedding.linear_1.", "label_emb.0.0."},
    {"add_embedding.linear_2.", "label_emb.0.2."},
    {"mid_block.resnets.0.", "middle_block.0."},
    {"mid_block.attentions.0.", "middle_block.1."},
    {"mid_block.resnets.1.", "middle_block.2."},
};

static const Pair unet_resnet[] = {
    {"norm1.", "in_layers.0."},  {"conv1.", "in_layers.2."},  {"time_emb_proj.", "emb_layers.1."},
    {"norm2.", "out_layers.0."}, {"conv2.", "out_layers.3."}, {"conv_shortcut.", "skip_connection."},
};

static const Pair vae_attention[] = {
    {"group_norm.", "norm."},    {"to_q.", "q."},  {"to_k.", "k."}, {"to_v.", "v."},
    {"to_out.0.", "proj_out."},  {"query.", "q."}, {"key.", "k."},  {"value.", "v."},
    {"proj_attn.", "proj_out."},
};

static const Pair vae_resnet[] = {{"conv_shortcut.", "nin_shortcut."}};

/** Replaces the beginning of `name` by the table; NULL rest when no row fits. */
static const Pair *match(const Pair *table, size_t rows, const char *name)
{
    for (size_t i = 0; i < rows; i++)
        if (strncmp(name, table[i].diffusers, strlen(table[i].diffusers)) == 0)
            return &table[i];
    return NULL;
}

/** "HEAD" + the tail with its beginning replaced. */
static LkName renamed(const char *head, const Pair *table, size_t rows, const char *tail)
{
    const Pair *pair = match(table, rows, tail);
    return pair ? lk_name("%s%s%s", head, pair->ldm, tail + strlen(pair->diffusers)) : lk_name("%s%s", head, tail);
}

#define ROWS(table) (sizeof(table) / sizeof *(table))

/** Blocks and layers that a model can have; a name may hold any number. */
static bool is_sane(int block, int layer)
{
    return block >= 0 && block < LK_MAX_LEVELS && layer >= 0 && layer < 32;
}

void lk_diffusers_observe(LkDiffusersShape *shape, const char *name)
{
    int block = 0, layer = 0, used = 0;
    if ((sscanf(name, "down_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2 ||
         sscanf(name, "encoder.down_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2) &&
        is_sane(block, layer)) {
        if (block + 1 > shape->levels)
            shape->levels = block + 1;
        if (layer + 1 > shape->layers_per_block)
            shape->layers_per_block = layer + 1;
    }
    if (sscanf(name, "up_blocks.%d.attentions.%d.%n", &block, &layer, &used) == 2 && is_sane(block, layer))
        shape->up_attention |= 1u << block;
}

static LkName unet_name(const LkDiffusersShape *shape, const char *name)
{
    const char *prefix = "model.diffusion_model.";
    int block = 0, layer = 0, used = 0, per_level = shape->layers_per_block + 1;
    const Pair *head = match(unet_heads, ROWS(unet_heads), name);
    if (head) {
        LkName start = lk_name("%s%s", prefix, head->ldm);
        const char *tail = name + strlen(head->diffusers);
        return strstr(head->diffusers, "resnets") ? renamed(start.text, unet_resnet, ROWS(unet_resnet), tail)
                                                  : lk_name("%s%s", start.text, tail);
    }
    if (sscanf(name, "down_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return renamed(lk_name("%sinput_blocks.%d.0.", prefix, 1 + block * per_level + layer).text, unet_resnet,
                       ROWS(unet_resnet), name + used);
    if (sscanf(name, "down_blocks.%d.attentions.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return lk_name("%sinput_blocks.%d.1.%s", prefix, 1 + block * per_level + layer, name + used);
    used = 0;
    if (sscanf(name, "down_blocks.%d.downsamplers.0.conv.%n", &block, &used) == 1 && used && is_sane(block, layer))
        return lk_name("%sinput_blocks.%d.0.op.%s", prefix, (block + 1) * per_level, name + used);
    if (sscanf(name, "up_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return renamed(lk_name("%soutput_blocks.%d.0.", prefix, block * per_level + layer).text, unet_resnet,
                       ROWS(unet_resnet), name + used);
    if (sscanf(name, "up_blocks.%d.attentions.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return lk_name("%soutput_blocks.%d.1.%s", prefix, block * per_level + layer, name + used);
    used = 0;
    if (sscanf(name, "up_blocks.%d.upsamplers.0.conv.%n", &block, &used) == 1 && used && is_sane(block, layer))
        return lk_name("%soutput_blocks.%d.%d.conv.%s", prefix, block * per_level + shape->layers_per_block,
                       shape->up_attention >> block & 1 ? 2 : 1, name + used);
    return (LkName){0};
}

static LkName vae_name(const LkDiffusersShape *shape, const char *name)
{
    char side[8] = "";
    int block = 0, layer = 0, used = 0;
    const char *prefix = "first_stage_model.";
    if (strncmp(name, "quant_conv.", 11) == 0 || strncmp(name, "post_quant_conv.", 16) == 0)
        return lk_name("%s%s", prefix, name);
    if (sscanf(name, "%7[a-z].%n", side, &used) != 1 || !used)
        return (LkName){0};
    const char *rest = name + used;
    LkName start = lk_name("%s%s.", prefix, side);
    used = 0;
    if (sscanf(rest, "down_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return renamed(lk_name("%sdown.%d.block.%d.", start.text, block, layer).text, vae_resnet, 1, rest + used);
    if (sscanf(rest, "up_blocks.%d.resnets.%d.%n", &block, &layer, &used) == 2 && used && is_sane(block, layer))
        return renamed(lk_name("%sup.%d.block.%d.", start.text, shape->levels - 1 - block, layer).text, vae_resnet, 1,
                       rest + used);
    used = 0;
    if (sscanf(rest, "down_blocks.%d.downsamplers.0.%n", &block, &used) == 1 && used && is_sane(block, layer))
        return lk_name("%sdown.%d.downsample.%s", start.text, block, rest + used);
    used = 0;
    if (sscanf(rest, "up_blocks.%d.upsamplers.0.%n", &block, &used) == 1 && used && is_sane(block, layer))
        return lk_name("%sup.%d.upsample.%s", start.text, shape->levels - 1 - block, rest + used);
    used = 0;
    if (sscanf(rest, "mid_block.resnets.%d.%n", &layer, &used) == 1 && used && is_sane(block, layer))
        return lk_name("%smid.block_%d.%s", start.text, layer + 1, rest + used);
    if (strncmp(rest, "mid_block.attentions.0.", 23) == 0)
        return renamed(lk_name("%smid.attn_1.", start.text).text, vae_attention, ROWS(vae_attention), rest + 23);
    if (strncmp(rest, "conv_norm_out.", 14) == 0)
        return lk_name("%snorm_out.%s", start.text, rest + 14);
    return lk_name("%s%s", start.text, rest);
}

/** A name of the text encoder without the model's own. */
static bool is_bare(const char *name)
{
    return strncmp(name, "embeddings.", 11) == 0 || strncmp(name, "encoder.", 8) == 0 ||
           strncmp(name, "final_layer_norm.", 17) == 0;
}

/** transformers writes "text_model." up to version 4. */
static LkName text_name(const char *prefix, const char *name)
{
    return lk_name("%s%s%s", prefix, is_bare(name) ? "text_model." : "", name);
}

LkName lk_diffusers_to_ldm(LkPart part, const LkDiffusersShape *shape, const char *name)
{
    switch (part) {
    case LK_PART_UNET:
        return unet_name(shape, name);
    case LK_PART_VAE:
        return vae_name(shape, name);
    case LK_PART_TEXT:
        return text_name("cond_stage_model.transformer.", name);
    case LK_PART_TEXT_1:
        return text_name("conditioner.embedders.0.transformer.", name);
    default:
        return text_name("conditioner.embedders.1.transformer.", name);
    }
}
